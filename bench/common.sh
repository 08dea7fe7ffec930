# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Most variables are for the scripts that source this:
# shellcheck disable=SC2034
#
# What all measurements share: two scratch directories that are always cleaned away, DISK and MEMORY,
# mounts and processes that are always ended, and the stopwatch. From the environment:
#     LAMBDAIMG      the program, build/lambdaimg
#     BENCH_DIR      where DISK is made: repositories and images, default /var/tmp
#     BENCH_TMPFS    where MEMORY is made: output that no disk shall slow down, default /dev/shm
set -euo pipefail
export LC_ALL=C TZ=UTC0
umask 022

program=$(basename "$0")
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAMBDAIMG=$(realpath -m "${LAMBDAIMG:-$top/build/lambdaimg}")
DISK=
MEMORY=
LOADER=
HELPER=
kernel_mounts=()

die() {
    echo "$program: $*" >&2
    exit 1
}

cleanup() {
    local dir

    for dir in ${DISK:+"$DISK/mnt"} ${kernel_mounts[@]+"${kernel_mounts[@]}"}; do
        if is_mounted "$dir"; then
            umount -l "$dir" 2>/dev/null || fusermount3 -uzq "$dir"
        fi
    done
    if [ -n "$LOADER" ]; then
        kill "$LOADER" 2>/dev/null || true
        wait "$LOADER" || true
    fi
    if [ -n "$HELPER" ]; then
        kill "$HELPER" 2>/dev/null || true
    fi
    rm -rf --one-file-system ${DISK:+"$DISK"} ${MEMORY:+"$MEMORY"}
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

is_mounted() {
    grep -q " $1 " /proc/self/mounts
}

[ -x "$LAMBDAIMG" ] || die "there is no program at $LAMBDAIMG; make builds it"
DISK=$(mktemp -d "${BENCH_DIR:-/var/tmp}/lambdaimg-bench.XXXXXX")
MEMORY=$(mktemp -d "${BENCH_TMPFS:-/dev/shm}/lambdaimg-bench.XXXXXX")
mkdir "$DISK/mnt"
# Nothing of the user's own configuration.
export LAMBDAIMG_REPO=dir:$DISK/repo LAMBDAIMG_KMS=file:$DISK/key TMPDIR=$DISK
unset XDG_STATE_HOME LAMBDAIMG_STATE
export HOME=$DISK XDG_CONFIG_HOME=$DISK/config XDG_CACHE_HOME=$DISK/cache

timer=()
gnu_time=$(type -P time || true)
if [ -n "$gnu_time" ] && "$gnu_time" -o "$DISK/.peak" -f %M true 2>/dev/null; then
    timer=("$gnu_time" -o "$DISK/.peak" -f %M)
else
    echo "$program: GNU time is not there: no peak memory but the loader's"
fi

# ---- the stopwatch -----------------------------------------------------------------------------

# measure COMMAND...: leaves TAKEN in microseconds, PEAK in KiB or "-", what it printed in DISK/.out.
measure() {
    local start=${EPOCHREALTIME/./}

    ${timer[@]+"${timer[@]}"} "$@" >"$DISK/.out" 2>"$DISK/.err" </dev/null ||
        die "$* failed: $(tail -n 1 "$DISK/.err")"
    TAKEN=$((${EPOCHREALTIME/./} - start))
    PEAK=-
    [ ${#timer[@]} -eq 0 ] || PEAK=$(cat "$DISK/.peak")
}

# quietly COMMAND...: a step that is not measured.
quietly() {
    "$@" >"$DISK/.out" 2>"$DISK/.err" </dev/null || die "$* failed: $(tail -n 1 "$DISK/.err")"
}

# seconds MICROSECONDS [DIVISOR]: with three decimals.
seconds() {
    awk -v us="$1" -v by="${2:-1}" 'BEGIN { printf "%.3f", us / 1e6 / by }'
}

# mebibytes KIB
mebibytes() {
    case $1 in
    -) echo - ;;
    *) echo $(($1 / 1024)) ;;
    esac
}

# megabytes BYTES: of 10^6.
megabytes() {
    awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1e6 }'
}

# Bytes in all files below these directories.
bytes_below() {
    find "$@" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# ---- the program -------------------------------------------------------------------------------

# An empty repository. The disk is given time to forget the last one, or that is measured too.
fresh_repository() {
    rm -rf "$DISK/repo"
    quietly "$LAMBDAIMG" init
    sync -f "$DISK"
}

# mount_image REF: at DISK/mnt, by the process LOADER.
mount_image() {
    "$LAMBDAIMG" mount -f "$1" "$DISK/mnt" 2>"$DISK/.loader" &
    LOADER=$!
    until is_mounted "$DISK/mnt"; do
        if ! kill -0 "$LOADER" 2>/dev/null; then
            LOADER=
            die "$(tail -n 1 "$DISK/.loader")"
        fi
        sleep 0.005
    done
}

unmount_image() {
    quietly "$LAMBDAIMG" umount "$DISK/mnt"
    wait "$LOADER" || die "the loader failed: $(tail -n 1 "$DISK/.loader")"
    LOADER=
}

# mount_and_read REF: a new mount, and every file that this user may read; TAKEN and PEAK as measure.
mount_and_read() {
    local start=${EPOCHREALTIME/./}

    mount_image "$1"
    find "$DISK/mnt" -type f -readable -print0 | xargs -0 -r cat >/dev/null
    TAKEN=$((${EPOCHREALTIME/./} - start))
    PEAK=$(awk '/^VmHWM:/ { print $2 }' "/proc/$LOADER/status")
    unmount_image
}

# can_mount: or says why not.
can_mount() {
    local why

    why=$("$top/scripts/mount-obstacle")
    [ -z "$why" ] || {
        echo "$program: no mounts: $why"
        return 1
    }
}

# images_of ARGUMENT...: the array IMAGES, as absolute paths.
images_of() {
    local image

    IMAGES=()
    for image; do
        [ -f "$image" ] || die "$image: there is no such file"
        IMAGES+=("$(realpath "$image")")
    done
}
