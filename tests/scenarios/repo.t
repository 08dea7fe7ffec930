#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The life of a repository: init, push, push again, ls, inspect, pull, verify, rm.
. "$(dirname "$0")/lib.sh"

sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o app.ext4

# pushed FIELD: a number of what the last `push --json` printed.
pushed() {
    jq -r ".$1" "$OUT"
}

# ---- init --------------------------------------------------------------------------------------

export LAMBDAIMG_REPO=dir:$WORK/repo
run 1 "no push before init" push app.tar app:1
not_ok "and it makes no repository" test -e repo
run 0 "init" init
ok "it wrote its description" jq -e . repo/lambdaimg.json
[ "${KMS:-file}" != file ] || is "$(stat -c %a key)" 600 "the key is its owner's alone"
run 1 "init again" init
mkdir full && touch full/something
run 1 "init where something else is" init "dir:$WORK/full"
is "$(files_of full)" ./something "and it adds nothing there"
run 0 "init with an argument" init "dir:$WORK/second"
run 0 "--repo goes before the environment" ls --repo "dir:$WORK/second" --json

# ---- push --------------------------------------------------------------------------------------

files_of repo >before
run 0 "push --dry-run" push app.tar app:1 --dry-run --json
ok "it counts what would be new" test "$(pushed new_chunks)" -gt 0
would=$(pushed new_bytes)
files_of repo >after
same_text before after "it adds no file"
run 0 "push" push app.tar app:1 --json
ok "all is new" test "$(pushed new_chunks)" -gt 0
is "$(pushed new_bytes)" "$would" "as many bytes as the dry run said"
is "$(find repo/roots/*/chunks -type f | wc -l)" "$(pushed new_chunks)" "a file for each new chunk"
is "$(cat repo/roots/*/chunks/*/* | wc -c)" "$(pushed new_bytes)" "and as many bytes"
ok "push left no temporary file" test -z "$(find repo -name '.tmp*')"

find repo/roots/*/chunks -type f | sort >before
run 0 "push again" push app.tar app:1 --json
is "$(pushed new_chunks)" 0 "nothing is new"
run 0 "push under another name" push app.tar team/app:2 --json
is "$(pushed new_chunks)" 0 "nothing is new"
run 0 "push, for people" push app.tar app:1
has <(cat "$OUT" "$ERR") "[Nn]othing new" "and it says that nothing is new"
run 0 "push under the image's own tag" push app.tar
find repo/roots/*/chunks -type f | sort >after
same_text before after "no chunk was added"

layer more <<END
file etc/more text=more
END
make_docker_old more.tar app:3 "${LAYERS[@]}" "$WORK/more.tar"
run 0 "push with a layer more" push more.tar app:3 --json
ok "most of it is there" test "$(pushed known_chunks)" -gt "$(pushed new_chunks)"

# ---- ls, inspect -------------------------------------------------------------------------------

run 0 "ls" ls
has "$OUT" 'app:1' "it has app:1"
has "$OUT" 'team/app:2' "it has team/app:2"
run 0 "ls --json" ls --json
ok "which is JSON" jq -e . "$OUT"
run 0 "inspect" inspect app:1
run 0 "inspect --json" inspect app:1 --json
has <(jq -c . "$OUT") 'the-sum-of-all-tests' "it shows the image's config"
id=$(jq -r .manifest "$OUT")
is "${#id}" 32 "it shows the manifest's id"
ok "ls needs no key" env LAMBDAIMG_KMS=file:/nowhere "$LAMBDAIMG" ls
run 1 "inspect of what is not there" inspect app:9

# ---- pull --------------------------------------------------------------------------------------

run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "pull gives what convert gives"
run 0 "pull, pinned" pull "app@$id" -o got.ext4
same app.ext4 got.ext4 "pull, pinned: the same"
run 1 "pull of an id under another name" pull "team/app@$id" -o none.ext4
run 1 "pull of an id that is not there" pull "app@00000000000000000000000000000000" -o none.ext4
run 1 "pull of what is not there" pull app:9 -o none.ext4
run 1 "the same, to where no file can be" pull app:9 -o missing/none.ext4
has "$ERR" 'in missing: ' "is told of the file, before the repository is asked"
not_ok "what failed wrote no file" test -e none.ext4
cp -r repo elsewhere
run 0 "pull from a copy of the repository" pull app:1 -o got.ext4 --repo "dir:$WORK/elsewhere"
same app.ext4 got.ext4 "pull from a copy: the same"

# ---- nothing can be read without the key -------------------------------------------------------

new_repository "$WORK/plain"
run 0 "push without compression" push app.tar app:1 --compression none --json
none=$(pushed new_bytes)
ok "no plaintext lies in the repository" \
    test -z "$(grep -rlaE 'the-sum-of-all-tests|root:x:0:0|sha256:' plain)"
run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "pull gives what convert gives"

new_repository "$WORK/tight"
run 0 "push with much compression" push app.tar app:1 --compression zstd:15 --json
ok "takes less room" test "$(pushed new_bytes)" -lt "$none"
ok "chunks of two repositories share no name" test -z "$(
    comm -12 <(find plain/roots/*/chunks -type f -printf '%f\n' | sort) \
        <(find tight/roots/*/chunks -type f -printf '%f\n' | sort)
)"
new_repository "$WORK/padded"
run 0 "push with padding" push app.tar app:1
is "$(find padded/roots/*/chunks -type f -printf "%s\n" | awk "\$1 % 4096" | wc -l)" 0 \
    "sealed chunks have round sizes"
run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "pull gives what convert gives"

# ---- verify, and what mends --------------------------------------------------------------------

new_repository "$WORK/mend"
quietly push app.tar app:1
run 0 "verify" verify app:1
mapfile -t chunks < <(find mend/roots/*/chunks -type f | sort)
change_byte "${chunks[0]}" 100
run 1 "verify of a chunk that has changed" verify app:1
run 0 "verify --repair" verify app:1 --repair app.tar
run 0 "verify finds nothing any more" verify app:1
rm "${chunks[1]}"
run 1 "verify of a chunk that is gone" verify app:1
run 0 "verify --repair" verify app:1 --repair app.tar
run 0 "verify finds nothing any more" verify app:1
change_byte "${chunks[2]}" -1
run 0 "push does not look at what is there" push app.tar app:1 --json
is "$(pushed mended)" 0 "and mends nothing"
run 0 "push --check-existing --dry-run" push app.tar app:1 --check-existing --dry-run
has "$OUT" 'would mend 1 ' "says what it would mend"
run 1 "and does not mend it" verify app:1
run 0 "push --check-existing does" push app.tar app:1 --check-existing --json
is "$(pushed mended)" 1 "and mends one chunk"
run 0 "verify finds nothing any more" verify app:1
change_byte "${chunks[2]}" -1
layer other <<<'file other size=3000000 fill=7'
make_docker_old other.tar other:1 "$WORK/other.tar"
mv other.tar unlike.tar
run 1 "verify --repair with another image" verify app:1 --repair unlike.tar
run 0 "verify --repair with the right one" verify app:1 --repair app.tar

export LAMBDAIMG_REPO=dir:$WORK/repo

# ---- rm ----------------------------------------------------------------------------------------

run 0 "rm" rm team/app:2
run 1 "rm again" rm team/app:2
run 1 "pull of what was removed" pull team/app:2 -o none.ext4
run 0 "ls" ls
has_no "$OUT" 'team/app:2' "it is not there any more"
run 0 "the other tag still is" pull app:1 -o got.ext4
same app.ext4 got.ext4 "and whole"
run 1 "rm of a pin" rm "app@$id"

# ---- a manifest of more than 4 MiB, by its config ----------------------------------------------

layer large <<<'file file size=5 fill=1'
image_config() {
    printf '{"architecture":"amd64","os":"linux","config":{"Labels":{"long":"%s"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$(head -c 4500000 /dev/zero | tr '\0' x)" "$(digest_of "$1")"
}
make_docker_old large-image.tar large:1 "$WORK/large.tar"
run 0 "push with a config of 4.5 MB" push large-image.tar
run 0 "inspect" inspect large:1 --json
is "$(jq '.config.config.Labels.long | length' "$OUT")" 4500000 "it shows all of it"
run 0 "verify" verify large:1

finish
