#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a shell can do to the program: descriptors that are closed or full, outputs in odd places,
# names that are hard to print, and next to no resources.
. "$(dirname "$0")/lib.sh"

layer small <<END
dir ./
file etc/passwd text=root:x:0:0
END
make_docker_old app.tar app:1 "$WORK/small.tar"
new_repository "$WORK/repo"
quietly push app.tar app:1
quietly convert app.tar -o want.ext4
mkdir out

# ---- messages ------------------------------------------------------------------------------------

# says STATUS WHAT TEXT ARGUMENT...: one line on standard error, which is exactly this.
says() {
    local status=$1 what=$2 text=$3
    shift 3

    run "$status" "$what" "$@"
    is "$(cat "$ERR")" "lambdaimg: $text" "$what: says it once"
}

says 2 "an option that is none" "ls: --frob is not an option; lambdaimg ls --help shows how" ls --frob
says 2 "a letter that is none" "ls: -x is not an option; lambdaimg ls --help shows how" ls -xy
says 2 "a flag with an argument" "ls: --json takes no argument; lambdaimg ls --help shows how" ls --json=1
says 2 "an option without its own" "ls: --repo needs an argument; lambdaimg ls --help shows how" ls --repo
says 2 "too many operands" "ls: got 1 operand, but expected none" ls a
says 2 "no output" "no output file is given; name one with -o FILE" pull app:1
says 2 "a command with a line break" 'there is no command "a?b"; lambdaimg --help lists them' $'a\nb'
says 1 "pull of what is not there" \
    "cannot pull app:9: there is no image app:9 in dir:$WORK/repo" pull app:9 -o out/x
says 1 "push of what is not there" \
    "cannot push no?where: cannot open it: No such file or directory" push $'no\nwhere' x:1
says 1 "init of what is there" \
    "cannot create the repository: dir:$WORK/repo: there is a repository already" init

# ---- descriptors -------------------------------------------------------------------------------

# shell STATUS WHAT COMMAND
shell() {
    bash -c "$3" >"$OUT" 2>"$ERR"
    is "$?" "$1" "$2"
}

export LAMBDAIMG
# shellcheck disable=SC2016
{
    shell 1 "ls to a full device" '"$LAMBDAIMG" ls >/dev/full'
    is "$(cat "$ERR")" "lambdaimg: cannot write to standard output" "and says so"
    shell 1 "inspect --json to a full device" '"$LAMBDAIMG" inspect app:1 --json >/dev/full'
    is "$(cat "$ERR")" "lambdaimg: cannot write to standard output" "and says so"
    shell 1 "ls to nowhere" '"$LAMBDAIMG" ls >&-'
    shell 0 "convert without standard descriptors" '"$LAMBDAIMG" convert app.tar -o out/x <&- >&- 2>&-'
    same want.ext4 out/x "convert without standard descriptors: the image is right"
    shell 1 "a failure without standard descriptors" '"$LAMBDAIMG" convert no.tar -o out/x <&- >&- 2>&-'
    shell 1 "push without standard output" '"$LAMBDAIMG" push app.tar b:1 >&- 2>&-'
}
run 0 "what it pushed is right" verify b:1

finish
