#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Servers of S3 that are not AWS's, and do not do all that it does: tests/aws-server with one habit after
# the other. Beside it nothing is needed.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"

echo 'AKIATEST secret-test' >"$aws/keys"
export AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY=secret-test AWS_ENDPOINT_URL_S3=$url
sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o app.ext4

# habits WORD...: these and no others.
habits() {
    echo "$*" >"$aws/s3-habits"
    : >"$aws/log"
}

# ---- listings ----------------------------------------------------------------------------------

for habit in '' plain-listings; do
    habits "$habit"
    export LAMBDAIMG_REPO="s3://bucket/a+b 100% %41 ü&<$habit>"
    run 0 "${habit:-listings that are encoded}: init under a strange prefix" init
    run 0 "push" push app.tar app:1
    run 0 "push again" push app.tar app:2 --no-memo --stats
    has "$OUT" 'nothing new' "finds what is there"
    run 0 "ls" ls
    has "$OUT" app:2 "shows it"
    run 0 "pull" pull app:1 -o got.ext4
    same app.ext4 got.ext4 "gives what convert gives"
    run 0 "rm" rm app:1
done

# ---- conditions --------------------------------------------------------------------------------

# An image of 8 chunks that nobody can compress.
mkdir files
for ((i = 0; i < 8; i++)); do
    head -c 524288 /dev/urandom >"files/$i"
done
tar -C files -cf large.tar .
make_docker_old large.img large:1 large.tar

# refused: requests that were answered with 501, and the bytes they had.
refused() {
    awk '$1 == "s3" && $5 == 501 { count++; bytes += $6 } END { print count + 0, bytes + 0 }' "$aws/log"
}

for habit in refuse-conditions no-conditions; do
    export LAMBDAIMG_REPO=s3://bucket/$habit
    habits "$habit"
    run 0 "$habit: init" init
    : >"$aws/log"
    run 0 "push" push large.img large:1
    has "$ERR" 'note: this server ignores conditions' "says so"
    read -r count bytes < <(refused)
    [ "$count" -le 4 ] && [ "$bytes" -le 4096 ]
    result $? "no chunk was sent for nothing" <<<"$count requests of $bytes bytes were refused"
    is "$(awk '$2 == "PUT" && /\/chunks\// { print $7 }' "$aws/log" | sort | uniq -d)" '' "each was sent once"
    : >"$aws/log"
    run 0 "the next push" push app.tar app:1
    has "$ERR" 'note: this server ignores conditions' "says so too"
    is "$(refused)" '0 0' "and knows it beforehand"
    is "$(awk '$2 == "PUT" { print $7 }' "$aws/log" | sort | uniq -d)" '' "nothing is put twice"
    run 0 "the next to the same tag" push large.img large:1
    : >"$aws/log"
    run 0 "a push without a memo" push app.tar app:2 --no-memo
    [ "$habit" = no-conditions ] || is "$(refused)" '4 304' "tries the server anew"
    run 0 "what was pushed is whole" verify large:1
    habits ''
    run 0 "where conditions count by now, what was remembered does no harm: push" push app.tar app:3
    run 0 "verify" verify app:3
done

# ---- two who make a repository at one address --------------------------------------------------

# held OBJECT COMMAND...: it runs in the background until its put of the object has come to the server and
# waits there; sets HELD.
held() {
    echo "PUT ${LAMBDAIMG_REPO#s3://bucket/}/$1\$" >"$aws/s3-hold"
    shift
    "$LAMBDAIMG" "$@" --stall 600 --timeout 600 >held.out 2>held.err &
    HELD=$!
    started+=("$HELD")
    await grep -q '^s3 held' "$aws/log"
    result $? "another init is about to write" <held.err
}

# is_one: there is one repository, which has app:1 and can be pushed to.
is_one() {
    run 0 "verify" verify app:1
    run 0 "push" push app.tar app:2 --no-memo
    has "$OUT" 'nothing new' "to where the first was pushed to"
    run 1 "init" init
    has "$ERR" 'there is a repository already$' "there is one repository"
}

for conditions in no-conditions refuse-conditions; do
    for halves in at-once body-first metadata-first; do
        export LAMBDAIMG_REPO=s3://bucket/two-$conditions-$halves
        habits "$conditions $halves"
        held lambdaimg.json init
        run 0 "$conditions, $halves: init" init
        run 0 "push" push app.tar app:1
        rm "$aws/s3-hold"
        wait "$HELD"
        is "$?" 1 "the other init fails"
        has held.err 'there is a repository already' "and says why"
        is_one
    done
    export LAMBDAIMG_REPO=s3://bucket/dies-$conditions
    habits "$conditions"
    held lambdaimg.json init
    run 0 "$conditions: init" init
    run 0 "push" push app.tar app:1
    kill -9 "$HELD"
    wait "$HELD" 2>/dev/null
    : >"$aws/log"
    rm "$aws/s3-hold"
    await grep -q '^s3 PUT ok AKIATEST 200 .*/lambdaimg.json$' "$aws/log"
    result $? "what an init that has died had sent is written" </dev/null
    run 1 "so that nothing can be read" pull app:1 -o got.ext4
    "$LAMBDAIMG" init >"$OUT" 2>"$ERR"
    is "$?" 1 "until init is run again"
    has "$ERR" 'overwritten its description, which has been restored' "which says what it did"
    is_one
    export LAMBDAIMG_REPO=s3://bucket/four-$conditions
    four=()
    for i in 1 2 3 4; do
        "$LAMBDAIMG" init >"four.$i" 2>&1 &
        four+=("$!")
        started+=("$!")
    done
    wait "${four[@]}"
    run 0 "four at once, $conditions: push" push app.tar app:1
    is_one
done

# An identity that comes late replaces that of the other. It brings its own key and proof, so it is whole; whoever has
# seen the other is told.
for conditions in no-conditions refuse-conditions; do
    export LAMBDAIMG_REPO=s3://bucket/proof-$conditions
    habits "$conditions"
    held 'identities/[0-9a-f]*' init --pad 512
    run 0 "$conditions: init" init
    run 0 "push" push app.tar app:1
    rm "$aws/s3-hold"
    wait "$HELD"
    is "$?" 1 "the other init fails"
    has held.err 'there is a repository already' "and says why"
    run 1 "whoever has seen the first identity" push app.tar app:2
    has "$ERR" 'is another than when this host last used the repository' "is told"
    run 0 "and may accept it" verify app:1 --accept-new-repository
    run 0 "push" push app.tar app:2 --no-memo
    run 0 "what was pushed is whole" verify app:2
    run 1 "init" init
    has "$ERR" 'there is a repository already$' "there is one repository"
done

# ---- buckets -----------------------------------------------------------------------------------

# bucket HABITS STATUS NAME [ARGUMENT...]: init --create-bucket of it, on a server with these habits.
bucket() {
    local name=$3

    habits "$1"
    run "$2" "init --create-bucket ${*:4} (${1:-as AWS})" init "s3://$name/repo" --create-bucket "${@:4}"
}

# located COUNT WHAT: so many requests for a bucket had a body.
located() {
    is "$(counted '^s3 PUT ok AKIATEST [0-9]+ [1-9][0-9]* /new-[0-9]+/$')" "$1" "$2"
}

unset LAMBDAIMG_REPO
bucket '' 0 new-1
located 0 "names no location"
bucket '' 1 new-1
has "$ERR" 'there is a repository already' "a bucket of one's own is used"
bucket exists 1 new-1
has "$ERR" 'there is a repository already' "by whatever code it is said to be there"
bucket 'exists denied' 1 new-1
has "$ERR" "cannot make the bucket new-1: the name new-1 belongs to somebody else \\(BucketAlreadyExists\\)" \
    "but not one where access is denied"
bucket need-location 0 new-2
located 1 "the location is named when the server wants one"
bucket refuse-location 0 new-3
bucket 'need-location refuse-location' 1 new-4
has "$ERR" 'does not create it in the region us-east-1' "what is refused both ways is told"

# AWS's own hosts, for which this server stands as a proxy.
echo eu-west-3 >"$aws/region"
export AWS_ENDPOINT_URL_S3=http://s3.eu-west-3.amazonaws.com http_proxy=$url
bucket need-location 0 new-5 --region eu-west-3
located 1 "an endpoint of AWS is told the location"
is "$(counted '^s3 PUT ok AKIATEST 400')" 0 "at once"
bucket need-location 0 new-6
located 1 "also where only the server knows the region"
bucket exists 1 new-5 --region eu-west-3
has "$ERR" "belongs to somebody else \\(BucketAlreadyExists\\)" "there, what is another's is not used"
is "$(counted '^s3 GET')" 0 "nor asked for"
bucket refuse-location 1 new-7 --region eu-west-3
located 1 "nor is a bucket made in another region"
rm "$aws/region"
unset http_proxy
export AWS_ENDPOINT_URL_S3=$url

# ---- the bucket in the host's name -------------------------------------------------------------

# Names below localhost are this machine's.
named=http://localhost:${url##*:}
export LAMBDAIMG_REPO=s3://bucket/hosts
habits virtual
config <<END
[default]
s3 =
  addressing_style = virtual
[profile path]
s3 =
  addressing_style = path
[profile odd]
s3 =
  addressing_style = vhost
END
run 1 "a bucket in the path of a server that wants it in the host's name" ls --endpoint "$named" --profile path
run 0 "s3.addressing_style = virtual counts with an endpoint: init" init --endpoint "$named"
run 0 "push" push app.tar app:1 --endpoint "$named"
run 0 "pull" pull app:1 -o got.ext4 --endpoint "$named"
same app.ext4 got.ext4 "gives what convert gives"
run 1 "--path-style goes before it" ls --endpoint "$named" --path-style
run 2 "another addressing style" ls --endpoint "$named" --profile odd
has "$ERR" 'the profile odd: its s3.addressing_style is "vhost"' "is told"
habits ''
run 0 "an address has no names below it, and gets the bucket in the path" ls

# ---- nobody ------------------------------------------------------------------------------------

habits public
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
run 1 "a public bucket without credentials, and without --no-sign-request" ls
for command in 'ls' 'inspect app:1' 'verify app:1' 'pull app:1 -o got.ext4'; do
    rm -f got.ext4
    # shellcheck disable=SC2086
    run 0 "--no-sign-request: ${command%% *}" $command --no-sign-request
done
same app.ext4 got.ext4 "what was pulled is what convert gives"
is "$(counted '^s3 [A-Z]+ ok AKIA')" 0 "no request was signed"
run 1 "--no-sign-request: push" push app.tar app:2 --no-sign-request
has "$ERR" '403 AccessDenied.*this needs credentials' "is for the server to refuse"
run 1 "--no-sign-request: rm" rm app:1 --no-sign-request
run 0 "--no-sign-request: key whoami" key whoami --no-sign-request
has "$OUT" '^access key  none$' "says nobody"
if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    mount_image app:1 "$WORK/mnt" --no-sign-request --memory 4
    is "$(cat "$WORK/mnt/etc/replaced")" new "a mount reads"
    run 0 "umount" umount "$WORK/mnt"
else
    skip "a mount of nobody's" "no mounts here"
fi
habits ''
run 1 "a bucket that is not public" ls --no-sign-request
has "$ERR" 'needs credentials' "says what to try"
export AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY=secret-test

# A bucket that may be read and not listed says "forbidden" of all that is not there, so of the identity of a repository
# that an older version made. Whoever only reads can do without.
export LAMBDAIMG_REPO=s3://bucket/unlisted
habits ''
quietly init
quietly push app.tar app:1
mapfile -t paths < <(awk '$2 == "PUT" && $7 ~ /\/(identities|keys|proofs)\// { print $7 }' "$aws/log")
is "${#paths[@]}" 3 "an identity, its key and a proof are there"
for path in "${paths[@]}"; do
    ok "and are taken away" curl -sf --aws-sigv4 aws:amz:us-east-1:s3 --user AKIATEST:secret-test \
        -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -d ' ' -f 1)" -X DELETE "$url$path"
done
run 0 "an older repository, on a host that has not seen it" ls --accept-new-repository
habits unlisted public
for command in 'inspect app:1' 'pull app:1 -o got.ext4'; do
    # shellcheck disable=SC2086
    run 0 "where nothing may be listed: ${command%% *}" $command --no-sign-request
done
same app.ext4 got.ext4 "what was pulled is what convert gives"
run 1 "whoever writes is told" push app.tar app:2
has "$ERR" "cannot check the repository's identity: .*403 AccessDenied" "what was forbidden"

# ---- a 404 that is not S3's ----------------------------------------------------------------------

export LAMBDAIMG_REPO=s3://bucket/pages
habits no-ids refuse-conditions
run 0 "a server whose answers have no ids: init" init
run 0 "push" push app.tar app:1
run 0 "verify" verify app:1
run 1 "an image that is not there" pull app:2 -o none.ext4
has "$ERR" 'no image app:2' "is told as such"
habits page-404
run 1 "a proxy with a page of its own for each 404: the same image" pull app:2 -o none.ext4
has "$ERR" 'proxies on the way' "is not told as such"
LAMBDAIMG_REPO=s3://bucket/nothing
run 1 "nor an address with nothing at it: init" init
has "$ERR" 'proxies on the way' "which says why"
is "$(counted '^s3 PUT')" 0 "and makes nothing"

finish
