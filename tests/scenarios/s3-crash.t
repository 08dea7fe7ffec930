#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes to a bucket that are killed, and pushes at the same time: what is listed is whole, running
# it again stores only what is missing, and nobody stores a chunk twice. A proxy that spoils nothing
# counts.
#
# MOMENTS is how many pushes are killed; when, depends on SEED, which is another each time and is told.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"

layer base <<END
dir ./
dir base
file base/large size=3000000 fill=1
file base/zeros size=3000000
END

# make_image NUMBER: NUMBER.tar, of which half is in the others, too.
make_image() {
    layer "own-$1" <<-END
	dir own
	file own/large size=4000000 fill=$((100 + $1))
	file own/small text=number-$1
	END
    make_docker_old "$1.tar" "app:$1" base.tar "own-$1.tar"
    rm "own-$1.tar"
}

requests_in() {
    wc -l <"$1"
}

# is_stored NUMBER: what the image's tag points at is the image.
is_stored() {
    run 0 "image $1 verifies" verify "app:$1"
    quietly convert "$1.tar" -o want.ext4
    quietly pull "app:$1" -o got.ext4
    same want.ext4 got.ext4 "image $1 is what was pushed"
}

# ---- killed ------------------------------------------------------------------------------------

MOMENTS=${MOMENTS:-${SOAK:+50}}
MOMENTS=${MOMENTS:-10}
SEED=${SEED:-$(od -An -N 4 -t u4 /dev/urandom | tr -d ' ')}
echo "# SEED=$SEED"

# slow_proxy: holds every answer back for a moment, so that there are moments between them. What the
# server has done is then not known yet to who asked for it.
slow_proxy() {
    proxy 1 100 late
}

# moments REQUESTS MILLISECONDS: MOMENTS lines "KIND AT", half of them by either kind, and those of each
# kind spread over the whole of a push that takes so much: one at random in each of as many equal parts.
moments() {
    perl -e '
        my ($seed, $count, %whole) = @ARGV;
        my $parts = int(($count + 1) / 2);
        srand($seed);
        for my $i (0 .. $count - 1) {
            my $kind = (sort keys %whole)[$i % 2];
            printf("%s %d\n", $kind, (int($i / 2) + rand()) / $parts * $whole{$kind});
        }' "$SEED" "$MOMENTS" requests "$1" milliseconds "$2"
}

# kill_push IMAGE KIND AT: once so many requests were answered, or after so long. Prints the exit status.
kill_push() {
    local pid

    AWS_ENDPOINT_URL_S3=$PROXY "$LAMBDAIMG" push "$1" >"$OUT" 2>"$ERR" &
    pid=$!
    if [ "$2" = milliseconds ]; then
        sleep "$(printf '%d.%03d' $(($3 / 1000)) $(($3 % 1000)))"
    else
        while [ "$(requests_in "$PROXY_LOG")" -lt "$3" ] && kill -0 "$pid" 2>/dev/null; do
            sleep 0.002
        done
    fi
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    echo $?
}

# settle: until the proxy has noted what it had passed on when the push was killed.
settle() {
    local before=-1

    while [ "$(requests_in "$PROXY_LOG")" -ne "$before" ]; do
        before=$(requests_in "$PROXY_LOG")
        sleep 0.1
    done
}

# check_killed NUMBER WHAT: the push of this image was killed, by way of PROXY.
check_killed() {
    local number=$1 what=$2 log=$PROXY_LOG

    settle
    end_proxy
    run 0 "$what: ls" ls
    has "$OUT" 'app:0' "$what: what was there is listed"
    if grep -q "app:$number" "$OUT"; then
        run 0 "$what: what is listed is whole" verify "app:$number"
    fi
    proxy 0 0
    AWS_ENDPOINT_URL_S3=$PROXY run 0 "$what: push again" push "$number.tar"
    end_proxy
    cat "$log" "$PROXY_LOG" >both.log
    is "$(stored_twice both.log)" "" "$what: and only what was missing"
    is_stored "$number"
}

mine=$S3_BUCKET/$(basename "$WORK")
export LAMBDAIMG_REPO=s3://$mine/crash
quietly init
make_image 0
quietly push 0.tar
make_image 1
slow_proxy
start=${EPOCHREALTIME/./}
AWS_ENDPOINT_URL_S3=$PROXY quietly push 1.tar
took=$(((${EPOCHREALTIME/./} - start) / 1000))
settle
end_proxy
requests=$(requests_in "$PROXY_LOG")
ok "a push asks for something: $requests requests in $took ms" test "$requests" -gt 20

killed=0 number=10
while read -r kind at; do
    number=$((number + 1))
    make_image $number
    slow_proxy
    [ "$(kill_push $number.tar "$kind" "$at")" -ne 137 ] || killed=$((killed + 1))
    check_killed $number "killed after $at $kind"
    rm $number.tar
done < <(moments "$requests" "$took")
ok "$((number - 10)) pushes were tried" test $((number - 10)) -eq "$MOMENTS"
ok "most were killed: $killed" test "$killed" -ge $((MOMENTS / 2))
run 0 "what was there verifies" verify app:0

# ---- at once -----------------------------------------------------------------------------------

# pushes_at_once COUNT: of images that share half of what they are, into an empty repository, each by
# way of a proxy of its own.
pushes_at_once() {
    local i pids=() logs=() proxies_of=()

    export LAMBDAIMG_REPO=s3://$mine/at-once-$1
    quietly init
    for ((i = 1; i <= $1; i++)); do
        make_image "$i"
    done
    for ((i = 1; i <= $1; i++)); do
        proxy 0 0
        logs[i]=$PROXY_LOG
        proxies_of[i]=$PROXY_PID
        AWS_ENDPOINT_URL_S3=$PROXY timeout 120 "$LAMBDAIMG" push "$i.tar" >"push.$i" 2>&1 &
        pids[i]=$!
        started+=($!)
    done
    for ((i = 1; i <= $1; i++)); do
        wait "${pids[i]}"
        result $? "push $i of $1 at once" <"push.$i"
        PROXY_PID=${proxies_of[i]} end_proxy
        is "$(stored_twice "${logs[i]}")" "" "push $i of $1 at once: no chunk was stored twice"
        has "${logs[i]}" 'PUT .*/images/app/' "push $i of $1 at once: it was counted"
    done
    for ((i = 1; i <= $1; i++)); do
        is_stored "$i"
    done
}

pushes_at_once 2
pushes_at_once 8

finish
