#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The bytes of images, pinned: testdata/golden.sha256 has the digest of each stack of layers in
# testdata/images. They may change only together with LI_EXT4_LAYOUT_VERSION. RENEW=1 writes down what
# they are now.
. "$(dirname "$0")/lib.sh"

golden=$top/testdata/golden.sha256
# "nothing" is no folder: an image without layers.
names=(nothing)
for stack in "$top"/testdata/images/*/; do
    names+=("$(basename "$stack")")
done

: >digests
for name in "${names[@]}"; do
    stack_layers "$name"
    make_docker_old image.tar app:1 ${LAYERS[@]+"${LAYERS[@]}"}
    run 0 "$name is converted" convert image.tar -o image.ext4
    ok "$name: e2fsck finds nothing" e2fsck -fn image.ext4
    echo "$(digest_of image.ext4)  $name" >>digests
done
[ -z "${RENEW:-}" ] || cp digests "$golden"

for name in "${names[@]}"; do
    is "$(grep "  $name\$" digests)" "$(grep "  $name\$" "$golden")" "$name: the bytes are the pinned ones"
done
is "$(wc -l <"$golden")" "${#names[@]}" "nothing is pinned that is not here"

finish
