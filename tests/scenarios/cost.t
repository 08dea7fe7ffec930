#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What an image costs is bounded by what it weighs: `convert` takes at most 300 MiB of memory and 160
# bytes for each entry of the layers, and at most 5 s of processors and 50 ms for each MiB of what the
# image has when uncompressed, whatever is in it. Images that take one thing to its limit, or two, are
# converted, or refused with one sentence. `verify --against`, which reads them by other code, takes no
# more time, and at most 512 MiB of memory and 512 bytes for each entry.
#
# SEEDS is how many, FIRST the first of them; a seed's image is that of `costly SEED FILE`.
. "$(dirname "$0")/lib.sh"

KINDS=$("$TOOLS/costly" kinds)
FIRST=${FIRST:-0}
MIB=16 pairs=12
if nm -D "$LAMBDAIMG" | grep -Eq '__(asan|tsan)_init'; then
    # It takes its own memory and time: each kind alone, and no pairs.
    sanitizer=1 MIB=1 pairs=0
fi
if [ "$SOAK" ]; then
    SEEDS=${SEEDS:-2000}
else
    SEEDS=${SEEDS:-$((KINDS + pairs))}
fi

# measured ARGUMENT...: sets STATUS, and KIB and HUNDREDTHS, the most memory of the program and its time on
# processors, in hundredths of a second.
measured() {
    /usr/bin/time -o used -f '%M %U %S' timeout -k 5 300 "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR"
    STATUS=$?
    read -r KIB user system < <(tail -n 1 used)
    HUNDREDTHS=$((10#${user/./} + 10#${system/./}))
}

# check_memory MIB EACH ENTRIES, check_time BYTES: say what is over the bound.
check_memory() {
    local kib=$(($1 * 1024 + $2 * $3 / 1024))

    [ -n "${sanitizer:-}" ] || [ "$KIB" -le "$kib" ] || echo "$KIB KiB of memory; $kib are allowed"
}
check_time() {
    local hundredths=$((500 + 5 * $1 / 1048576))

    [ -n "${sanitizer:-}" ] || [ "$HUNDREDTHS" -le "$hundredths" ] ||
        echo "$HUNDREDTHS hundredths of a second; $hundredths are allowed"
}

# check_outcome: an image that e2fsck finds nothing in, or one sentence.
check_outcome() {
    case $STATUS in
    0) e2fsck -fn image.ext4 >"$OUT" 2>&1 || tail -n 5 "$OUT" ;;
    1) check_promise 1 ;;
    *) echo "exit status $STATUS" ;;
    esac
}

# check_verified: the image is another one than that in the repository, whatever it is.
check_verified() {
    case $STATUS in
    3) grep -q '^lambdaimg: base:1 does not match' "$ERR" || tail -n 1 "$ERR" ;;
    1) check_promise 1 ;;
    *) echo "verify: exit status $STATUS" ;;
    esac
}

layer file <<<"file base text=base"
make_docker_old base.tar base:1 file.tar
new_repository "$WORK/repo"
quietly push base.tar base:1

converted=0
for ((seed = FIRST; seed < FIRST + SEEDS; seed++)); do
    what=$("$TOOLS/costly" "$seed" image.tar "$MIB") || what="costly failed: 0 bytes, 0 entries"
    bytes=${what##*: }
    bytes=${bytes%% *}
    entries=${what##* bytes, }
    entries=${entries%% *}
    rm -f image.ext4
    measured convert image.tar -o image.ext4
    problem=$(check_outcome; check_memory 300 160 "$entries"; check_time "$bytes")
    [ "$STATUS" -ne 0 ] || converted=$((converted + 1))
    if [ -z "$problem" ]; then
        measured verify base:1 --against image.tar
        problem=$(check_verified; check_memory 512 512 "$entries"; check_time "$bytes")
    fi
    [ -z "$problem" ] && [ "$bytes" -gt 0 ]
    result $? "seed $seed: ${what%:*}" <<<"$problem: $(tail -n 1 "$ERR")"
done

# Layers whose windows are as large as what is kept of the image: 128 MiB each. The least of memory
# shows that both are in use. Two windows at once would be over the bound.
if [ -z "${sanitizer:-}" ]; then
    awk 'BEGIN { for (i = 0; i < 30000; i++) printf "symlink k/%d %04050d\n", i, i }' | layer kept
    layer zeros <<<"file zeros size=167772160"
    layer more <<<"file more size=167772161"
    for how in zstd-wide xz-wide; do
        rm -rf wide image.ext4
        make_oci_dir wide demo:1 "$how" kept.tar zeros.tar more.tar
        measured convert wide -o image.ext4
        problem=$(check_outcome; check_memory 300 160 30003; check_time $((500 << 20)))
        [ "$STATUS" -eq 0 ] && [ -z "$problem" ]
        result $? "three layers by ${how%-wide} with windows of 128 MiB" <<<"$problem: $(tail -n 1 "$ERR")"
        ok "the windows and what is kept are most of its memory" test "$KIB" -ge $((200 * 1024))
    done
    rm -rf wide image.ext4 kept.tar zeros.tar more.tar
fi

# Most are not refused: a limit that refuses all of a kind would show nothing.
ok "half of them are converted" test $((2 * converted)) -ge "$SEEDS"

finish
