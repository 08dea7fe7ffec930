#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The known answers in testdata/wraps.txt are those of the second implementation, tests/wrap-vectors. That the library
# gives them, too, is for test_vectors.c.
. "$(dirname "$0")/lib.sh"

ok "the second implementation runs" /usr/bin/python3 "$top/tests/wrap-vectors"
/usr/bin/python3 "$top/tests/wrap-vectors" >answers
same_text "$top/testdata/wraps.txt" answers "its answers are those that are kept"
is "$(cut -d ' ' -f 1 answers | sort | uniq -c | tr -s ' \n' ' ')" " 4 derive 4 exec 4 file " "of each kind"
finish
