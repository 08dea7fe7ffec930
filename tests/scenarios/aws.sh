# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The services of AWS that give credentials, and as much of S3 as it takes to see them expire:
# tests/aws-server, on loopback. For scenarios that begin with lib.sh. Sets url, where the server is, and
# aws, the directory by which it is told what to do and tells what it was asked; both are in its comment.

unset "${!AWS_@}"
export AWS_EC2_METADATA_DISABLED=true
aws=$WORK/aws
mkdir -p "$aws" "$HOME/.aws/sso/cache"
touch "$aws/log"
# shellcheck disable=SC2154
"$top/tests/aws-server" "$aws" &
started+=("$!")
await test -s "$aws/url"
# shellcheck disable=SC2034
url=$(cat "$aws/url") || exit 1

# counted REGEX: lines of the server's log.
counted() {
    grep -Ec -- "$1" "$aws/log"
}

# logged REGEX WHAT: what the server was asked last.
logged() {
    tail -n 1 "$aws/log" >"$WORK/.logged"
    has "$WORK/.logged" "$1" "$2"
}

config() {
    cat >"$HOME/.aws/config"
}

credentials() {
    cat >"$HOME/.aws/credentials"
}

# ---- lambdaimg key whoami ----------------------------------------------------------------------

# key STATUS WHAT [NAME=VALUE...] [ARGUMENT...]: lambdaimg key whoami in that environment. All that it
# says is kept, to look for secrets.
key() {
    local status=$1 what=$2 program=$LAMBDAIMG got
    local -a set=()
    shift 2

    while [[ ${1-} == [A-Za-z]*=* ]]; do
        set+=("$1")
        shift
    done
    timeout -k 5 60 env "${set[@]}" "$program" key whoami "$@" >"$OUT" 2>"$ERR"
    got=$?
    cat "$OUT" "$ERR" >>"$WORK/said"
    [ "$got" -eq "$status" ] && [ -z "$(check_promise "$status")" ]
    result $? "$what" < <(echo "exit status $got"; cat "$ERR" "$OUT")
}

# who REGEX WHAT ...: these credentials are found.
who() {
    local wanted=$1 what=$2
    shift

    key 0 "$@"
    has "$OUT" "^access key  $wanted\$" "$what: $wanted"
}

# no REGEX WHAT ...: none, and the message says so.
no() {
    local wanted=$1 what=$2
    shift

    key 1 "$@"
    has "$ERR" "$wanted" "$what: the message"
}

# none_shown: no secret of the server's, nor of the files that tests write, was in what was said.
none_shown() {
    has_no "$WORK/said" 'secret-[^ ]|secret\.|refresh-[0-9]|renewed-[0-9]|imds-[0-9]|client-secret' \
        "no secret was ever shown"
}
