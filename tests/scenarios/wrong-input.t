#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Broken and hostile input: exit status 1, one sentence, and nothing left behind, neither where the
# output would have gone nor in the repository.
. "$(dirname "$0")/lib.sh"

mkdir here out
layer small <<END
dir ./
dir etc
file etc/passwd text=root:x:0:0
file etc/filled size=40000 fill=1
END
small=$WORK/small.tar
make_docker_old good.tar app:1 "$small"
make_oci_dir good.oci 1 gzip "$small"
new_repository "$WORK/repo"
quietly push good.tar app:1
quietly pull app:1 -o good.ext4
files_of repo >repo.before
cp -r repo repo.good
cd here || exit 1

# nothing_left WHAT
nothing_left() {
    is "$(files_of .)$(files_of ../out)$(files_of ../tmp)" "" "$1: no file is left" || rm -rf ../out/* ../tmp/* ./*
}

# refused WHAT IMAGE [ARGUMENT...]: by convert and by push. Layers of these images were pushed before, so
# that by its memo a push would not look at all of them.
refused() {
    local what=$1 image=$2
    shift 2

    run 1 "$what: convert" convert "$image" -o ../out/x.ext4 "$@"
    has_no "$ERR" 'Success|\(null\)|Assert|internal error' "$what: with a reason"
    run 1 "$what: push" push "$image" new:1 --no-memo "$@"
    nothing_left "$what"
    (cd .. && files_of repo | grep -v /chunks/ >repo.after && grep -v /chunks/ repo.before |
        diff - repo.after) >../difference
    result $? "$what: no image in the repository" <../difference || {
        rm -rf ../repo
        cp -r ../repo.good ../repo
    }
}

# ---- no image at all ---------------------------------------------------------------------------

: >../empty
head -c 100000 /dev/urandom >../garbage
head -c 20000 /dev/zero >../zeros
echo '{"this": "is JSON"}' >../text
mkdir ../folder
refused "what does not exist" ../nowhere.tar
refused "an empty file" ../empty
refused "random bytes" ../garbage
refused "zeros" ../zeros
refused "a text" ../text
refused "an empty folder" ../folder
refused "a layer instead of an image" "$small"
refused "a device" /dev/null
run 1 "nothing on standard input" convert - -o ../out/x.ext4 </dev/null
run 1 "random bytes on standard input" convert - -o ../out/x.ext4 <../garbage
nothing_left "standard input"

# ---- what was given by mistake -----------------------------------------------------------------

# mistaken WHAT IMAGE REGEX: refused, by this name.
mistaken() {
    refused "$1" "$2"
    run 1 "$1" convert "$2" -o ../out/x.ext4
    has "$ERR" "$3" "$1: it is called what it is"
}

mkdir ../export
mkdir ../export/{bin,dev,etc,proc,usr}
echo 'root:x:0:0' >../export/etc/passwd
echo '{"name": "a web page"}' >../export/manifest.json
tar -C ../export -cf ../export.tar bin dev etc proc usr
mistaken "what docker export writes" ../export.tar 'a root file system \(as from docker export\)'
tar -C ../export -cf ../export.tar .
mistaken "a root file system with a manifest.json" ../export.tar 'a root file system'
rm ../export.tar
mkdir ../dir
printf 'Directory Transport Version: 1.1\n' >../dir/version
jq -c . "../good.oci/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' ../good.oci/index.json)" >../dir/manifest.json
mistaken "what skopeo calls dir:" ../dir 'as in what skopeo calls dir:'
for how in bzip2 "xz --format=lzma:lzma"; do
    if ! echo | ${how%:*} >/dev/null 2>&1; then
        skip "an archive compressed by ${how%% *}" "there is no ${how%% *}"
        continue
    fi
    ${how%:*} -c ../good.tar >../other.tar
    mistaken "an archive compressed by ${how#*:}" ../other.tar "it is compressed by ${how#*:}; gzip, zstd and xz"
    rm -rf ../d && mkdir ../d && tar -C ../d -xf ../good.tar
    part=../d/$(jq -r '.[0].Layers[0]' ../d/manifest.json)
    ${how%:*} -c "$part" >../d/new && mv ../d/new "$part"
    docker_save "$WORK/d" "$WORK/other.tar"
    mistaken "a layer compressed by ${how#*:}" ../other.tar "layer.tar: it is compressed by ${how#*:}"
done
head -c 200M /dev/zero | zstd -q --long=28 -c >../other.tar
mistaken "an archive with a long window" ../other.tar 'window of more than 128 MiB'

# ---- archives that are cut short or changed ----------------------------------------------------

size=$(stat -c %s ../good.tar)
for part in 1 100 511 512 513 $((size / 4)) $((size / 2)) $((size - 10241)); do
    head -c "$part" ../good.tar >../cut.tar
    refused "an archive cut after $part bytes" ../cut.tar
done
gzip -c ../good.tar | head -c 5000 >../cut.tar.gz
refused "a compressed archive cut short" ../cut.tar.gz
{
    gzip -c ../good.tar | head -c 3000
    head -c 3000 ../garbage
} >../bad.tar.gz
refused "a compressed archive that goes wrong" ../bad.tar.gz

# ---- documents ---------------------------------------------------------------------------------

# docker WHAT JQ: the good archive with its manifest.json changed.
docker() {
    rm -rf ../d && mkdir ../d && tar -C ../d -xf ../good.tar
    jq -c "$2" ../d/manifest.json >../d/new
    mv ../d/new ../d/manifest.json
    docker_save "$WORK/d" "$WORK/docker.tar"
    refused "$1" ../docker.tar
}

# docker_text WHAT TEXT: with this manifest.json.
docker_text() {
    rm -rf ../d && mkdir ../d && tar -C ../d -xf ../good.tar
    printf '%s' "$2" >../d/manifest.json
    docker_save "$WORK/d" "$WORK/docker.tar"
    refused "$1" ../docker.tar
}

docker "a layer that is missing" '.[0].Layers += ["missing/layer.tar"]'
docker "a config that is missing" '.[0].Config = "missing.json"'
docker "a layer outside" '.[0].Layers = ["../small.tar"]'
docker "a layer at an absolute path" '.[0].Layers = ["/etc/passwd"]'
docker "a config outside" '.[0].Config = "../../etc/passwd"'
docker "one layer too few" '.[0].Layers = []'
docker "one layer too many" '.[0].Layers += .[0].Layers'
docker "layers of a wrong type" '.[0].Layers = 5'
docker "a layer of a wrong type" '.[0].Layers = [{}]'
docker "no images" '[]'
docker "an object for a list" '.[0]'
docker "null" 'null'
docker_text "no JSON" 'hello'
docker_text "JSON cut short" '[{"Config":'
docker_text "an empty manifest.json" ''
docker_text "JSON of great depth" "$(printf '[%.0s' {1..100000})"
docker_text "JSON of great depth, closed" "$(printf '{"a":%.0s' {1..5000})1$(printf '}%.0s' {1..5000})"
docker_text "JSON with a NUL" '[{"Config":"a\u0000b","Layers":["x\u0000y"]}]'
docker_text "JSON that is no UTF-8" $'[{"Config":"\xff\xfe","Layers":[]}]'

rm -rf ../d && mkdir ../d && tar -C ../d -xf ../good.tar
config=$(jq -r '.[0].Config' ../d/manifest.json)
jq -c '.rootfs.diff_ids[0] |= sub("sha256:."; "sha256:x")' ../d/"$config" >../d/new
mv ../d/new ../d/"$config"
docker_save "$WORK/d" "$WORK/docker.tar"
refused "a diff ID that is none" ../docker.tar
jq -c '.rootfs.diff_ids[0] = "sha256:" + ("0" * 64)' ../d/"$config" >../d/config.json
jq -c '.[0].Config = "config.json"' ../d/manifest.json >../d/new
mv ../d/new ../d/manifest.json
docker_save "$WORK/d" "$WORK/docker.tar"
refused "a diff ID of another layer" ../docker.tar

# oci WHAT FILE JQ: the good layout with one document changed, whose digest is then wrong unless it
# is the index.
oci() {
    rm -rf ../d && cp -r ../good.oci ../d
    jq -c "$3" "../d/$2" >../d/new
    mv ../d/new "../d/$2"
    refused "$1" ../d
}

manifest=blobs/sha256/$(jq -r '.manifests[0].digest[7:]' ../good.oci/index.json)
config=blobs/sha256/$(jq -r '.config.digest[7:]' "../good.oci/$manifest")
blob=blobs/sha256/$(jq -r '.layers[0].digest[7:]' "../good.oci/$manifest")
oci "an index without manifests" index.json '.manifests = []'
oci "an index of wrong types" index.json '.manifests = {"a": 1}'
oci "a manifest that is missing" index.json '.manifests[0].digest = "sha256:" + ("0" * 64)'
oci "a digest that climbs" index.json '.manifests[0].digest = "sha256:../../../../etc/passwd"'
oci "a digest of another kind" index.json '.manifests[0].digest = "md5:00000000000000000000000000000000"'
oci "a digest too short" index.json '.manifests[0].digest = "sha256:00"'
oci "a size that is wrong" index.json '.manifests[0].size += 1'
oci "a size below nothing" index.json '.manifests[0].size = -1'
oci "a media type that is not known" index.json '.manifests[0].mediaType = "text/plain"'
oci "a manifest that was changed" "$manifest" '.layers[0].size = 7'
oci "a config that was changed" "$config" '.os = "linux "'

rm -rf ../d && cp -r ../good.oci ../d && change_byte "../d/$blob" 500
refused "a layer that was changed" ../d
rm -rf ../d && cp -r ../good.oci ../d && rm "../d/$blob"
refused "a layer that is missing from a layout" ../d
rm -rf ../d && cp -r ../good.oci ../d && truncate -s -100 "../d/$blob"
refused "a layer that was cut" ../d
rm -rf ../d && cp -r ../good.oci ../d && rm "../d/$blob" && ln -s /etc/passwd "../d/$blob"
refused "a layer that is a link to elsewhere" ../d
rm -rf ../d && cp -r ../good.oci ../d && rm "../d/$blob" && mkfifo "../d/$blob"
refused "a layer that is a pipe" ../d

# loop of indexes: each names the next, far deeper than anyone needs.
(
    rm -rf ../d && cp -r ../good.oci ../d && cd ../d || exit 1
    for _ in {1..40}; do
        cp index.json new
        entry=$(descriptor application/vnd.oci.image.index.v1+json new)
        jq -cn --argjson entry "$entry" '{schemaVersion: 2, manifests: [$entry]}' >index.json
    done
)
refused "indexes within indexes within indexes" ../d

# ---- layers ------------------------------------------------------------------------------------

# bad_layer WHAT: the layer described on standard input.
bad_layer() {
    layer bad
    make_docker_old "$WORK/bad-image.tar" bad:1 "$small" "$WORK/bad.tar"
    refused "$1" ../bad-image.tar
}

bad_layer "a path that climbs" <<<'file ../../evil text=x'
bad_layer "a path that climbs from inside" <<<'file etc/../../evil text=x'
bad_layer "a hard link that climbs" <<<'link evil ../../../etc/passwd'
bad_layer "a hard link to nothing" <<<'link evil nowhere'
bad_layer "a hard link to a directory" <<<'link evil etc'
bad_layer "a path through a file" <<<'file etc/passwd/x text=x'
bad_layer "a name that is too long" <<<"file $(printf 'n%.0s' {1..256}) text=x"
bad_layer "a link that is too long" <<<"symlink x $(printf 'n%.0s' {1..5000})"
bad_layer "a whiteout of nothing named" <<<'file etc/.wh. text='
bad_layer "a whiteout of the directory itself" <<<'file etc/.wh..'
bad_layer "a whiteout of the directory above" <<<'file etc/.wh...'
bad_layer "an owner that is none" <<<'file x uid=4294967295'
has "$ERR" "x: its owner 4294967295:0 is not within 0 to 4294967294" "which is said"
bad_layer "a link to a file that AUFS did not keep" <<<'link x .wh..wh.plnk/1.2'
bad_layer "a size beyond all" <<<'file x pax.size=9223372036854775807'
bad_layer "a size below nothing" <<<'file x pax.size=-5'
{
    cat "$small"
    head -c 600 "$WORK/garbage"
} | head -c 30000 >"$WORK/bad.tar"
make_docker_old ../bad-image.tar bad:1 "$WORK/bad.tar"
refused "a layer that is cut" ../bad-image.tar
cp "$small" "$WORK/bad.tar" && change_byte "$WORK/bad.tar" 3
make_docker_old ../bad-image.tar bad:1 "$WORK/bad.tar"
refused "a layer whose header does not add up" ../bad-image.tar

# ---- repositories and keys ---------------------------------------------------------------------

run 1 "no repository" ls --repo "dir:$WORK/nowhere"
run 1 "an empty folder is no repository" ls --repo "dir:$WORK/folder"
run 1 "a file is no repository" ls --repo "dir:$WORK/text"
run 1 "push to no repository" push ../good.tar x:1 --repo "dir:$WORK/folder"
is "$(files_of ../folder)" "" "and it adds nothing there"

# keyless WHAT SPEC: what needs the key fails, what needs none does not.
keyless() {
    run 1 "$1: pull" pull app:1 -o ../out/x.ext4 --kms "$2"
    run 1 "$1: push" push ../good.tar new:1 --kms "$2"
    run 0 "$1: ls" ls --kms "$2"
    nothing_left "$1"
}

keyless "no key file" "file:$WORK/nowhere"
cp ../key ../key2 && chmod 644 ../key2
keyless "a key that others can read" "file:$WORK/key2"
: >../key3 && chmod 600 ../key3
keyless "an empty key" "file:$WORK/key3"
head -c 1000 ../garbage >../key4 && chmod 600 ../key4
keyless "a key of random bytes" "file:$WORK/key4"
quietly init --repo "dir:$WORK/other" --kms "file:$WORK/key5"
keyless "the key of another repository" "file:$WORK/key5"

# ---- each kind of object, changed --------------------------------------------------------------

# changed WHAT FILE OFFSET...: pull fails whichever of these bytes has changed.
changed() {
    local what=$1 file=$2 offset
    shift 2

    for offset; do
        rm -rf ../copy && cp -r ../repo ../copy
        change_byte "../copy/$file" "$offset"
        run 1 "$what, byte $offset changed" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    done
    rm -rf ../copy && cp -r ../repo ../copy && rm "../copy/$file"
    run 1 "$what, gone" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    rm -rf ../copy && cp -r ../repo ../copy && : >"../copy/$file"
    run 1 "$what, empty" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    rm -rf ../copy && cp -r ../repo ../copy && truncate -s -2 "../copy/$file"
    run 1 "$what, shorter" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    nothing_left "$what"
}

# object GLOB: the first file of the repository that matches, relative to it.
object() {
    (cd ../repo && compgen -G "$1" | head -n 1)
}

cp -r ../repo ../copy
run 0 "a copy that was not changed" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
same ../good.ext4 ../out/x.ext4 "a copy that was not changed gives the image"
rm ../out/x.ext4
changed "a chunk" "$(object 'roots/*/chunks/*/*')" 0 8 10 11 12 16 20 40 64 200 -1
changed "a manifest" "$(object 'roots/*/manifests/*[!s]')" 0 8 12 16 32 48 60 64 70 110 -100 -1
changed "a wrap" "$(object 'roots/*/manifests/*.wraps/*')" -1 40 60
changed "a pointer" "$(object 'images/app/1')" 0 10 20

# A salt is for pushers only.
rm -rf ../copy && cp -r ../repo ../copy
change_byte "../copy/$(object 'salts/*')" -1
run 1 "a salt, changed: push" push ../good.tar new:1 --repo "dir:$WORK/copy"
run 0 "a salt, changed: pull needs none" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
rm ../out/x.ext4

# damaged WHAT FILE TEXT: a document with this text instead.
damaged() {
    rm -rf ../copy && cp -r ../repo ../copy
    printf '%s' "$3" >"../copy/$2"
    run 1 "$1: pull" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    run 1 "$1: push" push ../good.tar new:1 --repo "dir:$WORK/copy"
}

damaged "a description that is no JSON" lambdaimg.json 'hello'
damaged "a description of a newer format" lambdaimg.json \
    "$(jq -c '(.. | numbers) |= . + 98' ../repo/lambdaimg.json)"
damaged "a description that says little" lambdaimg.json '{}'

# bad_pointer WHAT TEXT: an image with such a pointer cannot be read; a push of its tag cures it.
bad_pointer() {
    rm -rf ../copy && cp -r ../repo ../copy
    printf '%s' "$2" >../copy/images/app/1
    run 1 "$1: pull" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
    run 1 "$1: ls" ls --repo "dir:$WORK/copy"
}

bad_pointer "a pointer that says little" '{}'
bad_pointer "a pointer that climbs" "$(jq -c '(.. | strings) |= "../../../../etc/passwd"' ../repo/images/app/1)"

# ---- objects in each other's place -------------------------------------------------------------

layer else <<END
dir ./
file other size=600000 fill=9
END
make_docker_old ../else.tar else:1 "$WORK/else.tar"
quietly push ../else.tar else:1

# misplaced WHAT: pull of app:1 from the changed copy fails.
misplaced() {
    run 1 "$1" pull app:1 -o ../out/x.ext4 --repo "dir:$WORK/copy"
}

rm -rf ../copy && cp -r ../repo ../copy
cp ../repo/images/else/1 ../copy/images/app/1
misplaced "the pointer of another image"

# id_of IMAGE: the manifest's id.
id_of() {
    "$LAMBDAIMG" inspect "$1" --json | jq -r .manifest
}
app=$(cd ../repo && compgen -G "roots/*/manifests/$(id_of app:1)")
else=$(cd ../repo && compgen -G "roots/*/manifests/$(id_of else:1)")
wrap=$(basename "$(object "$app.wraps/*")")
rm -rf ../copy && cp -r ../repo ../copy
cp "../repo/$else" "../copy/$app"
misplaced "the manifest of another image"
cp "../repo/$else.wraps/$wrap" "../copy/$app.wraps/$wrap"
misplaced "the manifest of another image, with its wrap"
rm -rf ../copy && cp -r ../repo ../copy
cp "../repo/$else.wraps/$wrap" "../copy/$app.wraps/$wrap"
misplaced "the wrap of another image"
rm -rf ../copy && cp -r ../repo ../copy
mapfile -t chunks < <(cd .. && find copy/roots/*/chunks -type f | sort)
for ((i = 0; i < ${#chunks[@]}; i++)); do
    cp "../repo/${chunks[i]#copy/}" "../${chunks[(i + 1) % ${#chunks[@]}]}"
done
misplaced "chunks in each other's place"
rm -rf ../copy && cp -r ../repo ../copy
jq -c '(.. | strings) |= (if test("^[0-9a-f]{32}$") then .[16:] + .[:16] else . end)' \
    ../repo/lambdaimg.json >../copy/lambdaimg.json
misplaced "the id of another repository"
nothing_left "objects in each other's place"

finish
