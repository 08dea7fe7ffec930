#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The report of a whole repository: its figures are those that a count in another way gives, it needs no key, and it
# says what it cannot read.
. "$(dirname "$0")/lib.sh"
. "$scenarios/report-lib.sh"

# comparable: the parts of a report on standard input that countrepo.py counts, in its form. Pairs of names have no
# order, and a median is not computed to the last bit.
comparable() {
    jq -S '{totals, images, names: (.names | sort_by(.name)), pushes,
        sharing: (.sharing | map(.names |= sort) | sort_by(.names))}
        | .totals.spread.mean |= (. * 1e9 | round / 1e9) | .totals.spread.median |= (. * 1e9 | round / 1e9)'
}

# counted WHAT: the report of the repository is as counted from its files.
counted() {
    run 0 "$1: a report" report --all --json
    cp "$OUT" whole.json
    comparable <"$OUT" >reported.json
    python3 "$top/tests/tools/countrepo.py" "$WORK/repo" | comparable >counted.json
    same_text counted.json reported.json "$1: its figures are as counted"
}

# aged DAYS TAG: the manifest that TAG points at now was pushed so many days ago.
aged() {
    local id

    id=$("$LAMBDAIMG" ls --json | jq -r --arg tag "$2" '.[] | select(.reference == $tag).manifest')
    touch -d "2026-06-30 12:00:00 UTC $1 days ago" repo/roots/*/manifests/"$id"
}

new_repository "$WORK/repo"
counted "nothing"
run 0 "a factor of nothing" report --all --min-dedup 2
has "$OUT" '^budget min-dedup: -; there is no image to compare it with$' "a factor of nothing: it says so"

sample_layers
layer app-1 <<'END'
dir app/
file app/main size=700000 fill=1
file app/library size=900000 fill=2
END
layer app-2 <<'END'
dir app/
file app/main size=700000 fill=3
file app/library size=900000 fill=2
END
make_docker_old one.tar team/app:1 "${LAYERS[@]}" "$WORK/app-1.tar"
make_docker_old two.tar team/app:2 "${LAYERS[@]}" "$WORK/app-2.tar"
make_docker_old base.tar base:latest "${LAYERS[@]}"
quietly push one.tar
aged 40 team/app:1
quietly push base.tar
aged 30 base:latest
quietly push two.tar
aged 20 team/app:2
quietly push two.tar team/app:latest
aged 10 team/app:latest
counted "four images"
cp reported.json before.json
is "$(jq -r '.images[].reference' reported.json | xargs)" "base:latest team/app:1 team/app:2 team/app:latest" \
    "four images: sorted"
is "$(jq '[.images[] | select(.reference | startswith("team/app:") and . != "team/app:1").unique.chunks] | add' \
    reported.json)" 0 "four images: neither of two tags of an image would free anything"
ok "four images: the first has something of its own" \
    jq -e '.images[] | select(.reference == "team/app:1").unique.bytes > 0' reported.json
ok "four images: the same image again is nothing new" jq -e '.pushes[-1].new.chunks == 0' reported.json
ok "four images: three of them share most" jq -e '.totals.apart.bytes > 2 * .totals.used.bytes' reported.json

# What rm would free is what nobody has afterwards.
unique=$(jq '.images[] | select(.reference == "team/app:1").unique.bytes' before.json)
quietly rm team/app:1
counted "a tag less"
is "$(jq .totals.unused.bytes reported.json)" "$unique" "a tag less: what was its own is unused"

# A tag that moved on, and what an interrupted push left.
quietly push base.tar team/app:2
aged 5 team/app:2
root=$(echo repo/roots/*)
mkdir -p "$root/chunks/ab"
stray=$root/chunks/ab/$(printf 'ab%062d' 7)
echo "never named" >"$stray"
counted "a tag that moved on"
ok "a tag that moved on: the stray chunk is counted" jq -e '.totals.stray.chunks == 1' reported.json
rm "$stray"

# A chunk less.
# Some chunks belong to no image any more. Whichever of the others is the first will do.
for lost in $(find repo/roots/*/chunks -type f | LC_ALL=C sort); do
    mv "$lost" lost-chunk
    quietly report --all --json
    jq -e '.totals.missing == 0' "$OUT" >found || break
    mv lost-chunk "$lost"
done
counted "a chunk less"
ok "a chunk less: it is missed" jq -e '.totals.missing == 1' reported.json
mv lost-chunk "$lost"

# ---- text ----------------------------------------------------------------------------------------

run 0 "text" report --all
has "$OUT" '^dir:.*: 3 images, 5 pushes$' "text: it says of what"
has "$OUT" '^deduplication: [0-9.]+; the images would take ' "text: how well images share"
has "$OUT" '^2 of 5 pushes [(]40.0 %[)] brought no new chunk; of the others, ' "text: how many pushes brought nothing"
has "$OUT" '^base:latest +2026-05-31 12:00:00Z ' "text: when an image was pushed"
has "$OUT" 'base and team/app: |team/app and base: ' "text: what two names share"
has "$OUT" '^2026-06-25 ' "text: growth by day"
has_no "$OUT" ' $' "text: no line ends with a blank"
has_no "$OUT" '#' "text: no bars where it is not a terminal"
if command -v script >/dev/null; then
    script -qec "stty cols 120; '$LAMBDAIMG' report --all" /dev/null >"$OUT" </dev/null
    has "$OUT" '^2026-06-25 .* #+' "text: bars on a terminal"
    is "$(tr -d '\r' <"$OUT" | awk 'length > 120' | grep '##')" "" "text: no bar is wider than the terminal"
else
    skip "text: bars on a terminal" "script(1) is not there"
fi

described whole.json lambdaimg-report.5 "JSON"

# ---- other forms ---------------------------------------------------------------------------------

run 0 "Markdown" report --all --markdown --min-dedup 1
is "$(grep '^|' "$OUT" | sed 's/[^|]//g' | sort -u | xargs)" "|||| ||||||" "Markdown: no cell is split"
has "$OUT" '^[|] stored [|] [0-9]+ [|] [0-9.]+ [kM]B [|]$' "Markdown: the totals"
has "$OUT" '^[|] <code>base&#58;latest</code> [|] 2026-05-31 12:00:00Z [|] ' "Markdown: each image"
has "$OUT" '^[|] min-dedup [|] met [|]' "Markdown: budgets"
run 0 "the repository as it is now" report --all --json
cp "$OUT" whole.json
files_of_forms 0 "all" --all --min-dedup 1
is "$(sed -n 's/^lambdaimg_used_bytes //p' metrics.txt)" "$(jq .totals.used.bytes whole.json)" "metrics: a total"
is "$(sed -n 's/^lambdaimg_image_unique_bytes{image="base:latest"} //p' metrics.txt)" \
    "$(jq '.images[] | select(.reference == "base:latest").unique.bytes' whole.json)" "metrics: of an image"
files_of_forms 3 "all, with a factor that is not reached" --all --min-dedup 100
has junit.xml '<failure message="min-dedup is [0-9.]+, below 100.000"/>' "a factor that is not reached: JUnit says so"
has "$ERR" 'over budget: min-dedup' "a factor that is not reached: standard error, too"
is "$(jq -r '.[].check_name' quality.json)" min-dedup "a factor that is not reached: a finding"

# ---- without a key, and what cannot be read ------------------------------------------------------

run 0 "without a key" report --all --json --kms "file:$WORK/none"
comparable <"$OUT" >keyless.json
run 0 "with a key" report --all --json
comparable <"$OUT" >reported.json
same_text reported.json keyless.json "without a key: the same"

id=$("$LAMBDAIMG" ls --json | jq -r '.[] | select(.reference == "base:latest").manifest')
manifest=$(echo repo/roots/*/manifests/"$id")
change_byte "$manifest" 3
run 1 "a damaged manifest" report --all --json
has "$ERR" '1 image or manifest cannot be read: .*not a manifest' "a damaged manifest: it says so"
other=$("$LAMBDAIMG" ls --json | jq -r '[.[] | select(.reference != "base:latest").reference][0]')
ok "a damaged manifest: the others are reported" jq -e '[.images[] | select(.readable)] | length == 2' "$OUT"
run 1 "a damaged manifest: another image alone" report "$other"
has "$ERR" '1 image or manifest cannot be read' "a damaged manifest: its figures may lack what they share"
change_byte "$manifest" 3
mv "$manifest" away
run 1 "a lost manifest" report --all
has "$ERR" 'base:latest: its manifest is gone' "a lost manifest: it says whose"
has "$OUT" '^base:latest +- ' "a lost manifest: the tag is listed"
mv away "$manifest"
echo nonsense >"repo/images/base/latest"
run 1 "a damaged pointer" report --all
has "$ERR" '1 image or manifest cannot be read' "a damaged pointer: it says so"
has "$OUT" '^team/app:2 ' "a damaged pointer: the others are reported"
has "$OUT" '^base:latest +- ' "a damaged pointer: its tag is listed"

run 2 "no repository, and no --all" report
run 1 "no such repository" report --all --repo "dir:$WORK/none"
if [ -c /dev/full ]; then
    "$LAMBDAIMG" report --all >/dev/full 2>"$ERR"
    is "$?" 1 "standard output that is full"
fi

finish
