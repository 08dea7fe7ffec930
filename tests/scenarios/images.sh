# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Layers, and the forms that they come in as images: made here of tar, jq and sha256sum, so that the
# tests depend on no other tool's idea of the formats. For lib.sh.

digest_of() {
    sha256sum "$1" | cut -d ' ' -f 1
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
    plain) cp "$2" "$3" ;;
    esac
}

# The specification has no type for xz; such layers go by the plain one.
layer_type() {
    case $1 in
    plain | xz) echo application/vnd.oci.image.layer.v1.tar ;;
    pzstd) echo application/vnd.oci.image.layer.v1.tar+zstd ;;
    *) echo "application/vnd.oci.image.layer.v1.tar+$1" ;;
    esac
}

# The config of an image of these layers.
image_config() {
    local ids=() file

    for file; do
        ids+=("sha256:$(digest_of "$file")")
    done
    jq -cn --arg architecture "${IMAGE_ARCHITECTURE:-amd64}" '{
        architecture: $architecture, os: "linux",
        config: {Env: ["PATH=/bin", "SECRET=the-sum-of-all-tests"], Entrypoint: ["/bin/sh"]},
        rootfs: {type: "layers", diff_ids: $ARGS.positional}
    }' --args ${ids[@]+"${ids[@]}"}
}

# descriptor TYPE FILE: puts FILE into the blobs of the layout in the current directory and prints
# its descriptor.
descriptor() {
    local digest size

    digest=$(digest_of "$2")
    size=$(stat -c %s "$2")
    mv "$2" "blobs/sha256/$digest"
    jq -cn --arg type "$1" --arg digest "sha256:$digest" --argjson size "$size" \
        '{mediaType: $type, digest: $digest, size: $size}'
}

# add_oci_image DIR TAG HOW LAYER...: to the layout at DIR, which is made where it is not there.
add_oci_image() (
    local dir=$1 tag=$2 how=$3 file config manifest files layers=()
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
    jq -cn --argjson config "$config" '{
        schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: $config, layers: ($ARGS.positional | map(fromjson))
    }' --args ${layers[@]+"${layers[@]}"} >new
    manifest=$(descriptor application/vnd.oci.image.manifest.v1+json new)
    jq -c --argjson manifest "$manifest" --arg tag "$tag" \
        --arg architecture "${IMAGE_ARCHITECTURE:-amd64}" '.manifests += [$manifest + {
            annotations: {"org.opencontainers.image.ref.name": $tag},
            platform: {os: "linux", architecture: $architecture}
        }]' index.json >new
    mv new index.json
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

# make_docker_new FILE TAG HOW LAYER...: as Docker 25 and later save, an OCI layout with a
# manifest.json beside.
make_docker_new() {
    local file=$1 tag=$2
    shift 2

    make_oci_dir "$WORK/.layout" "${tag##*:}" "$@"
    (
        cd "$WORK/.layout" || exit 1
        manifest=blobs/sha256/$(jq -r '.manifests[0].digest[7:]' index.json)
        jq -c --arg tag "$tag" '[{
            Config: ("blobs/sha256/" + .config.digest[7:]), RepoTags: [$tag],
            Layers: [.layers[].digest[7:] | "blobs/sha256/" + .]
        }]' "$manifest" >manifest.json
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
    jq -c --arg config "$config" --arg tag "$tag" '. += [{
        Config: $config, RepoTags: [$tag], Layers: $ARGS.positional
    }]' "$dir/manifest.json" --args ${layers[@]+"${layers[@]}"} >"$dir/manifest"
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

# sample_layers: three layers with one of everything, in the array LAYERS.
sample_layers() {
    local long deep

    long=$(printf 'n%.0s' {1..255})
    deep=$(printf 'deep/%.0s' {1..30})
    layer sample-1 <<-END
	dir ./ mtime=1600000000.000000001
	dir bin mtime=1600000001
	file bin/sh mode=0755 size=700000 fill=1
	file bin/setuid mode=4755 text=s
	file bin/capable text=c xattr.security.capability=\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00
	dir dev mtime=1
	char dev/null 1,3 mode=0666
	block dev/disk 259,300 uid=0 gid=6
	fifo dev/pipe
	dir etc mtime=1600000002
	file etc/passwd text=root:x:0:0\x0a
	file etc/removed text=gone
	file etc/replaced text=old mode=0600
	dir etc/opaque.d mtime=1600000003
	file etc/opaque.d/old text=old
	dir etc/opaque.d/below mtime=1600000004
	file etc/opaque.d/below/old text=old
	dir etc/becomes-file mtime=1600000005
	file etc/becomes-file/x text=x
	file etc/becomes-dir text=x
	symlink etc/becomes-real passwd
	dir times mtime=0
	file times/epoch mtime=0
	file times/before mtime=-1.5
	file times/nanoseconds mtime=1234567890.123456789
	file times/after-2038 mtime=3000000000
	file times/after-2106 mtime=5000000000.999999999
	dir modes mode=1777
	file modes/none mode=0000 text=n
	file modes/setgid mode=2711
	dir modes/setgid.d mode=2775 gid=50
	dir owners uid=70000 gid=4000000000
	file owners/high uid=4294967294 gid=65536 text=h
	dir names mtime=1600000006
	file names/with\x20space
	file names/with\x0anewline text=n
	file names/\xff\xfe\x80 text=bytes
	file names/\xc3\xa9t\xc3\xa9 text=utf-8
	file names/-dash
	file names/.whiteout-not
	file names/$long text=255
	dir links mtime=1600000007
	symlink links/short ../etc/passwd
	symlink links/absolute /etc/passwd
	symlink links/dangling nowhere mtime=1600000008.5
	symlink links/sixty-and-more 0123456789012345678901234567890123456789012345678901234567890123456789
	symlink links/$long $long/$long/$long
	file links/one text=linked mtime=1600000009
	link links/two links/one
	link links/three links/one
	file links/gone-later text=kept
	link links/kept links/gone-later
	dir xattrs xattr.user.dir=d
	file xattrs/plain xattr.user.a=1 xattr.user.b=\x00\x01\xff xattr.trusted.t=t
	file xattrs/empty xattr.user.empty=
	file xattrs/large xattr.user.large=$(printf 'x%.0s' {1..2000})
	file xattrs/acl mode=0640 xattr.system.posix_acl_access=\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x02\x00\x04\x00\xe8\x03\x00\x00\x04\x00\x04\x00\xff\xff\xff\xff\x10\x00\x04\x00\xff\xff\xff\xff\x20\x00\x00\x00\xff\xff\xff\xff
	dir data mtime=1600000010
	file data/empty
	file data/one text=1
	file data/block size=4096 fill=2
	file data/block-and-one size=4097 fill=3
	file data/chunk size=524288 fill=4
	file data/chunk-and-one size=524289 fill=5
	file data/odd size=1234567 fill=6
	file data/zeros size=1500000
	dir usr mtime=1600000011
	dir usr/share
	dir usr/share/doc
	file usr/share/doc/a text=a
	file usr/share/doc/b size=300000 fill=7
	END
    {
        for part in $(seq 1 30); do
            echo "dir ${deep:0:$((5 * part - 1))} mtime=$((1600000100 + part))"
        done
        echo "file ${deep}leaf text=leaf"
    } | layer sample-2
    layer sample-3 <<-END
	file etc/.wh.removed
	file etc/.wh.never-was
	file etc/replaced text=new mode=0644 uid=5
	dir etc mode=0711 mtime=1600000020
	file etc/opaque.d/.wh..wh..opq
	file etc/opaque.d/new text=new
	file etc/becomes-file text=now-a-file
	dir etc/becomes-dir mtime=1600000021
	file etc/becomes-dir/y text=y
	dir etc/becomes-real mtime=1600000022
	file etc/becomes-real/z text=z
	file links/.wh.gone-later
	link links/four links/two
	file usr/share/.wh.doc
	file data/more size=900000 fill=8
	END
    # shellcheck disable=SC2034
    LAYERS=("$WORK/sample-1.tar" "$WORK/sample-2.tar" "$WORK/sample-3.tar")
}
