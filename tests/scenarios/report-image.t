#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The report on an image before it is pushed: it says what the push then does, blames every byte once, and names the
# file that changed. Budgets, and their exit status. Names of files that would do something in a terminal or a page.
. "$(dirname "$0")/lib.sh"
. "$scenarios/report-lib.sh"

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

files_of repo >before
run 0 "the first image" report one.tar --json
cp "$OUT" first.json
files_of repo >after
same_text before after "the first image: nothing is stored"
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
is "$(files_of repo | comm -13 before - | wc -l)" "$(jq .push.requests first.json)" \
    "the first image: and as many objects"

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
has "$OUT" '%  /app/main [(]and [0-9.]+ kB of its neighbours[)]$' "text: with what shares its last chunk"
quietly push one.tar other:1
run 0 "--to" report two.tar --to other:1 --json
is "$(jq -r .base.reference "$OUT")" other:1 "--to: compared with another image"
run 0 "--to an image that is not stored" report two.tar --to one.tar --json
cp "$OUT" other.json
is "$(jq -r '.base | "\(.reference) \(.image) \(.manifest)"' other.json)" "null one.tar null" \
    "--to an image that is not stored: it is told"
run 0 "--to the same image, stored" report two.tar --to team/app:1 --json
is "$(jq -S 'del(.base.reference, .base.image, .base.manifest)' other.json | cksum)" \
    "$(jq -S 'del(.base.reference, .base.image, .base.manifest)' "$OUT" | cksum)" \
    "--to an image that is not stored: the same as if it were"
run 0 "--to an image that is not stored, as text" report two.tar --to one.tar
has "$OUT" '^compared with one.tar: [0-9]+ of its [0-9]+ chunks remain, ' \
    "--to an image that is not stored, as text: it says so"
run 1 "--to a file that is not an image" report two.tar --to /dev/null
has "$ERR" 'cannot report on two.tar: /dev/null: ' "--to a file that is not an image: it says which"
run 2 "--to standard input, twice" report - --to -
run 0 "a tag of its own" report two.tar team/next:9 --json
is "$(jq -r '.reference, .base' "$OUT" | xargs)" "team/next:9 null" "a tag of its own: it has another name"
run 1 "--to an image that is not there" report two.tar --to team/none:1
has "$ERR" 'there is no image team/none:1' "--to an image that is not there: it says so"
run 2 "--all and --to" report --all --to team/app:1
run 2 "--to and --to-latest" report two.tar --to other:1 --to-latest
run 2 "--json and --markdown" report two.tar --json --markdown
run 1 "a file that is not an image" report /dev/null

run 0 "OpenMetrics" report two.tar --openmetrics figures
has figures '^lambdaimg_waste_bytes[{]image="team/app"[}] [0-9]+$' "OpenMetrics: waste is a figure"

run 0 "budgets in JSON" report two.tar --json --max-new-bytes 1G
described "$OUT" lambdaimg-report.5 "JSON"

# ---- an image that is stored ---------------------------------------------------------------------

quietly push two.tar
run 0 "a stored image" report team/app:2 --json
is "$(jq '[.new.chunks, .new.bytes] | @csv' "$OUT")" "$(jq '[.new.chunks, .new.bytes] | @csv' second.json)" \
    "a stored image: its push brought what the report had said"
is "$(jq -r .kind "$OUT")" stored "a stored image: it is one"
described "$OUT" lambdaimg-report.5 "a stored image"
is "$(jq -r '[.base.reference, .keyless, .files[0].path, .files[0].change] | @csv' "$OUT")" \
    '"team/app:1",,"/app/main","changed"' "a stored image: the file that changed since the tag before it"
cp "$OUT" stored.json
run 0 "its difference" diff team/app:1 team/app:2 --json
is "$(jq -c '[.totals.common, .totals.only_new.chunks]' "$OUT")" "$(jq -c '.base | [.common, .changed]' stored.json)" \
    "a stored image: its chunks are those of the difference"
run 0 "a stored image, --to an image that is not stored" report team/app:2 --to one.tar --json
is "$(jq -c .files "$OUT")" "$(jq -c .files stored.json)" "a stored image, --to an image that is not stored: the same"
is "$(jq -r .base.image "$OUT")" one.tar "a stored image, --to an image that is not stored: it is told"
run 0 "a stored image as text" report team/app:2
has "$OUT" '^compared with team/app:1: [0-9]+ of its [0-9]+ chunks remain, [0-9]+ others? come in$' \
    "a stored image as text: what it was compared with"
ok "a stored image as text: the changed file is the first" \
    grep -A 1 '^   CHUNKS       BYTES       %  FILE [(]before compression[)]$' "$OUT"
has "$OUT" '%  /app/main [(]changed[)]$' "a stored image as text: the file that changed"
mkdir -p team && touch team/app:1
run 0 "a stored image, and a file with the name of the tag before" report team/app:2 --json
same_text stored.json "$OUT" "a stored image, and a file with the name of the tag before: the same"
rm -r team
run 2 "a report on an ID" report "team/app@$(jq -r .manifest stored.json)"
has "$ERR" 'a report is on a tag' "a report on an ID: it says what it wants"
run 0 "the first of its name, as a page" report team/app:1 --html first.html
has first.html 'There is no earlier image of that name' "the first of its name, as a page: it says so"
run 0 "the first of its name" report team/app:1
has "$OUT" '^there is no earlier image of that name' "the first of its name: it says so"
run 1 "a stored image, --to one that is not there" report team/app:2 --to team/none:1
has "$ERR" 'cannot compare it with team/none:1: ' "a stored image, --to one that is not there: it says so"
run 0 "a stored image as text, without a key" report team/app:2 --kms "file:$WORK/none"
has "$OUT" '^team/app:2 in dir:.*, pushed 20' "a stored image as text, without a key: it says of what"
has "$ERR" '^lambdaimg: its files are not told, because no key fits: ' "a stored image as text, without a key: it says so"
run 0 "a stored image, without a key" report team/app:2 --kms "file:$WORK/none" --json --html keyless.html
has "$ERR" '^lambdaimg: its files are not told, because no key fits: ' "a stored image, without a key: it says so"
has keyless.html 'Its files are not told, because no key fits: ' "a stored image, without a key: so does the page"
is_true "$OUT" '.base == null and .files == [] and (.keyless | length > 10)' "a stored image, without a key: so does JSON"
quietly key new "file:$WORK/other-key"
run 0 "a stored image, with another key" report team/app:2 --kms "file:$WORK/other-key" --json
is_true "$OUT" '.base == null and (.keyless | length > 10)' "a stored image, with another key: the same"
run 1 "an image that is not stored" report team/app:3
has "$ERR" 'no such image, and no such file' "an image that is not stored: it says so"

run 2 "a budget that nothing is judged by" report team/app:2 --max-new-bytes 1G
run 2 "a budget for the repository" report --all --max-size 1G
run 2 "a form for a stored image" report team/app:2 --markdown
run 2 "a factor of an image" report two.tar --min-dedup 2

# ---- several keys --------------------------------------------------------------------------------

quietly key new "file:$WORK/second"
keys=(--kms "$LAMBDAIMG_KMS" --kms "file:$WORK/second")
run 0 "two keys" report one.tar keys:1 "${keys[@]}" --json
requests=$(jq .push.requests "$OUT")
files_of repo >before
quietly push one.tar keys:1 "${keys[@]}"
is "$(files_of repo | comm -13 before - | wc -l)" "$requests" "two keys: a push writes as many objects, a wrap for each key"

# ---- names and lines that JSON and tables cannot hold --------------------------------------------

cp one.tar $'odd\xff.tar'
run 0 "a path that is not UTF-8" report $'odd\xff.tar' --json
is "$(jq -r .image "$OUT")" 'odd\xff.tar' "a path that is not UTF-8: it is told with escapes"
if [ "${STORE:-dir}" = dir ]; then
    cp -r repo $'odd\xff'
    for what in --all team/app:1 one.tar; do
        run 0 "an address that is not UTF-8, $what" report "$what" --json --repo $'dir:odd\xff'
        is "$(jq -r .repository "$OUT")" 'dir:odd\xff' "an address that is not UTF-8, $what: it is told with escapes"
    done
fi
layer command <<'END'
file long size=600000 fill=91
END
line="RUN $(printf 'é%.0s' {1..300})"
short="RUN $(printf 'é%.0s' {1..196})…"
IMAGE_HISTORY="[{\"created_by\":\"$line\"}]" make_docker_old long.tar long:1 "$WORK/command.tar"
run 0 "a long command" report long.tar --json
is "$(jq -r '.layers[0].created_by' "$OUT")" "$line" "a long command: JSON has all of it"
run 0 "a long command as text" report long.tar
has "$OUT" "  0: $short\$" "a long command as text: its beginning"
run 0 "a long command as Markdown" report long.tar --markdown
has "$OUT" " 0 <code>$short</code> " "a long command as Markdown: its beginning"

# ---- which file it was ---------------------------------------------------------------------------

# small NAME NUMBER LARGE: an image with three small files in one chunk, of which the second has contents of its own,
# and a large file.
small() {
    layer "small-$2" <<END
file s/a size=3000 fill=31
file s/b size=2000 fill=$2
file s/c size=9000 fill=33
file s/large size=1048576 fill=$3
END
    make_docker_old "$1" "small:$2" "$WORK/small-$2.tar"
}
small small-1.tar 101 34
small small-2.tar 102 34
small small-3.tar 102 35
quietly push small-1.tar
run 0 "a neighbour" report small-2.tar --json
sums_up "$OUT" "a neighbour"
is "$(jq -r '.files[] | "\(.path) \(.change)"' "$OUT" | sort | sed '/large/d' | xargs)" "/s/a same /s/b changed /s/c same" \
    "a neighbour: only the contents tell which file changed"
is "$(jq -r '.files[0].path' "$OUT")" /s/b "a neighbour: the file that changed comes first"
is "$(jq '.files[0].dragged' "$OUT")" "$(jq '[.files[] | select(.change == "same").new.bytes] | add' "$OUT")" \
    "a neighbour: it dragged the others along"
is_true "$OUT" '[.files[] | select(.path != "/s/b").dragged] | add == 0' "a neighbour: nobody else did"
run 0 "a neighbour, as text" report small-2.tar
has "$OUT" '/s/b [(]and [0-9.]+ k?B of its neighbours[)]$' "a neighbour, as text: the file that changed"
has "$OUT" '/s/a [(]the same as before[)]$' "a neighbour, as text: one that did not"
quietly push small-2.tar
run 0 "a large file" report small-3.tar --json
is "$(jq -r '.files[0] | "\(.path) \(.change) \(.dragged)"' "$OUT")" "/s/large changed 0" \
    "a large file: it has chunks of its own"
sums_up "$OUT" "a large file"
if [ "${STORE:-dir}" = dir ]; then
    # A repository without an identity, as older versions made it, with a root that has nothing yet.
    cp -r repo roots
    rm -r roots/identities roots/keys
    root=$(basename roots/roots/*)
    mkdir roots/roots/00000000000000000000000000000002
    jq -c '.generation = 2' "roots/roots/$root/root.json" >roots/roots/00000000000000000000000000000002/root.json
    run 0 "another root" report small-1.tar --to small:101 --repo "dir:$WORK/roots" --json
    is_true "$OUT" '.chunks.known == 0 and .chunks.new > 2' "another root: all chunks are new there"
    is "$(jq -r '[.files[].change] | unique | join(" ")' "$OUT")" same "another root: no file is called changed for that"
    run 0 "another root, another image" report small-3.tar --to small:101 --repo "dir:$WORK/roots" --json
    is "$(jq -r '.files[] | select(.change == "changed").path' "$OUT" | sort | xargs)" "/s/b /s/large" \
        "another root: but those that are"
    sums_up "$OUT" "another root"
fi
run 0 "beside an image that has nothing of it" report small-1.tar small:9 --to team/app:1 --json --no-memo
lost=$(find repo/roots/*/chunks -type f | LC_ALL=C sort)
mkdir kept
for chunk in $lost; do
    mv "$chunk" "kept/${chunk##*/}"
done
run 1 "a base that is gone" report small-3.tar
has "$ERR" 'cannot read the image to compare with|/s/' "a base that is gone: it says so"
for chunk in $lost; do
    mv "kept/${chunk##*/}" "$chunk"
done

# ---- another base image --------------------------------------------------------------------------

for version in 1 2; do
    layer "system-$version" <<END
dir lib/
file lib/changed size=600000 fill=4$version
file lib/kept size=700000 fill=43
file lib/version text=$version
END
    make_docker_old "service-$version.tar" "service:$version" "$WORK/system-$version.tar" "$WORK/app-1.tar"
done
quietly push service-1.tar
run 0 "another base image" report service-2.tar --json
is_true "$OUT" '.layers[0].new.chunks > 0 and .layers[1].new.chunks == 0' "another base image: it is that layer"
is "$(jq -r '.files[0] | "\(.path) \(.layer) \(.change)"' "$OUT")" "/lib/changed 0 changed" \
    "another base image: and the file in it"
is "$(jq '[.files[] | select(.path | startswith("/app"))] | length' "$OUT")" 0 \
    "another base image: the application's files are not to blame"
sums_up "$OUT" "another base image"

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
has "$OUT" '^budget min-dedup: [0-9.]+ of at least 100.000, [0-9.]+ too little$' "a factor that is not reached: by how much"
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

# A ratchet tightens, and never loosens.
echo '{"format": 1, "max_new_bytes": 1000000000, "max_size": "+3%", "max_new_share": 100}' >budgets.json
run 0 "--ratchet" report three.tar --budgets budgets.json --ratchet
fresh=$("$LAMBDAIMG" report three.tar --json | jq .new.bytes)
is_true budgets.json ".max_new_bytes > $fresh and .max_new_bytes < $fresh * 1.06" "--ratchet: 5 % above what was found"
is "$(jq -r .max_size budgets.json)" "+3%" "--ratchet: a relative budget stays"
cp budgets.json tight.json
run 0 "--ratchet once more" report three.tar --budgets budgets.json --ratchet=50
same budgets.json tight.json "--ratchet once more: nothing is loosened"
echo '{"format": 1, "max_new_bytes": 1, "max_new_share": 100}' >budgets.json
cp budgets.json broken.json
run 3 "--ratchet, with a broken budget" report three.tar --budgets budgets.json --ratchet
same budgets.json broken.json "--ratchet, with a broken budget: nothing is written"
run 2 "--ratchet without a file" report three.tar --ratchet
run 2 "--ratchet by what is not a number" report three.tar --budgets budgets.json --ratchet=x

# ---- files for CI services -----------------------------------------------------------------------

files_of_forms 0 "nothing broken" three.tar --max-new-bytes 100M
is "$(jq length quality.json)" 0 "nothing broken: no finding"
has junit.xml 'tests="1" failures="0"' "nothing broken: a test case that passes"
files_of_forms 3 "a broken budget" three.tar --max-new-bytes 10 --max-new-share 100
has junit.xml 'tests="2" failures="1"' "a broken budget: a test case that fails"
has junit.xml '<failure message="max-new-bytes is ' "a broken budget: it says why"
is "$(jq -r '.[].check_name' quality.json)" max-new-bytes "a broken budget: one finding"
finding=$(jq -r '.[].fingerprint' quality.json)
is "$(sed -n 's/^lambdaimg_new_bytes{.*} //p' metrics.txt)" \
    "$(quietly report three.tar --json; jq .new.bytes "$OUT")" "a broken budget: the metric is the figure"
files_of_forms 3 "another build" three.tar team/app:4 --max-new-bytes 10 --compression none
is "$(jq -r '.[].fingerprint' quality.json)" "$finding" "another build: the finding is the same"
is "$(jq -r '.[].location.path' quality.json)" .lambdaimg-ci.json "another build: at the budget file"
echo '{"format": 1, "max_new_bytes": 10}' >team.json
run 3 "a budget file of another name" report three.tar --budgets team.json --code-quality quality.json
is "$(jq -r '.[].location.path' quality.json)" team.json "a budget file of another name: at that"
run 1 "a file that cannot be written" report three.tar --junit none/junit.xml

# ---- hostile names -------------------------------------------------------------------------------

layer hostile <<'END'
file a|b size=4000 fill=11
file `c` size=4100 fill=12
file <script>alert(1)</script> size=4200 fill=13
file x\x0ay\x1b[31m size=4300 fill=14
file \xff\x5c size=4400 fill=15
file \xe2\x80\xaeright size=4500 fill=16
file \xc3\xbc*_[l](u) size=4600 fill=17
file www.example.com size=4700 fill=18
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
/www.example.com
/ü*_[l](u)
END
)" "hostile names as JSON: all are there"
run 0 "hostile names as text" report hostile.tar
is "$(tr -d '\n' <"$OUT" | tr -cd '\000-\037\177' | wc -c)" 0 "hostile names as text: no control character"
has_no "$OUT" $'\xe2\x80\xae' "hostile names as text: nothing changes the direction"
run 0 "hostile names as Markdown" report hostile.tar --markdown --max-new-bytes 1G
sed 's|</\{0,1\}code>||g' "$OUT" >untagged
has_no untagged '[]<>`*_[]|\([a-z]|www[.]' "hostile names as Markdown: nothing means anything"
is "$(grep '^|' "$OUT" | sed 's/[^|]//g' | sort -u | xargs)" "||| |||| ||||||" \
    "hostile names as Markdown: no cell is split"
files_of_forms 0 "hostile names" hostile.tar --max-new-bytes 1G
is "$(python3 -c '
import xml.dom.minidom as m
for line in m.parse("junit.xml").getElementsByTagName("system-out")[0].firstChild.data.split("\n"):
    if "/" in line:
        print(line[line.index("/"):])' | LC_ALL=C sort)" "$(quietly report hostile.tar --json
jq -r '.files[].path' "$OUT" | LC_ALL=C sort)" "hostile names in XML: nothing is lost"
run 0 "hostile names as Markdown once more" report hostile.tar --markdown --max-new-bytes 1G
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
