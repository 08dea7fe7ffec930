#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The waste of an image: files that a layer above hides, caches that were left behind, and contents that are there more
# than once. Each counts once. The budget for it, in bytes and as a share; and what the memo keeps.
. "$(dirname "$0")/lib.sh"

new_repository "$WORK/repo"

layer base <<'END'
dir app/
file app/one size=10000 fill=1
file app/removed size=20000 fill=2
file app/replaced size=30000 fill=3
dir app/gone/
file app/gone/deep size=40000 fill=4
file app/kept size=50000 fill=5
link app/linked app/kept
dir var/
dir var/lib/
dir var/lib/apt/
dir var/lib/apt/lists/
file var/lib/apt/lists/packages size=60000 fill=6
dir home/
dir home/u/
dir home/u/.cache/
dir home/u/.cache/pip/
file home/u/.cache/pip/wheel size=70000 fill=7
dir srv/
dir srv/tmp/
file srv/tmp/needed size=5000 fill=8
file app/short size=100 fill=9
END
layer upper <<'END'
dir app/
file app/.wh.removed size=0
file app/replaced size=30001 fill=3
file app/.wh.gone size=0
file app/.wh.kept size=0
file app/twice size=10000 fill=1
file app/as-long size=10000 fill=11
file app/short-too size=100 fill=9
dir home/
dir home/u/
dir home/u/.cache/
dir home/u/.cache/pip/
file home/u/.cache/pip/one-too size=10000 fill=1
END
make_docker_old image.tar team/app:1 "$WORK/base.tar" "$WORK/upper.tar"

run 0 "waste" report image.tar --json
cp "$OUT" image.json
is "$(jq -r '.waste.files[] | "\(.kind) \(.path) \(.layer) \(.size)"' image.json)" "left /home/u/.cache/pip/wheel 0 70000
left /var/lib/apt/lists/packages 0 60000
hidden /app/gone/deep 0 40000
hidden /app/replaced 0 30000
hidden /app/removed 0 20000
repeated /app/twice 1 10000
left /home/u/.cache/pip/one-too 1 10000" "waste: the largest first; a file with another name is needed"
is "$(jq -c '.waste | [.bytes, .hidden.bytes, .left.bytes, .repeated.bytes, .hidden.files, .left.files, .repeated.files]' \
    image.json)" '[240000,90000,140000,10000,3,3,1]' "waste: the sums"
is "$(jq .waste.whole image.json)" 345201 "waste: of all files, each once"
run 0 "waste, as text" report image.tar
has "$OUT" '^waste +240.0 kB of 345.2 kB of files [(]69.5 %[)]$' "text: the sum"
has "$OUT" '^hidden +3 files +90.0 kB  that a later layer hides$' "text: by kind"
has "$OUT" '^ +70.0 kB +0  left: /home/u/.cache/pip/wheel$' "text: a file"
run 0 "waste, as Markdown" report image.tar --markdown
has "$OUT" '^240.0 kB of 345.2 kB of files are waste [(]69.5 %[)].$' "Markdown: the sum"
has "$OUT" '^[|] 40.0 kB [|] hidden [|] <code>/app/gone/deep</code> [|]$' "Markdown: a file"

# It is about the image and not about what is new; the memo's digests take the place of reading.
quietly push image.tar
for memo in "" "" --no-memo; do
    run 0 "nothing new ${memo:-with the memo}" report image.tar --json ${memo:+"$memo"}
    is "$(jq -c .waste "$OUT")" "$(jq -c .waste image.json)" "nothing new ${memo:-with the memo}: the same waste"
    is "$(jq .new.chunks "$OUT")" 0 "nothing new ${memo:-with the memo}: nothing is"
done

# ---- the budget ----------------------------------------------------------------------------------

run 0 "a budget that is met" report image.tar --max-waste 240000
has "$OUT" '^budget max-waste: 240.0 kB of at most 240.0 kB, 0 B left$' "a budget that is met: to the byte"
run 3 "a budget that is broken" report image.tar --max-waste 239999
has "$ERR" 'over budget: max-waste$' "a budget that is broken: which"
run 0 "a share that is met" report image.tar --max-waste 70%
run 3 "a share that is not" report image.tar --max-waste 69.5% --json
is "$(jq -r '.budgets[] | "\(.budget) \(.met) \(.value)"' "$OUT")" "max-waste false 240000" "a share that is not: in bytes"
run 2 "a percentage over another image" report image.tar --max-waste +3%
run 2 "--max-waste for the repository" report --all --max-waste 3%
run 2 "--max-waste of a stored image" report team/app:1 --max-waste 3%
echo '{"format": 1, "max_waste": "69%"}' >budgets.json
run 3 "a share in the file" report image.tar --budgets budgets.json
echo '{"format": 1, "max_waste": "+69%"}' >budgets.json
run 1 "a relative budget in the file" report image.tar --budgets budgets.json
has "$ERR" '"max_waste" is not a number, nor a string such as "3%"' "a relative budget in the file: it says what it may be"
echo '{"format": 1, "max_waste": 1000000}' >budgets.json
run 0 "--ratchet" report image.tar --budgets budgets.json --ratchet
is "$(jq .max_waste budgets.json)" 252000 "--ratchet: 5 % above what was found"

# ---- nothing -------------------------------------------------------------------------------------

layer plain <<'END'
file one size=9000 fill=1
END
make_docker_old plain.tar plain:1 "$WORK/plain.tar"
run 0 "no waste" report plain.tar --max-waste 0
has_no "$OUT" '^waste ' "no waste: nothing is said of it"

finish
