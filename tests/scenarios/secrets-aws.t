#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# AWS credentials in memory: whoever gives them, nothing that is freed on the way still holds them.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/memory.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"

# Their beginnings, for the server numbers them, by names that do not have these texts.
for pair in secret=secret-ASIA token=token-ASIA long=secret-long web=secret-web container=secret-container \
    sso=secret-sso imds=imds-; do
    printf '%s %s\n' "${pair%%=*}" "$(printf %s "${pair#*=}" | od -An -tx1 -v | tr -d ' \n')"
done >secrets

echo 'AKIALONG secret-long' >"$aws/keys"
echo secret-web >"$aws/web-token"
echo secret-container >"$aws/container-token"
echo secret-sso >"$aws/sso-token"
cp "$aws/web-token" "$aws/container-token" .
export AWS_ENDPOINT_URL_STS=$url AWS_ENDPOINT_URL_SSO=$url AWS_ENDPOINT_URL_SSO_OIDC=$url
credentials <<'END_OF_FILE'
[base]
aws_access_key_id = AKIALONG
aws_secret_access_key = secret-long
END_OF_FILE
config <<END_OF_FILE
[profile role]
role_arn = arn:aws:iam::123456789012:role/push
source_profile = base
[profile process]
credential_process = cat $WORK/printed
[profile sso]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Reader
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
END_OF_FILE
cat >printed <<END_OF_FILE
{"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "secret-ASIAPROCESS",
 "SessionToken": "token-ASIAPROCESS$(printf '%0600d' 0)", "Expiration": "2100-01-01T00:00:00Z"}
END_OF_FILE
cat >"$HOME/.aws/sso/cache/$(printf work | sha1sum | cut -c 1-40).json" <<END_OF_FILE
{"startUrl": "https://example.awsapps.com/start", "region": "eu-west-1", "accessToken": "secret-sso",
 "expiresAt": "2100-01-01T00:00:00Z"}
END_OF_FILE

# wiped WHAT [NAME=VALUE...]: the credentials that are found so leave nothing behind.
wiped() {
    local what=$1
    shift

    if [ -n "$sanitized" ]; then
        skip "$what" "$sanitized"
        return
    fi
    : >freed
    run_found "$what" env "${watched[@]}" "$@" "$LAMBDAIMG" key whoami
    sed -i '/ cat$/d' freed
    freed_wiped "key whoami by $what"
    is "$(env MALLOC_ARENA_MAX=1 "$@" "$TOOLS/memscan" secrets "$LAMBDAIMG" key whoami)" "" "left $what"
}
run_found() {
    local what=$1
    shift

    "$@" >"$OUT" 2>"$ERR"
    has "$OUT" '^access key  A[SK]IA' "$what gives credentials"
}

wiped "a file of credentials" AWS_PROFILE=base
wiped "a role" AWS_PROFILE=role
wiped "a web identity" "AWS_WEB_IDENTITY_TOKEN_FILE=$WORK/web-token" AWS_ROLE_ARN=arn:aws:iam::123456789012:role/pod
wiped "a program" AWS_PROFILE=process
wiped "a container" "AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container" \
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORK/container-token"
wiped "an instance" AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$url/"
wiped "IAM Identity Center" AWS_PROFILE=sso

finish
