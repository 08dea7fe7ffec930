# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What is in the memory of commands, for scenarios that begin with lib.sh. The secrets to look for are in the file
# secrets, as tests/tools/secrets.c writes them.
[ "$(id -u)" -eq 0 ] || skip_all "only root may look at another process's memory"

sanitized=
! grep -qE "__(a|t|m)san_" "$LAMBDAIMG" || sanitized="a sanitizer keeps memory that was freed"

# held PID WANTED WHAT: of the secrets, the process holds those, and no others.
held() {
    if [ -n "$sanitized" ]; then
        skip "$3" "$sanitized"
        return
    fi
    is "$("$TOOLS/memscan" secrets "$1")" "$2" "$3"
}

# left WANTED ARGUMENT...: of the secrets, a command holds those when it ends. What it freed is not given back
# to the system meanwhile, as far as that can be had.
left() {
    local want=$1 got
    shift

    if [ -n "$sanitized" ]; then
        skip "what is left at the end of $1" "$sanitized"
        return
    fi
    got=$(MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=1000000000 "$TOOLS/memscan" secrets "$LAMBDAIMG" "$@" 2>"$ERR") || got="exit status $? $(tail -n 1 "$ERR")"
    is "$got" "$want" "what is left at the end of $*"
}

# freed ARGUMENT...: nothing that a command frees, or a library for it, still holds a secret. DESIGN.md, D17, names
# the libraries that may.
freed() {
    if [ -n "$sanitized" ]; then
        skip "what $1 frees" "$sanitized"
        return
    fi
    : >freed
    ok "$* ends well" env "${watched[@]}" "$LAMBDAIMG" "$@"
    freed_wiped "$1"
}
freed_wiped() {
    grep -vE ' lib(zstd|archive|c)\.so' freed >freed.others
    has_no freed.others . "what $1 frees is wiped"
}
watched=(LD_PRELOAD="$TOOLS/freescan.so" FREESCAN_SECRETS="$WORK/secrets" FREESCAN_OUT="$WORK/freed")
