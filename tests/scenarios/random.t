#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Stacks of layers made at random: what is stored is what a second reading of the layers makes of
# them, e2fsck finds nothing, and libext2fs, the mount and the kernel all show one tree.
#
# SEEDS is how many, FIRST the first of them; a seed's layers are those of `randomstack SEED DIR`.
. "$(dirname "$0")/lib.sh"

FIRST=${FIRST:-1}
if [ "${STORE:-dir}" != dir ]; then
    # What lies in a bucket was a directory's before; few are enough to see that it stays so.
    SEEDS=4
elif [ "$SOAK" ]; then
    SEEDS=${SEEDS:-2000}
else
    SEEDS=${SEEDS:-24}
fi
lanes=$(nproc)
obstacle=$("$top/scripts/mount-obstacle")
forms=(plain gzip zstd docker)

# step COMMAND...: what it says only where it fails.
step() {
    local said

    said=$(timeout -k 5 60 "$@" 2>&1) || {
        echo "$*: exit status $?"
        tail -n 20 <<<"$said"
        return 1
    }
}

make_image() {
    local number files=() form=${forms[$1 % 4]}

    rm -rf stack image
    mkdir stack
    step "$TOOLS/randomstack" "$1" stack || return 1
    for ((number = 1; ; number++)); do
        [ -e "stack/$number" ] || break
        "$TOOLS/mktar" <"stack/$number" >"stack/$number.tar" || return 1
        files+=("stack/$number.tar")
    done
    if [ "$form" = docker ]; then
        make_docker_old image r:1 "${files[@]}"
    else
        make_oci_dir image 1 "$form" "${files[@]}"
    fi
}

compare_kernel() {
    local status=0

    kernel_mount image.ext4 "$PWD/kernel" || return 0
    "$TOOLS/treelist" kernel >kernel.list && diff kernel.list image.list || status=1
    umount kernel
    return "$status"
}

compare_mount() {
    local status=0

    [ -z "$obstacle" ] || return 0
    step "$LAMBDAIMG" mount r:1 mnt || return 1
    "$TOOLS/treelist" mnt >mount.list && diff mount.list image.list || status=1
    step "$LAMBDAIMG" umount mnt || status=1
    return "$status"
}

# All that is asked of one seed, in a repository of its own; the first thing that fails is told.
try_seed() {
    rm -rf repo image.ext4
    make_image "$1" &&
        step "$LAMBDAIMG" convert image -o image.ext4 &&
        step e2fsck -fn image.ext4 &&
        step "$LAMBDAIMG" init &&
        step "$LAMBDAIMG" push image r:1 --compression none &&
        step "$LAMBDAIMG" verify r:1 --against image &&
        "$TOOLS/ext4list" image.ext4 >image.list || return 1
    # Only root may see these, also in a mount.
    [ "$(id -u)" -eq 0 ] || sed -i 's/ trusted\.[^ ]*//g' image.list
    compare_kernel && compare_mount
}

# try_some LANE: one seed in so many, in a directory of its own.
try_some() {
    local seed status

    cd "$WORK/$1" || return 1
    export LAMBDAIMG_REPO=dir:$PWD/repo
    for ((seed = FIRST + $1; seed < FIRST + SEEDS; seed += lanes)); do
        try_seed "$seed" >"$WORK/said.$seed" 2>&1
        status=$?
        echo "$status" >ended && mv ended "$WORK/status.$seed"
    done
}

lane_pids=()
for ((lane = 0; lane < lanes; lane++)); do
    mkdir -p "$lane/mnt"
    mounted+=("$WORK/$lane/mnt" "$WORK/$lane/kernel")
    try_some "$lane" &
    started+=($!)
    lane_pids[lane]=$!
done
for ((seed = FIRST; seed < FIRST + SEEDS; seed++)); do
    until [ -e "status.$seed" ] || ! is_running "${lane_pids[(seed - FIRST) % lanes]}"; do
        sleep 0.05
    done
    result "$(cat "status.$seed" 2>/dev/null || echo 1)" "seed $seed" <"said.$seed"
    rm -f "status.$seed" "said.$seed"
done

finish
