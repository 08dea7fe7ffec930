#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# File systems of a size that was asked for: what they hold, what they cost, and who can write to
# them.
. "$(dirname "$0")/lib.sh"

MIB=1048576
GIB=$((1024 * MIB))

sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o usual.ext4
"$TOOLS/ext4list" usual.ext4 >usual.list

# of IMAGE FIELD: of its superblock, as dumpe2fs has it.
of() {
    dumpe2fs -h "$1" 2>/dev/null | sed -n "s/^$2: *//p"
}

# makes WHAT IMAGE ARGUMENT...: a file system that is clean and has the usual files in it.
makes() {
    local what=$1 image=$2
    shift 2

    run 0 "$what" convert app.tar -o "$image" "$@"
    ok "$what: e2fsck finds nothing" e2fsck -fn "$image"
    "$TOOLS/ext4list" "$image" >image.list
    same_text usual.list image.list "$what: the same files"
}

# ---- sizes -------------------------------------------------------------------------------------

while read -r text bytes; do
    makes "--size $text" size.ext4 --size "$text"
    is "$(stat -c %s size.ext4)" "$bytes" "--size $text: the file's length"
    is "$(($(of size.ext4 "Block count") * 4096))" "$bytes" "--size $text: the file system's"
done <<END
50M $((50 * MIB))
134217728 $((128 * MIB))
131073K $((128 * MIB + 524288))
200MiB $((200 * MIB))
3g $((3 * GIB))
1T $((1024 * GIB))
END
makes "the size of the default" same.ext4 --size "$(stat -c %s usual.ext4)"
same usual.ext4 same.ext4 "the size of the default: the same bytes"

while read -r text bytes; do
    makes "--free $text" free.ext4 --free "$text"
    # Linux keeps up to 16 MiB for itself.
    ok "--free $text: so much is free" \
        test "$(($(of free.ext4 "Free blocks") * 4096))" -ge $((bytes + 16 * MIB))
    ok "--free $text: and not much more" \
        test "$(($(of free.ext4 "Free blocks") * 4096))" -le $((bytes + bytes / 60 + 272 * MIB))
done <<END
0 0
1G $GIB
300% $((3 * 8 * MIB))
END
ok "inodes grow with the size" test "$(of size.ext4 "Free inodes")" -gt 60000000
ok "and stay few where it is small" test "$(of usual.ext4 "Free inodes")" -lt 20000

# ---- what cannot be ----------------------------------------------------------------------------

run 1 "a size that is too small" convert app.tar -o none.ext4 --size 5M
has "$ERR" 'too few for the image.s files; they need a size of [0-9]+M$' "the error tells what is needed"
makes "what the error tells" least.ext4 --size "$(grep -o '[0-9]*M$' "$ERR")"
run 1 "no room for what shall be free" convert app.tar -o none.ext4 --free 1T
for arguments in "--size 2T" "--size 1.5G" "--size 10GB" "--size -1" "--size=" "--size 1E" "--size %" \
    "--size 99999999999999999999" "--free x" "--free 2T" "--free 5x%" "--free %" "--free -5%" \
    "--free 10001%" "--free=" "--size 1G --free 1G"; do
    # shellcheck disable=SC2086
    run 2 "$arguments" convert app.tar -o none.ext4 $arguments
    has "$ERR" '--(size|free)' "$arguments: the error names the option"
done
not_ok "what failed wrote no file" test -e none.ext4

# ---- what it costs -----------------------------------------------------------------------------

new_repository "$WORK/repo"
quietly push app.tar app:usual --json
chunks=$(jq .chunks "$OUT")
while read -r text more; do
    quietly push app.tar "app:$text" --size "$text" --json
    ok "$text: at most $more chunks more than $chunks" \
        test "$(jq .chunks "$OUT")" -le $((chunks + more))
    # Superblock, descriptors, bitmaps and inodes differ; files are in the same chunks.
    ok "$text: only chunks of metadata are new" test "$(jq .new_chunks "$OUT")" -le $((more + 2))
    ok "$text: they take less than 150 kB" test "$(jq .new_bytes "$OUT")" -lt 150000
done <<END
1G 1
100G 3
1T 5
END
quietly push app.tar app:free --free 2G --json
ok "--free: only chunks of metadata are new" test "$(jq .new_chunks "$OUT")" -le 3
quietly inspect app:100G --json
is "$(jq .size "$OUT")" $((100 * GIB)) "the manifest has the size"
run 0 "an image of that size verifies" verify app:100G --against app.tar
# The largest is one of the files' bytes, which images of all sizes share.
victim=$(find repo -path '*/chunks/*' -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
change_byte "$victim" -1
run 0 "it is mended without a word of its size" verify app:100G --repair app.tar
run 0 "and is whole again" verify app:100G
layer larger <<END
dir ./
file larger size=140000000 fill=1
END
make_docker_old larger.tar larger:1 "$WORK/larger.tar"
change_byte "$victim" -1
run 1 "nothing is mended by an image that does not fit" verify app:usual --repair larger.tar
has "$ERR" 'not the image that was pushed' "and the error says that it is another"
run 0 "but by the right one" verify app:usual --repair app.tar

# ---- mounts ------------------------------------------------------------------------------------

# writable WHAT IMAGE BYTES: the kernel mounts a copy for writing, and has so much room in it.
writable() {
    local what=$1 image=$2 bytes=$3

    mkdir -p kernel
    if [ "$(id -u)" -ne 0 ] || ! mount -o loop,noatime "$image" "$WORK/kernel" 2>/dev/null; then
        skip "$what: the kernel writes to it" "no loop mounts here"
        return
    fi
    mounted+=("$WORK/kernel")
    ok "$what: so much is available" \
        test "$(($(stat -f -c '%a * %S' "$WORK/kernel")))" -ge "$bytes"
    ok "$what: the kernel writes to it" dd if=/dev/urandom of="$WORK/kernel/new" bs=1M count=40 \
        status=none
    ok "$what: and makes files" bash -c "mkdir $WORK/kernel/d && touch $WORK/kernel/d/{1..5000}"
    umount "$WORK/kernel"
    ok "$what: and e2fsck finds nothing" e2fsck -fn "$image"
}

quietly convert app.tar -o rw.ext4 --free 1G
writable "--free 1G" rw.ext4 "$GIB"
quietly convert app.tar -o rw.ext4 --size 131073K
writable "a last group of one chunk" rw.ext4 $((48 * MIB))
quietly convert app.tar -o rw.ext4 --size 100G
writable "100G" rw.ext4 $((97 * GIB))

# ---- another size later ------------------------------------------------------------------------

# resized WHAT IMAGE SIZE: by resize2fs, and still clean.
resized() {
    ok "$1: resize2fs" resize2fs "$2" "$3"
    ok "$1: e2fsck finds nothing" e2fsck -fn "$2"
}

cp --sparse=always usual.ext4 later.ext4
resized "grown as it was written" later.ext4 1G
is "$(($(of later.ext4 "Block count") * 4096))" "$GIB" "it has that size"
"$TOOLS/ext4list" later.ext4 >later.list
same_text usual.list later.list "and the same files"
writable "grown as it was written" later.ext4 $((900 * MIB))
# What has been mounted is to be checked first, which makes a directory.
e2fsck -fy later.ext4 >check.log 2>&1
ok "e2fsck mends nothing else" test $? -le 1
has check.log 'lost.found not found' "but makes lost+found"
resized "grown once more" later.ext4 2G
resized "made small again" later.ext4 512M

why=$("$top/scripts/mount-obstacle")
if [ -z "$why" ]; then
    mount_image app:100G "$WORK/mnt"
    "$TOOLS/treelist" "$WORK/mnt" >mount.list
    [ "$(id -u)" -eq 0 ] || sed -i 's/ trusted\.[^ ]*//g' usual.list
    same_text usual.list mount.list "a mount of 100G: the same files"
    quietly convert app.tar -o size.ext4 --size 100G
    is "$(stat -f -c %b "$WORK/mnt")" \
        "$(($(of size.ext4 "Block count") - $(of size.ext4 "Overhead clusters")))" \
        "a mount of 100G: its blocks"
    is "$(stat -f -c %f "$WORK/mnt")" "$(of size.ext4 "Free blocks")" "a mount of 100G: free blocks"
    quietly umount mnt
else
    skip "a mount of 100G" "$why"
fi

finish
