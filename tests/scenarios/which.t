#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Which images an archive has, and what is odd in archives that container engines take nevertheless:
# convert gives the image, push and verify agree, and notes say what is to be known.
. "$(dirname "$0")/lib.sh"

layer one <<END
dir ./
file one text=1
END
layer two <<END
dir ./
file two text=2
END
make_docker_old saved.tar one:1 "$WORK/one.tar"
quietly convert saved.tar -o one.ext4
make_docker_old other.tar two:1 "$WORK/two.tar"
quietly convert other.tar -o two.ext4

# gives IMAGE-FILE WHAT ARGUMENT...: convert gives these bytes, without a note.
gives() {
    local wanted=$1 what=$2
    shift 2

    run 0 "$what" convert "$@" -o out.ext4 && same "$wanted" out.ext4 "$what: the right image"
    is "$(cat "$ERR")" "" "$what: without a word"
    rm -f out.ext4
}

# ---- two lists in one archive ------------------------------------------------------------------

# Saved by their digests; index.json knows of the first only, manifest.json of both.
make_oci_dir both 1 plain "$WORK/one.tar"
one=$(jq -r '.manifests[0].digest' both/index.json)
add_oci_image both 2 plain "$WORK/two.tar"
two=$(jq -r '.manifests[1].digest' both/index.json)

# save_both INDEX-FILTER TAGS TAGS: both.tar, with the index as jq makes it and these tags.
save_both() {
    rm -rf d && cp -r both d
    jq -c "$1" both/index.json >d/index.json
    for digest in "$one" "$two"; do
        jq -c '{Config: ("blobs/sha256/" + .config.digest[7:]),
            Layers: [.layers[].digest[7:] | "blobs/sha256/" + .]}' "d/blobs/sha256/${digest#*:}"
    done | jq -cs --argjson one "$2" --argjson two "$3" \
        '[(.[0] + {RepoTags: $one}), (.[1] + {RepoTags: $two})]' >d/manifest.json
    docker_save d "$WORK/both.tar"
}

save_both 'del(.manifests[1]) | del(.manifests[].annotations)' null null
run 1 "two images saved by digest" convert both.tar -o out.ext4
mapfile -t offered < <(grep -o 'sha256:[0-9a-f]*' "$ERR")
is "${#offered[@]}" 2 "both are offered, each once"
gives one.ext4 "the first of those offered" both.tar --image "${offered[0]}"
gives two.ext4 "the second of those offered" both.tar --image "${offered[1]}" --platform linux/amd64
gives one.ext4 "the first by its config" both.tar --image "sha256:$(jq -r '.[0].Config[-64:]' d/manifest.json)"
run 1 "with a platform that both are for" convert both.tar --platform linux/amd64 -o out.ext4
has "$ERR" 'several images' "no image is taken just because it comes first"
not_ok "and no file is made" test -e out.ext4

for index in '.manifests = null' '.manifests = []' 'del(.manifests)'; do
    save_both "$index" '["one:1"]' '["two:1"]'
    gives two.ext4 "an index with $index" both.tar --image two:1
    run 1 "an index with $index: no choice" convert both.tar -o out.ext4
    has "$ERR" 'choose with --image: one:1, two:1$' "an index with $index: the tags are offered"
done

new_repository "$WORK/repo"
save_both '.manifests[0].annotations["io.containerd.image.name"] = "docker.io/library/one:1" |
    del(.manifests[1])' '["one:1"]' '["two:1"]'
run 0 "push of an image that both lists name" push both.tar --image docker.io/library/one:1
has "$OUT" '^pushed one:1,' "push takes the tag of manifest.json"
run 0 "push of an image that one list names" push both.tar --image two:1
has "$OUT" '^pushed two:1,' "push takes its tag"
run 0 "verify against it" verify two:1 --against both.tar --image two:1

# ---- beside an image ---------------------------------------------------------------------------

# add_artifact DIR CONFIG-TYPE LAYER-TYPE MORE: an artifact, with MORE in its descriptor.
add_artifact() (
    cd "$1" || exit 1
    printf '{}' >new
    config=$(descriptor "$2" new)
    printf '{"spdx":1}' >new
    blob=$(descriptor "$3" new)
    jq -cn --argjson config "$config" --argjson layer "$blob" \
        '{schemaVersion: 2, config: $config, layers: [$layer]}' >new
    manifest=$(descriptor application/vnd.oci.image.manifest.v1+json new)
    jq -c --argjson manifest "$manifest" --argjson more "$4" '.manifests = [$manifest + $more] + .manifests' \
        index.json >new
    mv new index.json
)

config_type=application/vnd.oci.image.config.v1+json
for what in "application/vnd.oci.empty.v1+json application/spdx+json {}" \
    'application/vnd.oci.empty.v1+json application/spdx+json {"artifactType":"application/spdx+json"}' \
    "$config_type application/vnd.dev.cosign.simplesigning.v1+json {}" \
    "$config_type application/vnd.in-toto+json {}" \
    "application/vnd.cncf.helm.config.v1+json application/vnd.cncf.helm.chart.content.v1.tar+gzip {}"; do
    read -r config blob more <<<"$what"
    make_oci_dir beside latest gzip "$WORK/one.tar"
    jq -c 'del(.manifests[].annotations)' beside/index.json >new && mv new beside/index.json
    add_artifact beside "$config" "$blob" "$more"
    gives one.ext4 "beside $config of $blob $more" beside
    rm -rf beside && mkdir -p beside/blobs/sha256 && cp both/oci-layout beside
    echo '{"schemaVersion":2,"manifests":[]}' >beside/index.json
    add_artifact beside "$config" "$blob" "$more"
    run 1 "nothing but $config of $blob" convert beside -o out.ext4
    has "$ERR" 'holds no container image, only application/' "nothing but that: it says so"
done

make_oci_dir typed latest gzip "$WORK/one.tar"
jq -c --arg type "$config_type" '.manifests[0].artifactType = $type' typed/index.json >new && mv new typed/index.json
gives one.ext4 "an image whose descriptor has an artifactType" typed

# ---- variants ----------------------------------------------------------------------------------

make_oci_dir twice 1 gzip "$WORK/one.tar"
add_oci_image twice 1 zstd "$WORK/one.tar"
gives one.ext4 "one image in gzip and in zstd" twice
gives one.ext4 "amd64 for who asks for amd64/v2" twice --platform linux/amd64/v2
run 1 "nothing for another architecture" convert twice --platform linux/arm64 -o out.ext4
has "$ERR" 'choose from: linux/amd64$' "but it says what there is"

# ---- docker-save archives as they come ---------------------------------------------------------

# edited JQ [FILE]: saved.tar with a document changed.
edited() {
    rm -rf d && mkdir d && tar -C d -xf saved.tar
    config=$(jq -r '.[0].Config' d/manifest.json)
    jq -c "$1" "d/${2:-manifest.json}" >d/new && mv d/new "d/${2:-manifest.json}"
    docker_save d "$WORK/edited.tar"
}

edited '[.[] | {config: .Config, repoTags: .RepoTags, layers: .Layers}]'
gives one.ext4 "keys as Jib wrote them" edited.tar
edited '.[0].Layers[0] |= "/" + . | .[0].Config |= "./" + .'
gives one.ext4 "paths with a slash before them" edited.tar
tar -C d -P --transform 's,^,/,' -cf rooted.tar "$config" manifest.json \
    "$(jq -r '.[0].Layers[0][1:]' d/manifest.json)"
has <(tar -tPf rooted.tar) '^/manifest.json$' "an archive of rooted names"
gives one.ext4 "members with a slash before them" rooted.tar

edited . manifest.json
config=$(jq -r '.[0].Config' d/manifest.json)
jq -c '.config.Env += ["EDITED=1"]' "d/$config" >new && mv new "d/$config"
docker_save d "$WORK/edited.tar"
run 0 "an edited config" convert edited.tar -o out.ext4
same one.ext4 out.ext4 "an edited config: the layers are what they were"
is "$(cat "$ERR")" "lambdaimg: note: the config $config was changed: it does not have the digest in its name" \
    "an edited config: a note"
run 0 "an edited config: push" push edited.tar edited:1
has "$ERR" 'note: the config' "an edited config: push notes it, too"
run 0 "an edited config: inspect" inspect edited:1 --json
is "$(jq -r '.config.config.Env[-1]' "$OUT")" EDITED=1 "an edited config: it is the one that was pushed"
run 0 "an edited config: verify" verify edited:1 --against edited.tar
has "$ERR" 'note: the config' "an edited config: verify notes it, too"

# What is odd in a config's members that nobody uses.
odd='"Labels":{"nul":"a\\u0000b","half":"\\ud800","twice":1,"twice":2},"big":123456789012345678901234567890,"all":1e999'
sed -i "1s/^{/{\"odd\":{$odd},/" "d/$config"
docker_save d "$WORK/edited.tar"
run 0 "a config with odd members" convert edited.tar -o out.ext4
same one.ext4 out.ext4 "a config with odd members: the image"
run 0 "a config with odd members: push" push edited.tar odd:1
run 0 "a config with odd members: inspect" inspect odd:1 --json
is "$(jq -c '.config.odd.Labels' "$OUT")" '{"nul":"a\u0000b","half":"�","twice":2}' \
    "a config with odd members: inspect shows them"
is "$(jq -r '.config.os' "$OUT")" linux "a config with odd members: and all else"
is "$(jq -r '.config_digest' "$OUT")" "sha256:$(digest_of "d/$config")" \
    "a config with odd members: its digest is that of its bytes"
run 0 "a config with odd members: pull" pull odd:1 -o out.ext4
same one.ext4 out.ext4 "a config with odd members: pulled as it was"
sed -i '1s/"os":"linux"/"os":"linux","OS":"windows"/' "d/$config"
docker_save d "$WORK/edited.tar"
run 1 "a config that is for two systems" convert edited.tar -o none.ext4
has "$ERR" 'config has "os" twice, with different values' "a config that is for two systems: it says so"

# Marks that turn the direction of writing.
turned=$(printf '\342\200\256')
edited '.[0].RepoTags = ["one:1", "a\u202eb:1"]'
jq -c '.architecture = "amd\u202e64"' "d/$config" >new && mv new "d/$config"
docker_save d "$WORK/edited.tar"
run 1 "a tag that would turn the text around" convert edited.tar --image none:1 -o none.ext4
has "$ERR" 'choose from: one:1, a\?\?\?b:1$' "a tag that would turn the text around: it does not"
run 0 "an architecture that would: push" push edited.tar turned:1 --image one:1
run 0 "an architecture that would: inspect" inspect turned:1
has "$OUT" '^platform   linux/amd\\xe2\\x80\\xae64$' "an architecture that would: it is shown with escapes"
run 0 "an architecture that would: inspect --json" inspect turned:1 --json
is "$(jq -r .architecture "$OUT")" "amd${turned}64" "an architecture that would: here it is exact"
mv edited.tar "a${turned}ü.tar"
run 0 "a file's name that would: verify" verify turned:1 --against "a${turned}ü.tar" --image one:1
has "$OUT" ' as in a\?\?\?ü\.tar$' "a file's name that would: it does not"
run 0 "an address and a key that would: init" init "dir:$WORK/a${turned}ü" --kms "file:$WORK/b${turned}ü"
has "$OUT" '^made the key file:.*/b\?\?\?ü; ' "a key that would: it does not"
has "$OUT" '^created the repository dir:.*/a\?\?\?ü$' "an address that would: it does not"
mkdir "$HOME/.aws"
echo "[profile a${turned}ü]" >"$HOME/.aws/config"
AWS_PROFILE=a${turned}ü AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK \
    run 0 "a profile that would: whoami" key whoami
has "$OUT" '^profile     a\?\?\?ü$' "a profile that would: it does not"

# ---- types that disagree -----------------------------------------------------------------------

make_oci_dir docker 1 gzip "$WORK/one.tar"
jq -c '.manifests[0].mediaType = "application/vnd.docker.distribution.manifest.v2+json"' docker/index.json >new &&
    mv new docker/index.json
run 0 "OCI's type for Docker's manifest" convert docker -o out.ext4
same one.ext4 out.ext4 "OCI's type for Docker's manifest: the image"
has "$ERR" 'note: manifest blobs/sha256/.*: mediaType is .* its descriptor says' \
    "OCI's type for Docker's manifest: a note"
jq -c '.manifests[0].mediaType = "application/vnd.oci.image.index.v1+json"' docker/index.json >new &&
    mv new docker/index.json
run 1 "an index for a manifest" convert docker -o none.ext4

finish
