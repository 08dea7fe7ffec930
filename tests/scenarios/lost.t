#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A mount over a store that has lost or spoilt a chunk: each request is answered as of the whole image
# or with EIO, never as if something were not there, and rightly again once the chunk is back. SOAK: each
# chunk in each way; else each in one of them.
. "$(dirname "$0")/lib.sh"
require_mount

{
    echo "dir names"
    # Of 200 bytes each: inode tables and the directory go over a chunk.
    for ((i = 0; i < 2600; i++)); do
        printf 'file names/%0200d\n' "$i"
    done
    printf 'dir d\nfile d/policy text=deny\nfile d/big size=1200000 fill=1\nsymlink d/short policy\n'
    printf 'symlink d/long %0800d\nlink d/twin d/policy\n' 7
    printf 'file d/attributes xattr.user.small=v xattr.user.large=%0900d\n' 8
    printf 'file d/denied text=secret mode=644 pax.SCHILY.acl.access=%s\n' \
        'user::rw-,user:1000:---,group::r--,mask::r--,other::r--'
} | layer lost
make_docker_old lost.tar lost:1 lost.tar
new_repository "$WORK/repo"
quietly push lost.tar lost:1
cp -a repo whole
mnt=$WORK/mnt
mapfile -t chunks < <(cd repo && printf '%s\n' roots/*/chunks/*/*)
ok "the image has some chunks: ${#chunks[@]}" test "${#chunks[@]}" -ge 6

# ---- questions ---------------------------------------------------------------------------------

# question NAME COMMAND...: a line with the digest of what it prints, "EIO", or its own reason to fail.
question() {
    local name=$1 status
    shift

    "$@" >"$WORK/.answer" 2>"$WORK/.why"
    status=$?
    if [ "$status" -eq 0 ]; then
        echo "$name: $(digest_of "$WORK/.answer")"
    elif grep -q 'Input/output error' "$WORK/.why"; then
        echo "$name: EIO"
    else
        echo "$name: status $status, $(sed 's/.*: //; q' "$WORK/.why")"
    fi
}

# shellcheck disable=SC2012,SC2317 # it is ls that is asked; by question
count() (
    set -o pipefail
    ls -f "$1" | wc -l
)

# seek FILE OFFSET WHENCE: 3 is the next data, 4 the next hole.
# shellcheck disable=SC2016,SC2317 # perl's variables; by question
seek() {
    perl -e 'open(F, "<", $ARGV[0]) or die "$!\n"; print sysseek(F, $ARGV[1], $ARGV[2]) // die "$!\n"' "$@"
}

# shellcheck disable=SC2317 # by question
copy() {
    rm -rf "$WORK/copy"
    cp -a "$1" "$WORK/copy" && (cd "$WORK/copy" && find . -printf '%P %s %m %l\n' | sort)
}

# ask: everything.
ask() {
    question lookup stat -c '%n %s %f' "$mnt/d/policy" "$mnt/d/short"
    question "look-ups in an index" stat -c '%s %f' "$mnt/names/$(printf %0200d 0)" \
        "$mnt/names/$(printf %0200d 1300)" "$mnt/names/$(printf %0200d 2599)"
    question "an absent name" stat "$mnt/names/absent"
    question readdir ls -f "$mnt/names"
    question "readdir, counted" count "$mnt/names"
    question readdirplus ls -lnU --time-style=+%s "$mnt/names"
    question readlink readlink -v "$mnt/d/short" "$mnt/d/long"
    question read cat "$mnt/d/policy" "$mnt/d/big" "$mnt/d/twin"
    question "seek for a hole" seek "$mnt/d/big" 0 4
    question "seek for data" seek "$mnt/d/big" 700000 3
    question listxattr getfattr -m - "$mnt/d/attributes"
    question getxattr getfattr --only-values -n user.large "$mnt/d/attributes"
    question "an absent attribute" getfattr -n user.absent "$mnt/d/attributes"
    question "an ACL" getfacl -np "$mnt/d/denied"
    if [ "$(id -u)" -eq 0 ]; then
        question "who is denied" setpriv --reuid 1000 --regid 1000 --clear-groups cat "$mnt/d/denied"
    fi
    question "cp -a" copy "$mnt/d"
    question statfs stat -f -c '%S %b %c' "$mnt"
}

# wrong ANSWERS: those that are neither the whole image's nor EIO.
wrong() {
    diff "$WORK/right" "$1" | grep '^>' | grep -v ': EIO$'
}

# ---- damage ------------------------------------------------------------------------------------

# spoil HOW NUMBER: a chunk of the repository.
spoil() {
    local chunk=repo/${chunks[$2]} other=whole/${chunks[($2 + 1) % ${#chunks[@]}]}

    case $1 in
    removed) rm -f "$chunk" ;;
    cut) truncate -s -100 "$chunk" ;;
    changed) change_byte "$chunk" -40 ;;
    exchanged) rm -f "$chunk" && cp "$other" "$chunk" ;;
    esac
    repository_changed repo
}

bring_back() {
    rm -f "repo/${chunks[$1]}"
    cp -a "whole/${chunks[$1]}" "repo/${chunks[$1]}"
    repository_changed repo
}

mount_image lost:1 "$mnt"
ask >right
quietly umount "$mnt"
wait "$MOUNT_PID"
has_no right ': EIO$' "nothing fails of what is whole"
is "$(grep -c ' status ' right)" "$([ "$(id -u)" -eq 0 ] && echo 3 || echo 2)" "but what is absent, or denied"
has right 'absent name: .*No such file' "an absent name is not there"

# lose HOW NUMBER: by a mount of its own, of which nothing is cached yet.
lose() {
    local what="chunk $2, $1"

    mount_image lost:1 "$mnt" --memory 4
    spoil "$1" "$2"
    ask >spoilt
    is "$(wrong spoilt)" "" "$what: no answer is wrong"
    failed=$(grep -c ': EIO$' spoilt)
    failures=$((failures + failed))
    if [ "$failed" -gt 0 ]; then
        has .mount.err '^lambdaimg: lost:1: .*chunk [0-9]+: ' "$what: it is said"
        ok "$what: and not again and again" test "$(wc -l <.mount.err)" -le 34
    fi
    bring_back "$2"
    ask >again
    same_text right again "$what: all is right again when it is back"
    quietly umount "$mnt"
    wait "$MOUNT_PID"
}

ways=(removed cut changed exchanged)
failures=0
for ((n = 0; n < ${#chunks[@]}; n++)); do
    if [ -n "$SOAK" ]; then
        for way in "${ways[@]}"; do
            lose "$way" "$n"
        done
    else
        lose "${ways[n % 4]}" "$n"
    fi
done
ok "requests failed: $failures" test "$failures" -gt "${#chunks[@]}"

# ---- all of them, in the background ------------------------------------------------------------

mounted+=("$mnt")
"$LAMBDAIMG" mount lost:1 "$mnt" 2>log
ok "a mount in the background" is_mounted "$mnt"
for ((n = 0; n < ${#chunks[@]}; n++)); do
    rm "repo/${chunks[n]}"
done
repository_changed repo
ask >spoilt
is "$(wrong spoilt)" "" "without a chunk no answer is wrong"
ok "most of them fail" test "$(grep -c ': EIO$' spoilt)" -ge 12
has log '^lambdaimg: lost:1: .*chunk [0-9]+: ' "and why is in the file that is its standard error"
cp -a whole/. repo/
repository_changed repo
ask >again
same_text right again "all is right again when they are back"
run 0 "umount" umount "$mnt"

finish
