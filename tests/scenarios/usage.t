#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Wrong usage is told from failure, and help is what the program does.
. "$(dirname "$0")/lib.sh"

commands='init convert push pull mount umount ls inspect verify rm'

run 2 "no command"
run 2 "a command that does not exist" frobnicate
run 2 "an option that does not exist" ls --frobnicate
run 2 "an option without its argument" ls --repo
run 2 "a flag with an argument" push a.tar b:1 --json=yes
run 2 "threads that are no number" convert a.tar -o b --threads many
run 2 "no threads" convert a.tar -o b --threads 0
run 2 "fewer threads than none" convert a.tar -o b --threads -1
run 2 "convert without an image" convert -o b
run 2 "convert without an output" convert a.tar
run 2 "convert with two images" convert a.tar b.tar -o c
run 2 "push without an image" push
run 2 "push of too much" push a.tar b:1 c:1
run 2 "push with a compression that does not exist" push a.tar b:1 --compression lzma
run 2 "push with a level that does not exist" push a.tar b:1 --compression zstd:99
run 2 "init with a padding that is none" init "dir:$WORK/new" --pad x
run 2 "init with a padding that is not offered" init "dir:$WORK/new" --pad 1000000000
run 2 "pull without an output" pull a:1
run 2 "mount without a directory" mount a:1
run 2 "mount with too little memory" mount a:1 . --memory 1 --repo "dir:$WORK"
run 2 "the same in the foreground" mount a:1 . --memory 1 --repo "dir:$WORK" -f
run 2 "umount without a directory" umount
run 2 "inspect without a reference" inspect
run 2 "verify of two" verify a:1 b:1
run 2 "rm without a reference" rm
for command in pull inspect; do
    out=()
    [ "$command" = inspect ] || out=(-o x)
    LAMBDAIMG_REPO=dir:$WORK run 2 "$command of what is no reference" "$command" 'A B' "${out[@]}"
done
for ref in 'A B' "a@00000000000000000000000000000000"; do
    run 2 "push to what is no tag, $ref" push missing.tar "$ref" --repo "dir:$WORK"
    has "$ERR" 'NAME:TAG|not an image reference' "says so before it looks at the image"
done
LAMBDAIMG_REPO='' run 2 "no repository" ls
run 2 "a repository of a kind that does not exist" ls --repo ftp://example.org/x
run 2 "a key service that does not exist" pull a:1 -o x --repo "dir:$WORK" --kms magic:x
for name in kms repo memo profile region endpoint image platform size; do
    run 2 "--$name with nothing" push missing.tar a:1 --repo "dir:$WORK" "--$name" ''
    has "$ERR" "^lambdaimg: push: the argument of --$name is empty" "says so, before it does anything"
done
run 2 "the same after an equals sign" pull a:1 -o x --kms=
run 2 "and after a letter" pull a:1 -o ''
run 2 "statistics to a file without a name" mount a:1 . --stats=
is "$(find . -type f ! -path './.*' | grep -v sanitizer)" "" "none of this made a file"

run 0 "--version" --version
has "$OUT" '^lambdaimg [0-9]+\.[0-9]+' "which says the version"
run 0 "--help" --help
cp "$OUT" help
for command in $commands; do
    has help "^ +(lambdaimg )?$command " "--help has $command"
done
is "$(wc -c <"$ERR")" 0 "help is output, not an error"

for command in $commands; do
    run 0 "$command --help" "$command" --help
    has "$OUT" "lambdaimg $command" "$command --help says how it is used"
done

finish
