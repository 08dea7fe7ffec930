#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The examples for CI services are YAML, and each of their commands works. Those of others (docker, buildah, gh) are
# played.
. "$(dirname "$0")/lib.sh"

new_repository "$WORK/repo"
layer one <<'END'
file app size=300000 fill=1
END
layer two <<'END'
file app size=300000 fill=2
END
make_docker_old one.tar team/app:x "$WORK/one.tar"
make_docker_old two.tar team/app:x "$WORK/two.tar"

mkdir bin
cat >bin/builder <<'END'
#!/bin/bash
# Saves the image that IMAGE names: for docker save --output FILE TAG, buildah push TAG docker-archive:FILE:TAG.
case $1 in
# What is built from has no key in it.
build) ! grep -rqFf "$KEY_FILE" . ;;
save) cp "$IMAGE" "$3" ;;
push)
    file=${3#docker-archive:}
    cp "$IMAGE" "${file%%:*}"
    ;;
*) exit 1 ;;
esac
END
cat >bin/gh <<'END'
#!/bin/bash
[ "$1 $2 $4" = "pr comment --body-file" ] && cp "$5" comment.md
END
ln -s builder bin/docker
ln -s builder bin/buildah
ln -s "$LAMBDAIMG" bin/lambdaimg
chmod +x bin/builder bin/gh
PATH=$WORK/bin:$PATH

# commands FILE EVENT: the commands of the example, in their order, as a script; those of the other event are left out.
commands() {
    python3 - "$top/contrib/ci/$1" "$2" <<'END'
import sys, yaml
with open(sys.argv[1], encoding="utf-8") as file:
    example = yaml.safe_load(file)
if "jobs" in example:
    for step in example["jobs"]["image"]["steps"]:
        condition = step.get("if", "")
        other = {"push": "== 'pull_request'", "pull_request": "== 'push'"}[sys.argv[2]]
        if "run" in step and other not in condition:
            always = "always()" in condition
            print(("" if always else "[ $failed = 0 ] && ") + "{ ( set -ae\n. \"$GITHUB_ENV\"\nset +a\n" +
                  step["run"] + ") || failed=$?; }")
    print("exit $failed")
else:
    print("set -e")
    print("\n".join(example["image-report"]["script"]))
END
}

# runs STATUS WHAT FILE EVENT IMAGE: the example on EVENT, in the directory work.
runs() {
    local got

    rm -rf work
    mkdir work
    [ -z "${BUDGETS-}" ] || echo "$BUDGETS" >work/.lambdaimg-ci.json
    commands "$3" "$4" >script
    (
        cd work || exit 1
        export IMAGE=$WORK/$5 TAG=team/app:${5%.tar} KEY NUMBER=1 failed=0 GITHUB_STEP_SUMMARY=summary.md
        export LAMBDAIMG_KEY=$WORK/key KEY_FILE=$WORK/key CI_DEFAULT_BRANCH=main CI_COMMIT_BRANCH=
        export RUNNER_TEMP=$WORK/tmp GITHUB_ENV=$WORK/github.env
        unset LAMBDAIMG_KMS
        : >"$GITHUB_ENV"
        KEY=$(cat "$WORK/key")
        [ "$4" = pull_request ] || CI_COMMIT_BRANCH=main
        bash ../script
    ) >"$OUT" 2>"$ERR"
    got=$?
    [ "$got" -eq "$1" ]
    result $? "$2" < <(echo "exit status $got"; cat "$ERR" script)
}

for example in github-actions.yml gitlab-ci.yml; do
    runs 0 "$example: a merge request" "$example" pull_request one.tar
    is "$(find repo/images -type f 2>/dev/null)" "" "$example: nothing is pushed before the merge"
    ok "$example: JUnit's file is there" test -s work/report.xml
    BUDGETS='{"format": 1, "max_new_bytes": 10}' runs 3 "$example: a broken budget" "$example" pull_request one.tar
    case $example in
    github*)
        has work/comment.md 'max-new-bytes . [*][*]broken' "$example: it is told all the same"
        has work/summary.md 'max-new-bytes' "$example: in the summary, too"
        ;;
    gitlab*)
        ok "$example: it is told all the same" jq -e 'length == 1' work/quality.json
        has work/metrics.txt '^lambdaimg_new_bytes' "$example: with metrics"
        has work/report.html '<td class="bad">broken</td>' "$example: and a page"
        ;;
    esac
    runs 0 "$example: a merge" "$example" push two.tar
    ok "$example: the image is pushed" test -e repo/images/team~app/two
    rm -r repo/images
done

finish
