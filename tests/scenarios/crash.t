#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A push that is killed leaves a repository that works, with all that was in it; and so do pushes
# that run at the same time.
. "$(dirname "$0")/lib.sh"

sample_layers
make_docker_old first.tar first:1 "${LAYERS[@]}"
layer big <<END
dir ./
file big size=30000000 fill=11
file zeros size=30000000
END
make_docker_old second.tar second:1 "${LAYERS[@]}" "$WORK/big.tar"
quietly convert first.tar -o first.ext4
quietly convert second.tar -o second.ext4

# intact WHAT: the first image is whole, and only what was finished is listed.
intact() {
    run 0 "$1: ls" ls
    has "$OUT" 'first:1' "$1: the first image is there"
    run 0 "$1: verify" verify first:1
}

new_repository "$WORK/repo"
quietly push first.tar first:1

# Moments in milliseconds, spread over what a push takes here.
start=$(date +%s%N)
quietly push second.tar second:1 --repo "dir:$WORK/repo" --dry-run
took=$((($(date +%s%N) - start) / 1000000))
moments=8
[ -z "$SOAK" ] || moments=80
killed=0
for ((i = 1; i <= moments; i++)); do
    "$LAMBDAIMG" push second.tar second:1 >"$OUT" 2>"$ERR" &
    pid=$!
    started+=("$pid")
    sleep "$(printf '%d.%03d' $((took * i / moments / 1000)) $((took * i / moments % 1000)))"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ $? -ne 137 ] || killed=$((killed + 1))
    if "$LAMBDAIMG" ls | grep -q second:1; then
        run 0 "killed at moment $i: what is listed is whole" verify second:1
        quietly rm second:1
    fi
done
ok "at least one push was killed: $killed of $moments" test "$killed" -gt 0
intact "after kill -9"
run 0 "the push that was killed, again" push second.tar second:1
run 0 "pull" pull second:1 -o got.ext4
same second.ext4 got.ext4 "what it pushed is whole"
run 0 "pull" pull first:1 -o got.ext4
same first.ext4 got.ext4 "what was there is whole"

# pushes_at_once IMAGE REF IMAGE REF: two processes, from nothing.
pushes_at_once() {
    local one two

    rm -rf both
    new_repository "$WORK/both"
    "$LAMBDAIMG" push "$1" "$2" >one.out 2>&1 &
    one=$!
    "$LAMBDAIMG" push "$3" "$4" >two.out 2>&1 &
    two=$!
    started+=("$one" "$two")
    wait "$one"
    is "$?" 0 "two pushes at once, $2 and $4: the one"
    wait "$two"
    is "$?" 0 "two pushes at once, $2 and $4: the other"
    ok "no temporary file is left" test -z "$(find both -name '.tmp-[0-9]*')"
}

pushes_at_once second.tar a:1 second.tar b:1
for tag in a b; do
    run 0 "pull $tag" pull "$tag:1" -o got.ext4
    same second.ext4 got.ext4 "pull $tag: it is whole"
done
pushes_at_once first.tar c:1 second.tar c:1
run 0 "both to one tag: verify" verify c:1
run 0 "both to one tag: pull" pull c:1 -o got.ext4
equal first.ext4 got.ext4 >differs || equal second.ext4 got.ext4 >>differs
result $? "both to one tag: it is one of them" <differs

rm -rf race
inits=()
for i in 1 2 3 4; do
    "$LAMBDAIMG" init "dir:$WORK/race" >"init.$i" 2>&1 &
    inits+=($!)
done
started+=("${inits[@]}")
wait "${inits[@]}"
export LAMBDAIMG_REPO=dir:$WORK/race
run 0 "four inits at once made one repository: push" push first.tar first:1
intact "four inits at once"

finish
