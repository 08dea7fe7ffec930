#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The tests' own AWS KMS is as strict as AWS: Amazon's own client works with it, and is refused what AWS refuses.
. "$(dirname "$0")/lib.sh"
. "$scenarios/kms.sh"

kms_start
while read -r status what; do
    result "$status" "$what" </dev/null
done < <("$top/tests/kms-client" "$kms" 2>"$ERR" || echo "1 the client ends well: $(tail -n 1 "$ERR")")
has_no "$kms/log" "thirty-two" "no plaintext is in the server's log"
is "$(cat "$kms/err")" "" "the server has nothing to complain of"
finish
