#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a repository proves about itself: that it is the one that this host has used before, its padding and its roots.
# And repositories that older versions made, which prove nothing until somebody pushes to them.
. "$(dirname "$0")/lib.sh"

known=$HOME/.local/state/lambdaimg/repositories
export LAMBDAIMG_REPO=dir:$WORK/repo

layer base <<'END'
file large size=3000000 fill=1
file small text=small
END
layer more <<'END'
file more size=900000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"
make_docker_old more.tar demo:2 "$WORK/base.tar" "$WORK/more.tar"
quietly convert image.tar -o image.ext4

# objects DIR KIND: the paths of its objects whose path has /KIND/.
objects() {
    find "$1" -type f -path "*/$2/*" | sort
}

# odd_sizes DIR N: the chunks there whose size is not a multiple of N.
odd_sizes() {
    objects "$1" chunks | xargs stat -c %s | awk -v n="$2" '$1 % n' | wc -l
}

# make_older DIR: what versions before this one would have left there.
make_older() {
    rm -r "$1/identities" "$1/keys" "$1"/roots/*/proofs
}

# again ARGUMENT...: the repository is exchanged on purpose.
again() {
    quietly "$@" --accept-new-repository
}

# ---- padding is the repository's ----------------------------------------------------------------

run 0 "init" init
has "$OUT" '^sizes of stored chunks are multiples of 4096 bytes$' "tells the padding"
run 0 "push" push image.tar
is "$(odd_sizes repo 4096)" 0 "follows it"
run 0 "inspect" inspect demo:1
has "$OUT" '^padding +sizes of stored chunks are multiples of 4096 bytes$' "shows it"
run 0 "pull" pull demo:1 -o got.ext4
same image.ext4 got.ext4 "gives what convert gives"
run 2 "a push cannot choose another" push image.tar demo:1 --pad 512
run 2 "nor a repair" verify demo:1 --repair image.tar --pad 512
for pad in none 512 16384 65536; do
    run 0 "init --pad $pad" init "dir:$WORK/pad-$pad" --pad "$pad"
    unit=${pad/none/0}
    run 0 "push" push image.tar --repo "dir:$WORK/pad-$pad"
    is "$(odd_sizes "pad-$pad" "${pad/none/1}")" 0 "follows it"
    run 0 "inspect --json" inspect demo:1 --json --repo "dir:$WORK/pad-$pad"
    is "$(jq .pad "$OUT")" "$unit" "has the number"
    run 0 "what is stored is whole" verify demo:1 --against image.tar --repo "dir:$WORK/pad-$pad"
done
ok "without padding sizes are odd" test "$(odd_sizes pad-none 16)" -gt 0
chunk=$(objects pad-512 chunks | head -n 1)
cp "$chunk" sealed
: >"$chunk"
run 0 "a repair" verify demo:1 --repair image.tar --repo "dir:$WORK/pad-512"
same sealed "$chunk" "gives the same bytes again"
for pad in 4095 0 1 -1 '' 4096x 131072; do
    run 2 "init --pad '$pad'" init "dir:$WORK/new" --pad "$pad"
done
not_ok "makes nothing" test -e new

# ---- what is remembered ------------------------------------------------------------------------

key=$(basename "$(ls -d repo/keys/*)" .wraps)
remembered() {
    jq -r --arg address "dir:$(realpath "$1")" 'select(.address == $address) | .identity' "$known"/*.json
}
is "$(remembered repo)" "$key" "init remembers the identity"
LAMBDAIMG_STATE=$WORK/reader run 0 "a reader elsewhere" pull demo:1 -o got.ext4
is "$(jq -r .identity reader/repositories/*.json)" "$key" "remembers it, too"
LAMBDAIMG_STATE=$WORK/keyless LAMBDAIMG_KMS=file:/nowhere run 0 "ls without a key" ls
has "$OUT" 'demo:1' "lists"
is "$(jq -r .identity keyless/repositories/*.json)" null "and remembers nothing that it cannot tell"

cp -a repo before
rm -r repo/identities
for command in 'push more.tar' 'push -n more.tar' 'inspect demo:1' 'verify demo:1' 'verify demo:1 --repair image.tar' \
    'rm demo:1' ls init; do
    # shellcheck disable=SC2086
    run 1 "$command, of a repository that has lost its identity" $command
    has "$ERR" "identities/[0-9a-f]{32} is gone, which was there when this host last used the repository" "says so"
    has "$ERR" '--accept-new-repository' "and what to do if that is right"
done
id=$(jq -r .repository repo/lambdaimg.json)
LAMBDAIMG_REPO=$LAMBDAIMG_REPO#$id run 1 "a push to the ID" push more.tar
has "$ERR" "identities/[0-9a-f]{32} is gone, which was there when this host last used the repository" \
    "counts on what the host has seen, too"
is "$(find repo -type f | sort | sed 's/^repo//')" "$(find before -type f -not -path '*/identities/*' | sort | sed 's/^before//')" \
    "nothing was changed"
run 0 "a pull takes nothing from it" pull demo:1 -o got.ext4
run 0 "whoever says that it is right" push more.tar --accept-new-repository
is "$(ls repo/identities)" "$(ls before/identities)" "makes another"
LAMBDAIMG_STATE=$WORK/reader run 1 "a host that knows the first" verify demo:1
has "$ERR" 'identities/[0-9a-f]{32} is another than when this host last used the repository' "says so"
rm -rf repo
cp -a before repo
again ls
run 0 "the first one again" verify demo:1

# ---- what somebody changes who has no key -------------------------------------------------------

# refused WHAT REGEX: nothing is pushed.
refused() {
    cp -a repo tampered
    run 1 "push, $1" push more.tar
    has "$ERR" "$2" "says so"
    ok "and stores nothing" diff -r repo tampered
    rm -rf tampered repo
    cp -a before repo
}

identity=$(objects repo identities) proof=$(objects repo proofs) wrap=$(objects repo keys)
change_byte "$identity" 80
refused "with another padding" "cannot check the repository's identity: .*MAC does not match"
change_byte "$identity" 20
refused "with another key" "cannot check the repository's identity: .*the repository's key is gone"
change_byte "$wrap" 40
refused "with a key that was changed" "cannot check the repository's identity"
rm "$wrap"
refused "without the key" "the repository's key is gone: there is nothing in .*restore it from a copy"
change_byte "$proof" 90
refused "with a proof that was changed" "no active root proves that it belongs to the repository.*MAC does not match"
rm "$proof"
refused "without a proof" "no active root proves that it belongs to the repository.*is gone"

root=$(basename "$(ls -d repo/roots/*)")
mkdir -p repo/roots/00000000000000000000000000000001/proofs
jq -c '.generation = 5 | .created = 5000000000' "repo/roots/$root/root.json" >repo/roots/00000000000000000000000000000001/root.json
cp "$proof" "repo/roots/00000000000000000000000000000001/proofs/$key"
jq -c '.salt = "00000000000000000000000000000007"' "repo/roots/$root/root.json" >root.json
cp root.json "repo/roots/$root/root.json"
run 0 "a forged root, and another salt in root.json: push" push more.tar
is "$(find repo/roots/00000000000000000000000000000001 -type f | wc -l)" 2 "nothing goes there"
run 0 "what was pushed is whole" verify demo:2
rm -rf repo
cp -a before repo
quietly push more.tar
run 0 "and by the right salt" push -n more.tar --no-memo
has "$OUT" 'nothing new' "as before"
rm -rf repo
cp -a before repo

# ---- another repository of the same key, in parts -----------------------------------------------

quietly init "dir:$WORK/dev" --pad none
quietly push more.tar demo:1 --repo "dir:$WORK/dev"
# part WHAT REGEX: repo has something of dev's. A host that remembers nothing notices.
part() {
    LAMBDAIMG_STATE=$WORK/fresh run 1 "$1: push" push more.tar demo:3 --no-memo --repo "dir:$WORK/repo#$(jq -r .repository repo/lambdaimg.json)"
    has "$ERR" "$2" "is noticed"
    rm -rf repo
    cp -a before repo
}

cp dev/identities/* "repo/identities/$(ls before/identities)"
part "its identity" "the repository's key is gone"
cp dev/identities/* "repo/identities/$(ls before/identities)"
cp -a dev/keys/. repo/keys
part "its identity and its key" "wrapped key does not fit this key"
rm -r repo/identities repo/keys repo/salts repo/roots
cp -a dev/identities dev/keys dev/salts dev/roots repo/
part "all but its description" 'not completely made'
cp dev/lambdaimg.json repo/
part "its description alone" 'not completely made'
cp -a dev/lambdaimg.json dev/identities dev/keys repo/
part "its description and identity" 'not completely made'
cp "$(objects dev proofs)" "$proof"
part "its proof" "no active root proves that it belongs to the repository.*MAC does not match"
cp -a dev repo-dev
HOME='' run 0 "all of it, for a host that remembers nothing" push more.tar demo:3 --no-memo --repo "dir:$WORK/repo-dev"
has "$ERR" 'note: this host cannot tell' "which is told that it cannot tell"
HOME='' run 1 "but not if the address has the ID" push more.tar demo:3 --no-memo \
    --repo "dir:$WORK/repo-dev#$(jq -r .repository repo/lambdaimg.json)"

# ---- a repository of an older version -----------------------------------------------------------

run 0 "init" init "dir:$WORK/old" --pad none
quietly push image.tar --repo "dir:$WORK/old"
make_older old
cp -a old old2
export LAMBDAIMG_REPO=dir:$WORK/old
again ls
files_of old >files
for command in ls 'inspect demo:1' 'pull demo:1 -o got.ext4' 'verify demo:1' 'push -n more.tar'; do
    # shellcheck disable=SC2086
    run 0 "$command, of an older repository" $command
    is "$(cat "$ERR")" "" "needs no word about it"
done
files_of old >files.after
same_text files files.after "nothing is made"
run 0 "inspect" inspect demo:1
has "$OUT" '^padding +sizes of stored chunks are not padded$' "shows how pushes would pad"
run 0 "the first push" push more.tar
is "$(objects old identities | wc -l) $(objects old keys | wc -l) $(objects old proofs | wc -l)" "1 1 1" "makes an identity"
is "$(remembered old)" "$(basename "$(ls -d old/keys/*)" .wraps)" "and remembers it"
ok "chunks are not padded" test "$(odd_sizes old 16)" -gt 0
run 0 "all is whole" verify demo:2 --against more.tar

export LAMBDAIMG_REPO=dir:$WORK/old2
# This host has seen it, without an identity.
quietly ls
run 1 "init --pad of an older repository" init --pad 512
has "$ERR" 'there is a repository already; it had no identity, which has been made$' "says what it did"
objects old2 chunks >chunks.before
again push more.tar
objects old2 chunks | comm -13 chunks.before - | xargs stat -c %s | awk '$1 % 512' >odd
is "$(cat odd)" "" "what is pushed from then on is padded"
run 0 "all is whole" verify demo:2 --against more.tar

# ---- keys that do not open it -------------------------------------------------------------------

# Two who push with keys of their own, and share that of the salt, as versions before this one allowed.
export LAMBDAIMG_REPO=dir:$WORK/two
quietly init --salt-kms "file:$WORK/shared" --pad none
make_older two
again ls
quietly init "dir:$WORK/second" --kms "file:$WORK/key-two"
rm -r second
# Before there is an identity, the second has an image.
run 0 "the first of two keys" push image.tar demo:1 --salt-kms "file:$WORK/shared"
run 1 "the second of two" push more.tar demo:2 --salt-kms "file:$WORK/shared" --kms "file:$WORK/key-two"
has "$ERR" "the repository's key was not wrapped for this key \\(file-[0-9a-f]*\\); it was pushed with another: file-" "says why"
run 0 "its ls" ls --kms "file:$WORK/key-two"
has "$OUT" 'demo:1' "works as without a key"
has "$ERR" 'sizes are missing where no key fits' "which it says"
run 0 "its rm" rm demo:1 --kms "file:$WORK/key-two"

finish
