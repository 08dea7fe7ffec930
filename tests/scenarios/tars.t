#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What lib/tar sees in a tar is what Go's archive/tar sees, by which container engines read layers, or
# the difference is of a class that `tarcheck -l` lists with its reason. The same for libarchive, by
# which lib/compare reads layers.
#
# The tars are small ones whose right reading is written beside them, tars made at random, tars of
# real writers, and these damaged. SEEDS is how many random ones, FIRST the first of them; a seed's tar
# is that of `randomtar SEED 1 DIR`.
. "$(dirname "$0")/lib.sh"

FIRST=${FIRST:-1}
if [ "$SOAK" ]; then
    SEEDS=${SEEDS:-5000}
else
    SEEDS=${SEEDS:-300}
fi

# Both print their list with the errors' texts left out.
list_own() {
    xargs "$TOOLS/tarlist" own | sed 's/^error .*/error/'
}

list_go() {
    xargs "$TOOLS/tardump" | sed 's/^error .*/error/'
}

# check DIR: compares all tars in DIR, and tells of differences that are of no class.
check() {
    local status

    find "$1" -name '*.tar' | sort >names
    xargs "$TOOLS/tardump" <names | "$TOOLS/tarcheck" >check.out
    status=$?
    sed -n '/^tars: /,$s/^/# /p' check.out >check.counts
    sed '/^tars: /,$d' check.out
    [ "$(wc -l <names)" -gt 0 ] && grep -qx "tars: $(wc -l <names)" check.out || return 1
    return "$status"
}

# check_dir DIR WHAT: one test of all tars in DIR, and what there is of each class.
check_dir() {
    check "$1" >check.said
    result $? "$2" <check.said
    cat check.counts
}

# ---- tars whose right reading is known -----------------------------------------------------------

mkdir cases
"$TOOLS/tarcases" cases
cd cases || exit 1
list_own <names >own.out
same_text own own.out "lib/tar reads small tars as it should"
list_go <names >go.out
same_text go go.out "Go reads them as it is said to"
xargs "$TOOLS/tardump" <names | "$TOOLS/tarcheck" -v >classes.all
awk -F ': ' '/: not as libarchive: /{classes[$1] = classes[$1] $3 " "}
    END {while ((getline name <"names") > 0) print name ": " classes[name]}' classes.all >classes.out
same_text classes classes.out "libarchive differs where it is said to, and nowhere else"
cd .. || exit 1

# ---- tars made at random -------------------------------------------------------------------------

mkdir random plain
"$TOOLS/randomtar" "$FIRST" "$SEEDS" random
check_dir random "tars made at random: $SEEDS from $FIRST on"

# Seeds that are multiples of 4 are plain: there is nothing in them to differ about.
for ((seed = (FIRST + 3) / 4 * 4; seed < FIRST + SEEDS; seed += 4)); do
    mv "random/$seed.tar" plain
done
check_dir plain "the plain ones of them"
is "$(grep -c '^# same as .*: '"$(find plain -name '*.tar' | wc -l)"'$' check.counts)" 2 \
    "all readers see the same in the plain ones"

# ---- tars of real writers --------------------------------------------------------------------------

mkdir -p real tree/dir/empty
printf 'one\n' >tree/file
ln tree/file tree/dir/hard
ln -s ../file tree/dir/link
mkfifo tree/fifo
long=$(printf 'n%.0s' {1..60})
mkdir -p "tree/$long/$long"
echo long >"tree/$long/$long/$long"
ln -s "$long/$long/$long" tree/long
truncate -s 100000 tree/sparse
for at in 8192 32768 40960 65536 81920; do
    printf 'data' | dd of=tree/sparse bs=1 seek=$at conv=notrunc status=none
done
touch -d '1969-12-31 23:59:58.25' tree/dir/empty
# Not all formats have all of it.
for format in v7 ustar oldgnu gnu posix; do
    tar -C tree --format="$format" -cf "real/$format.tar" . 2>/dev/null
done
tar -C tree --format=oldgnu -cSf real/sparse-oldgnu.tar .
tar -C tree --format=gnu -cSf real/sparse-gnu.tar .
for version in 0.0 0.1 1.0; do
    tar -C tree --format=posix --sparse-version="$version" -cSf "real/sparse-$version.tar" .
done
tar -C tree --format=gnu -V label -cf real/label.tar .
tar -C tree --format=gnu --listed-incremental=/dev/null -cf real/incremental.tar . 2>/dev/null
busybox tar -C tree -cf real/busybox.tar .
perl -MArchive::Tar -e 'chdir "tree"; Archive::Tar->create_archive("../real/perl.tar", 0, "file", "dir/link", "dir")'
check_dir real "tars of GNU tar, BusyBox and Perl"
is "$(find real -name '*.tar' -size +1 | wc -l)" 14 "there are as many as there should be"

# In and at the ends of headers, contents and paddings, of the entry and of the end.
mkdir cut
printf 'four' >four
tar --format=ustar --mtime=@1 -cf four.tar four
for length in 100 512 515 516 517 1023 1024 1025 1536 1537 2048; do
    head -c "$length" four.tar >"cut/$length.tar"
done
check_dir cut "a tar that is cut short"
grep -qx '# same as Go: 11' check.counts
result $? "as Go has it, wherever that is" <check.counts

mkdir damaged
"$TOOLS/randomtar" "$FIRST" "$((SEEDS / 2))" damaged real/*.tar
check_dir damaged "the same, damaged: $((SEEDS / 2)) from $FIRST on"

finish
