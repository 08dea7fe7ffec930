#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# That a test harms nothing outside its work directory: what it writes elsewhere is refused, what it leaves running
# ends, and processes of others are out of its reach. What is tried here would do no harm either: files are opened and
# not written, and what is made is removed.
. "$(dirname "$0")/lib.sh"

build=$(dirname "$LAMBDAIMG")
sandbox=$TOOLS/sandbox

# ---- where there can be no sandbox -------------------------------------------------------------

required=${CHECK_REQUIRE_SANDBOX:-}
unset CHECK_SANDBOX CHECK_REQUIRE_SANDBOX
printf '#!/bin/sh\necho 1..1\necho ok 1\n' >harmless
chmod +x harmless
cp harmless harmless-too

# run_tests TEST...: and sets STATUS; what they say is in the file said.
run_tests() {
    "$top/tests/run-tests" "$@" >said 2>&1
    STATUS=$?
}
tests=("$build:dir:$WORK/harmless" "$build:dir:$WORK/harmless-too")

# Root that may not mount, as in many containers. Other users may not anyway.
powerless=()
[ "$(id -u)" -ne 0 ] || powerless=(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin)
# shellcheck disable=SC2317 # by ok
powerless() {
    ${powerless[@]+"${powerless[@]}"} "$top/tests/run-tests" 2 times "${tests[@]}" >said 2>&1
}
ok "tests run without one" powerless
is "$(grep -c 'without a sandbox: sandbox: cannot have .*: Operation not permitted' said)" 1 \
    "which is said once, and why"
CHECK_REQUIRE_SANDBOX=1 powerless
is $((! $?)) 0 "where one is required, that is a failure"
has_no said '^ok' "and no test runs"
CHECK_SANDBOX=no powerless
is $? 0 "who asks for none gets none"
has_no said 'without a sandbox' "and is not told"
CHECK_SANDBOX=no CHECK_REQUIRE_SANDBOX=1 powerless
is $((! $?)) 0 "who asks for none where one is required gets a failure"

if ! why=$("$sandbox" true 2>&1); then
    if [ -n "$required" ]; then
        result 1 "there is a sandbox" <<<"$why"
    else
        skip "what a sandbox refuses" "$why"
    fi
    finish
fi

# ---- what it refuses ---------------------------------------------------------------------------

sleep 600 &
theirs=$!
started+=("$theirs")
mounted+=("$TMPDIR/mnt")
: >lock
cat >harmful <<'END'
#!/bin/bash
# try WHAT COMMAND...
try() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "$what: done"; else echo "$what: refused"; fi
}
open_to_write() {
    : >>"$1"
}
make_file() {
    local file
    file=$(mktemp "$1/.harm.XXXXXX") && rm "$file"
}
make_directory() {
    mkdir "$1/harm.$$" && rmdir "$1/harm.$$"
}
disks() {
    find /dev ! -name 'loop*' -exec test -b {} \; -print | grep .
}
ln -s /etc/passwd "$TMPDIR/link"
try "a file, by a link" open_to_write "$TMPDIR/link"
try "a mode" chmod --reference=/etc/passwd /etc/passwd
try "a file in /usr" make_file /usr
try "a file in a home directory" make_file ~root
try "a file in /dev" make_file /dev
try "a file in /var/tmp" make_file /var/tmp
try "a file in this tree" make_file "$TREE"
try "a file in what was built" make_file "$TOOLS"
try "a file in another test's directory" make_file "$THEIR_DIR"
try "a setting of the kernel" open_to_write /proc/sys/kernel/panic
try "a control group" make_directory /sys/fs/cgroup
try "a disk" disks
mknod "$TMPDIR/null" c 1 3
try "a device that it makes a node of" open_to_write "$TMPDIR/null"
try "another's process" kill "$THEIRS"
try "a file in TMPDIR" make_file "$TMPDIR"
try "a file in TMPDIR, as another user" setpriv --reuid 65534 --regid 65534 --clear-groups mktemp -p "$TMPDIR"
mkdir "$TMPDIR/mnt"
try "a mount" mount -t tmpfs none "$TMPDIR/mnt"
flock "$THEIR_DIR/lock" sleep 600 >/dev/null 2>&1 </dev/null &
while flock -n "$THEIR_DIR/lock" true; do
    sleep 0.02
done
echo "a process that is left: done"
END
chmod +x harmful
TREE=$top THEIR_DIR=$WORK THEIRS=$theirs run_tests --one "$build:dir:$WORK/harmful"
is "$STATUS" 0 "a test that tries to do harm runs to its end"
sed -n '/: done$/!p' said >refused
sed -n 's/^try "\([^"]*\)".*/\1/p' harmful | sed '/^a file in TMPDIR/d; /^a mount$/d; s/$/: refused/' >harm
same_text refused harm "all harm is refused"
cat >allowed <<'END'
a file in TMPDIR: done
a file in TMPDIR, as another user: done
a mount: done
a process that is left: done
END
sed -n '/: done$/p' said >got
same_text got allowed "and what a test needs is not"
ok "another's process runs" is_running "$theirs"
ok "one that it left does not" flock -n lock true
not_ok "what it mounted is not mounted here" grep -q " $TMPDIR/" /proc/self/mounts
is "$(ls -A "$TMPDIR")" "" "what it wrote is gone"

printf '#!/bin/sh\necho 1..1\n: >>/etc/passwd\necho ok 1\n' >writes
chmod +x writes
run_tests --one "$build:dir:$WORK/writes"
is $((! STATUS)) 0 "a test that writes to /etc/passwd fails"
has said 'passwd: Read-only file system' "since it cannot"

mkdir held
mounted+=("$WORK/held")
mount -t tmpfs none held
ok "a mount is there" is_mounted "$WORK/held"
not_ok "and not in a sandbox, so nobody waits in vain for its end" "$sandbox" grep " $WORK/held " /proc/self/mounts
umount held

# In a chroot, the mount that / belongs to cannot be named.
mkdir -p root/usr root/proc root/dev root/tmp
cp -P /bin /lib* /sbin root
cp "$sandbox" root
mounted+=("$WORK/root/usr" "$WORK/root/proc")
mount --bind /usr root/usr
mount -t proc proc root/proc
before=$(sort /proc/self/mounts)
in_chroot() {
    TMPDIR=/tmp PATH=/usr/bin:/usr/sbin chroot root /sandbox -r usr "$@"
}
# shellcheck disable=SC2016 # for that shell
is "$(in_chroot sh -c 'touch /tmp/file && echo $$')" 2 "there is a sandbox in a chroot"
in_chroot touch /file 2>said
is $? 1 "it refuses the same there"
has said 'Read-only file system' "and that is why"
is "$(ls -A root/tmp)" "" "nothing is left of it"
is "$(sort /proc/self/mounts)" "$before" "and no mount has come of it"
umount root/usr root/proc

# ---- how it ends -------------------------------------------------------------------------------

"$sandbox" sh -c 'exit 7'
is $? 7 "it ends with the status of what it runs"
"$sandbox" sh -c 'kill -TERM $$'
is $? 143 "and tells of a signal"
"$sandbox" ./absent 2>said
is $? 127 "a program that is not there"
has said '^sandbox: cannot run \./absent: No such file or directory' "says so"
"$sandbox" -r "$WORK/absent" true 2>said
is $? 125 "a directory that is not there"
has said '^sandbox: cannot find .*/absent: No such file or directory' "says so"

# shellcheck disable=SC2317 # by await
is_held() {
    ! flock -n lock true
}
"$sandbox" sh -c 'flock lock sleep 600 & wait' &
started+=("$!")
await is_held
kill -TERM "$!"
wait "$!"
is $? 137 "when it is told to end it does"
ok "and what it runs ends with it" flock -n lock true
is "$(ls -A "$TMPDIR")" "" "nothing is left of it"

printf '#!/bin/sh\nflock %s/lock sleep 600\n' "$WORK" >endless
chmod +x endless
"$top/tests/run-tests" --one "$build:dir:$WORK/endless" &
started+=("$!")
await is_held
kill -KILL "$!"
wait "$!" 2>/dev/null
ok "when what runs tests is killed, a test ends too" await flock -n lock true
# shellcheck disable=SC2317 # by await
is_empty() {
    [ -z "$(ls -A "$TMPDIR")" ]
}
ok "and nothing is left of it" await is_empty

finish
