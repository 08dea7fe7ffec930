#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The memo of a push: what was pushed before is not read again, and what is pushed is the same with
# and without it.
. "$(dirname "$0")/lib.sh"

memo=$WORK/memo
export LAMBDAIMG_MEMO=$memo
sample_layers
layer big <<END
dir ./
dir dir/
file big size=5000000 fill=11
file zeros size=3000000
file dir/small1 size=3000 fill=12
file dir/small2 size=3000 fill=13
END
LAYERS=("$WORK/big.tar" "${LAYERS[@]}")
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o app.ext4
new_repository "$WORK/repo"

# pushed FIELD: a number of what the last `push --json` printed.
pushed() {
    jq -r ".$1" "$OUT"
}

# records: the files of layers.
records() {
    find "$memo" -type f | sort
}

# by_memo WHAT: the last push took all chunks of data from the memo.
by_memo() {
    is "$(pushed memo_chunks)" "$data_chunks" "$1: all chunks of data come from the memo"
}

# chunk_table: which chunk has which name, of the manifest that the last push made; from the part of
# it that is in the clear.
chunk_table() {
    local id

    id=$(pushed manifest)
    tail -c +65 "$(echo repo/roots/*/manifests/"$id")" | head -c $((36 * $(pushed chunks))) | sha256sum
}

# ---- what is known, and to whom ----------------------------------------------------------------

run 0 "the first push" push app.tar app:1 --json
is "$(pushed memo_chunks)" 0 "knows nothing"
table=$(chunk_table)
is "$(records | wc -l)" "${#LAYERS[@]}" "and makes a record of each layer"
run 0 "the second push" push app.tar app:1 --json
data_chunks=$(pushed memo_chunks)
ok "takes chunks from the memo: $data_chunks" test "$data_chunks" -ge 10
is "$(pushed new_chunks)" 0 "stores nothing"
is "$(pushed known_chunks)" "$(pushed chunks)" "and counts all chunks as known"
is "$(chunk_table)" "$table" "its chunks have the same names"
run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "what was pushed by the memo is whole"
run 0 "verify --against" verify app:1 --against app.tar
run 0 "push --no-memo" push app.tar app:1 --no-memo --json
is "$(pushed memo_chunks)" 0 "takes nothing from the memo"
is "$(chunk_table)" "$table" "its chunks have the same names"
run 0 "push, for people" push app.tar app:1
has "$OUT" "$data_chunks known by the memo" "it says what the memo was good for"
run 0 "push --check-existing" push app.tar app:1 --check-existing --json
is "$(pushed memo_chunks)" 0 "reads everything"
run 0 "push --dry-run" push app.tar app:1 --dry-run --json
by_memo "push --dry-run"

make_oci_dir app.oci 1 gzip "${LAYERS[@]}"
run 0 "push of the same layers, compressed, where there is no room to inflate them" \
    push app.oci app:1 --json
by_memo "compressed layers"
env TMPDIR=/nonexistent "$LAMBDAIMG" push app.oci app:1 --json >"$OUT" 2>"$ERR"
is "$?" 0 "compressed layers are not inflated"
by_memo "compressed layers again"
not_ok "without the memo they are" env TMPDIR=/nonexistent "$LAMBDAIMG" push app.oci app:1 --no-memo
run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "and what was pushed is whole"

new_repository "$WORK/other"
run 0 "push to another repository" push app.tar app:1 --json
is "$(pushed memo_chunks)" 0 "has another salt, and knows nothing"
run 0 "push to it again" push app.tar app:1 --json
by_memo "another repository"
export LAMBDAIMG_REPO=dir:$WORK/repo
run 0 "push to the first" push app.tar app:1 --json
by_memo "the first repository"

# ---- where it lies -----------------------------------------------------------------------------

ok "no name or content lies in it for others to see" \
    test -z "$(find "$memo/memo" -perm /077)"
run 0 "push --memo" push app.tar app:1 --memo "$WORK/elsewhere" --json
is "$(pushed memo_chunks)" 0 "goes before the environment"
ok "and makes the directory" test -d elsewhere/memo
unset LAMBDAIMG_MEMO
run 0 "push, nothing said" push app.tar app:1 --json
ok "takes the user's cache directory" test -d "$XDG_CACHE_HOME/lambdaimg/memo"
env -u XDG_CACHE_HOME "$LAMBDAIMG" push app.tar app:1 >"$OUT" 2>"$ERR"
ok "or makes ~/.cache" test -d "$HOME/.cache/lambdaimg/memo"
env -u XDG_CACHE_HOME -u HOME LAMBDAIMG_STATE="$HOME/.local/state/lambdaimg" "$LAMBDAIMG" push app.tar app:1 --json >"$OUT" 2>"$ERR"
is "$?" 0 "without a home there is no memo, and a push works"
is "$(cat "$ERR")" "" "and says nothing of it"
touch file
run 1 "push --memo where no directory can be" push app.tar app:1 --memo "$WORK/file/memo"
has "$ERR" 'file/memo' "it says where"
export LAMBDAIMG_MEMO=$WORK/file/memo
run 0 "the same by the environment" push app.tar app:1 --json
is "$(pushed memo_chunks)" 0 "is a push without a memo"
is "$(cat "$ERR")" "" "that says nothing of it"
if [ "$(id -u)" -ne 0 ]; then
    mkdir shut && chmod 500 shut
    run 0 "push with a memo that cannot be written" push app.tar app:1 --json
fi
export LAMBDAIMG_MEMO=$memo

# ---- what is in the way of it ------------------------------------------------------------------

layer hides <<END
file dir/.wh.small1
END
make_docker_old hides.tar hides:1 "${LAYERS[@]}" "$WORK/hides.tar"
quietly convert hides.tar -o hides.ext4
run 0 "push of an image that hides a file" push hides.tar hides:1 --json
ok "most of it comes from the memo" test "$(pushed memo_chunks)" -ge $((data_chunks - 3))
ok "but not the chunk with the file" test "$(pushed memo_chunks)" -lt "$data_chunks"
run 0 "pull" pull hides:1 -o got.ext4
same hides.ext4 got.ext4 "it is whole"

damaged() {
    local what=$1

    run 0 "push with a memo with $what" push app.tar app:1 --json
    ok "does not rely on it" test "$(pushed memo_chunks)" -lt "$data_chunks"
    is "$(chunk_table)" "$table" "its chunks have the same names"
    run 0 "and again" push app.tar app:1 --json
    by_memo "after $what"
}

mapfile -t files < <(records | grep -F "$(digest_of "$WORK/big.tar")")
[ "${#files[@]}" -ge 1 ] || echo "Bail out! the memo has no record of the first layer"
for file in "${files[@]}"; do
    change_byte "$file" 200
done
damaged "a changed byte"
for file in "${files[@]}"; do
    truncate -s 1000 "$file"
done
damaged "records that are cut short"
for file in "${files[@]}"; do
    : >"$file"
done
damaged "empty records"
# To a file of our own: nothing on this machine may depend on whether they are followed.
echo "not a record" >linked
for file in "${files[@]}"; do
    rm "$file"
    ln -s "$WORK/linked" "$file"
done
damaged "links"
mapfile -t other < <(records | grep -vF "$(digest_of "$WORK/big.tar")")
for file in "${files[@]}"; do
    cp --remove-destination "${other[0]}" "$file"
done
damaged "another layer's record"
is "$(cat linked)" "not a record" "what the links pointed to was not written"

# ---- what the store has lost -------------------------------------------------------------------

# lose: all chunks that could not be compressed, those of the big file among them, into lost/.
lose() {
    local most

    most=$(find repo/roots/*/chunks -type f -printf '%s\n' | sort -n | tail -n 1)
    rm -rf lost
    mkdir lost
    find repo/roots/*/chunks -type f -size "${most}c" -exec mv -t lost {} +
    lost=$(find lost -type f | wc -l)
}

lose
ok "chunks are gone: $lost" test "$lost" -ge 8
run 0 "push when chunks are gone" push app.tar app:1 --json
is "$(pushed new_chunks)" "$lost" "stores them again"
is "$(pushed memo_chunks)" "$((data_chunks - lost))" "and takes the others from the memo"
for file in lost/*; do
    same "$(echo repo/roots/*/chunks/*/"${file#*/}")" "$file" "what is stored again is the same"
done
run 0 "verify" verify app:1

# A byte of the big file's contents, in the archive: what mktar fills it with is found by itself.
cp app.tar damaged.tar
at=$(grep -abo big damaged.tar | head -n 1 | cut -d : -f 1)
change_byte damaged.tar $((at + 2000000))
run 0 "push of an archive that is damaged in what is known" push damaged.tar app:1 --json
by_memo "a damaged archive"
is "$(chunk_table)" "$table" "what is pushed is not damaged"
run 1 "without the memo it is refused" push damaged.tar app:1 --no-memo
run 1 "convert refuses it" convert damaged.tar -o no.ext4
lose
files_of repo >before
run 1 "push of it when chunks are gone" push damaged.tar app:1 --json
has "$ERR" 'diff ID' "it says what is wrong"
files_of repo >after
same_text before after "and nothing is stored"
run 0 "push of the right one" push app.tar app:1 --json
is "$(pushed new_chunks)" "$lost" "stores the chunks"
run 0 "verify" verify app:1

# ---- several at once, and those that die ---------------------------------------------------------

rm -rf "$memo"
pids=()
for tag in 1 2 3 4; do
    "$LAMBDAIMG" push app.tar "app:$tag" --json >"at-once.$tag" 2>&1 &
    pids+=("$!")
done
started+=("${pids[@]}")
for pid in "${pids[@]}"; do
    wait "$pid"
    is "$?" 0 "one of four pushes at once"
done
run 0 "push after them" push app.tar app:1 --json
by_memo "after pushes at once"
ok "no temporary file is left" test -z "$(find "$memo" -name '.tmp*')"

for ((i = 1; i <= 8; i++)); do
    rm -rf "$memo"
    "$LAMBDAIMG" push app.tar app:1 >/dev/null 2>&1 &
    pid=$!
    started+=("$pid")
    sleep "0.0$((i * 12 % 100))"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    quietly push app.tar app:1 --json
    [ "$(chunk_table)" = "$table" ] || echo "# after a push that was killed, another chunk table"
    [ "$(chunk_table)" = "$table" ]
    result $? "after a push that was killed: the same chunks" </dev/null
done
run 0 "push after them" push app.tar app:1 --json
by_memo "after pushes that were killed"

# A chunk that is in an image twice is looked up once, also where a dry run has remembered it.
layer twins <<END
file a size=524288 fill=5
file b size=524288 fill=5
END
make_docker_old twins-image.tar twins:1 "$WORK/twins.tar"
new_repository "$WORK/twins"
run 0 "push --dry-run of chunks that are the same" push -n twins-image.tar twins:1
run 0 "and push" push twins-image.tar twins:1 --json --stats
is "$(jq .stats.ways.asked "$OUT")" "$(pushed new_chunks)" "asks for each chunk once"

finish
