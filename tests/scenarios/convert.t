#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What comes in as layers comes out as ext4: the same bytes in whatever form the image arrives, a
# file system that e2fsck has nothing to say about, and the tree that umoci makes of the layers.
. "$(dirname "$0")/lib.sh"

# agrees IMAGE WHAT LAYER...: clean, and equal to what umoci unpacks.
agrees() {
    local image=$1 what=$2
    shift 2

    ok "$what: e2fsck finds nothing" e2fsck -fn "$image"
    # An attribute without a value is one to containerd and Docker, and none to umoci.
    "$TOOLS/ext4list" "$image" | sed -E 's/ (user|trusted|security)\.[^ =]*=( |$)/\2/g' >image.list
    if unpack_layers "$WORK/tree" "$@"; then
        "$TOOLS/treelist" "$WORK/tree" >tree.list
        same_text tree.list image.list "$what: the tree is the one umoci unpacks"
    else
        skip "$what: the tree is the one umoci unpacks" "needs root"
    fi
}

# ---- forms -----------------------------------------------------------------------------------

sample_layers
make_docker_old old.tar app:1 "${LAYERS[@]}"
run 0 "a docker-save archive" convert old.tar -o sample.ext4
agrees sample.ext4 "the sample" "${LAYERS[@]}"

# same_image WHAT ARGUMENT...: converts, and the bytes are those of the sample.
same_image() {
    local what=$1
    shift

    rm -f form.ext4
    run 0 "$what" convert "$@" -o form.ext4 && same sample.ext4 form.ext4 "$what: the same bytes"
}

for how in plain gzip zstd pzstd xz; do
    make_docker_new form.tar app:1 "$how" "${LAYERS[@]}"
    same_image "a docker-save archive of today, $how" form.tar
    make_oci_tar form.tar 1 "$how" "${LAYERS[@]}"
    same_image "an OCI layout in a tar, $how" form.tar
    make_oci_dir form.dir 1 "$how" "${LAYERS[@]}"
    same_image "an OCI layout in a directory, $how" form.dir
done
for how in gzip zstd pzstd xz; do
    compress "$how" old.tar form.tar
    same_image "a docker-save archive, as a whole in $how" form.tar
done
same_image "standard input" - <old.tar
same_image "standard input, compressed" - < <(gzip -1c old.tar)
same_image "a pipe by its name" <(cat old.tar)
same_image "standard input by its name" /dev/stdin < <(cat old.tar)

# ---- attributes of other systems ---------------------------------------------------------------

layer mac <<END
file a text=a xattr.com.apple.quarantine=0081
file b text=b xattr.com.apple.provenance=1 xattr.user.kept=yes
file c text=c
file d text=d xattr.com.apple.\\x1b[31m=1
END
make_docker_old mac.tar mac:1 "$WORK/mac.tar"
run 0 "a layer with attributes of macOS" convert mac.tar -o mac.ext4
is "$(cat "$ERR")" "lambdaimg: note: a and 2 more entries have extended attributes that Linux has no name \
space for, such as com.apple.quarantine; they are left out" "one note tells of all of them"
ok "e2fsck finds nothing" e2fsck -fn mac.ext4
has_no <(strings mac.ext4) 'com.apple' "none of them is in the image"
has <(debugfs -R 'ea_list b' mac.ext4 2>/dev/null) 'user.kept' "what Linux has a place for is"
new_repository "$WORK/mac"
for again in "" ", again"; do
    run 0 "push$again" push mac.tar mac:1 --memo "$WORK/mac.memo" --json
    has "$ERR" 'a and 2 more entries' "it is told of a push, by the memo or not"
    ok "and the output for machines is whole" jq -e .chunks "$OUT"
done
run 0 "verify --against takes them for left out, too" verify mac:1 --against mac.tar
layer escape <<END
file e\\x1b[2J text=d xattr.com.apple.\\x1b[31m=1
END
make_docker_old escape.tar mac:1 "$WORK/escape.tar"
run 0 "a name that would steer a terminal" convert escape.tar -o escape.ext4
has "$ERR" 'note: e.x1b.2J has extended .* com.apple..x1b.31m;' "is shown and not obeyed"

# ---- what an image does not have as its layers have it -----------------------------------------

lisa=user::rwx,user:lisa:r-x,group::r--,mask::r-x,other::---
layer odd <<END
file a text=a mtime=-62135596800
file b text=b mtime=-6795364579
file c text=c mtime=-1
symlink d a mode=0755 xattr.user.overlay.origin=x
fifo e xattr.user.x=1 xattr.trusted.x=1
char f 1,3 xattr.user.x=1
dir g mode=0750 pax.SCHILY.acl.access=$lisa
file h text=h mode=0640 pax.SCHILY.acl.default=$lisa
END
make_docker_old odd.tar odd:1 "$WORK/odd.tar"
run 0 "a layer with what Linux or ext4 does not have" convert odd.tar -o odd.ext4
cat >want <<END
lambdaimg: note: d and 2 more entries have extended attributes that Linux does not allow on files of that type, such \
as user.overlay.origin; they are left out
lambdaimg: note: g and 1 more entry have ACLs with names in place of numbers, such as user:lisa; they are left out
lambdaimg: note: a and 1 more entry have times that ext4 cannot hold, in seconds from 1970, such as -62135596800; \
they become 1970-01-01
END
sed -i ':a; /\\$/{N; s/\\\n//; ba}' want
same_text want "$ERR" "one note for each kind tells of it"
ok "e2fsck finds nothing" e2fsck -fn odd.ext4
"$TOOLS/ext4list" odd.ext4 >odd.list
has odd.list '^d l 0777 ' "a symbolic link has the mode 0777"
has_no odd.list 'user\.' "no attribute is left that Linux does not allow"
new_repository "$WORK/odd"
for again in "" ", again"; do
    run 0 "push$again" push odd.tar odd:1 --memo "$WORK/odd.memo"
    same_text want "$ERR" "each push tells of it$again"
done
run 0 "verify --against judges by the same rules" verify odd:1 --against odd.tar

# ---- one of several --------------------------------------------------------------------------

layer other <<END
dir ./
file other text=other
END
rm -rf several
docker_tree several app:1 "${LAYERS[@]}"
docker_tree several app:2 "$WORK/other.tar"
docker_save several "$WORK/several.tar"
same_image "one of two images by its tag" several.tar --image app:1
run 1 "neither of two images" convert several.tar -o none.ext4
has "$ERR" 'app:1.*app:2|app:2.*app:1' "and both are named"
run 1 "an image that is not there" convert several.tar --image app:3 -o none.ext4

IMAGE_ARCHITECTURE=arm64 make_oci_dir several 1 gzip "$WORK/other.tar"
IMAGE_ARCHITECTURE=riscv64 add_oci_image several 1 gzip "${LAYERS[@]}"
same_image "one of two platforms" several --platform linux/riscv64
run 1 "a platform that is not there" convert several --platform linux/s390x -o none.ext4
not_ok "what failed wrote no file" test -e none.ext4

# ---- layers that are hard to get right ---------------------------------------------------------

# tree WHAT NAME...: converts the layers NAME... and compares.
tree() {
    local what=$1 name files=()
    shift

    for name; do
        files+=("$WORK/$name.tar")
    done
    make_docker_old tree.tar t:1 "${files[@]}"
    run 0 "$what" convert tree.tar -o tree.ext4 && agrees tree.ext4 "$what" "${files[@]}"
}

layer one <<END
dir ./ mtime=5
dir a mtime=6
file a/1 text=1
file a/2 text=2
dir a/b mtime=7
file a/b/3 text=3
END
layer two <<END
file a/.wh.1
file a/1 text=again
dir a/b mtime=8
file a/b/4 text=4
file a/b/.wh..wh..opq
END
tree "a whiteout and an opaque whiteout among what they must not touch" one two

layer two <<END
file .wh.a
END
tree "a whiteout of a directory" one two
layer three <<END
dir a mtime=9
file a/new text=new
END
tree "a directory that comes back" one two three

layer one <<END
dir ./ mtime=5
file ./x text=x
file ./x text=twice
file y text=y
link z y
file y text=other
END
tree "what comes twice in one layer" one

layer one <<END
dir ./ mtime=5
dir d mtime=5
file d/first text=1
link d/second d/first
link d/third d/second
END
layer two <<END
file d/first text=2
END
layer three <<END
link d/fourth d/third
file d/.wh.second
END
tree "hard links whose first name is replaced, and later ones" one two three

layer one <<END
dir ./ mtime=5
dir real mtime=5
file real/x text=x
symlink link real
END
layer two <<END
dir link mtime=6
file link/y text=y
END
tree "a directory in the place of a symbolic link" one two

{
    echo "dir ./ mtime=1"
    echo "dir many mtime=2"
    for i in $(seq 1 6000); do
        echo "file many/a-name-that-takes-some-room-in-its-directory-$i"
    done
} | layer many
tree "a directory of six thousand" many

layer none </dev/null
make_docker_old tree.tar t:1 "$WORK/none.tar"
run 0 "a layer without entries" convert tree.tar -o tree.ext4
ok "a layer without entries: e2fsck finds nothing" e2fsck -fn tree.ext4
is "$("$TOOLS/ext4list" tree.ext4 | wc -l)" 1 "a layer without entries: nothing but a root"
make_docker_old tree.tar t:1
run 0 "no layers" convert tree.tar -o tree2.ext4
is "$("$TOOLS/ext4list" tree2.ext4)" "$("$TOOLS/ext4list" tree.ext4)" "no layers: the same"

mkdir sparse
truncate -s 20M sparse/holes
printf 'middle' | dd of=sparse/holes bs=1 seek=9999999 conv=notrunc status=none
for form in gnu posix; do
    tar -C sparse -S -H "$form" --owner=0 --group=0 --numeric-owner -cf sparse.tar ./holes
    make_docker_old tree.tar t:1 "$WORK/sparse.tar"
    run 0 "a sparse file in a $form tar" convert tree.tar -o tree.ext4
    ok "a sparse file in a $form tar: e2fsck finds nothing" e2fsck -fn tree.ext4
    has <("$TOOLS/ext4list" tree.ext4) \
        "^holes f .* size=20971520 .* sha256=$(digest_of sparse/holes)" \
        "a sparse file in a $form tar: all its bytes"
done

# ---- an image of real packages -----------------------------------------------------------------

rm -rf demo && mkdir demo
tar -C demo -xf "$DEMO_IMAGE"
run 0 "an image of Debian packages" convert "$DEMO_IMAGE" -o demo.ext4
agrees demo.ext4 "an image of Debian packages" demo/{1,2,3}/layer.tar
if kernel_mount demo.ext4 "$WORK/kernel"; then
    "$TOOLS/treelist" "$WORK/kernel" >kernel.list
    same_text image.list kernel.list "an image of Debian packages: so the kernel reads it"
    ok "and runs what is in it" chroot "$WORK/kernel" /bin/busybox true
    umount "$WORK/kernel"
else
    skip "an image of Debian packages: so the kernel reads it" "no loop mounts here"
fi

# ---- where it goes -----------------------------------------------------------------------------

echo old >out.ext4
run 0 "over a file that is there" convert old.tar -o out.ext4
same sample.ext4 out.ext4 "over a file that is there: it is replaced"
is "$(stat -c %a out.ext4)" 644 "over a file that is there: it keeps its permissions"
run 0 "a new file" convert old.tar -o new.ext4
is "$(stat -c %a new.ext4)" 600 "a new file is its owner's alone"
run 2 "to standard output" convert old.tar -o -
has "$ERR" 'not written to standard output' "to standard output: it says so"
is "$(stat -c %s "$OUT")" 0 "to standard output: nothing goes there"
not_ok "to standard output: nor to a file of that name" test -e -
run 0 "a file called -" convert old.tar -o ./-
same sample.ext4 ./- "a file called -: it is written"
rm ./-
run 1 "into a directory that is not there" convert old.tar -o missing/out.ext4
mkdir there
run 1 "onto a directory" convert old.tar -o there
# What can be known before an image is read is told before it is, and so in place of what is wrong
# with the image.
head -c 1000 old.tar >cut.tar
touch after
files_of . >before
for out in missing/out.ext4 there; do
    run 1 "a broken image, to $out" convert cut.tar -o "$out"
    has "$ERR" "$out|in missing" "to $out: where it cannot go comes first"
    has_no "$ERR" 'cut short|damaged' "to $out: and alone"
done
run 1 "a broken image" convert cut.tar -o out.ext4
has "$ERR" 'cut short|damaged' "where it can go: what is wrong with the image"
same sample.ext4 out.ext4 "where it can go: what was there is kept"
files_of . >after
same_text before after "nothing of all this stays behind"

# ---- limits of the process ---------------------------------------------------------------------

# Only the limits that can be raised again, for what comes after.
size=$(ulimit -H -f)
ulimit -S -f 1000
run 1 "with a limit on the size of files" convert old.tar -o limited.ext4
ulimit -S -f "$size"
has "$ERR" 'limited.ext4.*File too large' "with a limit on the size of files: it says so"
is "$(files_of . | grep -E 'limited|/\.lambdaimg-')" "" \
    "with a limit on the size of files: nothing stays behind"

many=()
for _ in {1..40}; do many+=("${LAYERS[0]}"); done
make_oci_tar many.tar 1 gzip "${many[@]}"
open=$(ulimit -S -n)
ulimit -S -n 32
run 0 "more compressed layers than open files are allowed at first" convert many.tar -o many.ext4
ulimit -S -n "$open"

finish
