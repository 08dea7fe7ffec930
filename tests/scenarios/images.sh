# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Layers, and the forms that they come in as images: made here of tar, openssl and JSON by hand, so that
# the tests depend on no other tool's idea of the formats. For lib.sh. Not by jq, which takes 50 ms to start,
# and an image takes a dozen of its answers.

digest_of() {
    openssl dgst -sha256 -r "$1" | cut -d " " -f 1
}

# layer NAME: a layer of the description on standard input (see mktar); it is WORK/NAME.tar.
layer() {
    "$TOOLS/mktar" >"$WORK/$1.tar"
}

# compress HOW FILE OUT
compress() {
    case $1 in
    gzip) gzip -nc -1 "$2" >"$3" ;;
    zstd) zstd -qc -1 "$2" >"$3" ;;
    pzstd) # a skippable frame comes first
        printf '\x50\x2a\x4d\x18\x04\x00\x00\x00size' >"$3"
        zstd -qc -1 "$2" >>"$3"
        ;;
    xz) xz -qc -0 -T1 "$2" >"$3" ;;
    # With the largest window and dictionary that are read; zstd must not know the size.
    zstd-wide) zstd -qc -1 --long=27 <"$2" >"$3" ;;
    xz-wide) xz -qc --lzma2=preset=0,dict=128MiB -T1 "$2" >"$3" ;;
    plain) cp "$2" "$3" ;;
    esac
}

# The specification has no type for xz; such layers go by the plain one.
layer_type() {
    case $1 in
    plain | xz | xz-wide) echo application/vnd.oci.image.layer.v1.tar ;;
    pzstd | zstd-wide) echo application/vnd.oci.image.layer.v1.tar+zstd ;;
    *) echo "application/vnd.oci.image.layer.v1.tar+$1" ;;
    esac
}

# json_list VALUE...: of values that are JSON.
json_list() {
    local IFS=,

    echo "[$*]"
}

# json_strings TEXT...: a list of texts that have no control characters.
json_strings() {
    local list=("$@")

    list=(${list[@]+"${list[@]//\\/\\\\}"})
    list=(${list[@]+"${list[@]//\"/\\\"}"})
    list=(${list[@]+"${list[@]/#/\"}"})
    json_list ${list[@]+"${list[@]/%/\"}"}
}

# json_appended LIST VALUE: the list with one more value.
json_appended() {
    if [ "$1" = "[]" ]; then
        echo "[$2]"
    else
        echo "${1%]},$2]"
    fi
}

# The config of an image of these layers.
image_config() {
    local ids=() file

    for file; do
        ids+=("sha256:$(digest_of "$file")")
    done
    printf '{"architecture":"%s","os":"linux",%s%s,"rootfs":{"type":"layers","diff_ids":%s}}\n' \
        "${IMAGE_ARCHITECTURE:-amd64}" "${IMAGE_HISTORY:+\"history\":$IMAGE_HISTORY,}" \
        '"config":{"Env":["PATH=/bin","SECRET=the-sum-of-all-tests"],"Entrypoint":["/bin/sh"]}' \
        "$(json_strings ${ids[@]+"${ids[@]}"})"
}

# descriptor TYPE FILE: puts FILE into the blobs of the layout in the current directory and prints
# its descriptor.
descriptor() {
    local digest size

    digest=$(digest_of "$2")
    size=$(stat -c %s "$2")
    mv "$2" "blobs/sha256/$digest"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}\n' "$1" "$digest" "$size"
}

# add_oci_image DIR TAG HOW LAYER...: to the layout at DIR, which is made where it is not there.
add_oci_image() (
    local dir=$1 tag=$2 how=$3 file config manifest files list layers=()
    shift 3

    mapfile -t files < <(realpath -- "$@" 2>/dev/null)

    mkdir -p "$dir/blobs/sha256"
    cd "$dir" || exit 1
    [ -e index.json ] || echo '{"schemaVersion":2,"manifests":[]}' >index.json
    echo '{"imageLayoutVersion":"1.0.0"}' >oci-layout
    image_config ${files[@]+"${files[@]}"} >new
    config=$(descriptor application/vnd.oci.image.config.v1+json new)
    for file in ${files[@]+"${files[@]}"}; do
        compress "$how" "$file" new
        layers+=("$(descriptor "$(layer_type "$how")" new)")
    done
    printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":%s}\n' \
        application/vnd.oci.image.manifest.v1+json "$config" "$(json_list ${layers[@]+"${layers[@]}"})" >new
    manifest=$(descriptor application/vnd.oci.image.manifest.v1+json new)
    manifest=$(printf '%s,"annotations":{"org.opencontainers.image.ref.name":"%s"},"platform":%s}' \
        "${manifest%\}}" "$tag" "{\"os\":\"linux\",\"architecture\":\"${IMAGE_ARCHITECTURE:-amd64}\"}")
    list=$(<index.json)
    list=${list#*'"manifests":'}
    printf '{"schemaVersion":2,"manifests":%s}\n' "$(json_appended "${list%\}}" "$manifest")" >index.json
)

# make_oci_dir DIR TAG HOW LAYER...
make_oci_dir() {
    rm -rf "$1"
    add_oci_image "$@"
}

# make_oci_tar FILE TAG HOW LAYER...
make_oci_tar() {
    local file=$1
    shift

    make_oci_dir "$WORK/.layout" "$@"
    tar -C "$WORK/.layout" -cf "$file" blobs index.json oci-layout
    rm -rf "$WORK/.layout"
}

# docker_entry CONFIG TAG LAYER...: an image in a manifest.json.
docker_entry() {
    printf '{"Config":"%s","RepoTags":%s,"Layers":%s}\n' "$1" "$(json_strings "$2")" "$(json_strings "${@:3}")"
}

# blobs_in FILE: all that an index or a manifest refers to, in its order.
blobs_in() {
    grep -o '"sha256:[0-9a-f]*' "$1" | sed 's/"sha256:/blobs\/sha256\//'
}

# make_docker_new FILE TAG HOW LAYER...: as Docker 25 and later save, an OCI layout with a
# manifest.json beside.
make_docker_new() {
    local file=$1 tag=$2
    shift 2

    make_oci_dir "$WORK/.layout" "${tag##*:}" "$@"
    (
        cd "$WORK/.layout" || exit 1
        manifest=$(blobs_in index.json)
        mapfile -t blobs < <(blobs_in "$manifest")
        docker_entry "${blobs[0]}" "$tag" "${blobs[@]:1}" | sed 's/.*/[&]/' >manifest.json
    )
    tar -C "$WORK/.layout" -cf "$file" blobs index.json manifest.json oci-layout
    rm -rf "$WORK/.layout"
}

# docker_tree DIR TAG LAYER...: what Docker before 25 saves, as a directory; adds to what is there.
docker_tree() (
    local dir=$1 tag=$2 config id layers=() file
    shift 2

    mkdir -p "$dir"
    image_config "$@" >"$dir/config"
    config=$(digest_of "$dir/config").json
    mv "$dir/config" "$dir/$config"
    for file; do
        id=$(echo "$tag ${#layers[@]}" | sha256sum | cut -d ' ' -f 1)
        mkdir -p "$dir/$id"
        cp "$file" "$dir/$id/layer.tar"
        echo 1.0 >"$dir/$id/VERSION"
        layers+=("$id/layer.tar")
    done
    [ -e "$dir/manifest.json" ] || echo '[]' >"$dir/manifest.json"
    json_appended "$(<"$dir/manifest.json")" "$(docker_entry "$config" "$tag" ${layers[@]+"${layers[@]}"})" \
        >"$dir/manifest"
    mv "$dir/manifest" "$dir/manifest.json"
)

# docker_save DIR FILE: manifest.json comes last, as Docker has it.
docker_save() {
    find "$1" -mindepth 1 -maxdepth 1 ! -name manifest.json -printf '%P\n' | LC_ALL=C sort >"$WORK/.members"
    tar -C "$1" -cf "$2" -T "$WORK/.members" manifest.json
}

# make_docker_old FILE TAG LAYER...
make_docker_old() {
    local file=$1
    shift

    rm -rf "$WORK/.docker"
    docker_tree "$WORK/.docker" "$@"
    docker_save "$WORK/.docker" "$file"
    rm -rf "$WORK/.docker"
}

# unpack_layers DIR LAYER...: the tree that umoci makes of the layers, as an independent opinion;
# root only, since only root can make the owners and devices.
unpack_layers() {
    local dir=$1
    shift

    [ "$(id -u)" -eq 0 ] && command -v umoci >/dev/null || return 1
    make_oci_dir "$WORK/.umoci" t plain "$@"
    umoci unpack --image "$WORK/.umoci:t" "$WORK/.bundle" >"$WORK/.umoci.log" 2>&1 || {
        diagnose <"$WORK/.umoci.log"
        return 1
    }
    rm -rf "$dir"
    mv "$WORK/.bundle/rootfs" "$dir"
    rm -rf "$WORK/.bundle" "$WORK/.umoci"
}

# stack_layers NAME: the layers of testdata/images/NAME, in the array LAYERS.
stack_layers() {
    # shellcheck disable=SC2154 # lib.sh has it
    local number stack=$top/testdata/images/$1

    LAYERS=()
    for ((number = 1; ; number++)); do
        [ -e "$stack/$number" ] || break
        layer "$1-$number" <"$stack/$number"
        LAYERS+=("$WORK/$1-$number.tar")
    done
}

# Three layers with one of everything.
sample_layers() {
    stack_layers sample
}
