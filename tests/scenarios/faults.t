#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes to a bucket and mounts from it with every fifth request spoiled: each ends in time, in
# success or with one clear sentence; no wrong byte is stored or served; and afterwards a push
# without faults completes, and verifies.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"
require_mount

export LAMBDAIMG_REPO=s3://$S3_BUCKET/faults
mnt=$WORK/mnt
mkdir "$mnt"
mounted+=("$mnt")

layer base <<END
dir ./
dir base
file base/large size=1500000 fill=1
file base/small text=small
END

# make_image SEED: image.tar, image.ext4 as converted here, and the files that are in it below truth.
make_image() {
    layer own <<-END
	dir own
	file own/large size=2200000 fill=$((1000 + $1))
	file own/odd size=$((700001 + $1)) fill=$((2000 + $1))
	file own/small text=seed-$1
	END
    make_docker_old image.tar "seed:$1" base.tar own.tar
    quietly convert image.tar -o image.ext4
    rm -rf truth
    mkdir truth
    tar -xf base.tar -C truth
    tar -xf own.tar -C truth
}

# ends_well SECONDS ARGUMENT...: by way of the proxy, within SECONDS; prints what is wrong where it
# neither succeeds nor fails in one sentence. Sets status.
ends_well() {
    local seconds=$1
    shift

    AWS_ENDPOINT_URL_S3=$PROXY timeout -k 5 "$seconds" "$LAMBDAIMG" "$@" --stall 1 >"$OUT" 2>"$ERR"
    status=$?
    case $status in
    0 | 1) check_promise "$status" ;;
    124 | 137) echo "$1 does not end within $seconds seconds" ;;
    *) echo "$1 ends with status $status: $(tail -n 3 "$ERR")" ;;
    esac
    [ "$status" -eq 0 ] || echo "$1: $(tail -n 1 "$ERR")" >>failures
}

# is_right WHAT: what is stored as the image is the image.
is_right() {
    rm -f got.ext4
    timeout 60 "$LAMBDAIMG" verify "$ref" >"$OUT" 2>&1 || echo "$1: verify: $(tail -n 1 "$OUT")"
    timeout 60 "$LAMBDAIMG" pull "$ref" -o got.ext4 >"$OUT" 2>&1 ||
        echo "$1: pull: $(tail -n 1 "$OUT")"
    cmp image.ext4 got.ext4 2>&1
}

# What is read is right as far as it goes, whether all of it can be read or not.
read_mount() {
    local file

    while read -r file; do
        timeout 30 cat "$mnt/$file" >got 2>cat.err
        status=$?
        [ "$status" -lt 124 ] || echo "no end to reading $file"
        cmp -n "$(stat -c %s got)" got "truth/$file"
        if [ "$status" -eq 0 ]; then
            cmp got "truth/$file"
            whole=$((whole + 1))
        else
            grep -q 'Input/output error' cat.err || echo "$file: $(cat cat.err)"
            partial=$((partial + 1))
            echo "$file: $(cat cat.err)" >>failures
        fi
    done < <(cd truth && find . -type f | sort)
}

# push_and_mount SEED PERCENT [FAULT...]: prints what is wrong. Counts what succeeds.
push_and_mount() {
    local seed=$1
    ref=seed:$1

    proxy "$@"
    ends_well 60 push image.tar "$ref"
    [ "$status" -ne 0 ] || pushed=$((pushed + 1))
    if [ "$status" -eq 0 ]; then
        is_right "a push that succeeded"
    fi
    stored_twice "$PROXY_LOG"
    end_proxy
    timeout 60 "$LAMBDAIMG" push image.tar "$ref" >"$OUT" 2>&1 ||
        echo "a push without faults: $(tail -n 1 "$OUT")"
    is_right "a push without faults"

    proxy "${seed}00" "${@:2}"
    ends_well 60 mount "$ref" "$mnt" --timeout 10
    if [ "$status" -eq 0 ]; then
        mounts=$((mounts + 1))
        read_mount
        timeout 30 "$LAMBDAIMG" umount "$mnt" 2>&1
    fi
    ! is_mounted "$mnt" || echo "it is still mounted"
    end_proxy
}

# one_seed WHAT SEED ...: a test of push_and_mount.
one_seed() {
    local what=$1 problems
    shift

    make_image "$1"
    push_and_mount "$@" >problems 2>&1
    problems=$(cat problems)
    [ -z "$problems" ]
    result $? "$what" <<<"proxy $*: $problems"
}

quietly init

pushed=0 mounts=0 whole=0 partial=0
seeds=12
[ -z "$SOAK" ] || seeds=100
for ((seed = 1; seed <= seeds; seed++)); do
    one_seed "seed $seed" "$seed" 20
done
echo "# $pushed of $seeds pushes and $mounts mounts succeeded; $whole files were read, $partial not"
echo "# failures:"
diagnose <failures
ok "most pushes and mounts succeeded" test "$pushed" -gt $((seeds / 2)) -a "$mounts" -gt $((seeds / 2))
spoiled=$(cat proxy.*.log | awk '$2 != "none"' | wc -l)
ok "requests were spoiled: $spoiled" test "$spoiled" -ge $((5 * seeds))
awk '{ print $2 }' proxy.*.log | sort | uniq -c

finish
