#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Servers of S3 that are not AWS's, and do not do all that it does: tests/aws-server with one habit after
# the other. Beside it nothing is needed.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/aws.sh"

echo 'AKIATEST secret-test' >"$aws/keys"
export AWS_ACCESS_KEY_ID=AKIATEST AWS_SECRET_ACCESS_KEY=secret-test AWS_ENDPOINT_URL_S3=$url
sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
quietly convert app.tar -o app.ext4

# habits WORD...: these and no others.
habits() {
    echo "$*" >"$aws/s3-habits"
    : >"$aws/log"
}

# ---- listings ----------------------------------------------------------------------------------

for habit in '' plain-listings; do
    habits "$habit"
    export LAMBDAIMG_REPO="s3://bucket/a+b 100% %41 ü&<$habit>"
    run 0 "${habit:-listings that are encoded}: init under a strange prefix" init
    run 0 "push" push app.tar app:1
    run 0 "push again" push app.tar app:2 --no-memo --stats
    has "$OUT" 'nothing new' "finds what is there"
    run 0 "ls" ls
    has "$OUT" app:2 "shows it"
    run 0 "pull" pull app:1 -o got.ext4
    same app.ext4 got.ext4 "gives what convert gives"
    run 0 "rm" rm app:1
done

finish
