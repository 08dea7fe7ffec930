# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scenarios about reports share. For lib.sh.

# is_true FILE FILTER WHAT: a filter of jq gives true.
is_true() {
    ok "$3" jq -e "$2" "$1"
}

# described FILE PAGE WHAT: the man page names every member of the JSON in FILE.
described() {
    # shellcheck disable=SC2154 # of lib.sh
    jq -r '[.. | objects | keys] | add | unique[]' "$1" | sort |
        grep -vxf <(sed -n 's/^\.It //p' "$top/man/$2.in" | tr -d ',' | tr ' ' '\n') >undescribed
    is "$(cat undescribed)" "" "$3: every member is described"
}

# files_of_forms STATUS WHAT ARGUMENT...: a report with all files, each valid by another's reading.
files_of_forms() {
    local status=$1 what=$2
    shift 2

    run "$status" "$what: a report with files" report "$@" --junit junit.xml --openmetrics metrics.txt \
        --code-quality quality.json
    ok "$what: JUnit's file is XML" python3 -c 'import xml.dom.minidom as m; m.parse("junit.xml")'
    ok "$what: the code quality is JSON" jq -e 'type == "array"' quality.json
    ok "$what: the metrics are as OpenMetrics wants them" python3 - <<'END'
import re
lines = open("metrics.txt", encoding="utf-8").read().split("\n")
assert lines[-2:] == ["# EOF", ""], lines
name = None
for line in lines[:-2]:
    head = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-z_]+) (.+)", line)
    if head:
        name = head[2]
        assert head[1] != "UNIT" or name.endswith("_" + head[3]), line
    else:
        row = re.fullmatch(r'([a-z_]+)(\{image="[^"\\\n]*"\})? [0-9.]+', line)
        assert row and row[1] == name, line
END
}
