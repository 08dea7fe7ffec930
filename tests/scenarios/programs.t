#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys of programs (exec:), with the two programs in contrib/kms: one for Vault's transit engine, on a strict double of
# it, and one for PKCS#11 tokens, on SoftHSM. Their keys and tokens are arguments of no program.
. "$(dirname "$0")/lib.sh"

helpers=$top/contrib/kms
store_secret=${AWS_SECRET_ACCESS_KEY:-secret-of-the-store} # a bucket needs its own
layer base <<'END'
file file size=600000 fill=1
file other size=100000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"

# What programs get as arguments, and with them the credentials of the store.
mkdir shims
for program in curl jq pkcs11-tool; do
    cat >"shims/$program" <<END
#!/bin/bash
printf '%s\n' "$program" "\$@" >>"$WORK/arguments"
env >>"$WORK/environment"
exec "$(command -v "$program")" "\$@"
END
    chmod +x "shims/$program"
done

credentials=(AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_WEB_IDENTITY_TOKEN_FILE
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)

# both_ways NAME: init, push and all that reads, with the key in LAMBDAIMG_KMS.
both_ways() {
    rm -rf repo got
    export LAMBDAIMG_REPO=dir:$WORK/repo
    : >arguments
    : >environment
    [ "${STORE:-dir}" != dir ] || export "${credentials[@]/%/=$store_secret}"
    # shellcheck disable=SC2030,SC2031
    PATH=$WORK/shims:$PATH run 0 "$1: init" init
    [ "${STORE:-dir}" != dir ] || unset "${credentials[@]}"
    PATH=$WORK/shims:$PATH run 0 "$1: push" push image.tar
    PATH=$WORK/shims:$PATH run 0 "$1: pull" pull demo:1 -o got
    has_no environment "^AWS_.*=$store_secret\$" "$1: the program does not get the store's credentials"
    run 0 "$1: verify" verify demo:1 --against image.tar
    run 0 "$1: inspect" inspect demo:1
    run 0 "$1: ls needs no key" ls
    run 0 "$1: a second push" push image.tar demo:2
    has "$OUT" 'nothing new' "$1: knows the salt"
    is "$(find repo -path '*.wraps/*' -name 'exec-*' | wc -l)" 3 "$1: wraps have the name of its key"
    run 0 "$1: files that are the same" convert image.tar -o plain
    same plain got "$1: the same image"
}

# moved WORDS: the wrap of one image in the place of another's, and changed in each part.
moved() {
    local one two

    one=$(find repo -path '*/manifests/*.wraps/*' | sort | head -n 1)
    two=$(find repo -path '*/manifests/*.wraps/*' | sort | tail -n 1)
    cp "$two" saved
    cp "$one" "$two"
    run 1 "a wrap that was moved" verify "demo@$(basename "$(dirname "$two")" .wraps)"
    has "$ERR" "$1" "does not open"
    for at in 20 50 -1; do
        cp saved "$two"
        change_byte "$two" "$at"
        run 1 "a wrap that was changed at $at" verify "demo@$(basename "$(dirname "$two")" .wraps)"
    done
    cp saved "$two"
    run 0 "the same as it was" verify "demo@$(basename "$(dirname "$two")" .wraps)"
}

# ---- Vault ------------------------------------------------------------------------------------------

mkdir vault
port=$(free_port)
echo token-of-vault >vault/token
/usr/bin/python3 "$top/tests/vault-server" "$port" "$WORK/vault" 2>vault/errors &
started+=("$!")
export VAULT_ADDR=http://127.0.0.1:$port VAULT_TOKEN=token-of-vault
# shellcheck disable=SC2317
answers() {
    curl -s -o "$WORK/.answer" "http://127.0.0.1:$port/"
}
ok "the double of Vault answers" await answers
export LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-vault' images"

both_ways vault
has arguments '^curl$' "curl was asked"
has_no arguments token-of-vault "the token is no argument"
while read -r _ body; do
    jq -r '.plaintext // empty' <<<"$body"
done <vault/log >plaintexts
ok "keys were wrapped" test "$(sort -u plaintexts | wc -l)" -gt 3
not_ok "none of them is an argument" grep -qFf plaintexts arguments
not_ok "nor in an environment" grep -qFf plaintexts environment
while read -r _ body; do
    jq -r .associated_data <<<"$body" | base64 -d
    echo
done <vault/log >contexts
id=$(jq -r .repository repo/lambdaimg.json)
for purpose in manifest salt repository; do
    has contexts "^$purpose:$id:[0-9a-f]{32}$" "the context is Vault's associated data: $purpose"
done
moved 'answered with 400 to decrypt .*message authentication failed'
: >vault/rotate
run 0 "a push after the key was rotated" push image.tar demo:3
run 0 "what was wrapped before opens" verify demo:1
run 0 "and what was wrapped after" verify demo:3

refused() {
    run 1 "$1" verify demo:1
    has "$ERR" "$2" "says why"
}
VAULT_TOKEN=wrong refused "a wrong token" 'answered with 403 .*permission denied; invalid token .*does the token.s policy allow'
VAULT_TOKEN='' refused "no token" 'there is no token: set VAULT_TOKEN'
VAULT_ADDR='' refused "no address" 'VAULT_ADDR is not set'
VAULT_ADDR=http://127.0.0.1:1 refused "no server" 'exit status 75: .*no answer from http://127.0.0.1:1'
printf '503\n{"errors":["Vault is sealed"]}' >vault/answer
refused "a sealed Vault" 'exit status 75: .*answered with 503 .*Vault is sealed'
printf '200\n{"data":{}}' >vault/answer
refused "an answer without a key" 'something else than a result'
printf '200\n{"data":{"plaintext":"QUFB"}}' >vault/answer
refused "a key of three bytes" 'has 3 bytes, not 32'
printf '200\n<html>' >vault/answer
refused "a page" 'something else than a result'
printf '400\n{"errors":["\\u001b[2J"]}' >vault/answer
refused "what would clear a terminal" 'answered with 400'
has_no "$ERR" $'\033' "is not passed on"
rm vault/answer
mkdir -p "$HOME"
echo token-of-vault >"$HOME/.vault-token"
VAULT_TOKEN='' run 0 "the token of vault login" verify demo:1
LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-vault' pair" run 1 "a key that encrypts without associated data" push image.tar
LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-vault' others" run 1 "another key" pull demo:1 -o none
has "$ERR" 'was not wrapped for this key' "has no wrap"
LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-vault' 'a/../b'" run 1 "what is no name of a key" pull demo:1 -o none
LAMBDAIMG_KMS="exec:$WORK/absent" run 1 "a program that does not exist" pull demo:1 -o none
has "$ERR" "exec:$WORK/absent: cannot run $WORK/absent: No such file" "says so"
printf '#!/bin/sh\nexec sleep 1000\n' >sleeper
chmod +x sleeper
LAMBDAIMG_KMS="exec:$WORK/sleeper" run 1 "a program that never ends" pull demo:1 -o none --timeout 1
has "$ERR" 'did not end within 1 second$' "is given up"
printf '#!/bin/sh\necho said aside >&2\nexec "%s" "$@"\n' "$helpers/lambdaimg-kms-vault" >talker
chmod +x talker
LAMBDAIMG_KMS="exec:$WORK/talker images" run 0 "what a program says" inspect demo:1
has "$ERR" "^lambdaimg: note: $WORK/talker: said aside$" "is passed on"

# ---- a PKCS#11 token -----------------------------------------------------------------------------------

module=$(find /usr/lib -name libsofthsm2.so | head -n 1)
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$WORK/tokens" >softhsm2.conf
export SOFTHSM2_CONF=$WORK/softhsm2.conf LAMBDAIMG_PKCS11_PIN_FILE=$WORK/pin
echo pin-of-the-token >pin
ok "a token" softhsm2-util --init-token --free --label images --pin pin-of-the-token --so-pin another-pin
for id in 01 02; do
    ok "a key in it: $id" pkcs11-tool --module "$module" --token-label images --login --pin pin-of-the-token --keygen \
        --key-type GENERIC:32 --id "$id" --usage-sign
done
export LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-pkcs11' $module images 01"
both_ways token
has arguments '^pkcs11-tool$' "the token was asked"
has_no arguments pin-of-the-token "the PIN is no argument"
moved 'was made with another key, or was moved or changed'
LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-pkcs11' $module images 02" run 1 "another key of the token" \
    pull demo:1 -o none
has "$ERR" 'was not wrapped for this key' "has no wrap"
find repo -path '*.wraps/*' | while read -r wrap; do
    cp "$wrap" "$(dirname "$wrap")/exec-pkcs11-images-$(printf 'images\n02\n' | sha256sum | cut -c 1-8)"
done
LAMBDAIMG_KMS="exec:'$helpers/lambdaimg-kms-pkcs11' $module images 02" refused "a wrap under the name of that key" \
    'was made with another key'
echo wrong >pin
refused "a wrong PIN" 'does not sign with the key 01'
rm pin
refused "no PIN" 'cannot read the PIN'
finish
