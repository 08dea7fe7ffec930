#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What convert --explain says of an image is so: libext2fs, which knows nothing of it, finds each file
# in those blocks.
. "$(dirname "$0")/lib.sh"

# extents IMAGE INODE...: "INODE BLOCK COUNT" for each run of its contents, as debugfs has them, put
# together where they touch.
extents() {
    local image=$1
    shift

    for ino; do
        echo "dump_extents -l <$ino>"
    done >debugfs.in
    debugfs -f debugfs.in "$image" 2>/dev/null | tr '/-' '  ' | awk '
        /^debugfs:/ {
            match($0, /<[0-9]+>/)
            ino = substr($0, RSTART + 1, RLENGTH - 2)
            next
        }
        $1 == "Level" || NF < 9 { next }
        # Level of levels, entry of entries, logical from to, physical from to, length.
        { print ino, $7, $NF }
    ' | join_runs
}

# Runs of one inode that touch become one.
join_runs() {
    sort -n -k 1,1 -k 2,2 | awk '
        $1 == ino && $2 == block + count { count += $3; next }
        count { print ino, block, count }
        { ino = $1; block = $2; count = $3 }
        END { if (count) print ino, block, count }
    '
}

# explains WHAT IMAGE ARGUMENT...: converts with an explanation, and that is what is there.
explains() {
    local what=$1 image=$2
    shift 2

    run 0 "$what: --explain" convert "$image" --explain "$@" -o explained.ext4
    cp "$OUT" explained.txt
    ok "$what: the image is made too" e2fsck -fn explained.ext4
    run 0 "$what: --json" convert "$image" --explain --json "$@"
    ok "$what: it is JSON" jq . "$OUT"
    cp "$OUT" explained.json

    jq -r '.runs[] | select(.inode and .kind != "inode" and .kind != "extents" and .kind != "attributes")
        | "\(.inode) \(.chunk * 128 + .offset / 4096) \(.blocks)"' explained.json | join_runs >said
    mapfile -t inodes < <(jq '.runs[] | .inode | values' explained.json | sort -nu)
    # A device or a short link has no extents; debugfs says so and no more.
    extents explained.ext4 "${inodes[@]}" >found
    ok "$what: there are files with blocks" test -s found
    same_text found said "$what: each file lies in the blocks that are told"
    is "${#inodes[@]}" "$(($(dumpe2fs -h explained.ext4 2>/dev/null |
        awk -F: '/^Inode count/ { n += $2 } /^Free inodes/ { n -= $2 } END { print n }') - 9))" \
        "$what: no inode in use is left out"

    jq -r '.runs[] | select(.kind == "inode") | "\(.inode) \(.chunk * 524288 + .offset)"' \
        explained.json | sort >said
    cut -d ' ' -f 1 said | sed 's/.*/imap <&>/' >debugfs.in
    debugfs -f debugfs.in explained.ext4 2>/dev/null | tr -d ',' | while read -r word number rest; do
        case $word in
        Inode) ino=$number ;;
        located) echo "$ino $(($(cut -d ' ' -f 2 <<<"$rest") * 4096 + ${rest##* }))" ;;
        esac
    done | sort >found
    same_text found said "$what: each inode without blocks is where it is told"

    # Which of several names is told does not matter here, nor how debugfs shows odd ones.
    jq -r '.runs[] | select(.inode > 2 and (.links == 1 or .kind == "directory"))
        | "\(.inode) \(.path)"' explained.json | grep -v '[\ ].*[\ ]' | sort -u >said
    cut -d ' ' -f 1 said | xargs -n 500 | sed 's/^/ncheck /' >debugfs.in
    debugfs -f debugfs.in explained.ext4 2>/dev/null | grep '^[0-9]' | tr -s '/\t' '/ ' | sort -u >found
    same_text found said "$what: each path is that of its inode"

    # The text says the same.
    jq -r '.runs[] | [.kind, .chunk, .offset, .blocks, .from // "-", .extents // "-", .layer // "-",
        .size // "-", .path // "-"] | map(tostring) | join(" ")' explained.json >rows.json
    sed -e '1d' -e '/^$/,$d' -e 's/  */ /g' explained.txt >rows.txt
    same_text rows.json rows.txt "$what: text and JSON say the same"
    is "$(awk '{ b = $2 * 524288 + $3 } $1 == "inode" { exit } b < last { print } { last = b }' \
        rows.txt)" "" "$what: in the order of the image"
    is "$(jq -r '.layers | to_entries[] | "layer \(.key): \(.value)"' explained.json)" \
        "$(grep '^layer' explained.txt)" "$what: and the layers"

    # What is stored of it.
    quietly push "$image" x:1 "$@" --json
    is "$(jq '.chunks | .metadata + .packed + .aligned' explained.json)" "$(jq .chunks "$OUT")" \
        "$what: chunks that hold something are those that a push stores"
    is "$(jq '.chunks | .metadata + .packed + .aligned + .nothing' explained.json)" \
        "$(($(stat -c %s explained.ext4) / 524288))" "$what: and the others make up the image"
}

new_repository "$WORK/repo"
sample_layers
{
    # A tail, zeros, an odd name, and a large directory.
    cat <<'END'
file more/tail size=700000 fill=21
file more/zeros size=800000
file more/odd\x20\x1b[31m\x0a\xff\x5cname size=10 fill=22
END
    for i in $(seq 1 1500); do
        echo "file more/many/with-a-name-of-some-length-$i size=$((i % 3 * 3000)) fill=$i"
    done
} | layer more
# An extent tree of blocks of its own.
mkdir comb
for i in $(seq 0 400); do
    printf x | dd of=comb/comb bs=1 seek=$((i * 16384)) conv=notrunc status=none
done
fallocate -d comb/comb
tar -C comb -S --owner=0 --group=0 --numeric-owner -cf comb.tar ./comb
make_docker_old app.tar app:1 "${LAYERS[@]}" "$WORK/more.tar" "$WORK/comb.tar"

explains "the sample" app.tar
has explained.txt '^packed .* 43 +128 +2 +3 +700000  /more/tail$' "a tail is told by itself"
has explained.txt '^aligned .* 128 +0 +2 +3 +700000  /more/tail$' "and what is before it"
has explained.txt '^inode .* 0 +0 +0 +3 +800000  /more/zeros$' "zeros have no blocks"
has explained.txt '^extents .* 2 +0 +401 +4 +[0-9]+  /comb$' "an extent tree has"
has explained.txt '^attributes .* /xattrs/large$' "attributes have"
has explained.txt '  /more/odd \\x1b\[31m\\x0a\\xff\\x5cname$' "no byte of a name gets to a terminal"
is "$(LC_ALL=C grep -c '[^ -~]' explained.txt)" 0 "nor any other that is not printable"
explains "an image of Debian packages" "$DEMO_IMAGE"
explains "an image of 3 GiB and a little" app.tar --size 3073M

# ---- with and without a file ---------------------------------------------------------------------

run 0 "no file" convert app.tar --explain
cp "$OUT" alone.txt
run 0 "a file" convert app.tar --explain -o with.ext4
same_text alone.txt "$OUT" "with a file the same is said"
quietly convert app.tar -o without.ext4
same without.ext4 with.ext4 "and the file is the same"
run 2 "neither" convert app.tar
run 2 "--json without --explain" convert app.tar -o none.ext4 --json

# Not a word about layers that are not what the image says.
make_docker_old wrong.tar app:1 "$WORK/sample-2.tar"
change_byte wrong.tar "$(grep -abo leaf wrong.tar | tail -n 1 | cut -d : -f 1)"
run 1 "a layer with another digest" convert wrong.tar --explain
is "$(cat "$OUT")" "" "a layer with another digest: nothing is explained"

if [ -c /dev/full ]; then
    "$LAMBDAIMG" convert app.tar --explain >/dev/full 2>"$ERR"
    is "$?" 1 "standard output that is full"
    "$LAMBDAIMG" convert app.tar --explain --json >/dev/full 2>"$ERR"
    is "$?" 1 "and with JSON"
fi

finish
