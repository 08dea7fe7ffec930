#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What each key is good for: that of --kms reads, and that of --salt-kms is needed to push. Without a key for the salt,
# whoever reads can also find out whether a file is stored.
. "$(dirname "$0")/lib.sh"

export LAMBDAIMG_REPO=dir:$WORK/repo LAMBDAIMG_KMS=file:$WORK/reading
layer base <<'END'
file file size=600000 fill=1
file other size=100000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"

# ---- one key ------------------------------------------------------------------------------------

new_repository "$WORK/repo"
quietly push image.tar
run 0 "whoever reads with the one key" pull demo:1 -o got
run 0 "can also confirm what is stored" push -n image.tar demo:1
has "$OUT" 'nothing new' "without writing anything"

# ---- two keys -----------------------------------------------------------------------------------

rm -rf repo got
run 0 "init with a key for the salt" init --salt-kms "file:$WORK/pushing"
has "$OUT" "^made the key file:$WORK/pushing; keep a copy of it, without it nothing can be pushed$" "makes that key, too"
is "$(stat -c %a pushing)" 600 "for its owner only"
run 1 "a push without it" push image.tar
has "$ERR" "cannot open the repository's salt, which may have a key of its own" "says why it fails"
run 1 "a dry run without it" push -n image.tar
run 0 "a push with it" push image.tar --salt-kms "file:$WORK/pushing"
LAMBDAIMG_SALT_KMS=file:$WORK/pushing run 0 "or with it in the environment" push image.tar demo:2
has "$OUT" 'nothing new' "finds what is there"
mv pushing elsewhere
for command in ls 'inspect demo:1' 'pull demo:1 -o got' 'verify demo:1' 'verify demo:1 --against image.tar' \
    'verify demo:1 --repair image.tar'; do
    # shellcheck disable=SC2086
    LAMBDAIMG_SALT_KMS=file:$WORK/pushing run 0 "$command needs only the other" $command
done
if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    mkdir mnt
    mount_image demo:1 "$WORK/mnt"
    ok "so does a mount" cmp -s <(tar -xOf base.tar file) mnt/file
    run 0 "umount" umount "$WORK/mnt"
fi
run 1 "a push by the key for reading alone, given twice" push -n image.tar --salt-kms "file:$WORK/reading"
run 1 "what opens the salt alone" pull demo:1 -o got2 --kms "file:$WORK/elsewhere"
not_ok "reads nothing" test -e got2
has "$ERR" 'was not wrapped for this key' "which it says"

find repo -path '*/chunks/*' -type f | while read -r chunk; do
    : >"$chunk"
done
run 1 "chunks are damaged" verify demo:1
run 0 "repair, without the key for the salt" verify demo:1 --repair image.tar
run 0 "all is well" verify demo:1

# ---- several keys ---------------------------------------------------------------------------------

both=(--kms "file:$WORK/east" --kms "file:$WORK/west")
LAMBDAIMG_REPO=dir:$WORK/several run 0 "init with two keys" init "${both[@]}"
is "$(grep -c '^made the key file:' "$OUT")" 2 "makes both"
export LAMBDAIMG_REPO=dir:$WORK/several
run 0 "a push for both" push image.tar "${both[@]}"
is "$(find several -path '*/manifests/*.wraps/*' | wc -l)" 2 "makes a wrap for each"
is "$(find several -path '*/salts/*.wraps/*' | wc -l)" 1 "so has init, of the salt"
for name in east west; do
    run 0 "whoever has $name reads" pull demo:1 -o "got-$name" --kms "file:$WORK/$name"
    run 0 "and can push" push -n image.tar --kms "file:$WORK/$name"
done
mv west hidden
LAMBDAIMG_KMS=file:$WORK/west,file:$WORK/east run 0 "a reader for whom one of two keys is not there" pull demo:1 -o got3
LAMBDAIMG_KMS=file:$WORK/west,file:$WORK/east run 1 "whoever pushes needs all of them" push image.tar
has "$ERR" "there is no key file at $WORK/west" "and is told which is missing"
run 1 "none of two" inspect demo:1 --kms "file:$WORK/west" --kms "file:$WORK/reading"
has "$ERR" "none of the keys opens it: there is no key file at .*/west.*; file-.*: there is no wrap by this key" \
    "is told of both"
run 1 "two others" inspect demo:1 --kms "file:$WORK/elsewhere" --kms "file:$WORK/reading"
has "$ERR" "was not wrapped for any of these keys; it was pushed with another: file-.*, file-" "are told which it has"
cp east east,file
run 0 "a comma is part of a path" inspect demo:1 --kms "file:$WORK/east,file"
run 2 "a list with something else in front" inspect demo:1 --kms "east,file:$WORK/east"
export LAMBDAIMG_REPO=dir:$WORK/repo

run 1 "init where a repository is" init --salt-kms "file:$WORK/elsewhere"
run 2 "a key for the salt that is none" push image.tar --salt-kms nonsense
run 2 "init with one that is none" init "dir:$WORK/new" --salt-kms nonsense
not_ok "makes nothing" test -e new
run 2 "what does not push has no such option" pull demo:1 -o got --salt-kms "file:$WORK/elsewhere"
finish
