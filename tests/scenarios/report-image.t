#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The report on an image before it is pushed: it says what the push then does, blames every byte once, and names the
# file that changed. Budgets, and their exit status. Names of files that would do something in a terminal or a page.
. "$(dirname "$0")/lib.sh"

# sums_up FILE WHAT: what is blamed is what is new.
sums_up() {
    is "$(jq '[.layers[].new.chunks, .metadata.chunks] | add' "$1")" "$(jq .new.chunks "$1")" \
        "$2: chunks by layer sum up to the new ones"
    is "$(jq '[.layers[].new.bytes, .metadata.bytes] | add' "$1")" "$(jq .new.bytes "$1")" \
        "$2: and their bytes"
    is "$(jq '[.files[].new.bytes, .files_left_out_bytes, .metadata.bytes] | add' "$1")" \
        "$(jq .new.bytes "$1")" "$2: bytes by file sum up, too"
    is "$(jq '[.directories[].bytes, .metadata.bytes] | add' "$1")" "$(jq .new.bytes "$1")" \
        "$2: and bytes by directory"
}

# is_true FILE FILTER WHAT
is_true() {
    ok "$3" jq -e "$2" "$1"
}

new_repository "$WORK/repo"
sample_layers
layer app-1 <<'END'
dir app/
file app/main size=700000 fill=1
file app/library size=900000 fill=2
file app/notes size=3000 fill=5
END
layer app-2 <<'END'
dir app/
file app/main size=700000 fill=3
file app/library size=900000 fill=2
file app/notes size=3000 fill=5
END
make_docker_old one.tar team/app:1 "${LAYERS[@]}" "$WORK/app-1.tar"
make_docker_old two.tar team/app:2 "${LAYERS[@]}" "$WORK/app-2.tar"

# ---- the first of its name -----------------------------------------------------------------------

run 0 "the first image" report one.tar --json
cp "$OUT" first.json
is "$(ls repo/images 2>/dev/null)" "" "the first image: nothing is stored"
is "$(find repo/roots -name '[0-9a-f]*' -type f)" "" "the first image: no chunk either"
is_true first.json '.base == null' "the first image: there is nothing to compare it with"
sums_up first.json "the first image"
for threads in 1 4; do
    run 0 "the first image, $threads threads" report one.tar --json --threads "$threads" --no-memo
    same_text first.json "$OUT" "the first image: the same with $threads threads, and without the memo"
done
quietly push one.tar --json
is "$(jq '[.new.chunks, .new.bytes] | @csv' first.json)" "$(jq '[.new_chunks, .new_bytes] | @csv' "$OUT")" \
    "the first image: a push brings what the report said"
is "$(jq '.push.bytes' first.json)" "$(jq '.new_bytes + .metadata_bytes' "$OUT")" \
    "the first image: and writes as many bytes"
is "$(find repo/roots -type f ! -name root.json | wc -l)" "$(($(jq .push.requests first.json) - 1))" \
    "the first image: and as many objects, with the pointer"

# ---- one file changed ----------------------------------------------------------------------------

run 0 "one file changed" report two.tar --json
cp "$OUT" second.json
sums_up second.json "one file changed"
is "$(jq -r '.base.reference' second.json)" team/app:1 "one file changed: compared with the last of its name"
is "$(jq -r '.files[0].path' second.json)" /app/main "one file changed: it is told first"
is "$(jq -r '[.layers[] | select(.new.chunks > 0)] | length' second.json)" 1 "one file changed: in one layer"
is "$(jq -r '.layers | length - 1' second.json)" "$(jq -r '.files[0].layer' second.json)" \
    "one file changed: the highest"
is "$(jq '.base.common + .base.changed' second.json)" "$(jq '.chunks.known + .chunks.new' second.json)" \
    "one file changed: each chunk is in the base, or is not"
run 0 "one file changed, as text" report two.tar
has "$OUT" '^two.tar as team/app:2 in dir:' "text: it says of what"
has "$OUT" '^new +[0-9]+ +[0-9.]+ %' "text: what is new"
has "$OUT" '^compared with team/app:1: ' "text: what it was compared with"
has "$OUT" ' metadata of the file system$' "text: metadata is told"
ok "text: the changed file is the first" grep -A 1 -E '^ +CHUNKS +BYTES +% +FILE$' "$OUT"
has "$OUT" '%  /app/main$' "text: it is there"
quietly push one.tar other:1
run 0 "--to" report two.tar --to other:1 --json
is "$(jq -r .base.reference "$OUT")" other:1 "--to: compared with another image"
run 0 "a tag of its own" report two.tar team/next:9 --json
is "$(jq -r '.reference, .base' "$OUT" | xargs)" "team/next:9 null" "a tag of its own: it has another name"
run 1 "--to an image that is not there" report two.tar --to team/none:1
has "$ERR" 'there is no image team/none:1' "--to an image that is not there: it says so"
run 2 "--to and --to-latest" report two.tar --to other:1 --to-latest
run 2 "--json and --markdown" report two.tar --json --markdown
run 1 "a file that is not an image" report /dev/null

# members_of FILE: the names of all members of the JSON in it.
members_of() {
    jq -r '[.. | objects | keys] | add | unique[]' "$1" | sort
}
run 0 "budgets in JSON" report two.tar --json --max-new-bytes 1G
members_of "$OUT" | grep -vxf <(sed -n 's/^\.It //p' "$top/man/lambdaimg-report.5.in" | tr -d ',' | tr ' ' '\n') \
    >undescribed
is "$(cat undescribed)" "" "JSON: every member is described"

# ---- an image that is stored ---------------------------------------------------------------------

quietly push two.tar
run 0 "a stored image" report team/app:2 --json
is "$(jq '[.new.chunks, .new.bytes] | @csv' "$OUT")" "$(jq '[.new.chunks, .new.bytes] | @csv' second.json)" \
    "a stored image: its push brought what the report had said"
is "$(jq -r .kind "$OUT")" stored "a stored image: it is one"
members_of "$OUT" | grep -vxf <(sed -n 's/^\.It //p' "$top/man/lambdaimg-report.5.in" | tr -d ',' | tr ' ' '\n') \
    >undescribed
is "$(cat undescribed)" "" "a stored image: every member is described"
run 0 "a stored image as text, without a key" report team/app:2 --kms "file:$WORK/none"
has "$OUT" '^team/app:2 in dir:.*, pushed 20' "a stored image as text: it says of what"
run 1 "an image that is not stored" report team/app:3
has "$ERR" 'no such image, and no such file' "an image that is not stored: it says so"

# ---- budgets -------------------------------------------------------------------------------------

layer app-3 <<'END'
dir app/
file app/main size=700000 fill=4
END
make_docker_old three.tar team/app:3 "${LAYERS[@]}" "$WORK/app-3.tar"
run 0 "budgets that are met" report three.tar --max-new-bytes 100M --max-new-share 100 --max-size 1G
has "$OUT" '^budget max-new-bytes: .* of at most 104.9 MB, .* left$' "budgets that are met: what is left"
has "$OUT" '^budget max-size: .* of at most 1.1 GB, .* left$' "budgets that are met: of each"
run 3 "a budget that is broken" report three.tar --max-new-bytes 10 --max-new-share 100
has "$OUT" '^budget max-new-bytes: .* of at most 10 B, .* too much$' "a budget that is broken: by how much"
has "$OUT" '^budget max-new-share: .* left$' "a budget that is broken: the other one, too"
has "$ERR" '^lambdaimg: over budget: max-new-bytes$' "a budget that is broken: which"
run 3 "a budget that is broken, as JSON" report three.tar --max-new-bytes 10 --json
is "$(jq -r '.budgets[] | "\(.budget) \(.met) \(.limit) \(.left < 0)"' "$OUT")" "max-new-bytes false 10 true" \
    "a budget that is broken, as JSON: it says so"
run 0 "a budget beside another image" report three.tar --max-size +3%
run 3 "a budget of nothing" report three.tar --max-new-share 0% --max-new-bytes 0
has "$ERR" '^lambdaimg: over budget: max-new-bytes max-new-share$' "a budget of nothing: both are broken"
run 0 "a budget of nothing, and nothing new" report two.tar --max-new-share 0% --max-new-bytes 0 --max-size +0%
run 0 "no base" report three.tar none:1 --max-size +3%
has "$OUT" '^budget max-size: .*; there is no image to compare it with$' "no base: it says so"
run 0 "a factor" report --all --min-dedup 1.01
has "$OUT" '^budget min-dedup: [0-9.]+ of at least 1.010, .* more than needed$' "a factor: how much more"
run 3 "a factor that is not reached" report --all --min-dedup 100
for bad in --max-new-bytes=x --max-new-share=x --max-new-share=-1 --max-size=+x% --max-size=3% --min-dedup=nan; do
    run 2 "$bad" report three.tar "$bad"
done

mkdir -p tree/below
echo '{"format": 1, "max_new_bytes": 10}' >tree/.lambdaimg-ci.json
cd tree/below || exit 1
run 3 "a budget file is found" report ../../three.tar
has "$ERR" 'over budget: max-new-bytes' "a budget file is found: and used"
run 0 "an option takes its place" report ../../three.tar --max-new-bytes 100M
run 0 "--no-budgets" report ../../three.tar --no-budgets
echo '{"format": 1, "max_new_byte": 10}' >../.lambdaimg-ci.json
run 1 "a budget that is misspelt" report ../../three.tar
has "$ERR" 'tree/.lambdaimg-ci.json: "max_new_byte" is not a budget' "a budget that is misspelt: it says so"
cd "$WORK" || exit 1
run 1 "a budget file that is not there" report three.tar --budgets none.json
echo '{"format": 1, "max_size": "+3%"}' >budgets.json
run 0 "a budget file that is named" report three.tar --budgets budgets.json
has "$OUT" '^budget max-size: ' "a budget file that is named: and used"

# ---- hostile names -------------------------------------------------------------------------------

layer hostile <<'END'
file a|b size=4000 fill=11
file `c` size=4100 fill=12
file <script>alert(1)</script> size=4200 fill=13
file x\x0ay\x1b[31m size=4300 fill=14
file \xff\x5c size=4400 fill=15
file \xe2\x80\xaeright size=4500 fill=16
file \xc3\xbc*_[l](u) size=4600 fill=17
END
make_docker_old hostile.tar hostile:1 "$WORK/hostile.tar"
run 0 "hostile names as JSON" report hostile.tar --json
is "$(jq -r '.files | map(.path) | sort[]' "$OUT")" "$(LC_ALL=C sort <<'END'
/<script>alert(1)</script>
/\xe2\x80\xaeright
/\xff\x5c
/`c`
/a|b
/x\x0ay\x1b[31m
/ü*_[l](u)
END
)" "hostile names as JSON: all are there"
run 0 "hostile names as text" report hostile.tar
is "$(tr -d '\n' <"$OUT" | tr -cd '\000-\037\177' | wc -c)" 0 "hostile names as text: no control character"
has_no "$OUT" $'\xe2\x80\xae' "hostile names as text: nothing changes the direction"
run 0 "hostile names as Markdown" report hostile.tar --markdown --max-new-bytes 1G
sed 's|</\{0,1\}code>||g' "$OUT" >untagged
has_no untagged '[]<>`*_[]|\([a-z]' "hostile names as Markdown: nothing means anything"
is "$(grep '^|' "$OUT" | sed 's/[^|]//g' | sort -u | xargs)" "||| |||| ||||||" \
    "hostile names as Markdown: no cell is split"
# What a reader sees of the cells, by another's reading of HTML.
python3 - "$OUT" >shown <<'END'
import html, re, sys
for line in open(sys.argv[1], encoding="utf-8"):
    for code in re.findall("<code>(.*?)</code>", line):
        if code.startswith("/"):
            print(html.unescape(code))
END
is "$(LC_ALL=C sort shown)" "$(quietly report hostile.tar --json; jq -r '.files[].path' "$OUT" | LC_ALL=C sort)" \
    "hostile names as Markdown: nothing is lost"

finish
