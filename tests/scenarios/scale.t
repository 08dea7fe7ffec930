#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Large images: many entries, files beyond what 32 bits count, sparse files in all forms that GNU tar
# writes. Of each, e2fsck finds nothing in what `convert` makes, and what `push` stores is compared with
# a second reading of the layers, path by path and byte by byte. Those that take long or much room are
# made where SOAK is set.
. "$(dirname "$0")/lib.sh"

GIB=$((1 << 30))

# long STATUS WHAT ARGUMENT...: the program, with as much time as it wants.
long() {
    local want=$1 what=$2 got
    shift 2

    "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR"
    got=$?
    [ "$got" -eq "$want" ]
    result $? "$what" <"$ERR"
}

# holds WHAT IMAGE PATHS: the image is what it should be, with at least so many paths.
holds() {
    local what=$1 image=$2 paths=$3

    long 0 "$what: convert" convert "$image" -o image.ext4
    ok "$what: e2fsck finds nothing" e2fsck -fn image.ext4
    rm -f image.ext4
    new_repository "$WORK/repo"
    long 0 "$what: push" push "$image" big:1 --compression none
    long 0 "$what: every path and byte is that of the layers" verify big:1 --against "$image"
    ok "$what: and they are $paths at least" \
        test "$(sed -n 's/.*; \([0-9]*\) paths.*/\1/p' "$OUT")" -ge "$paths"
    rm -rf repo
}

# entries COUNT PER_DIRECTORY: a layer of files with few contents, which are all different.
entries() {
    awk -v count="$1" -v each="$2" 'BEGIN {
        for (i = 0; i < count; i++)
            printf "file directory-%d/file-%d %s\n", i / each, i, i % 100 ? "" : "text=" i
    }' | layer entries
}

many() {
    entries "$2" "$3"
    make_docker_old many.tar many:1 entries.tar
    rm entries.tar
    holds "$1" many.tar "$2"
    rm many.tar
}

# peak WHAT ARGUMENT...: the most memory of the program, in KiB, as PEAK.
peak() {
    local what=$1
    shift

    ok "$what" /usr/bin/time -o most -f %M "$LAMBDAIMG" "$@"
    PEAK=$(tail -n 1 most)
}

# grows COMMAND...: how many bytes an entry adds to the peak of COMMAND few.tar, and then of many.tar.
grows() {
    local what=$* few

    peak "$what few" "${@/IMAGE/few.tar}"
    few=$PEAK
    peak "$what many" "${@/IMAGE/many.tar}"
    # 5 MiB for what differs between two runs.
    [ $(((PEAK - few - 5120) * 1024 / 180000)) -le 160 ] || echo "# $few and $PEAK KiB"
    [ $(((PEAK - few - 5120) * 1024 / 180000)) -le 160 ]
    result $? "$what: at most 160 bytes an entry" </dev/null
}

memory() {
    local count

    for count in 20000:few 200000:many; do
        awk -v count="${count%:*}" 'BEGIN {
            for (i = 0; i < count; i++)
                printf "file directory-%d/file-%d\n", i / 1000, i
        }' | layer entries
        make_docker_old "${count#*:}.tar" big:1 entries.tar
    done
    rm entries.tar
    new_repository "$WORK/repo"
    grows convert IMAGE -o image.ext4
    grows push IMAGE big:1 --no-memo
    grows push IMAGE big:1 --memo "$WORK/memo"
    # By the memo.
    grows push IMAGE big:1 --memo "$WORK/memo"
    rm -rf repo memo image.ext4 few.tar many.tar
}

# has_room GIB WHAT: or skips it.
has_room() {
    [ "$(df --output=avail -k "$WORK" | tail -n 1)" -gt $(($1 << 20)) ] && return
    skip "$2" "$(dirname "$WORK") has no room for $1 GiB"
    return 1
}

many "20,000 files in a directory" 20000 1000000000
if nm -D "$LAMBDAIMG" | grep -Eq '__(asan|tsan)_init'; then
    skip "memory by entries" "a sanitizer takes its own"
else
    memory
fi
if [ "$SOAK" ]; then
    ! has_room 10 "1,000,000 files" || many "1,000,000 files" 1000000 1000
    ! has_room 10 "1,000,000 files in a directory" ||
        many "1,000,000 files in a directory" 1000000 1000000000
fi

# 5 GiB with data at both ends, around what 32 bits count, and in the middle.
mkdir sparse
truncate -s $((5 * GIB + 12345)) sparse/file
for at in 0 $((2 * GIB - 1)) $((3 * GIB + 77777)) $((4 * GIB - 5)) $((5 * GIB)); do
    head -c 10000 "$LAMBDAIMG" | dd of=sparse/file bs=64K seek="$at" oflag=seek_bytes conv=notrunc status=none
done
forms=("--format=posix --sparse-version=1.0")
[ -z "$SOAK" ] || forms+=(--format=gnu "--format=posix --sparse-version="{0.0,0.1})
for form in "${forms[@]}"; do
    # shellcheck disable=SC2086
    tar --sparse $form --mtime=@0 -cf sparse.tar -C sparse file
    ok "the tar is sparse" test "$(stat -c %s sparse.tar)" -lt 10000000
    make_docker_old image.tar sparse:1 sparse.tar
    holds "a sparse file of 5 GiB by tar $form" image.tar 1
    [ "$SOAK" ] || continue
    quietly convert image.tar -o image.ext4
    is "$(debugfs -R 'cat file' image.ext4 2>/dev/null | cmp - sparse/file 2>&1)" "" \
        "and libext2fs reads the file that was"
    rm image.ext4
done
rm -rf sparse

if [ "$SOAK" ] && has_room 42 "an image of 10 GiB"; then
    {
        echo "file large size=$((4 * GIB + 4099)) fill=1"
        for ((i = 0; i < 6; i++)); do
            echo "file some-$i size=$GIB fill=$((i + 2))"
        done
    } | layer large
    make_docker_old image.tar large:1 large.tar
    rm large.tar
    holds "an image of 10 GiB, with a file over 4 GiB" image.tar 7
fi

finish
