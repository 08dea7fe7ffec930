#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What only a repository in a bucket can meet: wrong keys, wrong certificates, buckets that are not
# there, servers that are not, and connections that break.
. "$(dirname "$0")/lib.sh"

[ "${STORE:-dir}" != dir ] || skip_all "this is about buckets; see tests/with-s3-server"

# Addresses here are the bucket's own.
LAMBDAIMG=$LAMBDAIMG_PROGRAM
mine=$S3_BUCKET/$(basename "$WORK")
sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o app.ext4

# ---- buckets and prefixes ----------------------------------------------------------------------

new=lambdaimg-$(cat /proc/sys/kernel/random/uuid)
run 1 "init in a bucket that is not there" init "s3://$new/repo"
has "$ERR" "no bucket $new.*--create-bucket" "says so, and how to make it"
run 1 "ls too" ls --repo "s3://$new/repo"
has "$ERR" "no bucket $new" "says so"
run 0 "init --create-bucket" init "s3://$new/repo" --create-bucket
run 1 "init --create-bucket where there is a repository" init "s3://$new/repo" --create-bucket
has "$ERR" "there is a repository already" "says that, and nothing of the bucket"
run 0 "init --create-bucket where there is the bucket" init "s3://$new/other" --create-bucket
run 0 "a repository that is the whole bucket of another name" init "s3://$new-2" --create-bucket
run 0 "push to it" push app.tar app:1 --repo "s3://$new-2"
run 0 "ls in it" ls --repo "s3://$new-2/"
has "$OUT" app:1 "finds the image"
run 2 "init --create-bucket of a directory" init "dir:$WORK/x" --create-bucket
run 2 "no bucket in the address" ls --repo s3:///repo
run 2 "a bucket's name that is none" ls --repo 's3://a b/repo'
run 2 "a prefix that climbs" ls --repo "s3://$new/../x"
run 1 "a prefix where there is nothing" ls --repo "s3://$new/none"
has "$ERR" "lambdaimg init" "says what to do"

export LAMBDAIMG_REPO="s3://$mine/with a space, ümlauts & 100% signs+=?#"
run 0 "init under a strange prefix" init
run 0 "push" push app.tar app:1
run 0 "pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "pull gives what convert gives"
run 0 "--path-style changes nothing here" ls --path-style --json

export LAMBDAIMG_REPO=s3://$mine/repo
quietly init
quietly push app.tar app:1
run 0 "a prefix that begins like another is another" init "s3://$mine/rep"
run 0 "ls there" ls --repo "s3://$mine/rep" --json
is "$(jq length "$OUT")" 0 "shows none of its neighbour's"

# ---- who may do what ---------------------------------------------------------------------------

AWS_SECRET_ACCESS_KEY=wrong-secret run 1 "a wrong secret" ls
has "$ERR" "$AWS_ACCESS_KEY_ID" "names the access key"
has "$ERR" "SignatureDoesNotMatch.*does not fit" "and says what is wrong with it"
has_no "$ERR" "wrong-secret" "and not the secret"
AWS_ACCESS_KEY_ID=AKNOBODY run 1 "an unknown key" push app.tar app:1
has "$ERR" "does not know the access key AKNOBODY" "says so"
AWS_ACCESS_KEY_ID=$S3_READ_KEY AWS_SECRET_ACCESS_KEY=$S3_READ_SECRET
run 0 "keys that may only read: pull" pull app:1 -o got.ext4
same app.ext4 got.ext4 "gives what convert gives"
run 0 "keys that may only read: verify" verify app:1
run 1 "keys that may only read: push" push app.tar app:2
has "$ERR" "403 AccessDenied.*$S3_READ_KEY.*may not" "says so"
run 1 "keys that may only read: rm" rm app:1
has "$ERR" "403 AccessDenied" "says so"
run 1 "keys that may only read: init" init "s3://$mine/new"
AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET
run 0 "nothing is lost" ls
has "$OUT" app:1 "the image is there"
has_no "$OUT" app:2 "and only that"
env -u AWS_ACCESS_KEY_ID "$LAMBDAIMG" ls >"$OUT" 2>"$ERR"
is "$?" 1 "without credentials nothing works"
has "$ERR" 'no AWS credentials: the environment: .* AWS_ACCESS_KEY_ID is not' "and says which"

# ---- who is there ------------------------------------------------------------------------------

run 1 "nobody listens" ls --endpoint http://127.0.0.1:1
has "$ERR" "attempts.*(onnect|refused)" "says so"
run 1 "a name that does not exist" ls --endpoint http://nowhere.invalid
has "$ERR" "nowhere.invalid" "says which"
run 2 "an endpoint that is none" ls --endpoint localhost
run 1 "TLS where there is none" ls --endpoint "https://localhost:${S3_HTTP##*:}"
run 1 "none where there is TLS" ls --endpoint "http://localhost:${S3_HTTPS##*:}"
AWS_CA_BUNDLE='' run 1 "an authority that nobody knows" ls --endpoint "$S3_HTTPS"
has "$ERR" "certificate is not trusted.*AWS_CA_BUNDLE" "says so"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=another \
    -keyout another.key -out another.crt 2>/dev/null
AWS_CA_BUNDLE=$WORK/another.crt run 1 "another authority" ls --endpoint "$S3_HTTPS"
has "$ERR" "certificate is not trusted" "says so"
AWS_CA_BUNDLE=$WORK/none.crt run 1 "an authority that is not there" ls --endpoint "$S3_HTTPS"
has "$ERR" "none.crt" "says which"
AWS_CA_BUNDLE=$S3_CA run 1 "a name that the certificate does not have" \
    ls --endpoint "https://localhost.localdomain:${S3_HTTPS##*:}"
AWS_CA_BUNDLE=$S3_CA run 0 "the right authority" ls --endpoint "$S3_HTTPS"

# ---- connections that break --------------------------------------------------------------------

layer large <<<'file big size=40000000 fill=3'
make_docker_old big.tar big:1 "$WORK/large.tar"
tar -xf large.tar
port=$(free_port)

# On the way to the server.
make_relay() {
    relay "$port" "${AWS_ENDPOINT_URL_S3##*:}"
}
break_relay() {
    kill -9 "-$RELAY"
    wait "$RELAY" 2>/dev/null
}

puts() {
    grep -c "PUT /$mine/.*/chunks/" "$S3_LOG"
}
# await_put COUNT PID: until more than COUNT chunks were put, or the push PID has ended.
await_put() {
    while [ "$(puts)" -le "$1" ] && kill -0 "$2" 2>/dev/null; do
        sleep 0.01
    done
}

through=${AWS_ENDPOINT_URL_S3%:*}:$port
make_relay
quietly init "s3://$mine/breaks" --endpoint "$through"
before=$(puts)
"$LAMBDAIMG" push big.tar big:1 --compression none --repo "s3://$mine/breaks" \
    --endpoint "$through" --json >"$OUT" 2>"$ERR" &
pushing=$!
started+=("$pushing")
for _ in 1 2 3 4; do
    await_put "$before" "$pushing"
    break_relay
    before=$(puts)
    make_relay
done
wait "$pushing"
result "$?" "a push outlives connections that break" <"$ERR"
run 0 "and what it pushed is whole" verify big:1 --repo "s3://$mine/breaks"

# Gone for some seconds while 32 requests are under way: longer than all of them may be sent again.
layer more <<<'file big size=100000000 fill=4'
make_docker_old other.tar other:1 "$WORK/more.tar"
before=$(puts)
"$LAMBDAIMG" push other.tar other:1 --compression none --repo "s3://$mine/breaks" \
    --endpoint "$through" 2>"$ERR" &
pushing=$!
started+=("$pushing")
await_put "$before" "$pushing"
break_relay
sleep 4
ok "while its server is gone a push waits" kill -0 "$pushing"
make_relay
wait "$pushing"
result $? "and goes on when it is back" <"$ERR"
run 0 "what it pushed is whole" verify other:1 --repo "s3://$mine/breaks"

break_relay
run 1 "a push whose server has gone" push app.tar app:1 --repo "s3://$mine/breaks" \
    --endpoint "$through"
make_relay
run 0 "with the server back the repository works" verify big:1 --repo "s3://$mine/breaks" \
    --endpoint "$through"
run 0 "and so does the push" push app.tar app:1 --repo "s3://$mine/breaks" --endpoint "$through"

if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    mnt=$WORK/mnt
    mount_image big:1 "$mnt" --repo "s3://$mine/breaks" --endpoint "$through" --memory 4 --timeout 3
    ok "a mount reads" cmp -n 5000000 "$mnt/big" big
    break_relay
    not_ok "not without a server" timeout 20 cat "$mnt/big"
    make_relay
    # A fetch that has failed may be between two attempts.
    ok "and again when the server is back" await cmp -s "$mnt/big" big
    run 0 "umount" umount "$mnt"
else
    skip "a mount outlives its server" "no mounts here"
fi
break_relay

finish
