#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lambdaimg key list, add, remove, rewrap, check and new: who opens an image and a salt before and after, and that
# nothing but wraps changes.
. "$(dirname "$0")/lib.sh"

layer base <<'END'
file file size=600000 fill=1
file other size=100000 fill=2
END
make_docker_old image.tar demo:1 "$WORK/base.tar"
old=file:$WORK/old new=file:$WORK/new third=file:$WORK/third
export LAMBDAIMG_KMS=$old

run 0 "a new key" key new "$WORK/new"
is "$(stat -c %a new)" 600 "for its owner only"
has "$OUT" "^made the key file:$WORK/new; keep a copy of it$" "says so"
run 1 "a key in the place of another" key new "$new"
has "$ERR" "there is a file at $WORK/new already" "is not made"
run 2 "a key that is not a file" key new "exec:$WORK/new"
quietly key new "$WORK/third"

new_repository "$WORK/repo"
quietly push image.tar demo:1
quietly push image.tar demo:2
quietly push image.tar app/other:1

# The names of wraps, by the keys that they have.
name_of() {
    LAMBDAIMG_KMS=$1 "$LAMBDAIMG" key check --json | jq -r '.[0].key'
}
old_name=$(name_of "$old") new_name=$(name_of "$new") third_name=$(name_of "$third")
count() {
    find repo -path "*$1" | wc -l
}
# unchanged WHAT: all that is not a wrap is as it was.
not_wraps() {
    (cd repo && find . -type f ! -path '*.wraps/*' ! -path './salts/*' ! -name '.tmp*' -exec sha256sum {} + | sort)
}
unchanged() {
    not_wraps >.after
    same_text .before .after "$1: nothing but wraps has changed"
}
not_wraps >.before

# opens KEY IMAGE..., and opens_not KEY IMAGE...
opens() {
    local key=$1 image
    shift
    for image in "$@"; do
        run 0 "$(basename "$key") opens $image" inspect "$image" --kms "$key"
    done
}
opens_not() {
    local key=$1 image
    shift
    for image in "$@"; do
        run 1 "$(basename "$key") does not open $image" inspect "$image" --kms "$key"
    done
}

# ---- list ------------------------------------------------------------------------------------------

LAMBDAIMG_KMS=file:/nowhere run 0 "list one image, without a key" key list demo:1
is "$(cut -d ' ' -f 1 "$OUT" | paste -sd ' ')" "manifest repository" "shows it, and what all readers need"
has "$OUT" " $old_name\$" "with the name of its wrap"
run 0 "list a name" key list demo
is "$(grep -c ^manifest "$OUT")" 2 "has its tags"
run 0 "list two" key list demo app/other:1
is "$(grep -c ^manifest "$OUT")" 3 "has those of one and that of the other"
run 0 "list everything" key list --all --salts
is "$(cut -d ' ' -f 1 "$OUT" | sort | uniq -c | tr -s ' \n' ' ')" " 3 manifest 1 repository 1 salt " "has manifests and the salt"
run 0 "as JSON" key list --all --salts --json
is "$(jq -c '[.[] | [.kind, .first_key, .wraps]] | sort | unique' "$OUT")" \
    "[[\"manifest\",false,[\"$old_name\"]],[\"repository\",false,[\"$old_name\"]],[\"salt\",true,[]]]" "the same"
run 1 "list what is not there" key list nothing:1
run 1 "list a name that is not there" key list nothing
run 2 "list nothing" key list
run 2 "list everything and some" key list --all demo
run 2 "an operation that does not exist" key turn

# ---- add -------------------------------------------------------------------------------------------

run 0 "a dry run of add" key add "$new" demo:1 -n
has "$OUT" '^2 of 2 objects: 2 wraps to add, 0 to remove$' "says what it would do"
opens_not "$new" demo:1
run 2 "add, where nobody can be asked" key add "$new" demo:1 </dev/null
run 0 "add a key to one image" key add "$new" demo:1 -y
has "$OUT" '^2 of 2 objects: 2 wraps added, 0 removed$' "says what it did"
opens "$new" demo:1
opens "$old" demo:1
opens_not "$new" demo:2 app/other:1
run 0 "once more" key add "$new" demo:1 -y
has "$OUT" '^0 of 2 objects: 0 wraps to add' "there is nothing to do"
run 0 "add it to all" key add "$new" --all --salts -y --json
is "$(jq -c . "$OUT")" '{"dry_run":false,"objects":5,"changed":3,"added":3,"removed":0,"left_alone":0,"failed":0,"unproven":0,"stray":0}' "as JSON"
opens "$new" demo:1 demo:2 app/other:1
run 0 "whoever has it can push" push image.tar demo:1 -n --kms "$new"
# Whoever writes the store must not choose which image the new key opens.
cp repo/images/app~other/1 other.pointer
cp repo/images/demo/2 repo/images/app~other/1
run 1 "add a key to a tag that points at another's image" key add "$third" app/other:1 -y
run 1 "and to its name" key add "$third" app/other -y
cp other.pointer repo/images/app~other/1
opens_not "$third" demo:2
unchanged add
run 0 "nothing to add" key add "$new" --all -y
LAMBDAIMG_KMS=$third run 1 "add a third key without one that opens" key add "$third" demo:1 -y
LAMBDAIMG_KMS=file:$WORK/absent,$old run 0 "one of several keys is enough to add" key add "$new" demo:1 -y
run 1 "add to one that is there and one that is not" key add "$new" demo:1 nothing -y
has "$ERR" 'there is no image nothing in' "says which"
run 1 "list a pin that is not there" key list demo@00000000000000000000000000000009
cat >blind <<END
#!/bin/sh
request=\$(cat)
case \$request in
*describe*) echo '{"version":1,"name":"blind"}' ;;
*'"wrap"'*) echo "{\"version\":1,\"blob\":\"AAAA\"}" ;;
*) eval "\$DIES"; echo "not here" >&2; exit 1 ;;
esac
END
chmod +x blind
run 1 "add a key that does not unwrap" key add "exec:$WORK/blind" demo:1 -y
has "$ERR" 'the new key exec-blind wraps the key of a manifest, and does not unwrap it here \(--unproven adds' "says why not"
run 0 "as one for emergencies" key add "exec:$WORK/blind" demo:1 -y --unproven
has_no "$OUT" 'could not be compared' "makes its wraps"
run 0 "once more" key add "exec:$WORK/blind" demo:1 -y --unproven
has "$OUT" '^2 wraps by exec-blind were there before, and could not be compared with another$' "says that anybody may have made them"
run 0 "as JSON" key add "exec:$WORK/blind" demo:1 -y --unproven --json
is "$(jq -c '[.changed, .unproven]' "$OUT")" '[0,2]' "the same"
DIES='kill -SEGV $$' run 1 "a program that dies" key add "exec:$WORK/blind" demo:2 -y --unproven
has "$ERR" 'cannot be used, and nothing was changed: .*ended by signal 11' "is not taken for one"
quietly key remove "exec:$WORK/blind" --all -y
run 2 "add nothing" key add demo:1
run 2 "add to nothing" key add "$new"

# ---- remove ----------------------------------------------------------------------------------------

run 0 "remove the old key from one" key remove "$old" demo:2 -y
opens_not "$old" demo:2
opens "$new" demo:2
opens "$old" demo:1
LAMBDAIMG_KMS=$new run 1 "remove the last wrap" key remove "$new" demo:2 -y
has "$ERR" 'would lose the last wrap' "is refused"
LAMBDAIMG_KMS=$new run 1 "remove it by two names of one key" key remove "$new" --wrap "$new_name" demo:2 -y
has "$ERR" 'would lose the last wrap' "is refused, too"
opens "$new" demo:2
run 0 "remove a wrap by its name" key remove --wrap "$old_name" app/other:1 -y
opens_not "$old" app/other:1
run 2 "what is no name" key remove --wrap ../x app/other:1 -y
run 0 "remove what is not there" key remove "$third" --all -y
run 0 "the salt's first wrap" key remove "$old" --salts -n
has "$OUT" 'releases up to 0.1 can then no longer push' "says what it means"
unchanged remove
run 0 "remove the last one by force" key remove "$new" app/other:1 --force -y
opens_not "$new" app/other:1
has "$ERR" 'the key of its manifest is gone' "says so"
quietly push image.tar app/other:1
not_wraps >.before

# ---- rewrap ----------------------------------------------------------------------------------------

quietly push image.tar demo:3
not_wraps >.before
run 0 "a dry run of rewrap" key rewrap "$old" "$third" --all --salts -n
has "$OUT" '^5 of 7 objects: 5 wraps to add, 5 to remove$' "says what it would do"
has "$OUT" "^2 left alone: no wrap by $old_name\$" "and what not"
run 0 "rewrap one" key rewrap "$old" "$third" demo:3 -y
opens "$third" demo:3
opens_not "$old" demo:3
run 0 "rewrap all" key rewrap "$old" "$third" --all --salts -y
opens "$third" demo:1 demo:3 app/other:1
opens "$new" demo:1 demo:2
opens_not "$old" demo:1 demo:2 demo:3 app/other:1
run 0 "whoever has the new key can push" push image.tar demo:4 --kms "$third"
run 1 "whoever has the old one cannot" push image.tar demo:5 --kms "$old"
is "$(count "/$old_name")" 0 "no wrap by the old key is left"
run 0 "a second time" key rewrap "$old" "$third" --all --salts -y
has "$OUT" '^0 of 8 objects' "does nothing"
run 0 "back again" key rewrap "$third" "$old" --all --salts -y
opens "$old" demo:1 demo:3 demo:4
for image in demo:1 demo:3; do
    run 0 "$image is what it was" verify "$image" --against image.tar
done
run 2 "rewrap with one key" key rewrap "$old" --all
run 2 "rewrap with the same key" key rewrap "$old" "$old" --all -y
run 1 "with a key that is not there" key rewrap "file:$WORK/absent" "$new" --all -y

# A new wrap that was there before, and is not good: the old one stays.
wrap=$(find repo -path "*/manifests/*/$old_name" | sort | head -n 1)
cp "$wrap" "$(dirname "$wrap")/$third_name"
change_byte "$(dirname "$wrap")/$third_name" 30
run 1 "rewrap onto a wrap that does not open" key rewrap "$old" "$third" --all -y --json
is "$(jq -c '[.changed > 0, .failed]' "$OUT")" '[true,1]' "counts it, and changes the others"
ok "leaves the old one" test -e "$wrap"
rm "$(dirname "$wrap")/$third_name"
run 0 "and once it is gone" key rewrap "$old" "$third" --all -y
not_ok "the old one goes" test -e "$wrap"

# ---- stopped at any moment ---------------------------------------------------------------------------

# What opens them: the old key or the new one.
# shellcheck disable=SC2317
all_open() {
    local image

    for image in demo:1 demo:2 demo:3 demo:4 app/other:1; do
        "$LAMBDAIMG" inspect "$image" --kms "$third" --kms "$new" >/dev/null 2>&1 || return 1
    done
}
for ((i = 1; i <= 5; i++)); do
    timeout -s KILL "0.0$i" "$LAMBDAIMG" key rewrap "$third" "$new" --all --salts -y >/dev/null 2>&1
    ok "all open after a rewrap that was killed after ${i}0 ms" all_open
done
run 0 "it ends when it is run again" key rewrap "$third" "$new" --all -y
is "$(count "/$third_name")" 0 "with no wrap by the old key"
opens "$new" demo:1 demo:2 demo:3 demo:4 app/other:1

# ---- check -----------------------------------------------------------------------------------------

run 0 "check" key check
has "$OUT" "^$old_name manifest wrap: yes$" "wraps"
has "$OUT" "^$old_name salt unwrap: yes$" "and unwraps"
has "$OUT" "^$old_name repository unwrap: yes$" "the repository's key, too"
run 0 "check of two, without a repository" key check --kms "$old" --kms "$new" --json
is "$(jq -c '[.[] | [.key, .purpose, .wrap, .unwrap]]' "$OUT")" \
    "[[\"$old_name\",\"manifest\",true,true],[\"$new_name\",\"manifest\",true,true],[\"$old_name\",\"salt\",true,true],[\"$new_name\",\"salt\",true,true],[\"$old_name\",\"repository\",true,true],[\"$new_name\",\"repository\",true,true]]" \
    "as JSON"
cat >refuses <<'END'
#!/bin/sh
grep -q describe && echo '{"version":1,"name":"refuses"}' && exit
echo "not today" >&2
exit 1
END
chmod +x refuses
run 3 "check of a program that refuses" key check --kms "exec:$WORK/refuses"
has "$OUT" "^exec-refuses manifest wrap: exec:$WORK/refuses: .*: not today$" "says what it said"
run 1 "check of a key that is not there" key check --kms "file:$WORK/absent"
finish
