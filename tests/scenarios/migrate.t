#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys of a repository in use are replaced: from a key file to AWS KMS, by the commands of lambdaimg-aws-kms(7); from one
# key of AWS KMS to another, in one region and in two; and by a key for emergencies when AWS KMS refuses.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/kms.sh"

kms_start
account=arn:aws:kms:eu-west-1:111122223333
page=$top/man/lambdaimg-aws-kms.7.in
file=file:$WORK/file.key emergency=file:$WORK/emergency.key
export AWS_ACCESS_KEY_ID=AKOPERATOR AWS_SECRET_ACCESS_KEY=secret-operator AWS_REGION=eu-west-1

layer base <<'END'
file file size=600000 fill=1
END
make_docker_old app.tar team/app:1.0 "$WORK/base.tar"
export LAMBDAIMG_KMS=$file
new_repository "$WORK/repo"
quietly push app.tar team/app:1.0
quietly push app.tar team/app:0.9

# The one who does it may do what the page says, and no more.
policy() {
    awk '/^\.S[sh] / { on = $0 == ".Ss Operator" } /^\.Ed/ { shown = 0 } on && shown; /^\.Bd/ { shown = 1 }' "$page"
}
kms_principal AKOPERATOR operator "$(policy)"

# counted OPERATION: those that AWS KMS has answered since the last mark.
mark() {
    seen=$(wc -l <"$kms/log")
}
counted() {
    tail -n +$((seen + 1)) "$kms/log" | grep -c "^$1 ok"
}
# opens KEYS IMAGE...: a host that has these keys reads them.
opens() {
    local image
    for image in "${@:2}"; do
        run 0 "$1 opens $image" inspect "$image" --kms "$1"
    done
}
wraps_of() {
    find repo -path "*.wraps/$1" | wc -l
}

# ---- from a key file to AWS KMS, by the page ---------------------------------------------------

# The commands after "Move a repository", one a line.
awk '/^Move a repository/ { on = 1 } /^Replace a key/ { on = 0 }
    /^\.Ed/ { shown = 0 } on && shown && /^\$ / { print substr($0, 3) } /^\.Bd/ { shown = 1 }' "$page" |
    sed "s,s3://images/team,$LAMBDAIMG_REPO,; s,file:/etc/lambdaimg/key,$file,g" >commands
is "$(wc -l <commands)" 12 "the page has these commands"

# Somebody whom nobody has told yet pushes with the key file alone before the command number 8.
exec 5<commands
for ((number = 1; ; number++)); do
    read -r command <&5 || break
    [ "$number" = 8 ] && run 0 "a push by a host with the key file alone" push app.tar team/app:late --kms "$file"
    case $command in
        export*) eval "$command" ;;
        lambdaimg*)
            # shellcheck disable=SC2086
            run 0 "$command" ${command#lambdaimg }
            cp "$OUT" "said-$number"
            ;;
    esac
    [ "$number" -lt 9 ] && opens "$file" team/app:1.0
    [ "$number" -gt 5 ] && opens aws-kms:alias/images team/app:1.0 team/app:0.9
done
exec 5<&-
has said-4 '^4 of 4 objects: 4 wraps to add, 0 to remove$' "what is to be added"
has said-5 '^4 of 4 objects: 4 wraps added, 0 removed$' "and was"
has said-9 '^6 of 6 objects: 1 wrap to add, 6 to remove$' "what is to be replaced"
has said-10 '^6 of 6 objects: 1 wrap added, 6 removed$' "and was"
is "$(grep -c "aws-kms-$images_key\$" said-11)" 6 "everything is wrapped for the new key"
has_no said-11 'file-|the first key' "and nothing for the old one"
opens aws-kms:alias/images team/app:1.0 team/app:0.9 team/app:1.1 team/app:late
run 1 "the key file opens nothing" inspect team/app:1.0 --kms "$file"
run 0 "a push by the new key" push app.tar team/app:1.2
has "$OUT" 'nothing new' "finds what is stored: the salt is the same"

# ---- from one key of AWS KMS to another --------------------------------------------------------

command=$(awk '/^Replace a key/ { on = 1 } on && /^\$ lambdaimg/ { print substr($0, 3); exit }' "$page")
mark
# shellcheck disable=SC2086
run 0 "$command" ${command#lambdaimg }
has "$OUT" '^7 of 7 objects: 7 wraps added, 7 removed$' "replaces all"
is "$(counted ReEncrypt) $(counted Encrypt) $(counted Decrypt)" "7 3 3" "within AWS KMS: the new key is tried, and no key comes out"
opens aws-kms:alias/other team/app:1.0 team/app:late
run 1 "the one before opens nothing" inspect team/app:1.0 --kms aws-kms:alias/images

# A key of another region.
west=55555555-5555-4555-8555-555555555555
# shellcheck disable=SC2016
kms_world --arg id "$west" '.keys += [.keys[0] + {id: $id, regions: ["us-east-1"]}] | .aliases["alias/west"] = $id'
AWS_ENDPOINT_URL_KMS=$(cat "$kms/url-any")
west_arn=arn:aws:kms:us-east-1:111122223333:key/$west
kms_world '.principals.AKOPERATOR.policies[0].Statement[].Resource |= [., (. | sub("eu-west-1"; "us-east-1"))]'
mark
run 0 "rewrap to another region" key rewrap "aws-kms:$account:key/$other_key" "aws-kms:$west_arn" --all --salts -y
is "$(counted ReEncrypt) $(counted Encrypt) $(counted Decrypt)" "0 10 10" "unwraps in one, and wraps in the other"
opens "aws-kms:$west_arn" team/app:1.0
run 0 "and back" key rewrap "aws-kms:$west_arn" "aws-kms:$account:key/$images_key" --all --salts -y

# ---- a key that does not do what it should -----------------------------------------------------

find repo -type f ! -name '.tmp*' -exec sha256sum {} + | sort >before
kms_faults '[{"operation": "Decrypt", "times": 99, "code": "AccessDeniedException"}]'
run 1 "rewrap to a key that may not decrypt" key rewrap aws-kms:alias/images aws-kms:alias/other --all -y
has "$ERR" 'the new key aws-kms-.* cannot be used, and nothing was changed: .*the caller needs kms:Decrypt' "says so"
kms_faults '[]'
find repo -type f ! -name '.tmp*' -exec sha256sum {} + | sort >after
same_text before after "nothing was changed"

# ---- a key for emergencies ---------------------------------------------------------------------

quietly key new "$emergency"
run 0 "add a key for emergencies" key add "$emergency" --all --salts -y
both=aws-kms:$account:key/$images_key,$emergency
run 0 "a push for both" push app.tar team/app:1.3 --kms "aws-kms:alias/images" --kms "$emergency"
for state in Disabled PendingDeletion; do
    kms_key images "{state: \"$state\"}"
    run 1 "the key of AWS KMS is $state" inspect team/app:1.0 --kms aws-kms:alias/images
    opens "$both" team/app:1.0 team/app:1.3
    opens "$emergency" team/app:1.0 team/app:late
done
quietly key new "$WORK/next.key"
run 0 "a key in its place" key add "file:$WORK/next.key" --all --salts -y --kms "$emergency"
opens "file:$WORK/next.key" team/app:1.0 team/app:1.3
run 0 "what only names say is removed without it" key remove --wrap "aws-kms-$images_key" --all --salts -y
is "$(wraps_of "aws-kms-$images_key")" 0 "all of it"
kms_key images '{state: "Enabled"}'

# ---- whose the first wrap of a salt is -----------------------------------------------------------

export LAMBDAIMG_REPO=dir:$WORK/first LAMBDAIMG_KMS=aws-kms:$account:key/$images_key
quietly init
quietly key add "$emergency" --all --salts -y
# removed_not WHAT REGEX
removed_not() {
    run 1 "remove a key that is $1" key remove "$LAMBDAIMG_KMS" --salts -y
    has "$ERR" "1 of the objects cannot be changed, of which one is: cannot find out whether .*/salts/.* is a wrap by aws-kms-$images_key: .*$2" \
        "says why nobody knows what it has wrapped"
    run 1 "rewrap from it" key rewrap "$LAMBDAIMG_KMS" "$emergency" --salts -y --json
    is "$(jq .failed "$OUT")" 1 "fails, too"
    run 1 "and its dry run" key rewrap "$LAMBDAIMG_KMS" "$emergency" --salts -n
    is "$(find first/salts -maxdepth 1 -type f | wc -l)" 1 "the wrap is still there"
}
kms_key images '{state: "Disabled"}'
removed_not disabled 'the key is disabled; enable it'
kms_key images '{state: "PendingDeletion"}'
removed_not "to be deleted" 'the key is to be deleted'
kms_key images '{state: "Enabled"}'
kms_faults '[{"operation": "*", "times": 999, "code": "AccessDeniedException"}]'
removed_not denied "the caller needs kms:Encrypt for lambdaimg:purpose=salt"
kms_faults '[]'
run 0 "remove it when it can be used" key remove "$LAMBDAIMG_KMS" --salts -y
is "$(find first/salts -maxdepth 1 -type f | wc -l)" 0 "the wrap is gone"
is "$(cat "$kms/err")" "" "the server has nothing to complain of"
finish
