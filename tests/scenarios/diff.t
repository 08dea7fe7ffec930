#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The files in which two images differ: as a comparison by another program says, the same whether an image is in the
# repository or not, and without reading what both have. Exit status, names that would do something in a terminal.
. "$(dirname "$0")/lib.sh"
. "$scenarios/report-lib.sh"

# told FILE: the files of a difference as difftrees.py prints them.
told() {
    python3 - "$1" <<'END'
import json, re, sys
for row in json.load(open(sys.argv[1], encoding="utf-8"))["files"]:
    path = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), row["path"].encode())
    print(json.dumps([path.decode("latin-1"), row["change"], row["what"], row["size"]]))
END
}

# as_counted OLD NEW WHAT: the difference of two images is that of their listings.
as_counted() {
    local image

    for image in "$1" "$2"; do
        [ -e "$image.list" ] && continue
        quietly convert "$image" -o whole.ext4
        "$TOOLS/ext4list" whole.ext4 >"$image.list"
    done
    python3 "$top/tests/tools/difftrees.py" "$1.list" "$2.list" >counted
    run 0 "$3: the difference" diff "$1" "$2" --json
    cp "$OUT" whole.json
    told whole.json >found
    same_text counted found "$3: as another program finds it"
    ok "$3: bytes of chunks sum up" jq -e \
        '.totals | [.only_new, .only_old] | all(.bytes == .differ + .same + .rest and .bytes == .chunks * 524288)' \
        whole.json
    is "$(jq '[.files[] | select(.change == "added" or any(.what[]; . == "contents" or . == "type")).bytes] | add // 0' \
        whole.json)" "$(jq .totals.only_new.differ whole.json)" \
        "$3: the costs of files are those of the sum"
}

layer base <<'END'
dir app/
file app/main size=1200000 fill=1
file app/library size=900000 fill=2
file app/notes size=3000 fill=5
file app/once size=100 fill=6
link app/twice app/once
link app/thrice app/once
file app/other size=100 fill=7
link app/another app/other
symlink app/link main
char app/device 1,3
fifo app/pipe
file app/times text=x mtime=1000.5
file app/permissions text=x mode=644
file app/owner text=x uid=1
file app/attribute text=x xattr.user.a=1 xattr.user.b=2
dir gone/
dir gone/below/
file gone/below/file size=700000 fill=8
file becomes-directory text=x
dir becomes-file/
file becomes-file/child text=x
file empty
END
layer next <<'END'
dir app/
file app/main size=1200000 fill=9
file app/library size=900000 fill=2
file app/notes size=3000 fill=10
file app/once size=100 fill=6
link app/twice app/once
file app/thrice size=100 fill=6
file app/other size=100 fill=7
link app/another app/once
symlink app/link library
char app/device 1,5
fifo app/pipe
file app/times text=x mtime=1000.25
file app/permissions text=x mode=600
file app/owner text=x uid=2
file app/attribute text=x xattr.user.a=1 xattr.user.c=2
dir becomes-directory/
file becomes-directory/child text=x
file becomes-file text=x
dir new/
dir new/below/
file new/below/file size=800000 fill=11
file empty
END
make_docker_old one.tar team/app:1 "$WORK/base.tar"
make_docker_old two.tar team/app:2 "$WORK/next.tar"
make_docker_old roomy.tar team/app:3 "$WORK/base.tar"

# ---- two images that are not stored --------------------------------------------------------------

as_counted one.tar two.tar "two images"
ok "two images: every kind of change is there" \
    jq -e '[.files[].what[]] | unique | length == 9' whole.json
run 0 "the other way round" diff two.tar one.tar --json
is "$(jq -c '.totals | [.only_old, .added, .removed, .changed]' "$OUT")" \
    "$(jq -c '.totals | [.only_new, .removed, .added, .changed]' whole.json)" "the other way round: the sums change places"
run 0 "an image and itself" diff one.tar one.tar
has "$OUT" '^no difference in [0-9]+ paths$' "an image and itself: no difference"
has "$OUT" '^one.tar has 0 chunks [(]0 B[)] that one.tar does not have$' "an image and itself: nor in chunks"
run 0 "an image and itself, with --exit-code" diff one.tar one.tar --exit-code
run 3 "two images, with --exit-code" diff one.tar two.tar --exit-code
has "$ERR" '^lambdaimg: one.tar and two.tar differ$' "two images, with --exit-code: it says so"
run 1 "an image that cannot be read, with --exit-code" diff one.tar /dev/null --exit-code
has "$ERR" '^lambdaimg: cannot compare one.tar with /dev/null: ' "an image that cannot be read: it says which two"
run 2 "one operand" diff one.tar
run 2 "standard input twice" diff - -
run 2 "no image and no reference" diff one.tar 'no such thing'

run 0 "as text" diff one.tar two.tar
has "$OUT" '^changed +3 +1.2 MB  /app/main [(]contents[)]$' "as text: a file that changed, with its chunks"
has "$OUT" '^removed +2 +700.0 kB  /gone/below/file$' "as text: a file that was removed"
has "$OUT" '^added +- +-  /new$' "as text: a directory has no chunks of its own"
has "$OUT" '^changed +- +-  /app/attribute [(]attributes[)]$|^changed +1 .*  /app/attribute [(]attributes[)]$' \
    "as text: metadata that changed"
has "$OUT" '^[0-9]+ added, [0-9]+ changed and [0-9]+ removed of [0-9]+ paths$' "as text: the sum"
"$LAMBDAIMG" diff - two.tar <one.tar >piped
sed -i 's/^standard input has/one.tar has/; s/that standard input does/that one.tar does/' piped
same_text piped "$OUT" "from a pipe: the same"

described whole.json lambdaimg-diff.1 "JSON"

# ---- images in the repository --------------------------------------------------------------------

new_repository "$WORK/repo"
quietly push one.tar
quietly push two.tar
quietly push roomy.tar --free 300M
cp whole.json want.json
for pair in "team/app:1 two.tar" "one.tar team/app:2" "team/app:1 team/app:2"; do
    # shellcheck disable=SC2086
    run 0 "$pair" diff $pair --json
    is "$(jq -c '[.files, .totals]' "$OUT" | cksum)" "$(jq -c '[.files, .totals]' want.json | cksum)" "$pair: the same"
done
run 0 "more free space" diff team/app:1 team/app:3 --exit-code
id=$("$LAMBDAIMG" ls --json | jq -r '.[] | select(.reference == "team/app:1").manifest')
run 3 "a pin" diff "team/app@$id" team/app:2 --exit-code
run 1 "a reference that is not there" diff team/app:1 team/app:none
has "$ERR" 'there is no image team/app:none' "a reference that is not there: it says so"
LAMBDAIMG_REPO='' run 2 "a reference without a repository" diff team/app:1 two.tar
run 1 "another key" diff team/app:1 team/app:2 --kms "file:$WORK/none"
run 0 "no key is needed for images that are not stored" diff one.tar two.tar --kms "file:$WORK/none"

# What both have is not fetched: /app/library has a chunk of its own in both.
chunks() {
    find repo/roots/*/chunks -type f | LC_ALL=C sort
}
mkdir away
for chunk in $(chunks); do
    mv "$chunk" away/moved
    if ! "$LAMBDAIMG" diff team/app:1 team/app:2 >/dev/null 2>&1; then
        mv away/moved "$chunk"
        echo "$chunk" >>needed
    else
        mv away/moved "$chunk"
        echo "$chunk" >>unneeded
    fi
done
ok "chunks that both have are not fetched" test -s unneeded
ok "chunks that are needed are fetched" test -s needed
mv "$(head -n 1 needed)" away/moved
run 1 "a chunk that is gone" diff team/app:1 team/app:2
has "$ERR" 'cannot compare team/app:1 with team/app:2: ' "a chunk that is gone: it says in what"
mv away/moved "$(head -n 1 needed)"

# ---- hostile names -------------------------------------------------------------------------------

layer hostile <<'END'
file x\x0ay\x1b[31m size=4300 fill=14
file \xff\x5c size=4400 fill=15
file \xe2\x80\xaeright size=4500 fill=16
file \xc3\xbc"'$(id) size=4600 fill=17
END
make_docker_old hostile.tar hostile:1 "$WORK/hostile.tar"
as_counted one.tar hostile.tar "hostile names"
run 0 "hostile names as text" diff one.tar hostile.tar
is "$(tr -d '\n' <"$OUT" | tr -cd '\000-\037\177' | wc -c)" 0 "hostile names as text: no control character"
has_no "$OUT" $'\xe2\x80\xae' "hostile names as text: nothing changes the direction"

# ---- images by chance ----------------------------------------------------------------------------

# by_chance SEED: random-SEED.tar, an image of the layers of this seed (random.t).
by_chance() {
    local number files=()

    mkdir "stack-$1"
    "$TOOLS/randomstack" "$1" "stack-$1" >/dev/null
    for ((number = 1; ; number++)); do
        [ -e "stack-$1/$number" ] || break
        "$TOOLS/mktar" <"stack-$1/$number" >"stack-$1/$number.tar"
        files+=("stack-$1/$number.tar")
    done
    make_docker_old "random-$1.tar" "random:$1" "${files[@]}"
}
by_chance 1
last=4
[ -z "$SOAK" ] || last=40
for ((seed = 2; seed <= last; seed++)); do
    by_chance "$seed"
    as_counted "random-$((seed - 1)).tar" "random-$seed.tar" "images by chance, $((seed - 1)) and $seed"
done

finish
