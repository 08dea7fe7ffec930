#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A repository whose keys are in AWS KMS: what is asked, and how often; who may do what by the policies that
# lambdaimg-aws-kms(7) shows; and what is said where AWS refuses. kms-server.t shows that the server is as strict as AWS.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/kms.sh"

kms_start
account=arn:aws:kms:eu-west-1:111122223333
export AWS_ACCESS_KEY_ID=AKADMIN AWS_SECRET_ACCESS_KEY=secret-admin AWS_REGION=eu-west-1
export LAMBDAIMG_KMS=aws-kms:alias/images LAMBDAIMG_REPO=dir:$WORK/repo

layer base <<'END'
file file size=600000 fill=1
file other size=100000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"

# requests: those since the last time, by operation and purpose of each, in the file asked.
requests() {
    tail -n +$((seen + 1)) "$kms/log" |
        sed -E 's/^(\w+) ok .*lambdaimg:purpose=([a-z]+).*/\1 \2/; t; s/^(\w+) ok .*/\1/' | paste -sd, >asked
    seen=$(wc -l <"$kms/log")
}

# asked REQUESTS WHAT: these were sent. began REQUESTS WHAT: these were sent first.
asked() {
    requests
    is "$(cat asked)" "$1" "$2"
}
began() {
    requests
    has asked "^$1" "$2"
}
seen=0

# ---- what is asked -----------------------------------------------------------------------------

run 0 "init" init
id=$(sed -n 's/^its ID is //p' "$OUT")
tried="Encrypt salt,Decrypt salt,Encrypt repository,Decrypt repository,Encrypt manifest,"
began "DescribeKey,$tried" "asks first"
run 0 "push" push image.tar
asked "DescribeKey,Decrypt repository,Decrypt salt,Encrypt manifest" "asks once for each key"
run 0 "push by the ARN" push image.tar --kms "aws-kms:$account:key/$images_key"
asked "Decrypt repository,Decrypt salt,Encrypt manifest" "which needs no look-up"
ok "one key has one name" test "$(find repo -path '*.wraps/*' -printf '%f\n' | sort -u)" = "aws-kms-$images_key"
for key in "$images_key" "$account:key/$images_key" alias/images "$account:alias/images"; do
    rm -f got
    run 0 "pull by $key" pull demo:1 -o got --kms "aws-kms:$key"
done
seen=$(wc -l <"$kms/log")
run 0 "inspect" inspect demo:1 --kms "aws-kms:$images_key"
asked "Decrypt repository,Decrypt manifest" "asks once for each key"
run 0 "ls" ls --kms "aws-kms:$images_key"
asked "Decrypt repository,Decrypt manifest" "asks once for an image"
is "$(grep -c ' - \| ->' "$kms/log")" 0 "each request names its key"
has "$kms/log" "^Decrypt ok AKADMIN eu-west-1 alias/images lambdaimg:object=[0-9a-f]{32} lambdaimg:purpose=manifest lambdaimg:repository=$id\$" \
    "under a context that CloudTrail can show"

# A wrap is what AWS's own client decrypts.
wrap=$(find repo -path '*.wraps/*' | head -n 1)
manifest=$(basename "$(dirname "$wrap")" .wraps)
tail -c +17 "$wrap" >blob
is "$(AWS_DEFAULT_REGION=eu-west-1 /usr/bin/python3 -B - "$kms_url" "$id" "$manifest" <<'END'
import botocore.session, sys
kms = botocore.session.Session().create_client('kms', endpoint_url=sys.argv[1])
context = {'lambdaimg:purpose': 'manifest', 'lambdaimg:repository': sys.argv[2], 'lambdaimg:object': sys.argv[3]}
print(len(kms.decrypt(KeyId='alias/images', CiphertextBlob=open('blob', 'rb').read(), EncryptionContext=context)['Plaintext']))
END
)" 32 "Amazon's client opens a wrap, as the page says"

if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    seen=$(wc -l <"$kms/log")
    mount_image demo:1 "$WORK/mnt" --kms "aws-kms:$images_key"
    asked "Decrypt manifest" "a mount asks once"
    kms_key images '{state: "PendingDeletion"}'
    ok "and reads without the key" cmp -s <(tar -xOf base.tar file) mnt/file
    asked "" "nothing is asked for that"
    kms_key images '{state: "Enabled"}'
    run 0 "umount" umount "$WORK/mnt"
fi

# ---- two keys ----------------------------------------------------------------------------------

seen=$(wc -l <"$kms/log")
first=$seen
run 0 "a salt with a key of its own" init "dir:$WORK/two" --salt-kms aws-kms:alias/other
began "DescribeKey,DescribeKey,$tried" "tries both keys"
is "$(tail -n +$((first + 1)) "$kms/log" | sed -nE 's/.* (alias\/\w+) .*purpose=(\w+) .*/\1 \2/p' | sort -u | paste -sd,)" \
    "alias/images manifest,alias/images repository,alias/other salt" "each for what it is for"
run 1 "a push without it" push image.tar --repo "dir:$WORK/two"
has "$ERR" "cannot open the repository's salt, which may have a key of its own: .*another key has wrapped this" "says so"
run 0 "a push with both" push image.tar --repo "dir:$WORK/two" --salt-kms "aws-kms:$other_key"
rm -f got
run 0 "a pull with one" pull demo:1 -o got --repo "dir:$WORK/two"

# ---- regions -----------------------------------------------------------------------------------

everywhere() {
    env AWS_ENDPOINT_URL_KMS="$(cat "$kms/url-$1")" AWS_REGION="$1" LAMBDAIMG_REPO="dir:$WORK/many" "$LAMBDAIMG" "${@:2}"
}
ok "init by a multi-region key" everywhere eu-west-1 init --kms "aws-kms:$everywhere_key"
ok "push by it" everywhere eu-west-1 push image.tar --kms "aws-kms:$account:key/$everywhere_key"
rm -f got
ok "pull in its other region" everywhere us-east-1 pull demo:1 -o got --kms "aws-kms:$everywhere_key"
rm -f got
ok "by its ARN there" everywhere us-east-1 pull demo:1 -o got --kms "aws-kms:arn:aws:kms:us-east-1:111122223333:key/$everywhere_key"
rm -f got
not_ok "a key of one region is not in the other" everywhere us-east-1 pull demo:1 -o got --kms "aws-kms:$images_key"
is "$(everywhere us-east-1 pull demo:1 -o got --kms aws-kms:alias/images 2>&1 | grep -c 'there is no such key in us-east-1 (from AWS_REGION)')" \
    1 "nor is the key of its alias"
run 1 "the endpoint of another region" pull demo:1 -o got --kms "aws-kms:arn:aws:kms:us-east-1:111122223333:alias/everywhere"
has "$ERR" "the endpoint http://.* is not in the region us-east-1 \(from the ARN\)" "the message"

# ---- policies ----------------------------------------------------------------------------------

# policy SECTION: the one of the page, for this repository.
page=$top/man/lambdaimg-aws-kms.7.in
policy() {
    awk -v section="$1" '/^\.S[sh] / { on = $0 == ".Ss " section } /^\.Ed/ { shown = 0 } on && shown; /^\.Bd/ { shown = 1 }' "$page" |
        sed "s/5ad2f0e4b8c7a1936c0b42ffe45d1a90/$id/"
}
# as NAME ARGUMENT...: the program, run by the user or role of that name.
as() {
    AWS_ACCESS_KEY_ID=AK${1^^} AWS_SECRET_ACCESS_KEY=secret-$1 "$LAMBDAIMG" "${@:2}" >"$WORK/said" 2>"$ERR"
}
# may WHAT NAME ARGUMENT...; may_not WHAT NAME PERMISSION ARGUMENT...
may() {
    rm -f got
    ok "$1" as "${@:2}"
}
may_not() {
    local said
    rm -f got
    ! as "$2" "${@:4}" && said=$(cat "$ERR")
    [[ ${said-} == *"the caller needs $3"* ]]
    result $? "$1" <<<"${said-it may}"
}

# roles_tried: what each role may, and may not.
roles_tried() {
    may "$1: a reader pulls" reader pull demo:1 -o got
    may "$1: a reader lists" reader ls
    may "$1: a reader verifies" reader verify demo:1
    may_not "$1: a reader does not push" reader kms:Decrypt push image.tar demo:2
    may_not "$1: nor makes a repository" reader kms:Encrypt init "dir:$WORK/theirs"
    not_ok "$1: nothing is left of that" test -e theirs
    may_not "$1: a reader of one repository does not read another" reader kms:Decrypt pull demo:1 -o got --repo "dir:$WORK/another"
    may "$1: a pusher pushes" pusher push image.tar demo:2 --no-memo
    may "$1: a pusher pushes again" pusher push image.tar demo:2
    may_not "$1: a pusher does not read" pusher kms:Decrypt pull demo:1 -o got
    may_not "$1: nor push to another" pusher kms:Decrypt push image.tar demo:2 --repo "dir:$WORK/another"
    may_not "$1: nor makes a repository" pusher kms:Encrypt init "dir:$WORK/theirs"
    may "$1: a pusher has what a push needs" pusher key check
    has "$WORK/said" '^aws-kms-.* salt wrap: .*the caller needs kms:Encrypt' "which does not take all"
    has "$WORK/said" '^aws-kms-.* salt unwrap: yes$' "but to open the salt"
    has "$WORK/said" '^aws-kms-.* repository unwrap: yes$' "and the key of the repository"
    not_ok "$1: a reader has not" as reader key check
    has "$WORK/said" '^aws-kms-.* salt unwrap: .*the caller needs kms:Decrypt for lambdaimg:purpose=salt' "nor the salt"
    may "$1: an operator has" operator key check
    may "$1: an operator makes a repository" operator init "dir:$WORK/$1"
    may "$1: an operator reads" operator pull demo:1 -o got
}
quietly init "dir:$WORK/another"
quietly push image.tar --repo "dir:$WORK/another"
for role in reader pusher operator; do
    kms_principal "AK${role^^}" "$role" "$(policy "${role^}")"
done
roles_tried iam

# The roles, without policies of their own, by that of the key.
before=$(jq -c '.keys[0].policy' "$kms/world.json")
for role in reader pusher operator; do
    # shellcheck disable=SC2016
    kms_world --arg key "AK${role^^}" --arg arn "arn:aws:sts::111122223333:assumed-role/$role/session" \
        '.principals[$key] += {arn: $arn, policies: []}'
done
kms_key images "{policy: $(policy 'Key policy')}"
roles_tried key
may_not "key: others do not read" admin kms:Decrypt pull demo:1 -o got
kms_key images "{policy: $before}"
for role in reader pusher operator; do
    may_not "without either: $role" "$role" kms: inspect demo:1
done

# ---- grants ------------------------------------------------------------------------------------

kms_principal AKGRANTED granted
kms_key images "{grants: [{GranteePrincipal: \"arn:aws:iam::111122223333:user/granted\", Operations: [\"Decrypt\"],
    Constraints: {EncryptionContextSubset: {\"lambdaimg:repository\": \"$id\"}}}]}"
may "a grant for a repository" granted pull demo:1 -o got --kms "aws-kms:$images_key"
may_not "is not one for another" granted kms:Decrypt pull demo:1 -o got --kms "aws-kms:$images_key" --repo "dir:$WORK/another"

# ---- refusals ----------------------------------------------------------------------------------

# refused REGEX WHAT [ARGUMENT...]: a pull fails, and says this.
refused() {
    rm -f got
    run 1 "$2" pull demo:1 -o got "${@:3}"
    has "$ERR" "$1" "$2: the message"
}
kms_key images '{state: "Disabled"}'
refused "the key is disabled; enable it" "a disabled key"
kms_key images '{state: "PendingDeletion"}'
refused "the key is to be deleted.*cancel that" "a key that is to be deleted"
run 1 "init with it" init "dir:$WORK/new"
has "$ERR" "^lambdaimg: cannot create the repository: .*the key is to be deleted" "fails"
not_ok "before there is anything" test -e new
kms_key images '{state: "Enabled"}'
refused "was not wrapped for this key \(aws-kms-$other_key\)" "another key" --kms aws-kms:alias/other
refused "there is no such key in eu-west-1 \(from AWS_REGION\)" "an alias that does not exist" --kms aws-kms:alias/none
refused "does not name a key; give its ID" "a word that is not a key" --kms aws-kms:images
refused "leave out --no-sign-request" "requests that are not signed" --no-sign-request
AWS_SECRET_ACCESS_KEY=wrong refused "the secret key does not fit the access key; the request used the access key AKADMIN from the environment" "a wrong secret"
AWS_ACCESS_KEY_ID=AKNOBODY refused "AWS does not know this access key" "an unknown caller"
kms_world '.principals.AKOLD = {secret: "secret-old", token: "old", expires: 1, arn: "arn:aws:iam::111122223333:user/old", policies: []}'
AWS_ACCESS_KEY_ID=AKOLD AWS_SECRET_ACCESS_KEY=secret-old AWS_SESSION_TOKEN=old refused "expired" "an expired token"
kms_world '.clock = 7200'
rm -f got
run 0 "a clock that is wrong is corrected" pull demo:1 -o got
kms_world '.clock = 0'
kms_faults '[{"operation": "*", "times": 99, "code": "AccessDeniedException", "form": "xml"}]'
refused "the caller needs kms:DescribeKey; or give the key's ARN, .*AccessDeniedException" "a refusal in XML"
kms_faults '[{"operation": "*", "times": 99, "code": "X", "form": "page", "status": 404}]'
refused "this is not how AWS KMS answers; check the endpoint http://127.0.0.1:.* \(from AWS_ENDPOINT_URL_KMS\)" "a proxy's page"
kms_faults '[{"operation": "Decrypt", "times": 2, "code": "ThrottlingException", "message": "Rate exceeded"}]'
rm -f got
run 0 "requests that are throttled are repeated" pull demo:1 -o got
kms_faults '[{"operation": "Decrypt", "times": 99, "delay": 30}]'
refused "AWS KMS cannot unwrap with the key $images_key: " "a server that does not answer in time" --kms "aws-kms:$images_key" --timeout 5
kms_faults '[{"operation": "Decrypt", "times": 99, "members": {"Plaintext": "AAAA"}}]'
refused "the unwrapped key has 3 bytes instead of 32" "a key that is too short"
kms_faults "[{\"operation\": \"Decrypt\", \"times\": 99, \"members\": {\"KeyId\": \"$account:key/$other_key\"}}]"
refused "it used the key $other_key instead of $images_key" "another key in the answer"
kms_faults '[]'

# ---- wraps that were changed -------------------------------------------------------------------

# unwrapped WHAT REGEX: the wrap that is there now does not open.
unwrapped() {
    refused "$2" "$1"
    cp kept "$wrap"
}
wrap=$(find "repo/roots" -path "*/$("$LAMBDAIMG" inspect demo:1 --json | jq -r .manifest).wraps/*")
cp "$wrap" kept
fits='the wrapped key does not fit this key, repository or object: it was moved or changed'
size=$(stat -c %s "$wrap")
for ((at = 16; at < size; at += ${SOAK:+1} + ${SOAK:-9}0 / 10)); do
    change_byte "$wrap" "$at"
    unwrapped "byte $at of a wrap is changed" "$fits|another key has wrapped this"
done
cp "$(find repo/roots -path '*.wraps/*' ! -path "$wrap" | head -n 1)" "$wrap"
unwrapped "the wrap of another manifest" "$fits"
cp "$(find another/roots -path '*.wraps/*')" "$wrap"
unwrapped "one of another repository" "$fits"
cp "$(find repo/salts -type f)" "$wrap"
unwrapped "a salt" "$fits"
head -c -1 kept >"$wrap"
unwrapped "a wrap that is cut" "the wrap is damaged"

# wrapped_by KEY: what the wrap holds, wrapped by Amazon's client under the same context and KEY.
wrapped_by() {
    AWS_DEFAULT_REGION=eu-west-1 /usr/bin/python3 -B - "$kms_url" "$id" "$(basename "$(dirname "$wrap")" .wraps)" "$1" <<'END'
import botocore.session, struct, sys
kms = botocore.session.Session().create_client('kms', endpoint_url=sys.argv[1])
context = {'lambdaimg:purpose': 'manifest', 'lambdaimg:repository': sys.argv[2], 'lambdaimg:object': sys.argv[3]}
key = kms.decrypt(KeyId='alias/images', CiphertextBlob=open('kept', 'rb').read()[16:], EncryptionContext=context)['Plaintext']
blob = kms.encrypt(KeyId=sys.argv[4], Plaintext=key, EncryptionContext=context)['CiphertextBlob']
sys.stdout.buffer.write(b'LIMGWRAP' + struct.pack('<HHI', 1, 0, len(blob)) + blob)
END
}
wrapped_by alias/images >"$wrap"
rm -f got
run 0 "a wrap that another client has made by the page opens" pull demo:1 -o got

# An attacker has a key of their own, which the account may use, and knows every context, even the key.
wrapped_by "arn:aws:kms:eu-west-1:444455556666:key/$strange_key" >"$wrap"
unwrapped "a wrap by an attacker's key" "another key has wrapped this; give that key with --kms"
rm -f got
run 0 "all is well" pull demo:1 -o got
is "$(cat "$kms/err")" "" "the server has nothing to complain of"
finish
