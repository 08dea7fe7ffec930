#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The bytes of images, pinned: testdata/golden-N.sha256 has the digest of each stack of layers in
# testdata/images by layout N. Those of a layout never change; other bytes are a new layout (D9a in
# DESIGN.md). RENEW=1 writes down those of the latest as they are now. And a stored image of each
# layout is mended by its own.
. "$(dirname "$0")/lib.sh"

latest=3
# "nothing" is no folder: an image without layers.
names=(nothing)
for stack in "$top"/testdata/images/*/; do
    names+=("$(basename "$stack")")
done

for layout in $(seq "$latest"); do
    : >"digests-$layout"
done
for name in "${names[@]}"; do
    stack_layers "$name"
    make_docker_old "$name.tar" "$name:1" ${LAYERS[@]+"${LAYERS[@]}"}
    for layout in $(seq "$latest"); do
        ok "$name: an image of layout $layout" "$TOOLS/layout" "$layout" "$name.tar" image.ext4
        ok "$name: e2fsck finds nothing" e2fsck -fn image.ext4
        echo "$(digest_of image.ext4)  $name" >>"digests-$layout"
    done
    run 0 "$name is converted" convert "$name.tar" -o converted.ext4
    ok "$name: by layout $latest" equal image.ext4 converted.ext4
done
[ -z "${RENEW:-}" ] || cp "digests-$latest" "$top/testdata/golden-$latest.sha256"

for layout in $(seq "$latest"); do
    golden=$top/testdata/golden-$layout.sha256
    for name in "${names[@]}"; do
        is "$(grep "  $name\$" "digests-$layout")" "$(grep "  $name\$" "$golden")" \
            "$name, layout $layout: the bytes are the pinned ones"
    done
    is "$(wc -l <"$golden")" "${#names[@]}" "layout $layout: nothing is pinned that is not here"
done
is "$(grep -h '  layouts$' digests-* | sort -u | wc -l)" "$latest" "each layout has bytes of its own"

# ---- images of older layouts -------------------------------------------------------------------

# lose_chunks: all chunks of the repository.
lose_chunks() {
    find "$WORK"/repo/roots/*/chunks -type f -delete
}

new_repository "$WORK/repo"
for layout in $(seq "$latest"); do
    ok "an image is pushed by layout $layout" "$TOOLS/layout" "$layout" layouts.tar "old:$layout"
    run 0 "and inspected" inspect "old:$layout"
    has "$OUT" "^layout +$layout," "its manifest says so"
    run 0 "it is what its layers make" verify "old:$layout" --against layouts.tar
    lose_chunks
    run 1 "without its chunks it is broken" verify "old:$layout"
    run 0 "it is mended by its layout" verify "old:$layout" --repair layouts.tar
    run 0 "and is pulled" pull "old:$layout" -o pulled.ext4
    is "$(digest_of pulled.ext4)  layouts" "$(grep '  layouts$' "digests-$layout")" "as it was pushed"
done

# The same tag, made new: by the latest layout.
run 0 "an old image is pushed again" push layouts.tar old:1
run 0 "and inspected" inspect old:1
has "$OUT" "^layout +$latest," "it has the latest layout"

newer=$((latest + 1))
for layout in 0 "$newer"; do
    not_ok "there is no layout $layout" "$TOOLS/layout" "$layout" layouts.tar image.ext4
done
ok "an image of a newer layout" "$TOOLS/layout" "$latest" layouts.tar newer:1 "$newer"
run 0 "it is whole" verify newer:1
run 0 "and can be pulled" pull newer:1 -o pulled.ext4
for option in --repair --against; do
    run 1 "but not made again, by $option" verify newer:1 "$option" layouts.tar
    has "$ERR" "its layout has version $newer; this version of lambdaimg makes 1 to $latest$" "which is said"
done

finish
