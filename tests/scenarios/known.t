#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whoever writes a store cannot put another repository in its place, even one of the same key: the host knows the
# repository's ID, from the address or because it has used the address before.
. "$(dirname "$0")/lib.sh"

known=$HOME/.local/state/lambdaimg/repositories
address=dir:$WORK/prod
export LAMBDAIMG_REPO=$address

# id_of DIR: the ID of the repository there.
id_of() {
    jq -r .repository "$1/lambdaimg.json"
}

layer right <<<'file file size=5 fill=1'
layer wrong <<<'file file size=5 fill=2'
make_docker_old right-image.tar demo:1 "$WORK/right.tar"
make_docker_old wrong-image.tar demo:1 "$WORK/wrong.tar"

# ---- what is remembered ------------------------------------------------------------------------

run 0 "init" init
has "$OUT" "^its ID is $(id_of prod)$" "says which repository that is"
is "$(jq -r '.address + " " + .repository' "$known"/*.json)" "dir:$(realpath prod) $(id_of prod)" "and remembers it"
is "$(stat -c %a "$known"/*.json)" 600 "for its user only"
run 0 "push" push right-image.tar
is "$(cat "$ERR")" "" "needs no word about it"
mkdir elsewhere
ln -s ../prod elsewhere/link
run 0 "the same by another path" ls --repo "dir:$WORK/elsewhere/../elsewhere/link"
is "$(cat "$ERR")" "" "is the same repository"
is "$(find "$known" -type f | wc -l)" 1 "and is remembered once"

# A path may be any bytes.
odd=$WORK/$'odd\xff\xfe'
run 0 "init at a path that is not UTF-8" init "dir:$odd"
run 0 "push" push right-image.tar demo:1 --repo "dir:$odd"
run 0 "which is remembered" ls --repo "dir:$odd"
run 0 "a report of it as JSON" report --all --json --repo "dir:$odd"
is "$(jq -r .repository "$OUT")" "dir:$WORK/odd\\xff\\xfe" "shows its bytes"
run 0 "that of an image" report --json demo:1 --repo "dir:$odd"
is "$(jq -r .repository "$OUT")" "dir:$WORK/odd\\xff\\xfe" "as well"
is "$(jq -r 'select(.address | test("odd")) | .repository' "$known"/*.json)" "$(id_of "$odd")" "by its ID"
rm -r "$odd"

# ---- another repository in its place ----------------------------------------------------------

quietly init "dir:$WORK/dev"
quietly push wrong-image.tar demo:1 --repo "dir:$WORK/dev"
dev=$(id_of dev) prod=$(id_of prod)
mv prod saved
cp -a dev prod
cp -a prod before
for command in ls 'inspect demo:1' 'pull demo:1 -o got' 'push right-image.tar demo:2' 'verify demo:1' 'rm demo:1' \
    'verify demo:1 --repair right-image.tar' 'push -n right-image.tar demo:2'; do
    # shellcheck disable=SC2086
    run 1 "$command, of another repository of the same key" $command
    has "$ERR" "^lambdaimg: .*$address is the repository $dev, and was $prod when this host last used it" "says so"
    has "$ERR" '--accept-new-repository' "and what to do if it is right"
done
if [ -z "$("$top/scripts/mount-obstacle")" ]; then
    mkdir mnt
    run 1 "mount demo:1 of another repository" mount demo:1 "$WORK/mnt"
    has "$ERR" "is the repository $dev, and was $prod" "says so"
    not_ok "and mounts nothing" is_mounted "$WORK/mnt"
fi
not_ok "nothing was written" test -e got
same_text <(cd prod && find . -type f -exec sha256sum {} + | sort) \
    <(cd before && find . -type f -exec sha256sum {} + | sort) "and nothing was changed in the store"

run 1 "only the description exchanged" ls
rm -rf prod
cp -a saved prod
cp dev/lambdaimg.json prod/
run 1 "the description alone, exchanged" ls
has "$ERR" "is the repository $dev, and was $prod" "is noticed, too"
cp -a dev/. prod/
cp saved/lambdaimg.json prod/
run 1 "all but the description exchanged" verify demo:1
rm -rf prod
cp -a saved prod
run 0 "the right one again" verify demo:1
is "$(cat "$ERR")" "" "is known"

rm -rf prod
cp -a dev prod
run 0 "whoever says that it is right" ls --accept-new-repository
run 0 "has said it once" ls
is "$(cat "$ERR")" "" "and for all"
rm -rf prod
run 0 "init in the place of one that is gone" init
run 0 "has made it, so it is known" ls
is "$(cat "$ERR")" "" "without a word"
rm -rf prod
cp -a saved prod
run 0 "the first one again" ls --accept-new-repository

# ---- an ID in the address ---------------------------------------------------------------------

rm -rf "$known"
run 0 "an address with an ID" verify demo:1 --repo "$address#$prod"
is "$(cat "$ERR")" "" "needs no memory"
not_ok "and makes none" test -e "$known"
LAMBDAIMG_REPO=$address#$prod run 0 "the same in the environment" push right-image.tar
run 1 "an address with another ID" verify demo:1 --repo "$address#$dev"
has "$ERR" "is the repository $prod, and not $dev, which was asked for" "says so"
run 1 "which cannot be accepted" verify demo:1 --repo "$address#$dev" --accept-new-repository
# shellcheck disable=SC2317
init_afresh() {
    LAMBDAIMG_STATE=$WORK/fresh "$LAMBDAIMG" init 2>noted
}
not_ok "init where there is one, on a host that knew none" init_afresh
has noted 'this host uses .* for the first time, and keeps its ID' "says that the ID is kept"
LAMBDAIMG_STATE=$WORK/fresh run 1 "once more" init
has_no "$ERR" 'for the first time' "which it is now"
run 2 "init of an address with an ID" init "dir:$WORK/new#$dev"
has "$ERR" 'init chooses the ID' "says why not"
not_ok "and makes nothing" test -e new
cp -a prod "odd#name"
run 0 "a # in a name is a part of it" ls --repo "dir:$WORK/odd#name"
run 0 "also with an ID" ls --repo "dir:$WORK/odd#name#$prod"

# ---- the first time, and hosts that remember nothing ------------------------------------------

rm -rf "$known"
run 0 "the first time" ls
has "$ERR" "^lambdaimg: note: this host uses $address for the first time, .* write $address#$prod$" "is told"
run 0 "the second time" ls
is "$(cat "$ERR")" "" "is not"
rm -rf "$known"
: >"$known"
run 0 "where nothing can be remembered" ls
has "$ERR" "^lambdaimg: note: this host cannot tell whether $address is the same .*: write $address#$prod" "is told"
run 1 "and cannot be accepted" ls --accept-new-repository
rm "$known"
HOME='' run 0 "without a home" ls
has "$ERR" "^lambdaimg: note: this host cannot tell" "is told"
LAMBDAIMG_STATE=$WORK/state run 0 "a directory of its own" ls
ok "is used" test -d state/repositories
XDG_STATE_HOME=$WORK/xdg run 0 "the user's directory of states" ls
ok "is used" test -d xdg/lambdaimg/repositories
run 0 "remembered again" ls
for text in '' '{' '{"format":1}' '{"format":2,"repository":"00"}' '{"format":1,"repository":"zz"}'; do
    file=$(find "$known" -type f)
    printf %s "$text" >"$file"
    run 1 "a memory that cannot be read: $text" ls
    has "$ERR" "$file, where this host keeps the ID of the repository" "says where it is"
done
run 0 "is replaced on demand" ls --accept-new-repository
run 0 "and read again" ls

# Many at once, the first time.
rm -rf "$known"
pids=()
for i in 1 2 3 4 5 6 7 8; do
    "$LAMBDAIMG" ls >"ls.$i" 2>&1 &
    pids+=("$!")
done
started+=("${pids[@]}")
for pid in "${pids[@]}"; do
    wait "$pid"
    is $? 0 "one of many first times at once"
done
is "$(find "$known" | sort)" "$(printf '%s\n' "$known" "$known"/*.json)" "leave one file"

finish
