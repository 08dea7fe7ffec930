#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# AWS credentials that are given for others: roles, web identities, IAM Identity Center; what fails and
# what it says.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"
printf 'AKIALONG secret-long\nAKIAOTHER secret-other\n' >"$aws/keys"

env_keys=(AWS_ACCESS_KEY_ID=AKIALONG AWS_SECRET_ACCESS_KEY=secret-long)
imds=(AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$url/")
container=("AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/container")
export AWS_ENDPOINT_URL_STS=$url AWS_ENDPOINT_URL_SSO=$url AWS_ENDPOINT_URL_SSO_OIDC=$url

# ---- roles -------------------------------------------------------------------------------------

credentials <<'END'
[base]
aws_access_key_id = AKIALONG
aws_secret_access_key = secret-long
[wrong]
aws_access_key_id = AKIALONG
aws_secret_access_key = secret-other
END
# profile NAME ROLE LINE...: one that takes on this role.
profile() {
    printf '[profile %s]\nrole_arn = arn:aws:iam::123456789012:role/%s\n' "$1" "$2"
    printf '%s\n' "${@:3}"
}
{
    profile role push 'source_profile = base' 'role_session_name = ann' 'duration_seconds = 1800'
    profile external external 'source_profile = base' 'external_id = ext/7 ='
    profile upon upon 'source_profile = role'
    profile myself self 'source_profile = myself' 'aws_access_key_id = AKIAOTHER' 'aws_secret_access_key = secret-other'
    profile environment environment 'credential_source = Environment'
    profile task task 'credential_source = EcsContainer'
    profile worker worker 'credential_source = Ec2InstanceMetadata'
    profile forbidden forbidden 'source_profile = base'
    profile wrongly push 'source_profile = wrong'
    profile round a 'source_profile = about'
    profile about b 'source_profile = round'
    profile mfa push 'source_profile = base' 'mfa_serial = arn:aws:iam::123456789012:mfa/ann'
    profile both push 'source_profile = base' 'credential_source = Environment'
    profile neither push
    profile orphan push 'source_profile = nosuch'
    profile long push 'source_profile = base' 'duration_seconds = 10'
} | config
who 'ASIAROLE[0-9]+' "a role" --profile role
logged 'AssumeRole arn:aws:iam::123456789012:role/push as ann by AKIALONG DurationSeconds=1800$' \
    "it was asked for as the profile says, signed by its source_profile"
has "$OUT" '^source +the role .*role/push by the profile base in ' "it says by whom"
who 'ASIAROLE[0-9]+' "an external id" --profile external
logged 'as lambdaimg-[0-9]+ by AKIALONG ExternalId=ext/7 =$' "is passed on"
who 'ASIAROLE[0-9]+' "a role upon a role" --profile upon
logged 'role/upon as .* by ASIAROLE[0-9]+$' "by the credentials of the first"
who 'ASIAROLE[0-9]+' "a profile that builds upon itself" --profile myself
logged 'role/self as .* by AKIAOTHER$' "uses its own keys"
who 'ASIAROLE[0-9]+' "credential_source Environment" "${env_keys[@]}" --profile environment
logged 'role/environment as .* by AKIALONG$' "is the environment"
who 'ASIAROLE[0-9]+' "credential_source EcsContainer" "${container[@]}" --profile task
logged 'role/task as .* by ASIACONTAINER[0-9]+$' "is the container"
who 'ASIAROLE[0-9]+' "credential_source Ec2InstanceMetadata" "${imds[@]}" --profile worker \
    --region us-east-1
logged 'role/worker as .* by ASIAINSTANCE[0-9]+$' "is the instance"
no 'role/forbidden, requested from http.*AccessDenied: AKIALONG may not' "a role that is denied" \
    --profile forbidden
no 'SignatureDoesNotMatch' "a wrong secret" --profile wrongly
no 'form a loop' "source_profiles in a circle" --profile round
no 'mfa_serial' "a role that wants a code" --profile mfa
no 'keep only one' "two sources" --profile both
no 'neither source_profile nor' "no source" --profile neither
no 'source_profile "nosuch" does not exist' "a source that does not exist" --profile orphan
no 'duration_seconds "10" is not from' "a life that is too short" --profile long
echo 2 >"$aws/fail"
who 'ASIAROLE[0-9]+' "a server that fails twice" --profile role
echo 3 >"$aws/fail"
no 'answered with status 503' "and one that goes on failing" --profile role
rm "$aws/fail"

# STS's own endpoints: nobody is asked, since the name of the host is in the message.
for region in eu-west-1 cn-north-1; do
    domain=sts.$region.amazonaws.com
    [ "$region" = eu-west-1 ] || domain=$domain.cn
    no "requested from https://$domain: " "STS in $region" AWS_ENDPOINT_URL_STS= \
        https_proxy=http://127.0.0.1:1 --profile role --region "$region"
done
no 'requested from https://sts.amazonaws.com: ' "STS, where legacy is asked for" \
    AWS_ENDPOINT_URL_STS= https_proxy=http://127.0.0.1:1 AWS_STS_REGIONAL_ENDPOINTS=legacy \
    --profile role --region eu-west-1
echo eu-west-1 >"$aws/region"
who 'ASIAROLE[0-9]+' "signed for the region" --profile role --region eu-west-1
rm "$aws/region"

# ---- web identity ------------------------------------------------------------------------------

echo 'secret.web+token/=' >"$aws/web-token"
cp "$aws/web-token" "$WORK/web"
web=("AWS_WEB_IDENTITY_TOKEN_FILE=$WORK/web" AWS_ROLE_ARN=arn:aws:iam::123456789012:role/pod)
who 'ASIAWEB[0-9]+' "a web identity" "${web[@]}" AWS_ROLE_SESSION_NAME=pod-1
logged 'AssumeRoleWithWebIdentity .*role/pod as pod-1 by web$' "as the environment says"
who AKIALONG "keys go before it" "${web[@]}" "${env_keys[@]}"
who 'ASIAWEB[0-9]+' "it goes before the default profile" "${web[@]}" AWS_PROFILE=base
no 'AWS_ROLE_ARN is not' "no role for it" AWS_WEB_IDENTITY_TOKEN_FILE="$WORK/web"
echo secret.other >"$WORK/web"
no 'InvalidIdentityToken' "a token that is not known" "${web[@]}"
rm "$WORK/web"
no 'cannot open .*/web' "no token" "${web[@]}"
cp "$aws/web-token" "$HOME/web"
config <<'END'
[profile web]
role_arn = arn:aws:iam::123456789012:role/pod
web_identity_token_file = ~/web
END
who 'ASIAWEB[0-9]+' "a profile's" --profile web

# ---- IAM Identity Center -----------------------------------------------------------------------

config <<'END'
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
[profile sso]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Reader
[profile old]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Reader
[profile writer]
sso_session = work
sso_account_id = 123456789012
sso_role_name = Writer
[profile lost]
sso_session = nosuch
sso_account_id = 123456789012
sso_role_name = Reader
END
work_cache=$HOME/.aws/sso/cache/$(printf work | sha1sum | cut -c 1-40).json
old_cache=$HOME/.aws/sso/cache/$(printf https://example.awsapps.com/start | sha1sum | cut -c 1-40).json
# cache FILE TOKEN SECONDS: what `aws sso login` leaves.
cache() {
    jq -n --arg token "$2" --arg until "$(date -u -d "@$(($(date +%s) + $3))" +%Y-%m-%dT%H:%M:%SZ)" '{
        startUrl: "https://example.awsapps.com/start", region: "eu-west-1", accessToken: $token,
        expiresAt: $until, clientId: "client", clientSecret: "client-secret", refreshToken: "refresh-0",
        registrationExpiresAt: "2096-01-01T00:00:00Z", more: "kept" }' >"$1"
    chmod 600 "$1"
}
no 'there is no token; run aws sso login --profile sso$' "before a log-in" --profile sso
echo secret-sso >"$aws/sso-token"
echo refresh-0 >"$aws/sso-refresh"
cache "$work_cache" secret-sso 7200
cache "$old_cache" secret-sso 7200
who 'ASIASSO[0-9]+' "IAM Identity Center" --profile sso
has "$OUT" '^source +the profile sso: IAM Identity Center, role Reader$' "it says so"
who 'ASIASSO[0-9]+' "the older form" --profile old
no 'role Writer in account 123456789012: status 403: No access' "a role that one has not" \
    --profile writer
no 'no \[sso-session nosuch\]' "a session that is not described" --profile lost
cache "$old_cache" secret-sso -60
no 'the token expired at .*; run aws sso login --profile old' "a token of the older form that expired" \
    --profile old
cache "$work_cache" secret-other 7200
no 'no longer accepts the token; run aws sso login' "a token that was revoked" --profile sso
cache "$work_cache" secret-sso -60
who 'ASIASSO[0-9]+' "a token that expired is renewed" --profile sso
is "$(jq -r '.accessToken + " " + .refreshToken + " " + .more' "$work_cache")" \
    "$(cat "$aws/sso-token") $(cat "$aws/sso-refresh") kept" "and written back, with what came with it"
is "$(stat -c %a "$work_cache")" 600 "for its owner alone"
is "$(files_of "$HOME/.aws/sso/cache" | wc -l)" 2 "and no other file is left there"
who 'ASIASSO[0-9]+' "it is used the next time" --profile sso
logged '^GET /federation/credentials$' "without asking for another"
cache "$work_cache" secret-sso -60
no 'renewing the token: invalid_grant; run aws sso login' "one that cannot be renewed" --profile sso
cache "$work_cache" "$(cat "$aws/sso-token")" 300
who 'ASIASSO[0-9]+' "which serves as long as it lasts" --profile sso

none_shown

finish
