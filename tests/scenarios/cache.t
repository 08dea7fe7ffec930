#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The disk cache: what was fetched once is not fetched again, by whoever it is, and nothing that happens
# to the cache is more than a fetch.
. "$(dirname "$0")/lib.sh"

cache=$WORK/cache
new_repository "$WORK/repo"
quietly push "$DEMO_IMAGE" demo:1
quietly pull demo:1 -o demo.ext4
total=$(jq .chunks <("$LAMBDAIMG" inspect demo:1 --json))
has /dev/stdin '^[1-9][0-9]*$' "the image has chunks" <<<"$total"

# copies: the files in the cache.
copies() {
    find "$cache/sealed-1" -type f -name '????????????????????????????????*'
}

# pulled WHAT ARGUMENT...: a pull with the cache gives the image.
pulled() {
    local what=$1
    shift

    rm -f got.ext4
    run 0 "$what" pull demo:1 -o got.ext4 --cache "$cache" "$@"
    ok "$what: the image is the same" "$TOOLS/samefile" demo.ext4 got.ext4
}

# shown FIELD: of cache show.
shown() {
    "$LAMBDAIMG" cache show --cache "$cache" --json | jq ".$1"
}

# ---- pull ----------------------------------------------------------------------------------------

pulled "pull with an empty cache"
is "$(copies | wc -l)" "$total" "each chunk is in the cache"
is "$(shown chunks)" "$total" "cache show counts them"
is "$(stat -c %a "$cache")" 700 "nobody else may read it"
mkdir stored
mv repo/roots/*/chunks stored/
pulled "pull without any chunk in the repository"
run 1 "without the cache, a pull fails" pull demo:1 -o none.ext4
run 1 "and with --no-cache" pull demo:1 -o none.ext4 --no-cache
mv stored/chunks repo/roots/*/

LAMBDAIMG_CACHE=$WORK/other run 0 "LAMBDAIMG_CACHE names a cache" pull demo:1 -o got.ext4
ok "which is there" test -d other/sealed-1
LAMBDAIMG_CACHE=$WORK/unused run 0 "--no-cache" pull demo:1 -o got.ext4 --no-cache
not_ok "makes none" test -e unused
run 0 "with --isolate" pull demo:1 -o got.ext4 --cache "$cache" --isolate tenant-1
is "$(find "$cache/isolated/tenant-1/sealed-1" -type f -name '????????????????????????????????*' | wc -l)" "$total" \
    "chunks are fetched again, and kept apart"
run 2 "a name that leads elsewhere" pull demo:1 -o none.ext4 --cache "$cache" --isolate ../x
has "$ERR" -- '--isolate: a name has' "is refused"
run 2 "a size that is too small" pull demo:1 -o none.ext4 --cache "$cache" --cache-size 1M
has "$ERR" 'least is 64M' "is refused"

# ---- what is wrong with it -----------------------------------------------------------------------

# damaged WHAT COMMAND...: each file of the cache is changed by COMMAND FILE.
damaged() {
    local what=$1 file
    shift

    copies >list
    while read -r file; do
        "$@" "$file"
    done <list
    pulled "$what"
    is "$(copies | wc -l)" "$total" "$what: the cache is whole again"
    pulled "$what: afterwards"
}

# overwrite FILE: a byte in the middle; cut FILE; swap FILE: it has another chunk's contents.
# shellcheck disable=SC2317
overwrite() {
    chmod u+w "$1"
    printf 'XYZX' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
}
# shellcheck disable=SC2317
cut_off() {
    truncate -s $(($(stat -c %s "$1") / 2)) "$1"
}
# shellcheck disable=SC2317
swap() {
    [ -z "${last:-}" ] || cp "$last" "$1.new"
    [ -z "${last:-}" ] || mv "$1.new" "$1"
    last=$1
}
# shellcheck disable=SC2317
make_fifo() {
    rm "$1"
    mkfifo "$1"
}
damaged "a byte of each copy is changed" overwrite
damaged "each copy is cut off" cut_off
damaged "each copy is empty" truncate -s 0
damaged "each copy is another chunk's" swap
damaged "each copy is gone" rm
damaged "each copy is a FIFO" make_fifo
damaged "each copy is a link to nothing" ln -sf nothing

rm -rf "$cache/sealed-1"
: >"$cache/sealed-1"
LAMBDAIMG_CACHE=$cache run 0 "a cache that cannot be opened is no reason to fail" pull demo:1 -o got.ext4
has "$ERR" '^lambdaimg: note: the cache cannot be used: ' "and is told"
run 1 "unless the user has named it" pull demo:1 -o none.ext4 --cache "$cache"
has "$ERR" 'cannot pull demo:1: the cache cannot be used' "which is told, too"
rm "$cache/sealed-1"
chmod 777 "$cache"
run 1 "a cache that others may write to" pull demo:1 -o none.ext4 --cache "$cache"
has "$ERR" 'others may write to .*chmod go-w' "is not used"
chmod 700 "$cache"

# ---- show, trim, clear ---------------------------------------------------------------------------

pulled "pull again"
pulled "and again"
run 0 "cache show" cache show --cache "$cache"
has "$OUT" "^$total chunks, [0-9.]+ [MG]B; 0 of them, 0 B, were used more than once$" "says how much there is"
run 0 "cache trim" cache trim --cache "$cache" --cache-size 64M
is "$(shown chunks)" "$total" "removes nothing below its size"
run 0 "cache clear" cache clear --cache "$cache"
is "$(shown chunks)" 0 "removes all"
is "$(copies | wc -l)" 0 "of the files"
run 2 "cache without an action" cache
run 2 "another action" cache flush --cache "$cache"
has "$ERR" 'not show, trim or clear' "is refused"
LAMBDAIMG_CACHE=off run 2 "no cache" cache show
has "$ERR" 'name its directory with --cache' "says how to name one"

# ---- mounts --------------------------------------------------------------------------------------

mkdir mnt2
if why=$("$top/scripts/mount-obstacle") && [ -n "$why" ] && [ -z "${CHECK_REQUIRE_MOUNT:-}" ]; then
    skip "mounts share the cache" "$why"
    finish
fi

# sums DIR: of all files below it.
sums() {
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0 md5sum)
}
mount -o loop,ro demo.ext4 mnt2 2>/dev/null && mounted+=("$WORK/mnt2")
if is_mounted "$WORK/mnt2"; then
    sums mnt2 >wanted
    umount mnt2
else
    mount_image demo:1 "$WORK/mnt2" --no-cache
    sums mnt2 >wanted
    quietly umount "$WORK/mnt2"
fi

# What a mount has read once is in its memory, so each part is the first reading of another one.
loaders=()
for name in first second third fourth; do
    mkdir "$name"
    mount_image demo:1 "$WORK/$name" --cache "$cache" --stats="$WORK/$name.json"
    loaders+=("$MOUNT_PID")
done
sums first >got
same_text wanted got "a mount with an empty cache"
sums second >got
same_text wanted got "another mount beside it"
copies | while read -r file; do overwrite "$file"; done
sums third >got
same_text wanted got "while the copies are damaged"
rm -rf "$cache/sealed-1"
sums fourth >got
same_text wanted got "while the cache is gone"
for name in first second third fourth; do
    run 0 "umount the $name" umount "$WORK/$name"
done
wait "${loaders[@]}"

# counted NAME FIELD
counted() {
    jq ".$2" "$1.json"
}
fetched=$(counted first chunks_fetched)
ok "the first fetched chunks: $fetched" test "$fetched" -gt 0
is "$(counted first chunks_cached)" 0 "and had none"
is "$(counted second chunks_fetched) $(counted second chunks_cached)" "0 $fetched" "the second had all of them"
# A mount reads the superblock's chunk at once, which the cache had at that time.
is "$(counted third chunks_fetched) $(counted fourth chunks_fetched)" "$((fetched - 1)) $((fetched - 1))" \
    "the others fetched them again"
for name in first second third fourth; do
    is "$(counted "$name" failures)" 0 "nothing failed in the $name"
done

# ---- a full disk, a disk that cannot be written --------------------------------------------------

mkdir disk
if mount -t tmpfs -o size=4m,mode=700 none disk 2>/dev/null; then
    mounted+=("$WORK/disk")
    cache=$WORK/disk
    pulled "pull with a cache on a disk that is too small"
    ok "some chunks are in it" test "$(copies | wc -l)" -gt 0
    ok "but not all" test "$(copies | wc -l)" -lt "$total"
    ok "a part of the disk is left to others" test "$(stat -f -c %a disk)" -gt 0
    pulled "pull again"
    mount -o remount,ro disk
    pulled "pull with a cache on a disk that is read-only"
    umount disk
else
    skip "a cache on a full disk" "no file system can be mounted"
fi

finish
