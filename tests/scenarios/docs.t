#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The man pages, the completion and the README speak of the program as it is: its commands, options
# and JSON, and files and sections that exist.
. "$(dirname "$0")/lib.sh"

build=$(dirname "$LAMBDAIMG")
"$LAMBDAIMG" --table >table

# options COMMAND: its long options and the common ones.
options() {
    awk -F '\t' -v command="$1" '$1 == "option" && ($2 == command || $2 == "") { print "--" $3 }' table
}

# rows KIND FIELD...: these fields of the table's rows of the kind, apart by a character that may be
# doubled, as tabs may not.
rows() {
    awk -F '\t' -v kind="$1" -v fields="${*:2}" '
        $1 == kind {
            n = split(fields, f, " ")
            for (i = 1; i <= n; i++)
                printf "%s%s", $f[i], i < n ? "\037" : "\n"
        }
    ' table
}

# text PAGE: as plain text, paragraphs on one line each, in the file text.
text() {
    mandoc -Tascii -Owidth=900 "$build/man/$1" | sed 's/.\x08//g' >text
}

# ---- the man pages -----------------------------------------------------------------------------

for template in "$top"/man/*.in; do
    page=$(basename "$template" .in)
    said=$(mandoc -Tlint -Wwarning "$build/man/$page" 2>&1)
    is "$?:$said" 0: "$page is clean"
    has_no "$build/man/$page" '@[A-Z]+( [a-z-]+)?@' "$page is filled in"
done

while IFS=$'\037' read -r command operands summary; do
    text "lambdaimg-$command.1"
    has text "lambdaimg-$command - $summary\$" "lambdaimg-$command(1) says what it does"
    has text "lambdaimg $command.*${operands:+ ${operands//[][]/.}}\$" "and how it is used"
    text lambdaimg.1
    has text "lambdaimg-$command\(1\)" "and lambdaimg(1) knows it"
done < <(rows command 2 3 4)

while IFS=$'\037' read -r command option help; do
    page=lambdaimg${command:+-$command}.1
    text "$page"
    has text "^ +(-[a-z].*, )?--$option( |=|\[|\$)" "$page has --$option"
    words=$(sed 's/^./\U&/; s/[][().*]/\\&/g' <<<"$help")
    has text " $words\." "with the words of --help"
done < <(rows option 2 3 6)

# Options that pages speak of beside their lists.
for template in "$top"/man/*.in; do
    grep -oE 'Fl -[a-z-]+' "$template"
done | sort -u | sed 's/Fl -/--/' >spoken
{
    rows option 3 | sed 's/^/--/'
    printf '%s\n' --version --table
} | sort -u >known
is "$(comm -23 spoken known)" "" "no page speaks of an option that does not exist"

# ---- JSON --------------------------------------------------------------------------------------

# members PAGE SECTION: what the list in this section describes.
members() {
    awk -v section="$2" '
        /^\.Sh / { inside = $0 == ".Sh " section }
        inside && /^\.It / { gsub(/^\.It | ,/, ""); gsub(/ /, "\n"); print }
    ' "$top/man/$1.1.in" | sort
}

layer base <<END
dir ./
file hello size=5 fill=1
END
make_docker_old image.tar app:1 "$WORK/base.tar"
new_repository "$WORK/repo"

quietly push image.tar app:1 --json --stats
is "$(jq -r 'keys[]' "$OUT" | sort)" "$(members lambdaimg-push JSON)" "JSON of push is as described"
quietly convert image.tar --explain --json
is "$(jq -r '[keys, (.runs[] | keys), (.chunks | keys)] | add | unique[]' "$OUT" | sort)" \
    "$(members lambdaimg-convert JSON)" "JSON of convert --explain is as described"
quietly ls --json
is "$(jq -r '.[] | keys[]' "$OUT" | sort)" "$(members lambdaimg-ls JSON)" "JSON of ls is as described"
quietly inspect app:1 --json
is "$(jq -r 'keys[]' "$OUT" | sort)" "$(members lambdaimg-inspect JSON)" \
    "JSON of inspect is as described"
why=$("$top/scripts/mount-obstacle")
if [ -z "$why" ]; then
    mount_image app:1 "$WORK/mnt" --stats="$WORK/stats"
    quietly umount mnt
    ends "$MOUNT_PID"
    is "$(jq -r 'keys[]' stats | sort)" "$(members lambdaimg-mount STATISTICS)" \
        "JSON of mount --stats is as described"
else
    skip "JSON of mount --stats is as described" "$why"
fi

# ---- the completion ----------------------------------------------------------------------------

# shellcheck disable=SC1091
. "$build/completion/lambdaimg"

# completes WANTED WORD...: the last word becomes one of these.
completes() {
    local want=$1
    shift

    COMP_WORDS=("$@")
    # shellcheck disable=SC2034
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _lambdaimg 2>/dev/null
    is "${COMPREPLY[*]-}" "$want" "completion of \"$*\""
}

completes "push pull" lambdaimg pu
completes "--compression --confine" lambdaimg push --co
completes "zstd none" lambdaimg push image.tar --compression ""
completes "auto require no" lambdaimg push --confine ""
completes "" lambdaimg convert --output im
completes "allow_other" lambdaimg mount -o ""
completes "" lambdaimg push ima
completes "dir:" lambdaimg rm --repo ""
while read -r command; do
    # shellcheck disable=SC2034
    COMP_WORDS=(lambdaimg "$command" --) COMP_CWORD=2
    _lambdaimg 2>/dev/null
    is "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" "$(options "$command" | sort)" \
        "completion of the options of $command"
done < <(rows command 2)

# ---- the README --------------------------------------------------------------------------------

# Each command line, from the program's name to a pipe or the like.
grep -E '^    \$ ' "$top/README.md" | grep -oE '(^| )lambdaimg [^|&;)]*' >lines
ok "the README has command lines" test -s lines
while read -r _ command rest; do
    ok "README: there is lambdaimg $command" grep -q "^command	$command	" table
    for word in $rest; do
        case $word in
        --*) ok "README: it has ${word%%=*}" grep -qx -- "${word%%=*}" <(options "$command") ;;
        esac
    done
done <lines

while read -r target; do
    ok "README: there is make $target" grep -q "^$target:" "$top/Makefile"
done < <(grep -oE '(^ *|`)make [a-z]+' "$top/README.md" | sed 's/.*make //' | sort -u)

# Links to files of the project and to sections of them.
for document in README.md DESIGN.md CHANGELOG.md CONTRIBUTING.md STYLE.md SECURITY.md; do
    while IFS='#' read -r file anchor; do
        file=${file:-$document}
        ok "$document: there is $file" test -e "$top/$file"
        [ -z "$anchor" ] || ok "$document: $file has #$anchor" grep -qx "$anchor" \
            <(sed -n 's/^##* //p' "$top/$file" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n-')
    done < <(grep -oE '\]\([^)]*\)' "$top/$document" | sed 's/^](//; s/)$//' | grep -v '^https:')
done

finish
