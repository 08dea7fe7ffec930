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

# ---- what a repository proves -------------------------------------------------------------------

# killed MILLISECONDS COMMAND...: after so long; counts in KILLED.
killed() {
    local milliseconds=$1 pid
    shift

    "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR" &
    pid=$!
    started+=("$pid")
    sleep "0.$(printf '%03d' "$milliseconds")"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ $? -ne 137 ] || KILLED=$((KILLED + 1))
}

# proves WHAT PAD: the repository has one identity, with that padding, and takes pushes.
proves() {
    run 0 "$1: push" push first.tar first:1
    run 0 "$1: inspect" inspect first:1 --json
    is "$(jq .pad "$OUT")" "$2" "$1: the padding"
    is "$(find "${LAMBDAIMG_REPO#dir:}/identities" -type f ! -name '.tmp*' | wc -l)" 1 "$1: there is one identity"
    run 0 "$1: verify" verify first:1
}

KILLED=0
for ((i = 1; i <= moments; i++)); do
    export LAMBDAIMG_REPO=dir:$WORK/init-$i
    killed $((i * 2)) init --pad 512
    "$LAMBDAIMG" init --pad 512 >"$OUT" 2>"$ERR" || grep -q 'there is a repository already$' "$ERR"
    result $? "init, killed at moment $i, is finished by the next" <"$ERR"
    quietly ls --accept-new-repository
    proves "init killed at moment $i" 512
done
echo "# inits killed: $KILLED of $moments"

# The first push to a repository of an older version. Its chunks are stored, so that it is about to make an identity.
new_repository "$WORK/older"
quietly push first.tar first:1
rm -r older/identities older/keys older/roots/*/proofs
KILLED=0
for ((i = 1; i <= moments; i++)); do
    cp -a older "older-$i"
    export LAMBDAIMG_REPO=dir:$WORK/older-$i
    quietly ls --accept-new-repository
    killed $((i * 4)) push first.tar first:1 --no-memo
    proves "the first push to an older one, killed at moment $i" 0
done
echo "# first pushes killed: $KILLED of $moments"

export LAMBDAIMG_REPO=dir:$WORK/older
quietly ls --accept-new-repository
pushes=()
for i in 1 2 3 4; do
    "$LAMBDAIMG" push first.tar "first:$i" >"push.$i" 2>&1 &
    pushes+=($!)
done
started+=("${pushes[@]}")
wait "${pushes[@]}"
proves "four first pushes at once" 0
made="$(find older/keys -type f | wc -l) $(find older/roots/*/proofs -type f | wc -l)"
if [ "${STORE:-dir}" = dir ]; then
    is "$made" "1 1" "what three made for nothing is gone"
else
    # A server may have stored what it said that it did not, so nothing is removed there.
    has /dev/stdin '^[1-4] [1-4]$' "what three made for nothing may be there" <<<"$made"
fi
for i in 1 2 3 4; do
    run 0 "what was pushed is whole" verify "first:$i"
done

finish
