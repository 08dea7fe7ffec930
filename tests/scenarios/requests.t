#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a push to a bucket costs in requests: counted by a proxy, and by push --stats, which must agree.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"

LAMBDAIMG_REPO=s3://$S3_BUCKET/$(basename "$WORK")
export LAMBDAIMG_REPO

# Chunks that are all different and of hardly more than zeros, so that many are quickly stored. 10 GiB
# is 20,480 of them, for which there must be 22 GB on the disk.
chunks=1000
[ -z "$SOAK" ] || chunks=20480

# make_image NAME CHUNK...: one file of these chunks, each with a mark of its own.
make_image() {
    local name=$1
    shift

    rm -rf tree && mkdir tree
    perl -e '
        open(my $file, ">", "tree/large") or die;
        for (0 .. $#ARGV) {
            seek($file, $_ * 524288 + 77, 0) or die;
            print $file "this is chunk $ARGV[$_]" or die;
        }
        truncate($file, @ARGV * 524288) or die;
        close($file) or die;' "$@"
    tar -C tree --numeric-owner --owner=0 --group=0 --mtime=@0 -cf "$name.layer" large
    make_docker_old "$name.tar" "$name:1" "$WORK/$name.layer"
    rm -r tree "$name.layer"
}

# counted_push WHAT ARGUMENT...: by way of a proxy; --stats says what that has counted.
counted_push() {
    local what=$1 before
    shift

    before=$(wc -l <"$PROXY_LOG")
    timeout -k 5 600 "$LAMBDAIMG" push "$@" --stats --json >"$OUT" 2>"$ERR"
    result $? "$what" <"$ERR"
    # A line is written when the request is over for the proxy.
    await has_lines "$PROXY_LOG" $((before + $(said requests.all)))
    is "$(said requests.all) $(said requests.get) $(said requests.head) $(said requests.put) $(said requests.list)" \
        "$(tail -n +$((before + 1)) "$PROXY_LOG" | awk '
            { all++; kind = $3 }
            $3 == "GET" && $4 ~ /list-type=2/ { kind = "LIST" }
            { count[kind]++ }
            END { print all, count["GET"] + 0, count["HEAD"] + 0, count["PUT"] + 0, count["LIST"] + 0 }')" \
        "$what: --stats counts what the proxy counts"
    requests=$(said requests.all)
}

# has_lines FILE COUNT: or more.
# shellcheck disable=SC2317
has_lines() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# said FIELD: a number of the statistics.
said() {
    jq -r ".stats.$1" "$OUT"
}

# ways: how chunks were found out about: by a manifest, by what is kept, by a listing, one by one.
ways() {
    jq -r '.stats.ways | "\(.manifest) \(.kept) \(.listing) \(.asked)"' "$OUT"
}

fewer() {
    ok "$2: $requests requests are fewer than $1" test "$requests" -lt "$1"
}

mapfile -t all < <(seq 0 $((chunks - 1)))
make_image many "${all[@]}"
quietly init
# One for all, so that the bucket is one place.
proxy 0 0
export AWS_ENDPOINT_URL_S3=$PROXY

counted_push "the first push" many.tar many:1
total=$(jq .chunks "$OUT")
ok "of at least $chunks chunks" test "$total" -ge "$chunks"
fewer $((total + 30)) "hardly more than one for each chunk"
is "$(said requests.head)" 0 "and no question for any"
is "$(said requests.repeated)" 0 "none was sent twice"
ok "what was sent is what is stored" test "$(said bytes_sent)" -ge "$(jq .new_bytes "$OUT")"

counted_push "the second push" many.tar many:1
fewer 50 "an unchanged image"
is "$(ways)" "$total 0 0 0" "it goes by the last manifest"
is "$(jq .new_chunks "$OUT")" 0 "and stores nothing"

counted_push "the same without a memo" many.tar many:1 --no-memo
fewer 50 "an unchanged image that is read"

counted_push "under a new tag" many.tar many:2 --no-memo
fewer 50 "the tag beside it is looked at"
is "$(said ways.asked)" 0 "no chunk is asked for"

counted_push "under a new name" many.tar other:1
fewer 50 "what this host has met counts"
is "$(ways)" "0 $total 0 0" "and nothing else"

counted_push "under a new name, without a memo" many.tar another:1 --no-memo
fewer $((50 + chunks / 900)) "the chunks are listed"
is "$(said ways.asked)" 0 "no chunk is asked for"
run 0 "what was pushed so is whole" verify another:1

make_image few 0 1 2 3 $((chunks + 7)) $((chunks + 8))
counted_push "a small image of a new name" few.tar few:1 --no-memo
fewer 50 "few chunks are asked for"
run 0 "what was pushed so is whole" verify few:1

counted_push "a dry run" many.tar third:1 --no-memo --dry-run
is "$(said requests.put)" 0 "puts nothing"
is "$(jq .new_chunks "$OUT")" 0 "and finds all"

counted_push "push --check-existing" few.tar few:1 --check-existing
is "$(said ways.asked)" "$(jq .chunks "$OUT")" "asks for every chunk"

run 0 "push --stats, for people" push few.tar few:1 --stats
has "$OUT" "^looked up: [0-9]+ by a manifest" "says which way was taken"
has "$OUT" "^requests: [0-9]+ \(" "and what it cost"

# ---- what it costs that a repository proves itself ----------------------------------------------

# proofs_since LINE: requests for the identity, its key and proofs after that line of the proxy's log.
proofs_since() {
    tail -n +$(($1 + 1)) "$PROXY_LOG" | grep -cE '/(identities|keys|proofs)/'
}

# shellcheck disable=SC2317
are_proofs() {
    [ "$(proofs_since "$1")" -ge "$2" ]
}

# proves COUNT WHAT ARGUMENT...: by way of the proxy, it takes so many of these requests.
proves() {
    local count=$1 what=$2 before
    shift 2
    before=$(wc -l <"$PROXY_LOG")

    run 0 "$1" "$@"
    # A line is written when the request is over for the proxy.
    await are_proofs "$before" "$count"
    is "$(proofs_since "$before")" "$count" "$what"
}

rm -rf got "$HOME/.local/state"
proves 2 "the first read on a host takes two requests more: the identity and its key" pull few:1 -o got
proves 0 "the next takes none" pull few:1 -o got
proves 2 "who checks asks for both" verify few:1
proves 4 "a push also asks for the root's proof, before and after" push few.tar few:1 --no-memo
proves 5 "and once more for the memo" push few.tar few:1
if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    before=$(wc -l <"$PROXY_LOG")
    mount_image few:1 "$WORK/mnt"
    run 0 "umount" umount "$WORK/mnt"
    is "$(proofs_since "$before")" 0 "nor does a mount take any"
fi

end_proxy
finish
