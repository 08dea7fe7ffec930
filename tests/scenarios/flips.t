#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is stored was hashed: each read of each kind of byte gives another byte once (a disk that fails), or
# from then on (a file that was changed), and a command either fails and leaves nothing wrong behind, or
# does exactly what it should. Then a file that is changed by somebody else while it is read.
. "$(dirname "$0")/lib.sh"

flips=$WORK/flips
mkdir "$flips"
# The program's own copy of a sanitizer comes first otherwise, and looks for others before it.
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
# flipread.so writes files of its own from within the program.
export LAMBDAIMG_CONFINE=no

layer base <<END
dir ./
dir dir/
file dir/small text=contents-of-a-small-file mode=640
file attributes text=x xattr.user.note=value-in-a-record
file big size=700000 fill=21
file zeros size=200000
file dir/other size=3000 fill=22
symlink link-in-the-layer dir/small
END
layer upper <<END
file dir/.wh.other
file dir/upper text=contents-of-the-upper-layer
END
layer hides <<END
file .wh.attributes
END
LAYERS=("$WORK/base.tar" "$WORK/upper.tar")
make_docker_old plain.tar app:1 "${LAYERS[@]}"
make_docker_old hides.tar app:1 "${LAYERS[@]}" "$WORK/hides.tar"
make_oci_tar gzip.tar 1 gzip "${LAYERS[@]}"
make_oci_tar zstd.tar 1 zstd "${LAYERS[@]}"
quietly convert plain.tar -o app.ext4
quietly convert hides.tar -o hides.ext4

# place FILE TEXT: where TEXT is in FILE for the first time.
place() {
    grep -aobF -m 1 "$2" "$1" | head -n 1 | cut -d : -f 1
}

# kinds FILE: a line for each kind of byte of the lowest layer, which lies in FILE as it is: what it is
# called, and where it is.
kinds() {
    local small big zeros

    small=$(place "$1" contents-of-a-small)
    big=$(($(place "$1" big) + 512))
    zeros=$(($(place "$1" zeros) + 512))
    echo "a name in a header:$(place "$1" dir/small)"
    echo "a mode in a header:$(($(place "$1" dir/small) + 105))"
    echo "the size in a header:$(($(place "$1" dir/small) + 134))"
    echo "a record of PAX:$(place "$1" value-in-a-record)"
    echo "a link:$(place "$1" link-in-the-layer)"
    echo "a small file:$small"
    echo "the padding behind it:$((small + 400))"
    echo "a big file's first byte:$big"
    echo "a big file's middle:$((big + 300000))"
    echo "zeros:$((zeros + 100))"
    echo "zeros further on:$((zeros + 150000))"
    echo "the end of the tar:$(($(place "$1" link-in-the-layer) + 600))"
}

# ---- one run -----------------------------------------------------------------------------------

# flip HOW N FILE AT ARGUMENT...: runs the program where the N-th read of byte AT of FILE is another.
# Sets STATUS, and READS to how many reads there were of that byte.
flip() {
    local how=$1 n=$2 file=$3 at=$4
    shift 4

    rm -f "$flips/reads"
    LD_PRELOAD=$TOOLS/flipread.so FLIP_FILE=$file FLIP_AT=$at FLIP_READ=$n FLIP_HOW=$how FLIP_DIR=$flips \
        timeout -k 5 60 "$LAMBDAIMG" "$@" >"$OUT" 2>"$ERR"
    STATUS=$?
    READS=$(stat -c %s "$flips/reads" 2>/dev/null || echo 0)
}

# wrong TEXT: what is wrong with this run.
wrong() {
    echo "$how, read $n: $1; $(tail -n 1 "$ERR")"
}

# fails_well: what the status and standard error promise.
fails_well() {
    [ "$STATUS" -eq 1 ] || wrong "status $STATUS"
    [ -z "$(check_promise "$STATUS")" ] || wrong "$(check_promise "$STATUS")"
}

try_convert() {
    rm -f out.ext4
    flip "$how" "$n" "$file" "$at" convert "$image" -o out.ext4
    if [ "$STATUS" -ne 0 ]; then
        fails_well
        [ ! -e out.ext4 ] || wrong "an image is left"
    else
        equal app.ext4 out.ext4 >/dev/null || wrong "another image"
    fi
}

chunks_of() {
    (cd "$1" && find . -path '*/chunks/*' -type f | sort)
}

# check_stored NAMES WANTED: nothing but right chunks; the image, where there is one, is whole.
check_stored() {
    chunks_of trial >trial.chunks
    [ -z "$(comm -13 "$1" trial.chunks)" ] || wrong "a chunk that the image has not"
    if [ "$STATUS" -ne 0 ]; then
        fails_well
        [ -z "$(find trial -path '*/images/*' -type f)" ] || wrong "a pointer is left"
        return
    fi
    rm -f out.ext4
    LAMBDAIMG_REPO=dir:$WORK/trial "$LAMBDAIMG" pull app:1 -o out.ext4 2>"$ERR" || wrong "it cannot be pulled"
    equal "$2" out.ext4 >/dev/null || wrong "another image is stored"
}

# try_push MEMO NAMES WANTED: into the empty repository, with a copy of MEMO.
try_push() {
    rm -rf trial memo
    cp -r empty trial
    cp -r "$1" memo
    LAMBDAIMG_REPO=dir:$WORK/trial flip "$how" "$n" "$file" "$at" push "$image" app:1 --memo memo
    check_stored "$2" "$3"
}

# Sealing a chunk again gives the same bytes as the first time.
try_repair() {
    local chunk

    rm -rf trial
    cp -r broken trial
    LAMBDAIMG_REPO=dir:$WORK/trial flip "$how" "$n" "$file" "$at" verify app:1 --repair "$image"
    while read -r chunk; do
        cmp -s "trial/$chunk" "app/$chunk" ||
            { [ "$STATUS" -ne 0 ] && cmp -s "trial/$chunk" "broken/$chunk"; } || wrong "another chunk"
    done <app.chunks
    [ "$STATUS" -eq 0 ] || fails_well
}

# A difference that is told is no answer where the layers were not what they should be.
try_against() {
    LAMBDAIMG_REPO=dir:$WORK/app flip "$how" "$n" "$file" "$at" verify app:1 --against "$image"
    [ "$STATUS" -eq 0 ] || fails_well
}

# try COMMAND: prints what is wrong.
try() {
    case $1 in
    convert) try_convert ;;
    push) try_push memo.none app.chunks app.ext4 ;;
    push-known) try_push memo.app app.chunks app.ext4 ;;
    push-hiding) try_push memo.app hides.chunks hides.ext4 ;;
    repair) try_repair ;;
    against) try_against ;;
    esac
}

# ---- all reads of a byte -----------------------------------------------------------------------

# all_reads COMMAND IMAGE WHAT FILE AT LEAST: each read of that byte, once; for convert, and for all commands
# with SOAK, from then on as well. There are LEAST of them at least where nothing is wrong.
all_reads() {
    local command=$1 image=$2 what=$3 file=$4 at=$5 least=$6 how=once n=0 reads failed=0
    local ways=(once on)

    [ -n "$SOAK" ] || [ "$command" = convert ] || ways=(once)
    try "$command" >wrongs
    [ "$STATUS" -eq 0 ] || wrong "nothing was flipped" >>wrongs
    reads=$READS
    for how in "${ways[@]}"; do
        for ((n = 1; n <= reads; n++)); do
            try "$command" >>wrongs
            [ "$STATUS" -eq 0 ] || failed=$((failed + 1))
        done
    done
    [ "$reads" -ge "$least" ] || echo "it is read $reads times, not $least or more" >>wrongs
    [ "$failed" -ge 1 ] || echo "no run failed" >>wrongs
    [ ! -s wrongs ]
    result $? "$command, $image: $what, read $reads times, $failed failures" <wrongs
}

# each_kind COMMAND IMAGE FILE PLACES LEAST: of each line of kinds() in the file PLACES.
each_kind() {
    local line

    while IFS= read -r line; do
        all_reads "$1" "$2" "${line%:*}" "$3" "${line##*:}" "$5" </dev/null
    done <"$4"
}

# ---- repositories ------------------------------------------------------------------------------

new_repository "$WORK/empty"
mkdir memo.none
for name in app hides; do
    cp -r empty "$name"
    quietly push "$([ $name = app ] && echo plain.tar || echo hides.tar)" app:1 --memo memo.$name \
        --repo "dir:$WORK/$name"
    chunks_of $name >$name.chunks
done
cp -r app broken
while read -r chunk; do
    truncate -s 100 "broken/$chunk"
done <app.chunks

# ---- layers as they are ------------------------------------------------------------------------

some='small file\|big file\|mode\|further on'
kinds plain.tar >plain.kinds
is "$(cut -d : -f 2 plain.kinds | grep -cx '[0-9]\{4,\}')" 12 "all kinds of bytes were found"
each_kind convert plain.tar "$WORK/plain.tar" plain.kinds 2
each_kind push plain.tar "$WORK/plain.tar" plain.kinds 2
grep "$some" plain.kinds >some.kinds
each_kind push-known plain.tar "$WORK/plain.tar" some.kinds 1
each_kind repair plain.tar "$WORK/plain.tar" some.kinds 2
each_kind against plain.tar "$WORK/plain.tar" some.kinds 2
kinds hides.tar | grep "$some" >some.kinds
each_kind push-hiding hides.tar "$WORK/hides.tar" some.kinds 1

# ---- layers that are compressed ----------------------------------------------------------------

# stored FILE: a line for some bytes of the lowest layer as it is stored in the archive FILE.
stored() {
    local manifest layer begin

    manifest=$(tar -xOf "$1" index.json | jq -r '.manifests[0].digest[7:]')
    layer=$(tar -xOf "$1" "blobs/sha256/$manifest" | jq -r '.layers[0].digest[7:]')
    begin=$(($(place "$1" "blobs/sha256/$layer") + 512))
    echo "the first byte of what is compressed:$begin"
    echo "a byte further on:$((begin + 1000))"
    echo "the last byte:$((begin + $(tar -xOf "$1" "blobs/sha256/$layer" | wc -c) - 1))"
}

kinds "$WORK/base.tar" >base.kinds
grep "$some" base.kinds >some.kinds
for form in gzip zstd; do
    stored $form.tar >stored.kinds
    each_kind convert $form.tar "$WORK/$form.tar" stored.kinds 1
    each_kind convert $form.tar spool base.kinds 1
    each_kind push $form.tar "$WORK/$form.tar" stored.kinds 1
done
each_kind push gzip.tar spool some.kinds 1
each_kind repair gzip.tar spool some.kinds 1
each_kind against gzip.tar spool some.kinds 1

# ---- files that somebody else changes ----------------------------------------------------------

# change HOW FILE: as another process does.
change() {
    local middle

    middle=$(($(place "$2" big) + 300000))
    case $1 in
    overwritten) change_byte "$2" "$middle" ;;
    disguised)
        cp -p "$2" as-it-was
        change_byte "$2" "$middle"
        touch -r as-it-was "$2"
        ;;
    "cut short") truncate -s "$middle" "$2" ;;
    "cut and filled")
        truncate -s "$middle" "$2"
        truncate -s "$(stat -c %s plain.tar)" "$2"
        ;;
    grown) echo more >>"$2" ;;
    replaced)
        cp hides.tar new.tar
        mv new.tar "$2"
        ;;
    renamed) mv "$2" new.tar ;;
    removed) rm "$2" ;;
    esac
}

# while_read HOW IMAGE N COMMAND: the N-th read of the big file's middle waits until a copy of IMAGE is
# changed. Leaves STATUS; prints what is wrong, but for the status.
while_read() {
    local kind=$1 n=$3 how=wait file=$WORK/victim.tar image=victim.tar at changer

    rm -f "$flips/go" "$flips/waiting"
    cp "$2" victim.tar
    at=$(($(place victim.tar big) + 300000))
    (
        await test -e "$flips/waiting" || exit 1
        change "$kind" victim.tar
        touch "$flips/go"
    ) &
    changer=$!
    started+=("$changer")
    try "$4"
    wait "$changer" || wrong "nobody read the byte $n times"
}

how="wait" # for wrong()
for command in convert push push-known repair against; do
    for n in 1 2; do
        [ "$n" -eq 1 ] || [ "$command" != repair ] || continue
        for kind in overwritten disguised "cut short" "cut and filled" grown; do
            while_read "$kind" plain.tar "$n" "$command" >wrongs
            [ "$STATUS" -eq 1 ] || wrong "status $STATUS" >>wrongs
            grep -q 'changed while it was read' "$ERR" || wrong "not said" >>wrongs
            [ ! -s wrongs ]
            result $? "$command: a file that is $kind before it is read for the ${n}th time" <wrongs
        done
        for kind in replaced renamed removed; do
            while_read "$kind" plain.tar "$n" "$command" >wrongs
            [ "$STATUS" -eq 0 ] || wrong "status $STATUS" >>wrongs
            [ ! -s wrongs ]
            result $? "$command: a file that is $kind before it is read for the ${n}th time" <wrongs
        done
    done
done

finish
