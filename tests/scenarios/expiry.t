#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Credentials that expire while a repository in a bucket is in use: a push goes on, and a mount keeps
# reading. Everything is tests/aws-server's, on loopback.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"
export AWS_REGION=us-east-1 AWS_ENDPOINT_URL=$url
export AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container LAMBDAIMG_REPO=s3://bucket/images

# An image of 64 files of one chunk each, that nobody can compress.
mkdir files
for ((i = 0; i < 64; i++)); do
    head -c 524288 /dev/urandom >"files/$i"
done
tar -C files -cf layer.tar .
make_docker_old app.tar app:1 layer.tar

run 0 "init in a bucket" init
is "$(counted '^GET /container$')" 1 "one process asks for credentials once"

# ---- push --------------------------------------------------------------------------------------

# Keys are good for 40 requests each, and the push needs more than 130. At most 32 are under way at a
# time: so none meets two keys in a row that expire.
echo 40 >"$aws/s3-uses"
: >"$aws/log"
run 0 "a push whose credentials expire again and again" push app.tar app:1
has "$OUT" '^pushed app:1, .*66 new of 66 chunks' "stores all chunks"
[ "$(counted '^GET /container$')" -ge 3 ]
result $? "they did expire" <<<"$(counted ExpiredToken) times"
keys=$(grep -Eo 'ASIACONTAINER[0-9]+' "$aws/log" | sort -u | wc -l)
is "$(counted '^GET /container$')" "$keys" "each expired one was replaced by one other"
rm "$aws/s3-uses"
run 0 "what was pushed is whole" verify app:1

# Keys that nothing can replace: the same one is expired at once.
echo 0 >"$aws/s3-uses"
: >"$aws/log"
run 1 "a push whose new credentials are expired as well" push app.tar app:2
has "$ERR" 'ExpiredToken|expired|rejected' "says that they are"
[ "$(counted '^GET /container$')" -le 20 ]
result $? "and does not ask for ever" <<<"$(counted '^GET /container$') times"
rm "$aws/s3-uses"
run 0 "the repository works as before" verify app:1

# Those of the environment do not change.
echo 'AKIALONG secret-long' >"$aws/keys"
: >"$aws/log"
export AWS_ACCESS_KEY_ID=AKIALONG AWS_SECRET_ACCESS_KEY=secret-long AWS_SESSION_TOKEN=secret-old
run 1 "fixed credentials that are expired" push app.tar app:2
has "$ERR" 'from the environment were rejected as expired, and there are no others; get new ones$' "say so"
has_no "$ERR" 'secret' "without the secret"
is "$(counted '^GET /container$')" 0 "and nobody else's are used instead"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

# ---- mount -------------------------------------------------------------------------------------

if [ -n "$("$top/scripts/mount-obstacle")" ] && [ -z "${CHECK_REQUIRE_MOUNT:-}" ]; then
    skip "a mount" "$("$top/scripts/mount-obstacle")"
    finish
fi
# They must not expire on their way here, however slow that is.
life=4
echo $life >"$aws/life"
: >"$aws/log"

# reads_on REGEX: the mount gives a file, and another one after the credentials have expired. The server's
# log has a line like this when it is asked for others.
reads_on() {
    local before

    same "$WORK/mnt/0" files/0 "a file"
    before=$(counted "$1")
    sleep $((life + 1))
    same "$WORK/mnt/9" files/9 "another one, after the credentials expired"
    ok "with other ones" test "$(counted "$1")" -gt "$before"
}

mount_image app:1 "$WORK/mnt" --timeout 5
reads_on '^GET /container$'
echo all >"$aws/fail"
sleep $((life + 1))
same "$WORK/mnt/9" files/9 "what is there is read while nobody gives credentials"
not_ok "and what is not there fails" cmp "$WORK/mnt/5" files/5
rm "$aws/fail"
ok "until somebody gives some again" await cmp -s "$WORK/mnt/5" files/5
run 0 "umount" umount "$WORK/mnt"

# relative PROFILE REGEX: in the background, where the loader works in another directory than the command
# was given in; by this profile of the file aws-config, which is here.
relative() {
    mounted+=("$WORK/mnt")
    AWS_CONFIG_FILE=aws-config AWS_PROFILE=$1 run 0 "mount with paths relative to here, profile $1" \
        mount app:1 "$WORK/mnt" --timeout 5
    reads_on "$2"
    run 0 "umount" umount "$WORK/mnt"
}

unset AWS_CONTAINER_CREDENTIALS_FULL_URI
cat >credentials-of <<EOF
#!/bin/sh
curl -sf "$url/container" | jq -c '. + {Version: 1, SessionToken: .Token}'
EOF
chmod 755 credentials-of
printf '[profile away]\ncredential_process = ./credentials-of\n' >aws-config
relative away '^GET /container$'

# The same with a path in one of these files.
echo secret.web-token | tee token >"$aws/web-token"
cat >aws-config <<'EOF'
[profile web]
role_arn = arn:aws:iam::123456789012:role/pod
web_identity_token_file = token
EOF
relative web '^sts AssumeRoleWithWebIdentity '

finish
