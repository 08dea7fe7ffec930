#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of README's "Four uses" work as they stand, one after another, in an empty directory.
. "$(dirname "$0")/lib.sh"

# second_image OUT: the demo's image as demo:2, with one changed file in its last layer.
second_image() {
    local config id

    mkdir second changed
    tar -C second -xf "$DEMO_IMAGE"
    tar -C changed -xf second/3/layer.tar ./etc/issue
    echo "a second one" >>changed/etc/issue
    tar -C changed --owner=0 --group=0 --numeric-owner -rf second/3/layer.tar ./etc/issue
    config=$(jq -r '.[0].Config' second/manifest.json)
    id=sha256:$(sha256sum second/3/layer.tar | cut -d ' ' -f 1)
    jq -c --arg id "$id" '.rootfs.diff_ids[2] = $id' "second/$config" >config.json
    rm "second/$config"
    config=$(sha256sum config.json | cut -d ' ' -f 1).json
    mv config.json "second/$config"
    jq -c --arg config "$config" '.[0] += {Config: $config, RepoTags: ["demo:2"]}' \
        second/manifest.json >manifest.json
    mv manifest.json second
    tar -C second --owner=0 --group=0 -cf "$1" 1 2 3 "$config" manifest.json
}
second_image "$WORK/second.tar"

# What apt would be asked for is there already.
mkdir clone clone/scripts empty
cat >clone/scripts/make-demo-image <<END
#!/bin/sh
case \${2-demo:1} in
demo:1) cp "$DEMO_IMAGE" "\$1" ;;
demo:2) cp "$WORK/second.tar" "\$1" ;;
*) exit 1 ;;
esac
END
chmod 755 clone/scripts/make-demo-image
mkdir bin
ln -s "$LAMBDAIMG" bin/lambdaimg

# One shell for all, as a reader has it. What does not work ends it.
sed -n '/^## Four uses$/,/^## In a bucket$/s/^    \$ //p' "$top/README.md" |
    sed "s|^CLONE/|$WORK/clone/|" >lines
why=$("$top/scripts/mount-obstacle")
[ -z "$why" ] || sed -i '/ mount /d; /^mnt\//d; / umount /d; /stats\.json/d' lines
while IFS= read -r line; do
    printf '%s\necho >&3\n' "$line"
done <lines >script
mounted+=("$WORK/empty/mnt")
(
    unset LAMBDAIMG_KMS
    export PATH=$WORK/bin:$PATH
    cd empty && bash -eu -o pipefail ../script 3>../ended
) >"$OUT" 2>"$ERR"
ended=$(wc -l <ended)
while IFS= read -r line; do
    [ "$ended" -gt 0 ]
    result $? "README: $line" <"$ERR"
    ended=$((ended - 1))
done <lines

# The figures differ with Debian's packages; these do not.
has "$OUT" '^pushed demo:1, .*: nothing new, all [0-9]+ chunks are there; [0-9]+ known by the memo$' \
    "the second push has nothing new"
has "$OUT" '^a push to demo:2 would add: [1-9] new of [0-9]+ chunks' "a changed file is a few chunks"
[ -n "$why" ] && skip "commands that mount" "$why"
finish
