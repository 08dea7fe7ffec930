#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is mounted is what was converted, and only what is read is fetched; and every way for a mount
# to end.
. "$(dirname "$0")/lib.sh"
require_mount

sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
new_repository "$WORK/repo"
quietly push app.tar app:1
quietly push "$DEMO_IMAGE" demo:1
quietly pull app:1 -o app.ext4
quietly pull demo:1 -o demo.ext4
mnt=$WORK/mnt
mkdir "$mnt"

# ---- the same tree -----------------------------------------------------------------------------

# mounts_like REF IMAGE: the mount shows what libext2fs reads in the image, and what the kernel
# shows of it, down to the last attribute.
mounts_like() {
    local ref=$1 image=$2

    mounted+=("$mnt")
    run 0 "mount $ref" mount "$ref" "$mnt"
    ok "it is usable when the command returns" is_mounted "$mnt"
    "$TOOLS/treelist" "$mnt" >mount.list
    "$TOOLS/ext4list" "$image" >image.list
    # Only root may see these, also in a mount.
    [ "$(id -u)" -eq 0 ] || sed -i 's/ trusted\.[^ ]*//g' image.list
    same_text image.list mount.list "$ref: the tree is the image's"
    if kernel_mount "$image" "$WORK/kernel"; then
        "$TOOLS/treelist" "$WORK/kernel" >kernel.list
        same_text kernel.list mount.list "$ref: and the one that the kernel shows"
        is "$(stat -f -c '%S %l' "$mnt")" "$(stat -f -c '%S %l' "$WORK/kernel")" \
            "$ref: and the same size of blocks and names"
        umount "$WORK/kernel"
    else
        skip "$ref: and the one that the kernel shows" "no loop mounts here"
    fi
    run 0 "umount $ref" umount "$mnt"
    not_ok "it is not mounted any more" is_mounted "$mnt"
}

mounts_like app:1 app.ext4
mounts_like demo:1 demo.ext4

# ---- an overlay above --------------------------------------------------------------------------

# What Linux does not allow on a file's type would fail each of these, when the file is copied up.
layer over <<END
dir etc
symlink etc/policy real xattr.user.overlay.origin=x
symlink etc/owned real
file etc/real text=real xattr.user.k=v xattr.user.empty= mode=0755
file etc/zero text=z xattr.security.empty=
fifo fifo xattr.user.q=q
char null 1,3 xattr.user.q=q
dir sub xattr.user.d=d
file sub/x text=x
END
make_docker_old over.tar over:1 "$WORK/over.tar"
quietly push over.tar over:1
mount_image over:1 "$mnt"
is "$(getfattr --absolute-names -h -n user.empty --only-values "$mnt/etc/real" 2>&1)" "" "an empty attribute is there"
obstacle=
mkdir -p over
if [ "$(id -u)" -ne 0 ]; then
    obstacle="only root mounts overlays"
elif ! mount -t tmpfs tmpfs over 2>/dev/null; then
    obstacle="no tmpfs can be mounted here"
else
    mounted+=("$WORK/over")
    mkdir over/upper over/work over/merged
    if mount -t overlay overlay -o "lowerdir=$mnt,upperdir=over/upper,workdir=over/work" over/merged 2>/dev/null; then
        mounted+=("$WORK/over/merged")
    else
        obstacle="no overlay can be mounted here"
    fi
fi
for command in 'mv etc/policy etc/policy2' 'chown -h 5:5 etc/owned' 'ln etc/policy2 etc/policy3' 'touch -h etc/policy2' \
    'mv etc/real etc/real2' 'mv etc/zero etc/zero2' 'mv fifo fifo2' 'mv null null2' 'chmod 700 sub' 'rm -r etc'; do
    if [ -z "$obstacle" ]; then
        ok "in an overlay: $command" bash -c "cd over/merged && $command"
    elif [ -n "${CHECK_REQUIRE_MOUNT:-}" ]; then
        result 1 "in an overlay: $command" <<<"$obstacle"
    else
        skip "in an overlay: $command" "$obstacle"
    fi
done
[ -n "$obstacle" ] || umount over/merged over
run 0 "umount below it" umount "$mnt"

# ---- reads -------------------------------------------------------------------------------------

mount_image demo:1 "$mnt"
ok "a program runs from it" "$mnt/bin/busybox" true
not_ok "it cannot be written to" touch "$mnt/new"
not_ok "nor can a file in it" bash -c ": >>$mnt/etc/os-release"
not_ok "nor can an attribute" chmod 777 "$mnt/etc"
not_ok "what is not there is not there" test -e "$mnt/etc/none"
(cd "$mnt" && find . -type f ! -name '*shadow*' -print0 | sort -z | xargs -0 sha256sum) >one.sums
for reader in 1 2 3 4 5 6; do
    (cd "$mnt" && xargs -0 -P 3 -n 17 sha256sum < <(find . -type f ! -name '*shadow*' -print0)) |
        sort -k 2 >"reader.$reader" &
    readers+=($!)
done
wait "${readers[@]}"
sort -k 2 one.sums >want.sums
ok "six readers at once read something" test -s want.sums
for reader in 1 2 3 4 5 6; do
    same_text want.sums "reader.$reader" "six readers at once: reader $reader"
done
ok "reads at odd offsets" cmp <(dd if="$mnt/bin/busybox" bs=777 skip=1001 status=none) \
    <(tail -c +777778 "$mnt/bin/busybox")
kill -TERM "$MOUNT_PID"
ok "SIGTERM ends it" ends "$MOUNT_PID"
wait "$MOUNT_PID"
is "$?" 0 "with exit status 0"
not_ok "and unmounts" is_mounted "$mnt"
is "$(cat .mount.err)" "" "and says nothing"

# ---- lazily ------------------------------------------------------------------------------------

run 0 "mount --stats" mount demo:1 "$mnt" --stats="$WORK/stats"
ok "ls -l" ls -l "$mnt/etc"
has "$mnt/etc/os-release" 'Debian GNU/Linux 12' "cat /etc/os-release"
run 0 "umount" umount "$mnt"
ok "the counts are there after umount" test -s stats
fetched=$(jq .chunks_fetched stats) total=$(jq .chunks_total stats)
ok "some chunks were fetched: $fetched" test "$fetched" -gt 0
ok "less than a quarter of the image's $total" test $((4 * fetched)) -lt "$total"
ok "and so were bytes" test "$(jq .bytes_fetched stats)" -lt "$(($(cat repo/roots/*/chunks/*/* | wc -c) / 3))"
is "$(jq .bytes_image stats)" "$(stat -c %s demo.ext4)" "the image's length is right"
is "$(jq .failures stats)" 0 "nothing failed"

mount_image app:1 "$mnt" --stats="$WORK/late"
ok "it answers" test -d "$mnt/etc"
kill -STOP "$MOUNT_PID"
"$LAMBDAIMG" umount "$mnt" &
umounting=$!
started+=("$umounting")
while is_mounted "$mnt" && kill -0 "$umounting" 2>/dev/null; do
    sleep 0.05
done
sleep 0.3
ok "umount waits for a loader that is slow to end" kill -0 "$umounting"
kill -CONT "$MOUNT_PID"
wait "$umounting"
is "$?" 0 "umount succeeds"
ok "and the counts are there" test -s late
wait "$MOUNT_PID"

# ---- ends --------------------------------------------------------------------------------------

# broker_of LOADER: the child of the loader that reaches the store.
broker_of() {
    local child

    for child in /proc/[0-9]*; do
        ! grep -Eqs "^PPid:\s*$1\$" "$child/status" || echo "${child#/proc/}"
    done
}

# shellcheck disable=SC2317
is_not_mounted() {
    ! is_mounted "$1"
}

mount_image app:1 "$mnt"
kill -9 "$MOUNT_PID"
wait "$MOUNT_PID" 2>/dev/null
ok "after kill -9 of the loader the mount goes" await is_not_mounted "$mnt"

mount_image app:1 "$mnt"
kill -9 "$(broker_of "$MOUNT_PID")"
cat "$mnt/etc/passwd" >/dev/null 2>&1
kill -TERM "$MOUNT_PID"
wait "$MOUNT_PID"
is "$?" 1 "a loader whose broker was killed fails, because it cannot unmount"
has .mount.err "may be mounted still, which lambdaimg umount ends" "says so"
is "$(grep -c "so nothing is fetched any more" .mount.err)" 1 "and says once that nothing is fetched"
run 0 "umount cleans up after that" umount "$mnt"

mount_image app:1 "$mnt"
kill -9 "$(broker_of "$MOUNT_PID")"
kill -9 "$MOUNT_PID"
wait "$MOUNT_PID" 2>/dev/null
not_ok "after kill -9 of both nothing can be read" cat "$mnt/etc/passwd"
run 1 "nor can anything be mounted over it" mount app:1 "$mnt"
has "$ERR" "lambdaimg umount" "which says what to do"
run 0 "umount cleans up after kill -9" umount "$mnt"
not_ok "it is not mounted any more" is_mounted "$mnt"
run 1 "umount of what is not mounted" umount "$mnt"
has "$ERR" "$mnt: no image is mounted there" "says so"

# By a process of its own: what this shell holds its children hold too, and not all are waited for.
mount_image app:1 "$mnt"
# shellcheck disable=SC2217 # it is held open, not read
sleep 600 <"$mnt/bin/sh" &
user=$!
started+=("$user")
until [ "/proc/$user/fd/0" -ef "$mnt/bin/sh" ]; do
    kill -0 "$user" || break
    sleep 0.05
done
run 1 "umount while a file is open" umount "$mnt"
has "$ERR" "in use" "says that it is in use"
kill "$user"
wait "$user" 2>/dev/null
run 0 "umount when it is closed" umount "$mnt"
ok "the process ends" ends "$MOUNT_PID"

mount_image app:1 "$mnt" -o rw
not_ok "a mount that was asked to be written to cannot be" touch "$mnt/new"
has <(findmnt -no OPTIONS "$mnt") '^ro(,|$)' "it is read-only"
run 0 "umount" umount "$mnt"

# Whatever is asked of FUSE, umount knows the mount, and nothing writes to it.
whatever=(fsname=other "fsname=a\\\\" 'fsname=a\,subtype=x' "noexec,nosuid,nodev" "sync,dirsync,noatime" debug "auto_unmount,rw")
[ "$(id -u)" -ne 0 ] || whatever+=(allow_root) # others must be allowed to
for options in "${whatever[@]}"; do
    mounted+=("$mnt")
    run 0 "mount -o $options" mount app:1 "$mnt" -o "$options"
    not_ok "it cannot be written to" touch "$mnt/new"
    has <(findmnt -no OPTIONS "$mnt") '^ro(,|$)' "and is read-only"
    run 0 "umount knows it" umount "$mnt"
done
for options in subtype=x ro,subtype=x 'sub\type=x' subtype= blkdev,fsname=/dev/null max_read=65536 \
    "fsname=a\\" "fsname=a\\\\\\"; do
    run 2 "mount -o $options" mount app:1 "$mnt" -o "$options"
    has "$ERR" 'cannot be given: ' "is refused, and says why"
    not_ok "and mounts nothing" is_mounted "$mnt"
done
run 1 "mount -o with what FUSE does not know" mount app:1 "$mnt" -o nonsense
has "$ERR" 'nonsense' "says what that is"

# ---- what an image can do to its host ----------------------------------------------------------

if [ "$(id -u)" -eq 0 ]; then
    mkdir -p tree
    cp "$(type -P id)" tree/id
    chmod 4755 tree/id
    mknod -m 666 tree/null c 1 3
    tar -C tree -cf powers.tar id null
    make_docker_old powerful.tar powerful:1 "$WORK/powers.tar"
    quietly push powerful.tar powerful:1
    nobody() {
        setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
    }
    mount_image powerful:1 "$mnt"
    has <(findmnt -no OPTIONS "$mnt") nosuid.*nodev "root mounts without set-user-ID bits and devices"
    is "$(nobody "$mnt/id" -u)" 65534 "a set-user-ID program of an image does not make a user root"
    not_ok "a device of an image is not opened" nobody cat "$mnt/null"
    run 0 "umount" umount "$mnt"
    mount_image powerful:1 "$mnt" -o suid,dev
    is "$(nobody "$mnt/id" -u)" 0 "with -o suid it does"
    ok "and with -o dev it is" nobody cat "$mnt/null"
    run 0 "umount" umount "$mnt"
    mount_image powerful:1 "$mnt" -o dev
    is "$(nobody "$mnt/id" -u)" 65534 "each by itself"
    run 0 "umount" umount "$mnt"
else
    skip "root mounts without set-user-ID bits and devices" "this whole run is by an ordinary user"
fi

run 1 "mount of what is not there" mount app:9 "$mnt"
has "$ERR" 'there is no image app:9 in ' "says so"
run 1 "mount onto what is not there" mount app:1 "$WORK/missing"
has "$ERR" "cannot mount on $WORK/missing: it cannot be found" "says so"
run 1 "mount onto a file" mount app:1 "$WORK/app.tar"
has "$ERR" "cannot mount on $WORK/app.tar: it is not a directory" "says so"
run 1 "mount without the key" mount app:1 "$mnt" --kms "file:$WORK/no-key"
has "$ERR" "there is no key file at $WORK/no-key: " "says so"
quietly init "dir:$WORK/another" --kms "file:$WORK/other-key"
run 1 "mount with another key" mount app:1 "$mnt" --kms "file:$WORK/other-key"
has "$ERR" 'was not wrapped for this key .*; it was pushed with another' "says so"
run 1 "mount from what is no repository" mount app:1 "$mnt" --repo "dir:$WORK/kernel"
has "$ERR" "/kernel is not a repository" "says so"
run 1 "mount in the foreground of what is not there" mount app:9 "$mnt" -f
has "$ERR" 'there is no image app:9 in ' "says so"
not_ok "none of these mounted anything" is_mounted "$mnt"

# ---- a user's own ------------------------------------------------------------------------------

as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
there=()
if [ "$(id -u)" -ne 0 ]; then
    why="this whole run is by one"
else
    users_may_mount
    why=$USERS_MAY_NOT
    there=(${USERS_THERE[@]+"${USERS_THERE[@]}"})
fi
if [ -n "$why" ]; then
    skip "an ordinary user mounts" "$why"
else
    nobody=(${there[@]+"${there[@]}"} "${as_nobody[@]}"
        env HOME=/nonexistent LAMBDAIMG_KMS="${LAMBDAIMG_KMS/"$WORK/key"/"$WORK/user/key"}" LAMBDAIMG_REPO="dir:$WORK/user/repo")
    mkdir user user/mnt
    # A copy of the program too, since the build may lie where only its owner gets to.
    cp -r repo "$LAMBDAIMG" user/
    [ ! -e key ] || cp key user/
    theirs=$WORK/user/$(basename "$LAMBDAIMG")
    chown -R 65534:65534 user
    mounted+=("$WORK/user/mnt")
    ok "an ordinary user mounts" "${nobody[@]}" "$theirs" mount app:1 "$WORK/user/mnt"
    "${nobody[@]}" cat "$WORK/user/mnt/etc/passwd" >passwd
    has passwd '^root:' "and reads"
    has <(${there[@]+"${there[@]}"} findmnt -no OPTIONS "$WORK/user/mnt") nosuid \
        "setuid bits do not count there"
    ok "and unmounts" "${nobody[@]}" "$theirs" umount "$WORK/user/mnt"
    not_ok "it is not mounted any more" ${there[@]+"${there[@]}"} findmnt "$WORK/user/mnt"
fi

# ---- never wrong bytes -------------------------------------------------------------------------

mount_image app:1 "$mnt"
for chunk in repo/roots/*/chunks/*/*; do
    change_byte "$chunk" -1
done
repository_changed repo
wrong=0 refused=0
while IFS= read -r -d '' file; do
    if sum=$(sha256sum <"$mnt/$file" 2>/dev/null); then
        [ "$sum" = "$(debugfs -R "cat \"$file\"" app.ext4 2>/dev/null | sha256sum)" ] || wrong=$((wrong + 1))
    else
        refused=$((refused + 1))
    fi
done < <(printf '%s\0' data/one data/block data/chunk data/odd data/more bin/sh etc/passwd)
is "$wrong" 0 "with a repository full of changed chunks no wrong byte is read"
ok "but errors: $refused" test "$refused" -gt 0
run 0 "and umount works" umount "$mnt"
mounted+=("$mnt")
run 1 "a mount whose first chunk is wrong fails" mount app:1 "$mnt"
has "$ERR" "chunk 0: the sealed chunk's MAC does not match" "says so"
not_ok "and is none" is_mounted "$mnt"

finish
