#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A full disk is a clear error, and what was begun there goes away again.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all "needs root, for a small file system"
mkdir small
mount -t tmpfs -o size=2m none small 2>/dev/null || skip_all "root may not mount here"
mounted+=("$WORK/small")

sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
make_oci_tar app.oci 1 gzip "${LAYERS[@]}"

run 1 "convert to a full disk" convert app.tar -o small/out.ext4
has "$ERR" 'No space left' "it says why"
is "$(files_of small)" "" "and leaves nothing"
for input in app.oci app.tar; do
    TMPDIR=$WORK/small run 1 "convert - with temporary files on a full disk, $input" \
        convert - -o out.ext4 < <(cat "$input")
    has "$ERR" "in $WORK/small: .*No space left" "it says where and why"
    is "$(files_of small)" "" "and leaves nothing"
done
TMPDIR=$WORK/small run 1 "convert with layers inflated on a full disk" convert app.oci -o out.ext4
# Several layers fill it at once, and any of them may be the one that finds it full, or as good as full.
has "$ERR" "in $WORK/small: .*No space left|too many for the file system of $WORK/small" "it says where and why"
is "$(files_of small)" "" "and leaves nothing"
not_ok "nor the file" test -e out.ext4

export LAMBDAIMG_REPO=dir:$WORK/small/repo
quietly init
files_of small >before
run 1 "push to a full disk" push app.tar app:1
has "$ERR" 'No space left' "it says why"
files_of small | grep -v /chunks/ >after
same_text before after "and leaves nothing but chunks"
run 0 "ls works" ls
is "$(cat "$OUT")" "" "and has nothing"
mount -o remount,size=20m small
run 0 "with more room the push goes on" push app.tar app:1
run 0 "pull" pull app:1 -o got.ext4
quietly convert app.tar -o app.ext4
same app.ext4 got.ext4 "what it pushed is whole"

finish
