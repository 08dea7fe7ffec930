#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A push of which one chunk is refused for good ends at once, with that reason, although others hang or
# wait for their next attempt; and the repository takes the next one.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/proxy.sh"

LAMBDAIMG_REPO=s3://$S3_BUCKET/$(basename "$WORK")
export LAMBDAIMG_REPO
# With its ID, since a proxy is another address.
LAMBDAIMG_REPO+=#$("$LAMBDAIMG" init | sed -n 's/^its ID is //p')
layer base <<<'file large size=16000000 fill=5'
make_docker_old app.tar app:1 base.tar
quietly convert app.tar -o app.ext4

# What is refused comes a second after all were sent; the rest is reading and hashing. Those that are asked
# to come back do so after 20 seconds.
denied_push() {
    local start=${EPOCHREALTIME/./} taken

    proxy 1 100 deny
    AWS_ENDPOINT_URL_S3=$PROXY run 1 "$1: a push that is refused" push app.tar "${@:2}"
    taken=$((${EPOCHREALTIME/./} - start))
    end_proxy
    is "$(awk '$2 == "deny" && $6 == 403' "$PROXY_LOG" | wc -l)" 1 "$1: once"
    ok "$1: it ends at once: after $taken microseconds" test "$taken" -lt 15000000
    has "$ERR" "403 AccessDenied" "$1: it says why"
    has_no "$ERR" "stopped" "$1: and nothing of what was called off"
}

denied_push "with a memo"
denied_push "without" --no-memo
run 0 "ls" ls
has_no "$OUT" app "shows nothing of it"
run 0 "the next push" push app.tar
run 0 "verifies" verify app:1
quietly pull app:1 -o got.ext4
same app.ext4 got.ext4 "and is the image"

finish
