# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every scenario begins with: TAP, one scratch directory that is always cleaned away, mounts
# and processes that are always ended, and the functions that make images of layers (images.sh).
#
# A scenario is a bash script that prints TAP for prove(1). It takes from the environment:
#     LAMBDAIMG            the program, build/lambdaimg
#     TOOLS                the folder of treelist, ext4list and mktar, build/tests
#     DEMO_IMAGE           the image of scripts/make-demo-image, build/demo-image.tar
#     SOAK=1               the long variants
#     CHECK_REQUIRE_MOUNT=1   not being able to mount is a failure, not a reason to skip
#     STORE=http, https    repositories lie in a bucket, beside tests/with-s3-server: through-s3
#     KMS=aws              their keys are in AWS KMS: kms.sh
# and leaves in WORK the scratch directory, in OUT and ERR what the last `run` printed.
set -u
export LC_ALL=C TZ=UTC0
umask 022

scenarios=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$scenarios/../.." && pwd)
scenario=$(basename "$0" .t)
LAMBDAIMG=$(realpath -m "${LAMBDAIMG:-$top/build/lambdaimg}")
TOOLS=$(realpath -m "${TOOLS:-$top/build/tests}")
DEMO_IMAGE=$(realpath -m "${DEMO_IMAGE:-$top/build/demo-image.tar}")
SOAK=${SOAK:-}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/lambdaimg-$scenario.XXXXXX") || exit 1
OUT=$WORK/.out
ERR=$WORK/.err
tests_run=0
tests_failed=0
mounted=()
started=()

# Nothing of the user's own configuration, nor of that of AWS's tools, and every sanitizer report in one place, those of
# processes in the background too.
unset LAMBDAIMG_REPO LAMBDAIMG_MEMO LAMBDAIMG_STATE XDG_STATE_HOME "${!AWS_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export AWS_EC2_METADATA_DISABLED=true
export LAMBDAIMG_CACHE=off LAMBDAIMG_KMS=file:$WORK/key HOME=$WORK/home XDG_CONFIG_HOME=$WORK/home/config
export XDG_CACHE_HOME=$WORK/home/cache
export TMPDIR=$WORK/tmp
export ASAN_OPTIONS="detect_leaks=1:exitcode=99:log_path=$WORK/sanitizer/report"
export UBSAN_OPTIONS="print_stacktrace=1:exitcode=99:log_path=$WORK/sanitizer/report"
export TSAN_OPTIONS="exitcode=99:log_path=$WORK/sanitizer/report"
# A sanitizer traces the process, starts programs and opens files of its own.
unset LAMBDAIMG_CONFINE
! grep -qE "__(a|t|m)san_" "$LAMBDAIMG" || export LAMBDAIMG_CONFINE=no
mkdir -p "$HOME" "$TMPDIR" "$WORK/sanitizer"
chmod 755 "$WORK"
chmod 1777 "$WORK/sanitizer" "$TMPDIR"

# is_running PID: it is a process that this shell has started and that has not ended. The number of one
# that has may be another's by now.
is_running() {
    jobs -pr | grep -qx "$1"
}

cleanup() {
    local dir pid

    for dir in ${mounted[@]+"${mounted[@]}"}; do
        if grep -q " $dir " /proc/self/mounts; then
            umount -l "$dir" 2>/dev/null || fusermount3 -uzq "$dir"
        fi
    done
    for pid in ${started[@]+"${started[@]}"}; do
        is_running "${pid#-}" && kill -9 -- "$pid" 2>/dev/null && wait "${pid#-}" 2>/dev/null
    done
    rm -rf --one-file-system "$WORK"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

[ -x "$LAMBDAIMG" ] || {
    echo "Bail out! there is no program at $LAMBDAIMG"
    exit 1
}
cd "$WORK" || exit 1

# start_carrier: a server that carries files to a bucket and back, for through-s3. One for the whole scenario, since
# rclone takes longer to start than to carry. It ends with this shell.
start_carrier() {
    local password
    export CARRIER_PORT CARRIER_AUTHORIZATION
    password=$(cat /proc/sys/kernel/random/uuid)
    CARRIER_AUTHORIZATION=$(printf "scenario:%s" "$password" | base64 -w 0)
    env -u AWS_CA_BUNDLE RCLONE_CONFIG=/dev/null RCLONE_CONFIG_S3_TYPE=s3 \
        RCLONE_CONFIG_S3_PROVIDER=Ceph RCLONE_CONFIG_S3_ENDPOINT="$S3_HTTP" \
        RCLONE_CONFIG_S3_ACCESS_KEY_ID="$S3_KEY" RCLONE_CONFIG_S3_SECRET_ACCESS_KEY="$S3_SECRET" \
        NO_PROXY=127.0.0.1 RCLONE_RC_USER=scenario RCLONE_RC_PASS="$password" \
        setpriv --pdeathsig KILL rclone rcd --rc-addr 127.0.0.1:0 --s3-no-check-bucket --checksum \
        --no-update-modtime --fast-list >"$WORK/.carrier" 2>&1 &
    disown
    until grep -q 'Serving remote control on' "$WORK/.carrier"; do
        sleep 0.02
        kill -0 "$!" 2>/dev/null && continue
        sed -e 's/^/# /' "$WORK/.carrier"
        echo "Bail out! rclone does not serve"
        exit 1
    done
    CARRIER_PORT=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\)/.*|\1|p' "$WORK/.carrier")
}

if [ "${STORE:-dir}" != dir ]; then
    # A copy, since the build may lie where only its owner gets to.
    LAMBDAIMG_PROGRAM=$WORK/.program
    cp "$LAMBDAIMG" "$LAMBDAIMG_PROGRAM"
    LAMBDAIMG=$scenarios/through-s3
    mkdir -m 1777 .carried
    export WORK LAMBDAIMG_PROGRAM AWS_ACCESS_KEY_ID=$S3_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET
    if [ "$STORE" = https ]; then
        export AWS_ENDPOINT_URL_S3=$S3_HTTPS AWS_CA_BUNDLE=$S3_CA
    else
        export AWS_ENDPOINT_URL_S3=$S3_HTTP
    fi
    start_carrier
fi

# ---- TAP -------------------------------------------------------------------------------------

diagnose() {
    sed -e 's/^/# /' | cut -c 1-400 | head -n 20
}

# result STATUS WHAT: one test; what is said on standard input is shown where it failed.
result() {
    tests_run=$((tests_run + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests_run - $2"
    else
        tests_failed=$((tests_failed + 1))
        echo "not ok $tests_run - $2"
        diagnose
    fi
    return "$1"
}

# ok WHAT COMMAND...: the command succeeds.
ok() {
    local what=$1 said
    shift

    said=$("$@" 2>&1)
    result $? "$what" <<<"$said"
}

# not_ok WHAT COMMAND...: the command fails.
not_ok() {
    local what=$1 said
    shift

    ! said=$("$@" 2>&1)
    result $? "$what" <<<"$* succeeded: $said"
}

# is GOT WANTED WHAT
is() {
    [ "$1" = "$2" ]
    result $? "$3" <<<"got \"$1\", not \"$2\""
}

# equal FILE FILE: as cmp does; images, NAME.ext4, at a fraction of the cost (samefile.c).
equal() {
    case $1 in
    *.ext4) "$TOOLS/samefile" "$1" "$2" ;;
    *) cmp "$1" "$2" ;;
    esac
}

# same FILE FILE WHAT: equal bytes. same_text shows how they differ.
same() {
    ok "$3" equal "$1" "$2"
}

same_text() {
    ok "$3" diff "$1" "$2"
}

# has FILE REGEX WHAT: a line of the file matches.
has() {
    grep -Eq -- "$2" "$1"
    result $? "$3" < <(echo "nothing like $2 in:"; cat "$1")
}

# has_no FILE REGEX WHAT
has_no() {
    ! grep -Eq -- "$2" "$1"
    result $? "$3" < <(grep -En -- "$2" "$1")
}

# skip WHAT WHY
skip() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $1 # skip $2"
}

# skip_all WHY: only before the first test.
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

# The last line of every scenario. The plan comes at the end, so that a scenario that breaks off
# has none, which prove takes for the failure it is.
finish() {
    cat "$WORK"/sanitizer/* >"$WORK/.reports" 2>/dev/null
    [ ! -s "$WORK/.reports" ]
    result $? "no sanitizer had anything to report" <"$WORK/.reports"
    echo "1..$tests_run"
    [ "$tests_failed" -eq 0 ]
    exit $?
}

# ---- the program -----------------------------------------------------------------------------

# What an exit status promises: a failure says one sentence, wrong usage says something.
check_promise() {
    case $1 in
    1 | 3)
        if [ "$(wc -l <"$ERR")" -ne 1 ] || ! grep -q '^lambdaimg: ..' "$ERR"; then
            echo "standard error is not one line that begins with \"lambdaimg: \""
        fi
        ;;
    2)
        [ -s "$ERR" ] || echo "nothing on standard error"
        ;;
    esac
}

# run STATUS WHAT ARGUMENT...: the program ends with STATUS and keeps what that promises. It has five minutes,
# since it is not known what else this machine does; one that hangs takes them.
run() {
    local want=$1 what=$2 got problem
    shift 2

    timeout -k 5 300 "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR"
    got=$?
    if [ "$got" -ne "$want" ]; then
        problem="exit status $got, not $want"
    else
        problem=$(check_promise "$want")
    fi
    [ -z "$problem" ]
    result $? "$what" < <(echo "lambdaimg $*"; echo "$problem"; tail -n 5 "$ERR"; tail -n 5 "$OUT")
}

# quietly ARGUMENT...: a step that other tests are about; it ends the scenario where it fails.
quietly() {
    if ! timeout -k 5 300 "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR"; then
        echo "Bail out! lambdaimg $* failed: $(tail -n 1 "$ERR")"
        exit 1
    fi
}

# new_repository DIR: and makes it the one in use.
new_repository() {
    export LAMBDAIMG_REPO=dir:$1
    quietly init
}

# free_port: of loopback. Others may take it before it is used, but hardly do.
free_port() {
    "$top/tests/free-ports" 1
}

# await COMMAND...: until it succeeds, for a minute at most: it is not known what else this machine does.
await() {
    local end=$((SECONDS + 60))

    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# start_relay PORT TARGET: true where it listens when this returns; one that does not within a minute is
# ended.
start_relay() {
    : >"$WORK/.relay"
    setsid socat -d -d "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork" "TCP:127.0.0.1:$2" 2>"$WORK/.relay" &
    RELAY=$!
    started+=("-$RELAY")
    await relay_listens_or_ended || {
        kill -9 "-$RELAY"
        echo "socat does not listen within a minute" >>"$WORK/.relay"
    }
    ! grep -q ' listening on ' "$WORK/.relay" || return 0
    wait "$RELAY" 2>/dev/null
    unset 'started[-1]'
    return 1
}
relay_listens_or_ended() {
    grep -q ' listening on ' "$WORK/.relay" || ! is_running "$RELAY"
}

# relay PORT TARGET: takes connections to PORT to the port TARGET, both of loopback; it listens when this
# returns. Sets RELAY, a group of processes. What had the port before may hold it for a moment after it was
# killed.
relay() {
    await start_relay "$1" "$2" && return
    echo "Bail out! nothing listens at port $1: $(tail -n 1 "$WORK/.relay")"
    exit 1
}

# repository_changed DIR: a mount is to see what was done to the files of the repository in DIR.
repository_changed() {
    [ "${STORE:-dir}" = dir ] || "$LAMBDAIMG" --carry "$1"
}

# All files below DIR, to compare before and after.
files_of() {
    (cd "$1" && find . ! -type d | sort)
}

# Changes one byte of FILE at OFFSET (from the end where negative) to another value.
change_byte() {
    local file=$1 offset=$2 old

    [ "$offset" -ge 0 ] || offset=$(($(stat -c %s "$file") + offset))
    old=$(od -An -tu1 -j "$offset" -N 1 "$file" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((old ^ 1)))" |
        dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# ---- mounts ----------------------------------------------------------------------------------

is_mounted() {
    grep -q " $1 " /proc/self/mounts
}

# For scenarios that are nothing without a mount.
require_mount() {
    local why

    why=$("$top/scripts/mount-obstacle")
    [ -n "$why" ] || return 0
    [ -n "${CHECK_REQUIRE_MOUNT:-}" ] || skip_all "$why"
    result 1 "mounting is possible" <<<"$why"
    finish
}

# users_may_mount: for root. Sets USERS_THERE, a command before those with which an ordinary user mounts; or
# USERS_MAY_NOT, why there is none.
users_may_mount() {
    local space

    USERS_THERE=()
    USERS_MAY_NOT=
    ! setpriv --reuid 65534 --regid 65534 --clear-groups test -w /dev/fuse || return 0
    if ! unshare --mount --propagation private true 2>/dev/null; then
        # shellcheck disable=SC2034 # scenarios use it
        USERS_MAY_NOT="only root may open /dev/fuse here, and there are no mount namespaces"
        return 0
    fi
    # In a mount namespace with a /dev/fuse that is open to all, as it is where udev runs.
    unshare --mount --propagation private sleep 600 &
    space=$!
    started+=("$space")
    while [ "$(readlink "/proc/$space/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ]; do
        sleep 0.05
    done
    USERS_THERE=(nsenter --target "$space" --mount --root --wd)
    mkdir "$WORK/.dev"
    "${USERS_THERE[@]}" sh -ec "mount -t tmpfs none $WORK/.dev
        mknod -m 666 $WORK/.dev/fuse c 10 229; mount --bind $WORK/.dev/fuse /dev/fuse"
    # fusermount3 reads it, and a system that never booted has none.
    [ -e /etc/mtab ] || "${USERS_THERE[@]}" sh -ec "cp -a /etc $WORK/.dev
        ln -s /proc/self/mounts $WORK/.dev/etc/mtab; mount --bind $WORK/.dev/etc /etc"
}

# mount_image REF DIR [ARGUMENT...]: one test: mounts in the foreground of a process of its own, waits
# until the mount is there, a minute at most, and sets MOUNT_PID.
mount_image() {
    local dir=$2 i

    mkdir -p "$dir"
    mounted+=("$dir")
    "$LAMBDAIMG" mount "$@" -f >"$WORK/.mount.out" 2>"$WORK/.mount.err" &
    MOUNT_PID=$!
    started+=("$MOUNT_PID")
    for ((i = 0; i < 1200; i++)); do
        is_mounted "$dir" && break
        kill -0 "$MOUNT_PID" 2>/dev/null || break
        sleep 0.05
    done
    is_mounted "$dir"
    result $? "mount $1 in the foreground" <"$WORK/.mount.err"
}

# ends PID: it is gone within 10 seconds.
ends() {
    local i

    for ((i = 0; i < 200; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# kernel_mount IMAGE DIR: by the kernel's ext4; fails where that is not possible here.
kernel_mount() {
    [ "$(id -u)" -eq 0 ] && [ -c /dev/loop-control ] || return 1
    mkdir -p "$2"
    mount -o loop,ro,noatime "$1" "$2" 2>/dev/null || return 1
    mounted+=("$2")
}

# shellcheck source-path=SCRIPTDIR
. "$scenarios/images.sh"

# In a bucket, callers are those that the bucket knows. The region is that of the ARN, and so not the bucket's.
if [ "${KMS:-file}" = aws ]; then
    . "$scenarios/kms.sh"
    TLS=$([ "${STORE:-dir}" != https ] || echo yes) kms_start
    if [ "${STORE:-dir}" = dir ]; then
        export AWS_ACCESS_KEY_ID=AKADMIN AWS_SECRET_ACCESS_KEY=secret-admin
    else
        kms_principal "$S3_KEY" "${S3_SECRET#secret-}" "$(kms_policy 'kms:*')"
        kms_principal "$S3_KEY_2" "${S3_SECRET_2#secret-}" "$(kms_policy 'kms:*')"
        kms_principal "$S3_READ_KEY" "${S3_READ_SECRET#secret-}" "$(kms_policy 'kms:*')"
    fi
    # shellcheck disable=SC2154
    export LAMBDAIMG_KMS=aws-kms:arn:aws:kms:eu-west-1:111122223333:key/$images_key
fi
