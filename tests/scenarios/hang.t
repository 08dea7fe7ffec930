#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Stores that hang, and servers that drip: every command ends, with a reason. A slow link is served. How long a
# command takes is not asked, for that is the machine's, but none may take the five minutes of run.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"
require_mount

# ---- a directory that hangs --------------------------------------------------------------------

echo "file large size=3000000 fill=7" | layer app
make_docker_old image.tar app:1 "$WORK/app.tar"
new_repository "$WORK/good"
quietly push image.tar app:1 --compression none

# The repository in a mount of its own, whose loader is stopped.
tar --sort=name -cf store.tar good
make_docker_old store-image.tar store:1 "$WORK/store.tar"
new_repository "$WORK/outer"
quietly push store-image.tar store:1
mkdir mnt

# hangs WHAT COMMAND...: it ends, and says that the file system is to blame.
hangs() {
    local what=$1
    shift

    run 1 "$what: $1 ends" "$@" --repo "dir:$WORK/store/good" --timeout 2
    has "$ERR" "dir:$WORK/store/good: the file system has not answered for 2 seconds" "says so"
}

mount_image store:1 "$WORK/store"
loader=$MOUNT_PID
kill -STOP "$loader"
hangs "nothing answers" ls
hangs "nothing answers" inspect app:1
hangs "nothing answers" verify app:1
hangs "nothing answers" pull app:1 -o got.ext4
hangs "nothing answers" push image.tar app:2
hangs "nothing answers" rm app:1
hangs "nothing answers" mount app:1 mnt
hangs "nothing answers" init
not_ok "nothing is left of the pull" test -e got.ext4
not_ok "nothing is mounted" is_mounted "$WORK/mnt"
kill -CONT "$loader"

# The kernel keeps what was read once, so only the chunks hang.
run 0 "ls, when it goes on" ls --repo "dir:$WORK/store/good" --timeout 60
has "$OUT" app:1 "shows the image"
quietly inspect app:1 --repo "dir:$WORK/store/good"
kill -STOP "$loader"
hangs "chunks do not come" verify app:1
hangs "chunks do not come" pull app:1 -o got.ext4
not_ok "nothing is left of the pull" test -e got.ext4
run 1 "chunks do not come: mount ends" mount app:1 mnt --repo "dir:$WORK/store/good" --timeout 2
kill -CONT "$loader"
run 0 "verify, when it goes on" verify app:1 --repo "dir:$WORK/store/good"

run 2 "a timeout that is none" ls --repo "dir:$WORK/good" --timeout 0
run 2 "a timeout that is no number" ls --repo "dir:$WORK/good" --timeout soon

# ---- servers behind a link ---------------------------------------------------------------------

echo 'AKIATEST secret-test' >"$aws/keys"
export AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY=secret-test AWS_ENDPOINT_URL_S3=$url
export LAMBDAIMG_REPO=s3://bucket/slow

# link UP DOWN: bytes a second; sets LINK, its URL.
link() {
    rm -f link.url
    "$top/tests/slow-link" "${url##*:}" "$1" "$2" link.url &
    started+=("$!")
    await test -s link.url
    LINK=$(cat link.url)
}

# 1.5 MB at 50 kB a second takes half a minute, in which no request may be 10 s without progress.
head -c 1500000 /dev/urandom >noise
tar -cf noise.tar noise
make_docker_old noise.img noise:1 noise.tar
quietly convert noise.img -o noise.ext4
quietly init
link 50000 50000
AWS_ENDPOINT_URL_S3=$LINK run 0 "a slow link: push" push noise.img noise:1 --stall 10 --timeout 30
AWS_ENDPOINT_URL_S3=$LINK run 0 "pull" pull noise:1 -o noise.got --stall 10 --timeout 30
ok "gives what convert gives" cmp noise.ext4 noise.got

# drips COMMAND...
drips() {
    AWS_ENDPOINT_URL_S3=$LINK run 1 "a link that drips: $1 ends" "$@" --stall 2 --timeout 5
    has "$ERR" 's3://bucket/slow/.*(less than 1024 bytes a second in the last [12] second|timed out)' "says why"
}

link 0 20
drips ls
drips inspect noise:1
drips verify noise:1
drips pull noise:1 -o got.ext4
drips push image.tar app:2
drips mount noise:1 mnt
drips init
not_ok "nothing is left of the pull" test -e got.ext4
not_ok "nothing is mounted" is_mounted "$WORK/mnt"

finish
