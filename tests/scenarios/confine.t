#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Who gets to run code in what parses gets nothing else: a library is loaded into the program (attack.c), and when it is
# in the middle of a layer or a chunk, tries to open files, run programs, make connections, and look into other
# processes. As root, and as a user without rights; and without confinement, to see that each attempt would work.
. "$(dirname "$0")/lib.sh"
! grep -qE "__(a|t|m)san_" "$LAMBDAIMG" || skip_all "a sanitizer itself needs what is refused"
[ "$(id -u)" -eq 0 ] || skip_all "only root can be both root and another user"

run 2 "a confinement that is none" convert image.tar -o x.ext4 --confine maybe
has "$ERR" "not auto, require or no" "says what there is"

obstacle=$("$top/scripts/mount-obstacle")
layer app <<<'file a size=3000000 fill=7'
mkdir tree
tar -C tree -xf app.tar
make_oci_tar image.tar 1 zstd "$WORK/app.tar"

mkdir -m 1777 free out
mkdir own
new_repository "$WORK/repo"
quietly push image.tar app:1
quietly key new file:second-key
cp key their-key
cp second-key their-second-key
chown 65534:65534 their-key their-second-key
chmod a+x "$HOME"
# How the description of a repository begins, and a pointer, but not what this host keeps of it.
export ATTACK_TEXT='{"format":'
export ATTACK_FD=7 ATTACK_FILE=$WORK/secret ATTACK_DIR=$WORK/free
export ATTACK_OWN=$WORK/own/file ATTACK_SECRET=AWS_SECRET_ACCESS_KEY
export AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=hush HTTPS_PROXY=http://user:password@127.0.0.1:9/
echo secret >secret
chmod 644 secret
ATTACK_PORT=$(free_port)
export ATTACK_PORT
socat "TCP-LISTEN:$ATTACK_PORT,bind=127.0.0.1,reuseaddr,fork" EXEC:true 2>socat.err &
started+=("$!")
await bash -c ": </dev/tcp/127.0.0.1/$ATTACK_PORT" 2>/dev/null

# Copies, since the build may lie where only its owner gets to.
cp "$LAMBDAIMG" "$WORK/lambdaimg"
cp "$TOOLS/attack.so" attack.so
LAMBDAIMG=$WORK/lambdaimg
users_may_mount
# shellcheck disable=SC2317 # attacked calls it
as_root() {
    exec "$@"
}
# shellcheck disable=SC2317
as_nobody() {
    exec ${USERS_THERE[@]+"${USERS_THERE[@]}"} setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# prepare WHO: a file of the user's that nobody is to change.
prepare() {
    rm -f free/attacked report own/file
    echo precious >own/file
    chmod 600 own/file
    touch -d @1000000000 own/file
    [ "$1" = as_root ] || chown 65534:65534 own/file
}

# attacked WHO AT ARGUMENT...: what comes of the attempts, in the file report; a test that the command itself works.
attacked() {
    local as=$1 at=$2 victim
    shift 2

    prepare "$as"
    "$as" sleep 300 &
    victim=$!
    started+=("$victim")
    (ATTACK_AT=$at ATTACK_PID=$victim "$as" env LD_PRELOAD="$WORK/attack.so" "$LAMBDAIMG" "$@") 7>report >"$OUT" 2>"$ERR"
    result $? "$as: $1: it ends well, whatever is tried in it" <"$ERR"
    kill "$victim"
    wait "$victim" 2>/dev/null
}

# refused WHAT BROKER: BROKER is how many of the attempts are on a broker.
refused() {
    is "$(wc -l <report)" "$((23 + $2))" "$1: all attempts are made"
    is "$(grep -v ' E\(PERM\|ACCES\)$' report)" "" "$1: each is refused"
    not_ok "$1: nothing was written" test -e free/attacked
    is "$(cat own/file) $(stat -c '%a %Y' own/file)" "precious 600 1000000000" "$1: nothing was changed"
}

# Other processes' memory is root's, and for users it is up to the system (Yama), as are name spaces.
works() {
    local but='^(open|read)-(broker-)?memory |^trace(-broker)? |^leave-namespace '

    [ "${1%%:*}" = as_nobody ] || but='^leave-namespace '
    is "$(grep -v ' done$' report | grep -vE "$but")" "" "$1: without confinement each is done"
    ok "$1: and a file is written" test -e free/attacked
}

# mounts WHO HOW...: mounts the image, reads a file while the library tries, and unmounts it.
mounts() {
    local who=$1 victim
    shift

    prepare "$who"
    mkdir -p "mnt-$who" && { [ "$who" = as_root ] || chown 65534:65534 "mnt-$who"; }
    "$who" sleep 300 &
    victim=$!
    started+=("$victim")
    mounted+=("$WORK/mnt-$who")
    (ATTACK_AT=chunk ATTACK_PID=$victim "$who" env LD_PRELOAD="$WORK/attack.so" "$LAMBDAIMG" mount app:1 "mnt-$who" "$@") 7>report >"$OUT" 2>"$ERR"
    result $? "$who: mount" <"$ERR"
    ok "$who: mount: what is read is right" cmp <("$who" cat "mnt-$who/a") tree/a
    ("$who" "$LAMBDAIMG" umount "mnt-$who") 2>"$ERR"
    result $? "$who: umount" <"$ERR"
    kill "$victim"
    wait "$victim" 2>/dev/null
}

# tried WHO AT BROKER ARGUMENT...: a command, without confinement and with it; BROKER is what there is to be of one.
tried() {
    local who=$1 at=$2 broker=$3
    shift 3

    [ "$1" != rm ] || ("$who" "$LAMBDAIMG" push image.tar app:9) >/dev/null 2>&1
    attacked "$who" "$at" "$@" --confine no
    works "$who: $1"
    [ "$1" != rm ] || ("$who" "$LAMBDAIMG" push image.tar app:9) >/dev/null 2>&1
    attacked "$who" "$at" "$@" --confine require
    refused "$who: $1" "$broker"
    is "$(cut -d ' ' -f 1 report | grep -c broker)" "$broker" "$who: $1: attempts on a broker"
    rm -f out/*
}

for who in as_root as_nobody; do
    second=file:$WORK/second-key
    if [ "$who" = as_nobody ]; then
        second=file:$WORK/their-second-key
        export LAMBDAIMG_KMS=file:$WORK/their-key LAMBDAIMG_STATE=$WORK/free/state LAMBDAIMG_MEMO=$WORK/free/memo
        chown -R 65534:65534 repo
    fi
    tried "$who" layer 0 convert image.tar -o out/image.ext4
    ATTACK_ABI=2 tried "$who" layer 0 convert image.tar -o out/image.ext4
    tried "$who" layer 4 push image.tar app:2 --no-memo
    tried "$who" json 4 push image.tar app:3
    tried "$who" chunk 4 pull app:1 -o out/image.ext4
    tried "$who" chunk 4 verify app:1
    tried "$who" layer 4 verify app:1 --against image.tar
    tried "$who" json 4 inspect app:1
    tried "$who" json 4 ls
    tried "$who" json 4 rm app:9
    tried "$who" layer 4 report image.tar app:4 --no-memo --no-budgets --junit out/report.xml
    tried "$who" json 4 report --all
    tried "$who" json 4 report app:1
    tried "$who" json 4 key list --all
    tried "$who" json 4 key check
    tried "$who" json 4 key add "$second" --all --yes
    tried "$who" json 4 key rewrap "$second" "$LAMBDAIMG_KMS" --all --yes
    why=$obstacle
    [ "$who" = as_root ] || why+=$USERS_MAY_NOT
    if [ -z "$why" ]; then
        mounts "$who" --confine no
        works "$who: mount"
        mounts "$who" --confine require
        refused "$who: mount" 4
        has report '^signal-broker ' "$who: the broker was there to attack"
    else
        skip "$who: mount" "$why"
    fi
done

finish
