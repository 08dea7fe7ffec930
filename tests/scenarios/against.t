#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# verify --against: what is stored is what the layers make, by a second reading of the layers, and
# what is not is told.
. "$(dirname "$0")/lib.sh"

sample_layers
make_docker_old app.tar app:1 "${LAYERS[@]}"
make_oci_tar app.oci 1 zstd "${LAYERS[@]}"
new_repository "$WORK/repo"
quietly push app.tar app:1

run 0 "an image against its original" verify app:1 --against app.tar
has "$OUT" '^verified app:1: [0-9]+ chunks, .* fetched, 0 mended; [0-9]+ paths with .*B of contents are as in app.tar$' \
    "which says so in one line"
is "$(wc -l <"$OUT")" 1 "and in no more"
run 0 "the same layers in another form" verify app:1 --against app.oci
run 0 "and from standard input" verify app:1 --against - <app.oci
has "$OUT" ' are as in standard input$' "and called so"
run 0 "and the demonstration's image" push "$DEMO_IMAGE" demo:1
run 0 "against its original" verify demo:1 --against "$DEMO_IMAGE"

# ---- other images ------------------------------------------------------------------------------

# differs WHAT LINE...: on top of the image, the layer of standard input makes just these differences.
differs() {
    local what=$1
    shift

    layer top
    make_docker_old other.tar other:1 "${LAYERS[@]}" "$WORK/top.tar"
    run 3 "$what" verify app:1 --against other.tar
    printf '%s\n' "$@" >want
    cp "$OUT" got
    same_text want got "$what: and how"
}

differs "a mode, an owner and a time" \
    "/dev: mode: stored 0755, layers 0700" "/dev: uid: stored 0, layers 4" \
    "/dev: gid: stored 0, layers 5" "/dev: mtime: stored 1.000000000, layers 1.000000001" <<END
dir dev mode=0700 uid=4 gid=5 mtime=1.000000001
END
has "$ERR" '^lambdaimg: app:1 does not match the layers of other.tar: 4 differences$' "and how many"
differs "a file that is not stored" \
    "/: links: stored 14, layers 13" "/times: path: stored directory, layers none" \
    "/zz\\x0a\\xff: path: stored none, layers file" <<END
file .wh.times
file zz\x0a\xff text=new
END
differs "contents" "/data/one: byte 0: stored 31, layers 32" <<END
file data/one text=2
END
has "$ERR" ': 1 difference$' "which is one"
differs "a size" "/data/one: size: stored 1, layers 2" <<END
file data/one text=12
END
differs "a target" "/links/short: target: stored ../etc/passwd, layers ../etc/PASSWD" <<END
symlink links/short ../etc/PASSWD
END
differs "hard links" "/links/four: links: stored 4, layers 3" \
    "/links/two: links: stored 4, layers 1" \
    "/links/two: inode: stored /links/four, layers one of its own" <<END
file links/two text=linked mtime=1600000009
END

for i in $(seq 10 39); do
    echo "file many-$i"
done | layer top
make_docker_old other.tar other:1 "${LAYERS[@]}" "$WORK/top.tar"
run 3 "thirty differences" verify app:1 --against other.tar
is "$(wc -l <"$OUT")" 20 "of which twenty are shown"
has "$ERR" ' 30 differences$' "and all are counted"

# ---- readers that disagree ---------------------------------------------------------------------

# A file whose name ends with a slash is one to container engines, and a directory to libarchive.
# slash_image KEY=VALUE...
slash_image() {
    layer slash <<END
file before text=1
file odd/ $*
file behind text=3
END
    make_docker_old slash.tar slash:1 "$WORK/slash.tar"
    quietly push slash.tar slash:1
}

slash_image mode=0755
run 3 "an entry that the readers read in two ways" verify slash:1 --against slash.tar
has "$OUT" '^odd/: the two readers of the layer .* disagree: type: lambdaimg file, libarchive directory$' "it is named"
has "$ERR" 'differences; the two readers of these layers disagree, so this may be a misreading by libarchive$' \
    "and what differs is not laid to the image"
slash_image text=2
run 1 "a layer in which libarchive takes contents for a header" verify slash:1 --against slash.tar
has "$OUT" '^odd/: the two readers of the layer .* disagree: ' "the entry is named"
has "$ERR" 'the two readers of the layers disagree, and as libarchive reads them nothing can be compared: ' "and why nothing is compared"

# told NAME STATUS: "NAME: same", or "NAME: disagree" where the comparison and its entry say that.
told() {
    if [ "$2" -eq 0 ]; then
        echo "$1: same"
    elif grep -q ': the two readers of the layer .* disagree: ' "$OUT" &&
        grep -q 'the two readers of the\(se\)\? layers disagree' "$ERR"; then
        echo "$1: disagree"
    else
        echo "$1: differs"
    fi
}

# Of tars whose right reading is known, what libarchive reads otherwise is never laid to the image alone.
# What store the images lie in is nothing to the readers.
if [ "${STORE:-dir}" = dir ]; then
    mkdir cases
    "$TOOLS/tarcases" cases
    for tar in cases/*.tar; do
        name=$(basename "$tar" .tar)
        make_docker_old case.tar case:1 "$WORK/$tar"
        "$LAMBDAIMG" push case.tar "$name:1" >"$OUT" 2>"$ERR" || continue
        "$LAMBDAIMG" verify "$name:1" --against case.tar >"$OUT" 2>"$ERR"
        told "$name" $?
    done >said
    is "$(sed -n 's/: disagree$//p' said | paste -sd ' ')" \
        "global go-prefix label link-data link-size negative-size-of-directory nuls-first pax \
slash-file sparse-junk special-at-the-end" \
        "small tars that libarchive misreads: it says so"
    is "$(sed -n 's/: differs$//p' said)" "" "and of no other it finds a difference"
    is "$(grep -c ': same$' said)" 27 "all others are the same"
fi

# ---- large ones --------------------------------------------------------------------------------

# ext4 counts a directory's links up to 65,000.
for count in 64998 64999; do
    seq "$count" | sed 's/^/dir many\//' | layer many
    make_docker_old many.tar many:1 "$WORK/many.tar"
    quietly push many.tar "many:$count" --compression none
    run 0 "$count directories in one" verify "many:$count" --against many.tar
done

# Were the path of each kept, it would take 1.6 GB. A path reaches 2,000 of them, and links lead to the next.
perl -e '
    my ($deep, $at) = ("d/" x 2000, "");
    for (1 .. 20) {
        print "dir d pax.path=$at$deep\nsymlink l$_ l pax.linkpath=$at$deep\n";
        $at = "l$_/";
    }
    print "file ${at}f text=1\n"' | layer deep
make_docker_old deep.tar deep:1 "$WORK/deep.tar"
quietly push deep.tar deep:1 --compression none
ok "40000 directories in each other" \
    /usr/bin/time -o most -f %M "$LAMBDAIMG" verify deep:1 --against deep.tar
[ "$(tail -n 1 most)" -lt 800000 ]
result $? "for which it takes less than 800 MB" <most

# ---- failures ----------------------------------------------------------------------------------

run 1 "against what is not there" verify app:1 --against none.tar
run 1 "against another image of several" verify app:1 --against app.tar --image app:2
run 2 "standard input for two things" verify app:1 --against - --repair - <app.tar
cp app.tar broken.tar
change_byte broken.tar -20000
run 1 "against layers that are not what their image says" verify app:1 --against broken.tar
new_repository "$WORK/mend"
quietly push app.tar app:1
mapfile -t chunks < <(find mend/roots/*/chunks -type f | sort)
change_byte "${chunks[0]}" 100
run 1 "a chunk that has changed" verify app:1 --against app.tar
run 0 "which is mended and then compared" verify app:1 --repair app.tar --against app.tar

finish
