#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Bit for bit: nothing of the machine, of the time or of the user gets into an image. What of the
# input's form does not is in convert.t, and the bytes themselves are in golden.t.
. "$(dirname "$0")/lib.sh"

sample_layers
make_docker_old sample.tar app:1 "${LAYERS[@]}"
quietly convert sample.tar -o want.ext4

# same_under WHAT COMMAND...: COMMAND prefixes the program.
same_under() {
    local what=$1
    shift

    rm -f got.ext4
    if "$@" "$LAMBDAIMG" convert sample.tar -o got.ext4 >"$OUT" 2>&1; then
        same want.ext4 got.ext4 "$what"
    else
        result 1 "$what" <"$OUT"
    fi
}

same_under "once more" env
same_under "another time zone" env TZ=Pacific/Chatham
for locale in C.UTF-8 tr_TR.UTF-8 POSIX; do
    same_under "the locale $locale" env LC_ALL="$locale"
done
same_under "another umask" bash -c 'umask 077; "$@"' -
same_under "a time in the past" env E2FSPROGS_FAKE_TIME=1 SOURCE_DATE_EPOCH=2
# LeakSanitizer does not work in a process that is confined.
same_under "an empty environment" env -i ${LAMBDAIMG_CONFINE:+"LAMBDAIMG_CONFINE=$LAMBDAIMG_CONFINE"}
mkdir other
same_under "another folder for temporary files" env TMPDIR="$WORK/other"
is "$(files_of other)" "" "and nothing stays there"
if [ "$(id -u)" -eq 0 ]; then
    # A copy, since the build may lie where only its owner gets to.
    mkdir theirs && chown 65534 theirs && cp "$LAMBDAIMG" theirs/lambdaimg
    ok "another user converts" setpriv --reuid 65534 --regid 65534 --clear-groups \
        theirs/lambdaimg convert "$WORK/sample.tar" -o "$WORK/theirs/got.ext4"
    same want.ext4 theirs/got.ext4 "another user"
else
    skip "another user" "needs root"
fi

for threads in 1 2 3 16; do
    run 0 "with $threads threads" convert sample.tar -o got.ext4 --threads "$threads"
    same want.ext4 got.ext4 "with $threads threads: the same"
done

(
    mkdir backwards && cd backwards && tar -xf ../sample.tar || exit 1
    touch -d @1 manifest.json
    tar --owner=7 --group=8 --mode=600 -cf ../backwards.tar -T <(tar -tf ../sample.tar | grep -v '/$' | tac)
)
run 0 "an archive with its members backwards" convert backwards.tar -o got.ext4
same want.ext4 got.ext4 "an archive with its members backwards: the same"
run 0 "by an absolute path, from elsewhere" convert "$WORK/./sample.tar" -o "$WORK/got.ext4"
same want.ext4 got.ext4 "by an absolute path: the same"

rounds=2
[ -z "$SOAK" ] || rounds=50
quietly convert "$DEMO_IMAGE" -o want.ext4 --threads 1
for ((i = 1; i <= rounds; i++)); do
    quietly convert "$DEMO_IMAGE" -o got.ext4 --threads $((i % 7 + 2))
    equal want.ext4 got.ext4 || break
done
is "$i" $((rounds + 1)) "an image of Debian packages, again and again"

finish
