#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lambdaimg key rotate: what is pushed afterwards shares nothing with what was there, all of which stays readable.
. "$(dirname "$0")/lib.sh"

layer base <<'END'
file file size=600000 fill=1
file other size=100000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"
new_repository "$WORK/repo"
quietly push image.tar demo:1
quietly push image.tar demo:2
has "$OUT" 'nothing new' "a second push stores nothing"
roots() {
    find repo/roots -name root.json | wc -l
}
chunks() {
    find repo/roots -path '*/chunks/*' -type f | sed 's,.*/,,' | sort
}
chunks >chunks.before
files_of repo >files.before

# ---- what will be done -------------------------------------------------------------------------

run 0 "a dry run" key rotate -n
has "$OUT" '^a new salt, for all that is pushed from now on' "says what it means"
has "$OUT" '^it is wrapped for file-[0-9a-f]*$' "and for whom"
run 0 "as JSON" key rotate -n --json
is "$(jq -c '[.dry_run, .root, .salt, (.wraps | length), .not_for]' "$OUT")" '[true,null,null,1,[]]' "the same"
run 2 "where nobody can be asked" key rotate </dev/null
run 2 "with a name" key rotate demo -y
run 1 "without a key" key rotate -y --kms "file:$WORK/absent"
files_of repo >files.after
same_text files.before files.after "nothing was made"

# ---- done --------------------------------------------------------------------------------------

run 0 "rotate" key rotate -y
has "$OUT" '^pushes go into the new root [0-9a-f]{32}$' "says where pushes go"
is "$(roots)" 2 "there is a second root"
run 0 "a push of what is stored" push image.tar demo:3
has_no "$OUT" 'nothing new' "stores it again"
chunks >chunks.after
is "$(comm -12 chunks.before chunks.after | wc -l) $(wc -l <chunks.after)" \
    "$(wc -l <chunks.before) $((2 * $(wc -l <chunks.before)))" "by other names, beside those that were there"
run 0 "once more" push image.tar demo:4
has "$OUT" 'nothing new' "that is shared"
for image in demo:1 demo:3; do
    run 0 "$image is whole" verify "$image" --against image.tar
done
run 0 "ls" ls
is "$(grep -c demo: "$OUT")" 4 "shows all"
run 0 "the keys of both salts" key list --salts
is "$(grep -c ^salt "$OUT")" 2 "are there"

# ---- for whom ----------------------------------------------------------------------------------

quietly key new "$WORK/second"
quietly key add "file:$WORK/second" --all --salts -y
run 0 "rotate without a key that the salt has" key rotate -n
has "$OUT" '^not for file-[0-9a-f]*: whoever has that key alone can push no more$' "says who cannot push then"
run 0 "with it" key rotate -y --json --kms "$LAMBDAIMG_KMS" --kms "file:$WORK/second"
is "$(jq -c '[.dry_run, (.root | length), (.salt | length), (.wraps | length), .not_for]' "$OUT")" '[false,32,32,2,[]]' "as JSON"
run 0 "both push" push image.tar demo:5
run 0 "both push" push image.tar demo:6 --kms "file:$WORK/second"
has "$OUT" 'nothing new' "and share"
run 0 "a key of its own for the salt" key rotate -y --salt-kms "file:$WORK/second"
run 1 "a push without it" push image.tar demo:7
has "$ERR" "cannot open the repository's salt, which may have a key of its own" "fails"
run 0 "a push with it" push image.tar demo:7 --salt-kms "file:$WORK/second"
run 1 "rotate by those who only read" key rotate -y
has "$ERR" "the key file-[0-9a-f]* would open the new salt, and does not open the one in use" "is refused"
run 1 "its dry run" key rotate -n
run 1 "rotate for readers, too" key rotate -y --kms "$LAMBDAIMG_KMS" --kms "file:$WORK/second"
has "$ERR" "the key $(LAMBDAIMG_KMS=$LAMBDAIMG_KMS "$LAMBDAIMG" key check --json | jq -r '.[0].key') would open the new salt" "is refused, too"
is "$(roots)" 4 "nothing was made"
mv second lost
quietly key new "$WORK/third"
run 0 "a salt whose key is lost, by force" key rotate -y --force --salt-kms "file:$WORK/third"
run 0 "a push by its key" push image.tar demo:8 --salt-kms "file:$WORK/third"
run 0 "for one more key, by force" key rotate -n --force --salt-kms "file:$WORK/third" --salt-kms "$LAMBDAIMG_KMS"
has "$OUT" '^newly for file-[0-9a-f]*, which does not open the salt in use$' "says who gets it"
run 0 "as JSON" key rotate -n --force --salt-kms "file:$WORK/third" --salt-kms "$LAMBDAIMG_KMS" --json
is "$(jq -c '[(.newly_for | length), .not_for, .not_for_first_key, .active_root]' "$OUT")" '[1,[],false,null]' "the same"
cat >blind <<'END'
#!/bin/sh
request=$(cat)
case $request in
*describe*) echo '{"version":1,"name":"blind"}' ;;
*'"wrap"'*) echo '{"version":1,"blob":"AAAA"}' ;;
*) exit 1 ;;
esac
END
chmod +x blind
run 1 "a key that does not unwrap" key rotate -y --force --salt-kms "exec:$WORK/blind"
has "$ERR" 'the key exec-blind cannot be used for a salt, and nothing was changed' "is found out before"
is "$(roots)" 5 "nothing was made"

# The first key of a salt, whose wrap has no name.
first=$LAMBDAIMG_KMS
LAMBDAIMG_REPO=dir:$WORK/other quietly init
quietly key new "$WORK/added"
LAMBDAIMG_REPO=dir:$WORK/other quietly key add "file:$WORK/added" --all --salts -y
LAMBDAIMG_REPO=dir:$WORK/other run 0 "rotate by a key that was added" key rotate -n --kms "file:$WORK/added"
has "$OUT" '^not for the first key of the salt in use: whoever has that key alone can push no more$' "says who cannot push then"
LAMBDAIMG_REPO=dir:$WORK/other run 0 "as JSON" key rotate -n --json --kms "file:$WORK/added"
is "$(jq -c '[.not_for, .not_for_first_key]' "$OUT")" '[[],true]' "the same"
LAMBDAIMG_REPO=dir:$WORK/other run 0 "by both" key rotate -n --kms "file:$WORK/added" --kms "$first"
has_no "$OUT" '^not for' "all can push"

# ---- stopped -----------------------------------------------------------------------------------

for ((i = 1; i <= 5; i++)); do
    timeout -s KILL "0.0$i" "$LAMBDAIMG" key rotate -y --salt-kms "file:$WORK/third" >/dev/null 2>&1
    run 0 "a push after one that was killed after ${i}0 ms" push image.tar "demo:k$i" --salt-kms "file:$WORK/third"
done
run 0 "what was pushed first is whole" verify demo:1 --against image.tar
finish
