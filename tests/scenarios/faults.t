#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes to a bucket and mounts from it with every fifth request spoiled, or, over TLS, connections:
# each ends in time, in success or with one clear sentence; no wrong byte is stored or served; and
# afterwards a push without faults completes, and verifies. Most of the time is spent waiting, so
# several run at once.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"
require_mount

repository=$(basename "$WORK")
export LAMBDAIMG_REPO=s3://$S3_BUCKET/$repository
quietly init
id=$(sed -n 's/^its ID is //p' "$OUT")
layer base <<END
dir ./
dir base
file base/large size=1500000 fill=1
file base/small text=small
END
base=$WORK/base.tar

# ---- one case ----------------------------------------------------------------------------------

# make_image NUMBER: image.tar, image.ext4, and the files that are in it below truth.
make_image() {
    layer own <<-END
	dir own
	file own/large size=2200000 fill=$((1000 + $1))
	file own/odd size=$((700001 + $1)) fill=$((2000 + $1))
	file own/small text=number-$1
	END
    make_docker_old image.tar "case:$1" "$base" own.tar
    quietly convert image.tar -o image.ext4
    rm -rf truth
    mkdir truth
    tar -xf "$base" -C truth
    tar -xf own.tar -C truth
}

# through_faults SECONDS ARGUMENT...: by way of the proxy; prints what is wrong where that does not
# end within SECONDS in success or in one sentence, which goes to the file failures. Sets status.
through_faults() {
    local seconds=$1
    shift

    # By its ID, since each proxy is another address, whose first use is told.
    AWS_ENDPOINT_URL_S3=$PROXY timeout -k 5 "$seconds" "$LAMBDAIMG" "$@" --repo "$LAMBDAIMG_REPO#$id" --stall 1 \
        >"$OUT" 2>"$ERR"
    status=$?
    case $status in
    0) echo "$1" >>successes ;;
    1)
        check_promise 1
        sed "s/^/$1: /" "$ERR" >>failures
        ;;
    124 | 137) echo "$1 does not end within $seconds seconds" ;;
    *) echo "$1 ends with status $status: $(tail -n 3 "$ERR")" ;;
    esac
}

# directly ARGUMENT...: without the proxy; prints what is wrong where that fails.
directly() {
    timeout -k 5 60 "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR" || echo "$1: $(tail -n 1 "$ERR")"
}

# What is stored is the image.
check_stored() {
    rm -f got.ext4
    directly verify "$ref"
    directly pull "$ref" -o got.ext4
    equal image.ext4 got.ext4
}

# What is read is right as far as it goes, whether all of it can be read or not.
read_mount() {
    local file

    while read -r file; do
        timeout -k 5 60 cat "mnt/$file" >got 2>cat.err
        status=$?
        if [ "$status" -eq 0 ]; then
            cmp got "truth/$file"
            echo read >>successes
        elif [ "$status" -eq 1 ] && grep -q 'Input/output error' cat.err; then
            cmp -n "$(stat -c %s got)" got "truth/$file"
            echo "read: $(cat cat.err)" >>failures
        else
            echo "reading $file ends with status $status: $(cat cat.err)"
        fi
    done < <(cd truth && find . -type f | sort)
}

# push_and_mount WAY NUMBER PERCENT [FAULT...]: prints what is wrong. WAY is proxy or stream.
push_and_mount() {
    local way=$1
    shift
    ref=case:$1

    "$way" "$@"
    through_faults 90 push image.tar "$ref"
    [ "$status" -ne 0 ] || check_stored
    stored_twice "$PROXY_LOG"
    end_proxy
    directly push image.tar "$ref"
    check_stored

    "$way" "${1}000" "${@:2}"
    through_faults 90 mount "$ref" mnt --timeout 10
    if [ "$status" -eq 0 ]; then
        read_mount
        directly umount mnt
    fi
    ! is_mounted "$PWD/mnt" || echo "it is still mounted"
    end_proxy
}

# ---- all of them -------------------------------------------------------------------------------

# several WAY FIRST COUNT PERCENT: cases of all faults. Their numbers are the seeds.
several() {
    local i

    for ((i = $2; i < $2 + $3; i++)); do
        echo "$1 $i $4"
    done
}

# alone WAY FIRST: cases of each fault alone, from lines "PERCENT FAULT...": as often as can be borne.
alone() {
    local number=$2 percent faults fault

    while read -r percent faults; do
        for fault in $faults; do
            echo "$1 $((number++)) $percent $fault"
        done
    done
}

every_request() {
    alone proxy 1001 <<-END
	10 flip expired
	25 reset cut-request lost cut short stall stall-reply flip-request trickle answer-twice 500 503 skewed
	100 ask-twice interim
	END
}

case $STORE in
http)
    seeds=${SOAK:+100}
    seeds=${seeds:-12}
    several proxy 1 "$seeds" 20
    every_request
    ;;
https)
    seeds=${SOAK:+40}
    seeds=${seeds:-2}
    several proxy 1 "$seeds" 20
    several stream 2001 "$seeds" 50
    alone stream 3001 <<-END
	50 reset cut stall flip trickle
	END
    [ -z "$SOAK" ] || every_request
    ;;
esac >cases

lanes=10
# run_lane LANE: in a directory of its own and a process of its own; each case's result is in files.
run_lane() {
    WORK=$WORK/lane.$1
    OUT=$WORK/.out ERR=$WORK/.err TURN=$WORK/turn
    touch "$TURN"
    cd "$WORK" || exit 1
    while read -r -a arguments; do
        rm -f failures successes
        touch failures successes
        make_image "${arguments[1]}"
        push_and_mount "${arguments[@]}" >problems 2>&1
        mkdir "../case.${arguments[1]}"
        mv problems failures successes proxy.*.log "../case.${arguments[1]}"
    done < <(awk -v lane="$1" -v lanes=$lanes 'NR % lanes == lane' ../cases)
}

for ((lane = 0; lane < lanes; lane++)); do
    mkdir -p "lane.$lane/mnt"
    mounted+=("$PWD/lane.$lane/mnt")
    run_lane "$lane" >"lane.$lane.out" 2>&1 &
    started+=($!)
    running[lane]=$!
done
wait "${running[@]}"
has_no <(cat lane.*.out) . "the lanes have nothing to say"

# passed WAY NUMBER PERCENT [FAULT]: prints what is wrong with a case. No fault alone makes anything
# fail, but that credentials are refused twice, which is taken for the truth.
passed() {
    local dir=case.$2

    cat "$dir/problems" || return
    [ -z "${4-}" ] || grep -v "ExpiredToken" "$dir/failures"
    [ "$(wc -l <"$dir/successes")" -gt 0 ] || [ -s "$dir/failures" ] || echo "it was not run"
}

while read -r -a arguments; do
    problems=$(passed "${arguments[@]}" 2>&1)
    [ -z "$problems" ]
    result $? "${arguments[*]}" <<<"$problems"
done <cases

count() {
    cat case.*/"$1" | grep -c "^$2"
}

echo "# pushes: $(count successes push), failed: $(count failures push); mounts: $(count successes mount)," \
    "failed: $(count failures mount); files read: $(count successes read), failed: $(count failures read)"
cat case.*/failures | sed 's/^/# /'
cat case.*/proxy.*.log | awk '$2 != "none" { count[$2]++ }
    END { for (fault in count) print "#", fault, count[fault] }' | sort
ok "most pushes succeed" test "$(count successes push)" -gt "$(wc -l <cases | awk '{ print int($1 * 0.8) }')"
ok "most mounts succeed" test "$(count successes mount)" -gt "$(wc -l <cases | awk '{ print int($1 * 0.8) }')"
ok "requests were spoiled" test "$(cat case.*/proxy.*.log | awk '$2 != "none"' | wc -l)" -gt $((8 * seeds))
is "$(stored_twice_below "$repository")" "" "the gateway has stored no chunk twice"

# ---- nothing but faults ------------------------------------------------------------------------

# outage FAULT REGEX: every request is spoiled; the push ends soon, and says what is wrong.
outage() {
    proxy 1 100 "$1"
    AWS_ENDPOINT_URL_S3=$PROXY run 1 "nothing but $1: push" push lane.0/image.tar app:1 --stall 1
    has "$ERR" "s3://$S3_BUCKET/$repository/lambdaimg.json: .*$2" "nothing but $1: it is said"
    ok "nothing but $1: it gives up" test "$(wc -l <"$PROXY_LOG")" -le 8
    end_proxy
}

if [ "$STORE" != http ]; then
    finish
fi
outage stall "no answer in 4 attempts"
outage reset "no answer in 4 attempts"
outage short "no answer in 4 attempts"
outage flip "no sound answer in 4 attempts: request tx.*checksum"
outage 500 "the server answered GET 8 times with 500 InternalError: fault [0-9]+ .request fault-"
outage 503 "the server answered GET 8 times with 503 SlowDown: fault [0-9]+ .request fault-"

finish
