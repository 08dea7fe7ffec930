#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The table "Who could do what" of DESIGN.md, row by row: what it says that somebody can do works, and what it says that
# nobody can do does not. What has a test of its own is only named here.
. "$(dirname "$0")/lib.sh"

export LAMBDAIMG_REPO=dir:$WORK/repo
marker="this text is in a file and nowhere else"
mkdir tree
yes "$marker" | head -c 2000000 >tree/known
head -c 700000 /dev/zero | tr '\0' x >tree/other
"$TOOLS/mktar" <<<'file random size=900000 fill=9' | tar -C tree -xf -
tar -C tree --mtime=@0 --owner=0 --group=0 -cf layer.tar known other random
make_docker_old image.tar demo:1 "$WORK/layer.tar"
new_repository "$WORK/repo"
quietly push image.tar

# objects DIR KIND: the paths of its objects whose path has /KIND/.
objects() {
    find "$1" -type f -path "*/$2/*" | sort
}

# ---- who reads the store ------------------------------------------------------------------------

quietly init "dir:$WORK/theirs" --kms "file:$WORK/their-key"
quietly push image.tar --repo "dir:$WORK/theirs" --kms "file:$WORK/their-key" --no-memo
objects repo chunks | xargs stat -c %s | sort >sizes
objects theirs chunks | xargs stat -c %s | sort >their-sizes
same_text sizes their-sizes "can: recognise a known image by the sizes of all its chunks"
is "$(awk '$1 % 4096' sizes)" "" "which are padded"
quietly init "dir:$WORK/unpadded" --pad none
quietly push image.tar --repo "dir:$WORK/unpadded" --no-memo
objects unpadded chunks | xargs stat -c %s | sort -n | uniq -u >own-size
ok "can: without padding, recognise a chunk by a size that no other has" test "$(awk '$1 % 4096' own-size | wc -l)" -gt 0
ok "can: see names and tags" test -e repo/images/demo/1
not_ok "cannot: read contents" grep -raqF "$marker" repo
comm -12 <(objects repo chunks | sed 's|.*/||' | sort) <(objects theirs chunks | sed 's|.*/||' | sort) >names
is "$(cat names)" "" "cannot: confirm a guess by a name, which other salts name otherwise"
split -b 524288 tree/known piece.
sha256sum piece.* | cut -d ' ' -f 1 >digests
objects repo chunks | sed 's|.*/||' >names
not_ok "cannot: nor by the digest" grep -qf digests names
run 1 "cannot: open an image without the key" pull demo:1 -o got --kms "file:$WORK/their-key"
not_ok "which leaves nothing" test -e got

# ---- who holds the key, and reads the store -----------------------------------------------------

cp -a repo reading
chmod -R a-w reading
run 0 "can: read all images" pull demo:1 -o got --repo "dir:$WORK/reading"
rm -f got
run 0 "can: confirm that a file is stored, with the salt under the same key" \
    push -n image.tar --no-memo --repo "dir:$WORK/reading"
has "$OUT" 'nothing new' "which is how it shows"
# cannot: with a key for the salt: keys.t

# ---- who holds the key, and writes to the store -------------------------------------------------

layer any <<<'file any size=5 fill=3'
make_docker_old any-image.tar demo:1 "$WORK/any.tar"
cp -a repo written
run 0 "can: make any image, under any tag" push any-image.tar demo:1 --repo "dir:$WORK/written" --accept-new-repository
# can: change what the repository proves about itself: test_identity.c
# cannot: push with a salt under another key: keys.t

# ---- who may use the key in AWS KMS for one repository -------------------------------------------
# can and cannot: kms.t

# ---- who writes to the store --------------------------------------------------------------------

cp -a repo older
quietly push any-image.tar demo:1
cp -a repo newer
cp -a older/. repo/
run 0 "can: put back an older state" inspect demo:1 --json
jq -r .manifest "$OUT" >manifest
run 0 "which a tag does not show" inspect demo:1 --repo "dir:$WORK/older" --json --accept-new-repository
is "$(jq -r .manifest "$OUT")" "$(cat manifest)" "it is the older image"
rm -rf repo
cp -a newer repo
run 0 "the newer one again" inspect demo:1 --json
is $(($(jq -r .manifest "$OUT" | grep -cFf manifest))) 0 "is another manifest"
run 1 "cannot: serve it for a pin" inspect "demo@$(jq -r .manifest "$OUT")" --repo "dir:$WORK/older"
cp -a repo proven
rm -r proven/identities proven/keys proven/roots/*/proofs
LAMBDAIMG_STATE=$WORK/state run 0 "can: take the identity away, for a host that has not seen it" \
    push any-image.tar demo:9 --repo "dir:$WORK/proven"
is "$(find proven/identities -type f | wc -l)" 1 "which takes the repository for an older one"
run 0 "a host that has seen it" ls --repo "dir:$WORK/proven" --accept-new-repository
rm -r proven/identities
run 1 "cannot: for one that has" push any-image.tar demo:9 --repo "dir:$WORK/proven"
has "$ERR" 'is gone, which was there when this host last used the repository' "which says so"
# cannot: choose padding, root or salt of a push; put parts of another repository there: identity.t
# cannot: put another repository there, where its ID is known: known.t
# cannot: swap pointers, wraps and manifests: test_repo.c
mapfile -t chunks < <(objects older chunks)
is $((${#chunks[@]} > 2)) 1 "there are chunks"
quietly push image.tar demo:2
cp -a repo swapped
cp "${chunks[0]}" "swapped/${chunks[1]#older/}"
quietly inspect demo:2 --accept-new-repository --repo "dir:$WORK/swapped"
run 1 "cannot: put one chunk in the place of another" verify demo:2 --repo "dir:$WORK/swapped"
run 1 "cannot: have that taken for contents" pull demo:2 -o got --repo "dir:$WORK/swapped"
not_ok "which leaves nothing" test -e got
# cannot: have what is withheld taken for absent: lost.t

# ---- who pushes under the same salt -------------------------------------------------------------

run 0 "can: confirm that others stored a file" push -n image.tar demo:3 --no-memo
has "$OUT" 'nothing new' "which is how it shows"
cp -a repo spoiled
for chunk in $(objects spoiled chunks); do
    head -c 300 /dev/urandom >"$chunk"
done
quietly inspect demo:2 --accept-new-repository --repo "dir:$WORK/spoiled"
run 0 "can: occupy names with bytes that fail their checks, which a push trusts" \
    push image.tar demo:4 --no-memo --repo "dir:$WORK/spoiled"
run 1 "cannot: have them read" pull demo:4 -o got --repo "dir:$WORK/spoiled"
run 0 "until they are replaced" push image.tar demo:4 --no-memo --check-existing --repo "dir:$WORK/spoiled"
run 0 "with what is right" verify demo:4 --repo "dir:$WORK/spoiled"

# ---- who makes the image ------------------------------------------------------------------------

# can: use space and time up to limits: size.t, scale.t
# cannot: write outside the image, crash or hang the tools: wrong-input.t, tars.t
# can and cannot: gain rights by a mount: mount.t
jq -c . >config.json <<END
{"architecture":"amd64","os":"linux","config":{},
"rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum layer.tar | cut -d ' ' -f 1)"]}}
END
echo '[{"Config":"config.json","RepoTags":["thief:1"],"Layers":["stolen.tar"]}]' >manifest.json
truncate -s "$(stat -c %s layer.tar)" stolen.tar
tar -cf thief.tar config.json manifest.json stolen.tar
run 1 "cannot: have a layer without its bytes, where it is not remembered" push thief.tar --no-memo
has "$ERR" 'diff ID' "which is found by reading it"
run 0 "can: have one that this user has pushed, by its diff ID" push thief.tar
run 0 "which is then in the image" pull thief:1 -o got
rm -f got

# ---- who writes to the memo's directory ---------------------------------------------------------

memo=$XDG_CACHE_HOME/lambdaimg
cp -a "$memo" saved
find "$memo" -type f | while read -r file; do
    change_byte "$file" -1
done
run 0 "can: make a push slower" push image.tar demo:5 --json
is "$(jq .memo_chunks "$OUT")" 0 "which then takes nothing from the memo"
run 0 "cannot: make it wrong" verify demo:5 --against image.tar
rm -rf "$memo"
cp -a saved "$memo"
mapfile -t files < <(find "$memo" -type f)
for file in "${files[@]}"; do
    cp "${files[0]}" "$file.other"
    mv "$file.other" "$file"
done
run 0 "cannot: nor by one file in the place of another" push image.tar demo:6
run 0 "so it is right" verify demo:6 --against image.tar

finish
