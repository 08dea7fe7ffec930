#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pushes to a bucket that are killed, and pushes at the same time: what is listed is whole, running
# it again stores only what is missing, and nobody stores a chunk twice. A proxy that spoils nothing
# counts.
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

export LAMBDAIMG_REPO=s3://$S3_BUCKET/crash
quietly init
make_image 0
quietly push 0.tar
make_image 1
proxy 0 0
AWS_ENDPOINT_URL_S3=$PROXY quietly push 1.tar
end_proxy
requests=$(requests_in "$PROXY_LOG")
ok "a push asks for something: $requests requests" test "$requests" -gt 20

# kill_push IMAGE REQUEST: once so many requests were answered. Prints the exit status.
kill_push() {
    local pid

    AWS_ENDPOINT_URL_S3=$PROXY "$LAMBDAIMG" push "$1" >"$OUT" 2>"$ERR" &
    pid=$!
    while [ "$(requests_in "$PROXY_LOG")" -lt "$2" ] && kill -0 "$pid" 2>/dev/null; do
        sleep 0.002
    done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    echo $?
}

moments=10
[ -z "$SOAK" ] || moments=50
killed=0
for ((i = 1; i <= moments; i++)); do
    number=$((10 + i))
    make_image $number
    proxy 0 0
    log=$PROXY_LOG
    at=$((requests * i / (moments + 1)))
    [ "$(kill_push $number.tar $at)" -ne 137 ] || killed=$((killed + 1))
    end_proxy
    what="killed after $at requests"
    run 0 "$what: ls" ls
    has "$OUT" 'app:0' "$what: what was there is listed"
    if grep -q "app:$number" "$OUT"; then
        run 0 "$what: what is listed is whole" verify "app:$number"
    fi
    proxy 0 0
    AWS_ENDPOINT_URL_S3=$PROXY run 0 "$what: push again" push $number.tar
    end_proxy
    cat "$log" "$PROXY_LOG" >both.log
    is "$(stored_twice both.log)" "" "$what: and only what was missing"
    is_stored $number
    rm $number.tar
done
ok "pushes were killed: $killed of $moments" test "$killed" -ge $((moments / 2))
run 0 "what was there verifies" verify app:0

# ---- at once -----------------------------------------------------------------------------------

# pushes_at_once COUNT: of images that share half of what they are, into an empty repository, each by
# way of a proxy of its own.
pushes_at_once() {
    local i pids=() logs=() proxies_of=()

    export LAMBDAIMG_REPO=s3://$S3_BUCKET/at-once-$1
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
