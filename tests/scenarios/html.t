#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The pages of --html: valid HTML, which loads nothing and runs nothing, and in which names from an image mean nothing.
# A headless Chromium opens them: light, dark and at the width of a phone, with a photograph of each. Texts have the
# contrast of WCAG's AA, and all that a pointer reaches the Tab key does.
#
# CHECK_REQUIRE_BROWSER=1 makes it a failure that there is no Chromium or that it does not start. PHOTOGRAPHS=DIR keeps
# the photographs.
. "$(dirname "$0")/lib.sh"

new_repository "$WORK/repo"
hostile=$'x<script>alert(1)<br>|`"\'&amp;\e[31m\xff\xe2\x80\xae'

sample_layers
# Files of many sizes, so that the treemap has something to draw; one has a hostile name.
mkdir -p app/srv/{web,"$hostile",data/deep/er}
for i in 1 2 3 4 5 6 7 8; do
    head -c $((i * 70000)) /dev/zero | openssl enc -aes-128-ctr -K "$(printf '%032d' "$i")" -iv 0 2>/dev/null |
        tee "app/srv/web/page-$i.js" "app/srv/$hostile/$i$hostile" >"app/srv/data/deep/er/$i"
    echo "$i" >>"app/srv/web/page-$i.js"
done
mkdir -p app/tmp app/srv/node_modules/p
cp app/srv/web/page-4.js app/tmp/left
printf '{"name": "<script>p", "version": "<b>1"}' >app/srv/node_modules/p/package.json
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C app -cf app.layer .
make_docker_old one.tar team/app:1 "${LAYERS[@]}"
make_docker_old two.tar team/app:2 "${LAYERS[@]}" "$WORK/app.layer"
quietly push one.tar
quietly push one.tar team/other:1

run 0 "a page about an image" report two.tar --html image.html --max-new-bytes 100M --max-size +300%
has "$OUT" '^new ' "a page about an image: the text is printed all the same"
quietly report two.tar --json
has image.html "$(jq -r '.chunks | "Its chunks: \(.new) new, \(.known) known to the repository, \(.repeated) repeated"' "$OUT")" \
    "a page about an image: its chunks"
has image.html "^<p>left: $(jq '.waste.left.files' "$OUT") file" "a page about an image: kinds of waste"
run 3 "a page with a broken budget" report two.tar --html broken.html --max-waste 1
has broken.html '<td class="bad">broken</td>' "a page with a broken budget: it says so"
run 0 "nothing is new" report one.tar --html nothing.html
has nothing.html 'Nothing is new' "nothing is new: it says so"
quietly push two.tar
run 0 "a page about the repository" report --all --html all.html --json
run 0 "a page about a stored image" report team/app:2 --html stored.html
run 1 "a page that cannot be written" report --all --html none/all.html
new_repository "$WORK/empty"
run 0 "a page about nothing" report --all --html empty.html

# ---- as bytes ------------------------------------------------------------------------------------

for page in image broken nothing all stored empty; do
    ok "$page: valid UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null $page.html
    # tidy does not know that SVG 2 has links with href.
    tidy -quiet -errors --warn-proprietary-attributes no $page.html >complaints 2>&1
    is "$?:$(cat complaints)" "0:" "$page: valid HTML"
    is "$(grep -icE '<script|<iframe|<object|<embed|<img|@import|url\(|javascript:|https?://| on[a-z]+=' $page.html)" 0 \
        "$page: it loads and runs nothing"
    has $page.html "default-src 'none'; style-src 'unsafe-inline'" "$page: nor may it"
done
is "$(grep -c 'x&#60;script&#62;alert(1)&#60;br&#62;|&#96;&#34;&#39;&#38;amp;.x1b\[31m.xff.xe2.x80.xae' image.html | sed 's/[1-9][0-9]*/some/')" \
    some "hostile names are there, as text"
is "$(tr -d '\n\t\40-\176' <image.html | wc -c)" 0 "and nothing else but ASCII"
has image.html '<code><bdi>&#60;script&#62;p</bdi></code>' "a hostile package is there, as text"

# ---- in a browser --------------------------------------------------------------------------------

chromium=$(command -v chromium || command -v chromium-headless-shell || true)
why=
if [ -z "$chromium" ]; then
    why="there is no chromium here"
elif ! "$top/tests/tools/browse.py" "$chromium" empty.html photographs/empty >empty.json 2>browse.err; then
    why="Chromium does not start here: $(tail -n 1 browse.err)"
fi
if [ -n "$why" ] && [ -z "${CHECK_REQUIRE_BROWSER:-}" ]; then
    skip "$why"
    finish
fi
is "$why" "" "there is a browser"
for page in image all stored empty; do
    [ $page = empty ] || "$top/tests/tools/browse.py" "$chromium" $page.html photographs/$page >$page.json 2>browse.err ||
        cat browse.err >&2
    for look in light dark phone phone-dark; do
        jq ".\"$look\"" $page.json >looked.json
        is "$(jq -c .errors looked.json)" '[]' "$page, $look: no error in the console"
        is "$(jq -c .requests looked.json)" '[]' "$page, $look: no request"
        is "$(jq .overflow looked.json)" 0 "$page, $look: not wider than the screen"
        is "$(jq 'if .contrast >= 4.5 then "enough" else [.contrast, .which] end' -c looked.json)" '"enough"' \
            "$page, $look: the contrast of texts"
        is "$(jq -c .small looked.json)" '[]' "$page, $look: no text is too small to read"
        is "$(jq -c '[.unnamed, .unseen, .scripts]' looked.json)" '[0,[],false]' \
            "$page, $look: what the keyboard reaches has a name, and shows that it is reached"
        ok "$page, $look: a photograph" test "$(head -c 8 "photographs/$page/$look.png" | od -An -tx1 | tr -d ' \n')" \
            = 89504e470d0a1a0a
    done
done
for look in light phone; do
    jq -r ".\"$look\".tabs[]" image.json >reached
    is "$(head -n 1 reached)" "Skip to the report" "$look: the Tab key begins with a way to the report"
    for link in Budgets Layers Paths Packages Files Waste; do
        ok "$look: it reaches $link" grep -qx "$link" reached
    done
    ok "$look: and directories of the treemap" grep -qE '^/srv/web: [0-9.]+ k?M?B$' reached
done
if [ -n "${PHOTOGRAPHS:-}" ]; then
    cp -r photographs/. "$PHOTOGRAPHS"
fi

finish
