#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Mounts on bad terms: a store that hangs, is damaged, mended or moved, callers that go away, and
# what the command says of it.
. "$(dirname "$0")/lib.sh"
require_mount

# Files that have a chunk each, and small ones.
{
    echo 'dir ./'
    for i in {10..25}; do
        echo "file large/$i size=524288 fill=$i"
        echo "file small/$i text=$i"
    done
} | layer app
make_docker_old image.tar app:1 "$WORK/app.tar"
new_repository "$WORK/repo"
quietly push image.tar app:1 --compression none
quietly push image.tar app:2
quietly pull app:1 -o app.ext4
mnt=$WORK/mnt
mkdir "$mnt"

# is_whole FILE: what the mount gives is what the image has.
# shellcheck disable=SC2317
is_whole() {
    debugfs -R "cat $1" app.ext4 2>/dev/null | cmp - "$mnt/$1"
}

# ---- exit codes --------------------------------------------------------------------------------

run 2 "mount with memory that is no number" mount app:1 "$mnt" --memory x
run 2 "mount with a reference that is none" mount 'A B' "$mnt"
LAMBDAIMG_REPO='' run 2 "mount of no repository" mount app:1 "$mnt"
run 1 "mount with an option that FUSE does not know" mount app:1 "$mnt" -o frobnicate

run 1 "mount on a file" mount app:1 image.tar
has "$ERR" 'cannot mount on image.tar: it is not a directory' "says so"
run 1 "mount on what is not there" mount app:1 missing
has "$ERR" 'cannot mount on missing: .*No such file' "says so"

mounted+=("$mnt")
run 0 "mount" mount app:1 "$mnt"
run 1 "mount where an image is mounted" mount app:1 "$mnt"
has "$ERR" 'mounted there already' "says so"
ln -s mnt link
run 0 "umount by a symbolic link" umount link
not_ok "it is not mounted any more" is_mounted "$mnt"
run 0 "mount by a symbolic link" mount app:1 link/
run 0 "umount with a slash" umount "$mnt/"
run 1 "umount of another file system" umount /proc

# ---- damage, and its cure ----------------------------------------------------------------------

mount_image app:1 "$mnt"
ok "a file is read" is_whole large/10
cp -r repo good
find repo/roots/*/chunks -type f -size +500k | while read -r chunk; do change_byte "$chunk" 1000; done
repository_changed repo
not_ok "with the chunks damaged another file is not" cat "$mnt/large/11"
ok "what is in memory is" is_whole large/10
cp -r good/. repo/
repository_changed repo
ok "with the chunks mended it is" is_whole large/11
find repo/roots/*/chunks -type f -size +500k | while read -r chunk; do
    rm "$chunk"
    mkfifo "$chunk"
done
repository_changed repo
not_ok "with pipes in the chunks' place it is refused, and not waited for" timeout 10 cat "$mnt/large/12"
mv repo away
repository_changed repo
not_ok "without the repository too" timeout 10 cat "$mnt/large/12"
find away -type p -delete
cp -r good/. away/
mv away repo
repository_changed repo
ok "with the repository back it is read" is_whole large/12

# Whoever reads the messages goes away.
kill -TERM "$MOUNT_PID"
ok "SIGTERM ends it" ends "$MOUNT_PID"
mkfifo messages
"$LAMBDAIMG" mount app:1 "$mnt" -f 2>messages &
MOUNT_PID=$!
started+=("$MOUNT_PID")
exec 6<messages
for ((i = 0; i < 200; i++)); do
    is_mounted "$mnt" && break
    sleep 0.05
done
exec 6<&-
find repo/roots/*/chunks -type f -size +500k | while read -r chunk; do change_byte "$chunk" 1000; done
repository_changed repo
not_ok "a read that fails when nobody reads messages" cat "$mnt/large/13"
cp -r good/. repo/
repository_changed repo
ok "leaves the mount working" is_whole large/13
run 0 "umount" umount "$mnt"

# ---- a store that hangs ------------------------------------------------------------------------

if [ "${STORE:-dir}" = dir ]; then
    # The repository in a mount of its own, whose loader can be stopped.
    tar --sort=name -cf store.tar good
    make_docker_old store-image.tar store:1 "$WORK/store.tar"
    quietly push store-image.tar store:1 --repo "dir:$WORK/repo"
    mount_image store:1 "$WORK/store"
    store=$MOUNT_PID
    hanging=dir:$WORK/store/good
else
    # A relay on the way to the server, whose processes can be stopped.
    hanging=dir:$WORK/good
    target=${AWS_ENDPOINT_URL_S3##*:}
    port=$(free_port)
    setsid socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "TCP:127.0.0.1:$target" &
    store=-$!
    started+=("$store")
    AWS_ENDPOINT_URL_S3=${AWS_ENDPOINT_URL_S3%:*}:$port
    repository_changed good
fi

mount_image app:1 "$mnt" --repo "$hanging" --timeout 2
kill -STOP "$store"
start=$SECONDS
not_ok "a read ends when the store hangs" timeout 30 cat "$mnt/large/10"
ok "in time" test $((SECONDS - start)) -lt 15
kill -CONT "$store"
ok "and works when the store goes on" is_whole large/10
run 0 "umount" umount "$mnt"

mount_image app:1 "$mnt" --repo "$hanging"
ok "a small file is read" test "$(cat "$mnt/small/10")" = 10
kill -STOP "$store"
for i in {10..25}; do
    cat "$mnt/large/$i" >/dev/null 2>&1 &
    started+=($!)
done
sleep 0.5
for i in 11 12 13; do
    ok "what is in memory is served while others wait: $i" \
        timeout 10 test "$(timeout 10 cat "$mnt/small/$i")" = "$i"
done
kill -TERM "$MOUNT_PID"
ok "SIGTERM ends it while fetches hang" ends "$MOUNT_PID"
not_ok "and unmounts" is_mounted "$mnt"
# The kernel may keep what is left of the process until the store has answered.
kill -CONT "$store"
wait "$MOUNT_PID"
is "$?" 0 "with exit status 0"
kill -STOP "$store"

# Whoever waits for the command breaks it off.
"$LAMBDAIMG" mount app:2 "$mnt" --repo "$hanging" --stats="$WORK/stats" &
pid=$!
started+=("$pid")
# Not before it is the program, which may come by way of a script, and has a loader, which then waits
# for the store.
for ((i = 0; i < 600; i++)); do
    [ "/proc/$pid/exe" -ef "${LAMBDAIMG_PROGRAM:-$LAMBDAIMG}" ] &&
        grep -qs . "/proc/$pid/task/$pid/children" && break
    sleep 0.05
done
kill -9 "$pid"
wait "$pid" 2>/dev/null
kill -CONT "$store"
for ((i = 0; i < 200; i++)); do
    [ -s stats ] && ! is_mounted "$mnt" && break
    sleep 0.05
done
ok "a mount whose caller has gone is taken down" test -s stats
not_ok "and leaves nothing" is_mounted "$mnt"
kill -TERM "$store"
ok "the store ends" ends "$store"

finish
