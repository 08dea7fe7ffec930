# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# AWS KMS for scenarios: tests/kms-server, on loopback. For scenarios that begin with lib.sh; lib.sh itself takes it where
# the key of all scenarios is to be one of AWS KMS. Sets kms, the directory of the server, and kms_url.
#
# There are two regions, eu-west-1 and us-east-1, and an account with these keys, each under an alias of the same name:
#     images       what tests use; only policies of the caller decide
#     other        another one like it
#     everywhere   a multi-region key
#     strange      a key of another account, which that account has opened to this one
# The access key AKADMIN, with the secret secret-admin, may do everything.

# shellcheck disable=SC2154
kms=$WORK/.kms
images_key=11111111-1111-4111-8111-111111111111
other_key=22222222-2222-4222-8222-222222222222
everywhere_key=mrk-33333333333343338333333333333333
strange_key=44444444-4444-4444-8444-444444444444

# policy ACTION... of a caller who may do these with all keys.
kms_policy() {
    jq -n --args '{Version: "2012-10-17", Statement: [{Effect: "Allow", Action: $ARGS.positional, Resource: "*"}]}' "$@"
}

# kms_world FILTER [ARGUMENT...]: changes what the server knows, as jq does.
kms_world() {
    jq "$@" "$kms/world.json" >"$kms/world.new" && mv "$kms/world.new" "$kms/world.json"
}

# kms_principal ACCESS-KEY NAME [POLICY]: makes a user of that name, whose secret is secret-NAME.
kms_principal() {
    # shellcheck disable=SC2016
    kms_world --arg key "$1" --arg name "$2" --argjson policy "${3:-null}" '.principals[$key] = {
        secret: "secret-\($name)", arn: "arn:aws:iam::\(.account):user/\($name)",
        policies: (if $policy then [$policy] else [] end)}'
}

# kms_key NAME MEMBERS: changes a key, by the name of its alias, as in '{state: "Disabled"}'.
kms_key() {
    # shellcheck disable=SC2016
    kms_world --arg alias "alias/$1" '.aliases[$alias] as $id | .keys |= map(if .id == $id then . + '"$2"' else . end)'
}

# kms_faults JSON: what goes wrong from now on; nothing with "[]".
kms_faults() {
    printf '%s\n' "$1" >"$kms/faults.new" && mv "$kms/faults.new" "$kms/faults.json"
}

# kms_counted REGEX: lines of the server's log.
kms_counted() {
    grep -Ec -- "$1" "$kms/log"
}

kms_start() {
    mkdir -p "$kms"
    : >"$kms/log"
    # shellcheck disable=SC2016
    jq -n --arg images "$images_key" --arg other "$other_key" --arg everywhere "$everywhere_key" \
        --arg strange "$strange_key" '
        def account: "111122223333";
        def key(id): {id: id, policy: {Version: "2012-10-17", Statement: [{Sid: "left to IAM", Effect: "Allow",
            Principal: {AWS: "arn:aws:iam::\(account):root"}, Action: "kms:*", Resource: "*"}]}};
        {account: account, regions: ["eu-west-1", "us-east-1"], principals: {},
         keys: [key($images), key($other), key($everywhere) + {regions: ["eu-west-1", "us-east-1"]},
                key($strange) + {account: "444455556666"}],
         aliases: {"alias/images": $images, "alias/other": $other, "alias/everywhere": $everywhere,
                   "alias/strange": $strange}}' >"$kms/world.json"
    kms_principal AKADMIN admin "$(kms_policy 'kms:*')"
    "$top/tests/kms-server" "$kms" 2>"$kms/err" &
    started+=("$!")
    await test -s "$kms/url"
    kms_url=$(cat "$kms/url") || exit 1
    export AWS_ENDPOINT_URL_KMS=$kms_url
}
