#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# That tests/with-canary notices each way to change a file, says what was changed, and fails.
. "$(dirname "$0")/lib.sh"

mkdir -p machine/below
echo text >machine/below/file
ln -s below machine/link

# changes WHAT COMMAND...: with-canary sees what COMMAND does, and fails.
changes() {
    local what=$1
    shift

    "$top/tests/with-canary" -a machine "$@" 2>changed
    is $? 1 "$what is noticed"
    has changed '^[<>] machine' "and shown"
}

ok "where nothing changes, nothing is said" "$top/tests/with-canary" -a machine -t . true
"$top/tests/with-canary" -a machine sh -c 'exit 3'
is $? 3 "it ends with the command's status"
# shellcheck disable=SC2317 # by changes
other_text() {
    touch -r machine/below/file time
    echo next >machine/below/file
    touch -r time machine/below/file
}
export -f other_text
changes "another text of the same length and time" bash -c other_text
changes "another mode" chmod 600 machine/below/file
changes "another link" ln -sfn elsewhere machine/link
changes "a new file" touch machine/below/new
changes "a removed file" rm machine/below/new
"$top/tests/with-canary" -t machine touch machine/new 2>changed
is $? 1 "a new file in a directory of which only the top is looked at is noticed"
has changed '^> machine/new' "and shown"
"$top/tests/with-canary" -t machine sh -c 'echo more >>machine/new; echo more >machine/below/new' 2>changed
is $? 0 "what happens to it later is not, nor is what happens below"
rm -r machine/below machine/new

# ---- what it looks at by default ---------------------------------------------------------------

# By a find that only notes what it is asked for.
mkdir programs
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>%s\n' "$WORK/asked" >programs/find
chmod +x programs/find
PATH=$WORK/programs:$PATH "$top/tests/with-canary" true
for path in /etc /usr/bin /usr/lib /usr/local "$HOME/.aws" "$HOME" / /root /var /dev; do
    ok "it looks at $path" grep -qxF "$path" asked
done

finish
