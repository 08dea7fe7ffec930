#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where AWS credentials come from: the environment, profiles, programs, containers, instances; their
# order, what fails and what it says. Roles are credentials-roles.t's.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"

env_keys=(AWS_ACCESS_KEY_ID=AKIALONG AWS_SECRET_ACCESS_KEY=secret-long)
imds=(AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$url/")
container=("AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container")

# ---- none --------------------------------------------------------------------------------------

no 'environment: AWS_ACCESS_KEY_ID is not set; .*AWS_WEB_IDENTITY_TOKEN_FILE is not set; .*"default" is neither in .*; .*AWS_CONTAINER_CREDENTIALS_FULL_URI are not set; .*AWS_EC2_METADATA_DISABLED is set' \
    "without any source"
run 2 "another word than whoami" key create

# ---- the environment ---------------------------------------------------------------------------

who AKIALONG "the environment" "${env_keys[@]}"
has "$OUT" '^source +the environment$' "it says so"
has "$OUT" '^expires +never$' "and that they do not expire"
who AKIALONG "with a session token and a time" "${env_keys[@]}" AWS_SESSION_TOKEN=secret-token \
    AWS_CREDENTIAL_EXPIRATION=2096-01-02T03:04:05+01:00
has "$OUT" '^expires +2096-01-02 02:04:05Z$' "which is shown"
no 'AWS_SECRET_ACCESS_KEY is not' "half a pair" AWS_ACCESS_KEY_ID=AKIALONG
no 'have expired' "expired ones" "${env_keys[@]}" AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z
no 'character that it cannot have' "a line break in a key" AWS_ACCESS_KEY_ID=AKIALONG \
    AWS_SECRET_ACCESS_KEY=$'secret-long\nX-Evil: 1'
key 0 "as JSON" "${env_keys[@]}" AWS_REGION=eu-west-3 --json
is "$(jq -c . "$OUT")" '{"access_key_id":"AKIALONG","source":"the environment","profile":"default","expires":null,"region":"eu-west-3","region_source":"AWS_REGION","endpoint":null,"endpoint_source":null}' \
    "all of it"

# ---- profiles ----------------------------------------------------------------------------------

credentials <<'END'
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = secret-default
[dev]
aws_access_key_id=AKIALONG
aws_secret_access_key=secret-long
[half]
aws_access_key_id=AKIAHALF
END
config <<'END'
[default]
region = us-west-2
[profile dev]
region = eu-central-1
[profile "two words"]
aws_access_key_id = AKIATWO
aws_secret_access_key = secret-two
[profile empty]
region = eu-west-1
END
who AKIADEFAULT "the default profile"
has "$OUT" '^region +us-west-2 \(the profile default\)$' "and its region"
who AKIALONG "a profile by AWS_PROFILE" AWS_PROFILE=dev
has "$OUT" '^source +the profile dev in .*/\.aws/credentials$' "it says where"
who AKIATWO "a profile by --profile goes before keys of the environment" "${env_keys[@]}" \
    --profile "two words"
who AKIALONG "one by AWS_PROFILE does not" "${env_keys[@]}" AWS_PROFILE="two words"
no '"nosuch" is neither in' "a profile that does not exist" AWS_PROFILE=nosuch
no 'secret access key is missing' "half a pair" AWS_PROFILE=half
no 'profile: empty: it has no keys' "a profile without keys" AWS_PROFILE=empty
who 'ASIACONTAINER[0-9]+' "which leaves it to the container" AWS_PROFILE=empty "${container[@]}"
printf '[a]\naws_secret_access_key = secret-broken\nthis is secret-line\n' >"$WORK/broken"
no 'broken, line 3: neither' "a file that is broken" AWS_SHARED_CREDENTIALS_FILE="$WORK/broken"
printf '[default]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=secret-other\n' >"$HOME/other"
who AKIAOTHER "files elsewhere" AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=~/other
who AKIAOTHER "below the home directory" AWS_SHARED_CREDENTIALS_FILE='~/other'

# ---- programs ----------------------------------------------------------------------------------

cat >"$WORK/a program" <<'END'
#!/bin/sh
case $1 in
good) echo '{"Version": 1, "AccessKeyId": "AKIAPROGRAM", "SecretAccessKey": "secret-program",
    "SessionToken": "secret-token", "Expiration": "2096-01-01T00:00:00Z"}' ;;
forever) echo '{"Version": 1, "AccessKeyId": "AKIAFOREVER", "SecretAccessKey": "secret-program"}' ;;
version) echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "secret-program"}' ;;
old) echo '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "secret-program",
    "Expiration": "2020-01-01T00:00:00Z"}' ;;
words) shift; [ "$#-$1-$2" = '2-a b-$HOME;' ] && exec "$0" good ;;
broken) echo '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "secret-program' ;;
much) exec yes ;;
complains) exec yes >&2 ;;
fails) echo first >&2; echo 'log in first' >&2; exit 7 ;;
dies) kill -9 $$ ;;
leaves) sleep 10 >/dev/null & exec "$0" good ;;
keeps) sleep 10 & exec "$0" good ;;
sleeps) exec 2>/dev/null >/dev/null; sleep 1 ;;
esac
END
chmod +x "$WORK/a program"
for word in good forever version old broken much complains fails dies leaves keeps sleeps; do
    printf '[profile %s]\ncredential_process = "%s/a program" %s\n' "$word" "$WORK" "$word"
done >"$HOME/.aws/config"
cat >>"$HOME/.aws/config" <<END
[profile words]
credential_process = '$WORK/a program' words "a b" '\$HOME;'
[profile quote]
credential_process = sh -c "exit
[profile absent]
credential_process = $WORK/absent
[profile keys]
credential_process = "$WORK/a program" forever
aws_access_key_id = AKIAKEYS
aws_secret_access_key = secret-keys
END
who AKIAPROGRAM "a program" --profile good
has "$OUT" '^source +the profile good.s credential_process$' "it says so"
has "$OUT" '^expires +2096-01-01 00:00:00Z$' "and until when"
who AKIAFOREVER "credentials that do not expire" --profile forever
who AKIAPROGRAM "words are split, and no shell runs" --profile words
who AKIAFOREVER "a program goes before keys in the same file" --profile keys
before=$SECONDS
who AKIAPROGRAM "a program that leaves another behind" --profile leaves
who AKIAPROGRAM "one that keeps what is printed" --profile keeps
ok "is not waited for: $((SECONDS - before)) seconds" test $((SECONDS - before)) -le 5
cat >"$WORK/ignores" <<END
#!/bin/sh
exec perl -e '\$SIG{CHLD} = "IGNORE"; exec @ARGV' "$LAMBDAIMG" "\$@"
END
chmod +x "$WORK/ignores"
LAMBDAIMG=$WORK/ignores who AKIAPROGRAM "run by who ignores the ends of children" --profile good
no 'not valid JSON' "a program that closes its output, and ends later" --profile sleeps
no 'no "Version": 1' "another version" --profile version
no 'are expired' "credentials that are expired" --profile old
no 'not valid JSON: line' "output that is no JSON" --profile broken
no 'more than 65536 bytes' "output without end" --profile much
no 'more than 65536 bytes' "complaints without end" --profile complains
no 'exit status 7: log in first$' "a program that fails" --profile fails
no 'by signal 9' "one that dies" --profile dies
no 'quotation is not closed' "a command that makes no sense" --profile quote
no 'cannot run .*/absent' "a program that is not there" --profile absent
rm "$HOME/.aws/config" "$HOME/.aws/credentials"

# ---- containers --------------------------------------------------------------------------------

who 'ASIACONTAINER[0-9]+' "a container" "${container[@]}"
has "$OUT" "^source +the container endpoint $url\$" "it says so"
secret_path=("AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container/secret-path?secret-query")
who 'ASIACONTAINER[0-9]+' "a container whose path is a secret" "${secret_path[@]}"
echo 10 >"$aws/fail"
no "$url: it answered with status 503" "one that fails" "${secret_path[@]}"
rm "$aws/fail"
no "$url: it answered with status 404" "one that is not known, with a query alone" \
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=$url?secret-query"
echo secret-container >"$aws/container-token"
no 'status 401: this token is not known' "no token where one is wanted" "${container[@]}"
who 'ASIACONTAINER[0-9]+' "a token" "${container[@]}" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=secret-container
cp "$aws/container-token" "$WORK/container"
who 'ASIACONTAINER[0-9]+' "a token in a file goes before it" "${container[@]}" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=secret-other \
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORK/container"
no 'line break' "a token with a line break" "${container[@]}" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=$'secret-container\r\nX-Evil: 1'
rm "$aws/container-token"
who 'ASIACONTAINER[0-9]+' "no proxy sees it" "${container[@]}" http_proxy=http://127.0.0.1:1
for bad in http://example.com/ http://169.254.170.3/ http://127.0.0.1@example.com/ ftp://localhost/; do
    no 'neither https: nor an address of this host' "not $bad" "AWS_CONTAINER_CREDENTIALS_FULL_URI=$bad"
done
no 'http://127.0.0.1:1: ' "nobody listens: an error, though there is an instance" "${imds[@]}" \
    AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/secret-path
who 'ASIACONTAINER[0-9]+' "a container goes before an instance" "${container[@]}" "${imds[@]}"

# ---- instances ---------------------------------------------------------------------------------

who 'ASIAINSTANCE[0-9]+' "an instance" "${imds[@]}"
has "$OUT" '^source +the instance.s role worker$' "it says so"
has "$OUT" '^region +eu-north-1 \(the instance\)$' "and where it is"
who 'ASIAINSTANCE[0-9]+' "no proxy sees it" "${imds[@]}" http_proxy=http://127.0.0.1:1
echo -60 >"$aws/life"
who 'ASIAINSTANCE[0-9]+' "an instance that cannot renew its credentials" "${imds[@]}"
rm "$aws/life"
touch "$aws/no-role"
no 'has no iam/security-credentials/' "an instance without a role" "${imds[@]}"
rm "$aws/no-role"
no 'no instance metadata service \(IMDSv2\) answers at http://127.0.0.1:1$' "no instance" \
    AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1
no 'can be IPv4 or IPv6' "a mode that there is not" "${imds[@]}" \
    AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv5

# A service that takes a connection and says nothing.
perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 8) or die;
    $| = 1; print $s->sockport, "\n"; sleep 300' >"$WORK/silent" &
started+=("$!")
await test -s "$WORK/silent"
before=$SECONDS
no 'no instance metadata service' "one that says nothing" AWS_EC2_METADATA_DISABLED=false \
    "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:$(cat "$WORK/silent")"
ok "is not waited for: $((SECONDS - before)) seconds" test $((SECONDS - before)) -le 5

# ---- endpoints ---------------------------------------------------------------------------------

config <<'END'
[default]
region = eu-west-1
endpoint_url = http://profile.example/
[profile services]
services = mine
endpoint_url = http://profile.example
ca_bundle = /nonexistent/bundle.pem
[services mine]
s3 =
  endpoint_url = https://services.example:9000/base
sts =
  endpoint_url = https://sts.example
END
# endpoint WANTED WHAT ...
endpoint() {
    local wanted=$1 what=$2
    shift

    key 0 "$@"
    is "$(sed -n 's/^endpoint *//p' "$OUT")" "$wanted" "$what: $wanted"
}
export "${env_keys[@]}"
endpoint 'http://profile.example (the profile default)' "the profile's endpoint"
endpoint 'https://services.example:9000/base (the profile services, services mine)' \
    "its services section" AWS_PROFILE=services AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
endpoint 'http://all.example (AWS_ENDPOINT_URL)' "for all services" \
    AWS_ENDPOINT_URL=http://all.example
endpoint 'http://s3.example:1 (AWS_ENDPOINT_URL_S3)' "for S3" AWS_ENDPOINT_URL=http://all.example \
    AWS_ENDPOINT_URL_S3=http://s3.example:1/
endpoint 'http://option.example (--endpoint)' "the option" AWS_ENDPOINT_URL_S3=http://s3.example \
    --endpoint http://option.example
endpoint "AWS's own" "all of them ignored" AWS_ENDPOINT_URL_S3=http://s3.example \
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true
no 'AWS_ENDPOINT_URL_S3: .*not an endpoint' "none" AWS_ENDPOINT_URL_S3=ftp://s3.example
no 'AWS_REGION: .* is not an AWS region' "no region" AWS_REGION='eu west'
unset "${env_keys[@]%%=*}"
no '/nonexistent/bundle.pem' "the profile's CA bundle, which is not there" AWS_PROFILE=services \
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=https${url#http}/container"
sed -i 's,/nonexistent/bundle,none/bundle,' "$HOME/.aws/config"
no "$PWD/none/bundle.pem" "one that is relative to here" AWS_PROFILE=services \
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=https${url#http}/container"
no '/nonexistent/variable.pem' "the environment's goes before it" AWS_PROFILE=services \
    "AWS_CONTAINER_CREDENTIALS_FULL_URI=https${url#http}/container" \
    AWS_CA_BUNDLE=/nonexistent/variable.pem

none_shown

finish
