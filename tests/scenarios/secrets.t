#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Secrets in memory: which keys and plaintexts a command holds while it runs, what is left of them
# when it ends, and who else gets to see its memory.
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$scenarios/memory.sh"

# Small files, which share chunks, all over the layer, and one that spans several chunks.
content=what_is_in_the_file_and_nowhere_else
{
    echo 'dir ./'
    for i in {1..200}; do
        echo "file small/$i text=$content"
        echo "file others/$i size=8000 fill=$i"
    done
    echo 'file large size=3000000 fill=7'
} | layer app
make_docker_old image.tar app:1 "$WORK/app.tar"
make_oci_tar oci.tar 1 gzip "$WORK/app.tar"
make_oci_tar oci-zstd.tar 1 zstd "$WORK/app.tar"
make_oci_tar oci-xz.tar 1 xz "$WORK/app.tar"
new_repository "$WORK/repo"
quietly push image.tar app:1 --no-memo
"$TOOLS/secrets" app:1 "environment=SECRET=the-sum-of-all-tests" "content=$content" >secrets ||
    { echo "Bail out! the secrets are not known"; exit 1; }

# ---- while a command runs ----------------------------------------------------------------------

# begin COMMAND...: in a directory of its own, with a pipe as its standard input, which gives it one byte and
# then nothing until `release` ends it. Sets PID. It has taken that byte when this returns.
mkfifo pipe
mkdir -m 1777 its-own
begin() {
    (cd its-own && exec "$@" <../pipe >"$OUT" 2>"$ERR") &
    PID=$!
    started+=("$PID")
    exec 9>pipe
    printf x >&9
    await is_taken || echo "# $* does not read its input"
}
# shellcheck disable=SC2317
is_taken() {
    perl -e 'my $left = pack "i", 0; ioctl STDOUT, 0x541b, $left or die "FIONREAD: $!"; exit unpack "i", $left' >&9
}
release() {
    exec 9>&-
    wait "$PID" 2>/dev/null
}

# broker_of PID
broker_of() {
    grep -ls "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status | sed 's|/proc/||; s|/status||'
}

# What wraps is in memory only where the key is a file.
wrapping=
[ "${KMS:-file}" != file ] || wrapping="wrapping"
begin "$LAMBDAIMG" push - app:2 --no-memo
held "$PID" "repository" "what parses holds the repository's key, for its root, and no other yet"
held "$(broker_of "$PID")" "$wrapping" "its broker holds the key that wraps, for the manifest, and no other"
release

begin "$LAMBDAIMG" verify app:1 --against -
held "$PID" "chunk" "it holds the keys of chunks, and none that opened them"
release

obstacle=$("$top/scripts/mount-obstacle")
mnt=$WORK/mnt
if [ -z "$obstacle" ]; then
    mount_image app:1 "$mnt"
    is "$(cat "$mnt/small/7")" "$content" "a file is read"
    held "$MOUNT_PID" "chunk content" "the loader holds keys of chunks, and what was read; no other key, no config"
    held "$(broker_of "$MOUNT_PID")" "" "its broker holds none any more"
    umount "$mnt"
    wait "$MOUNT_PID"
else
    skip "what a loader holds" "$obstacle"
fi

# ---- who else gets to see it -------------------------------------------------------------------

# A process that is like the program in all that these tests look at, but does not hide.
other=$(type -P cat)
cp "$LAMBDAIMG" its-own/lambdaimg
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# is_seen PID: by another process of the user.
# shellcheck disable=SC2317
is_seen() {
    "${as_nobody[@]}" cat "/proc/$1/environ" >/dev/null
}
begin "${as_nobody[@]}" "$other"
ok "a user sees the environment of another program of theirs" is_seen "$PID"
release
begin "${as_nobody[@]}" "$WORK/its-own/lambdaimg" convert - -o "$TMPDIR/nobody.ext4"
is "$(awk '/^Uid:/ { print $2 }' "/proc/$PID/status")" 65534 "a user's process"
not_ok "does not show what it has to others of the user" is_seen "$PID"
release

# dumps COMMAND...: it leaves a core where it is killed, and nothing limits that.
dumps() {
    begin "$@"
    prlimit --pid "$PID" --core=unlimited:unlimited
    kill -ABRT "$PID"
    release
    [ -n "$(find its-own -name '*core*')" ]
}
if dumps "$other"; then
    rm its-own/*core*
    not_ok "where other programs leave a core, a push does not" dumps "$LAMBDAIMG" push - app:2
else
    skip "no core" "cores are not left in the working directory here"
fi
begin "$LAMBDAIMG" push - app:2
is "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$PID/limits")" "0 0" "its limit is none, for what it starts, too"
release

# ---- at the end --------------------------------------------------------------------------------

is "$("$TOOLS/memscan" secrets "$(type -P echo)" "$content")" content "what a program holds at its end is found"
left "" push image.tar app:3
left "" push oci.tar app:4 --check-existing
left "" verify app:1 --against image.tar
left "" pull app:1 -o app.ext4
left "" inspect app:1
left "" ls
left "" convert image.tar -o app.ext4

# ---- what is freed on the way ------------------------------------------------------------------

: >freed
# shellcheck disable=SC2016
env "${watched[@]}" perl -e 'my $copy = "$ARGV[0]!"; undef $copy' "$content"
has freed '^content ' "what another program frees, and does not wipe, is found"
gzip -k image.tar
freed init "dir:$WORK/new"
freed push image.tar app:5
freed push image.tar.gz app:5 --dry-run
freed push oci.tar app:5 --check-existing
freed push oci-zstd.tar app:5 --no-memo
freed push oci-xz.tar app:5 --no-memo
freed verify app:1 --against image.tar
find repo/roots/*/chunks -type f | while read -r chunk; do change_byte "$chunk" 100; done
freed verify app:1 --repair image.tar
freed pull app:1 -o app.ext4
freed inspect app:1 --json
freed ls
freed convert oci.tar -o app.ext4
if [ -z "$sanitized" ] && [ -z "$obstacle" ]; then
    : >freed
    export "${watched[@]}"
    mount_image app:1 "$mnt"
    unset "${watched[@]%%=*}"
    ok "files are read" sha256sum "$mnt/small/8" "$mnt/others/9" "$mnt/large"
    umount "$mnt"
    wait "$MOUNT_PID"
    freed_wiped mount
else
    skip "what a loader frees" "${sanitized:-$obstacle}"
fi

finish
