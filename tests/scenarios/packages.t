#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The report on an image tells which packages the new bytes belong to, by each kind of database that an image may have,
# and its sums are those of the files. A database that is broken, of a format that is not supported, or a pipe is a
# note. Names in it mean nothing to a terminal or a page.
. "$(dirname "$0")/lib.sh"

new_repository "$WORK/repo"

# bytes_to FILE SIZE: contents that occur once.
bytes_to() {
    mkdir -p "${1%/*}"
    openssl enc -aes-128-ctr -K "$(printf '%s' "$1" | md5sum | cut -c 1-32)" -iv 0 -in /dev/zero 2>/dev/null |
        head -c "$2" >"$1"
}

# image NAME DIRECTORY...: NAME.tar, with a layer for each directory.
image() {
    local name=$1 layers=() directory

    shift
    for directory; do
        tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$directory" -cf "$WORK/$directory.layer" .
        layers+=("$WORK/$directory.layer")
    done
    make_docker_old "$name.tar" "$name:1" "${layers[@]}"
}

# report_of NAME: its report as JSON in NAME.json; what is told sums up.
report_of() {
    run 0 "$1" report "$1.tar" --json
    cp "$OUT" "$1.json"
    is "$(jq '[.packages[].new.bytes, .packages_left_out_bytes, .no_package.new.bytes, .metadata.bytes] | add' "$1.json")" \
        "$(jq .new.bytes "$1.json")" "$1: bytes by package sum up"
    is "$(jq '[.packages[].files, .no_package.files] | add' "$1.json")" \
        "$(jq '(.files | length) + .files_left_out' "$1.json")" "$1: and files"
}

# packages NAME: what its report says, one on each line, sorted.
packages() {
    jq -r '.packages[] | "\(.kind) \(.name) \(.version) \(.files)"' "$1.json" | LC_ALL=C sort
}

# ---- Debian --------------------------------------------------------------------------------------

# /bin is a link, as in all newer images, and dpkg names files below it.
dpkg=debian/var/lib/dpkg
mkdir -p debian/usr $dpkg/info
ln -s usr/bin debian/bin
bytes_to debian/usr/bin/one 600000
bytes_to debian/usr/lib/libtwo.so 5000
bytes_to debian/usr/share/two 700
bytes_to debian/opt/own 800
printf 'Package: %s\nStatus: install ok installed\nVersion: %s\nArchitecture: amd64\n%s\n' \
    one 1.0-1 '' two 2:2.0 $'Multi-Arch: same\n' gone 3 '' >$dpkg/status
printf '%s\n' /. /bin /bin/one /usr /usr/share/late >$dpkg/info/one.list
printf '%s\n' /usr/lib/libtwo.so /usr/share/two /bin/one >$dpkg/info/two:amd64.list
image debian debian
report_of debian
is "$(packages debian)" $'debian one 1.0-1 1\ndebian two:amd64 2:2.0 2' "debian: whose files they are"
is "$(jq '.no_package.files' debian.json)" 4 "debian: the databases and a file of one's own belong to nobody"
is "$(jq -c .packages_not_read debian.json)" '[]' "debian: all was read"
run 0 "debian, as text" report debian.tar
has "$OUT" '%  debian: one 1.0-1$' "text: a package"
has "$OUT" '%  no package$' "text: what belongs to none"
run 0 "debian, as Markdown" report debian.tar --markdown
has "$OUT" '^[|] [0-9]+ [|] [0-9.]+ kB [|] debian <code>one</code> <code>1&#46;0-1</code> [|]$' "Markdown: a package"
quietly push debian.tar

# Only the layer above is new; the database is in the one below.
bytes_to above/usr/bin/one 600000
printf x >>above/usr/bin/one
image above debian above
report_of above
is "$(jq -r '.packages[0] | "\(.name) \(.version)"' above.json)" 'one 1.0-1' "a base that was updated: the package that changed"

# What the report needs of a layer is in the memo: the layer is not read again, so nobody misses its bytes.
bytes_to next/usr/share/late 5000
image next debian next
report_of next
is "$(packages next)" 'debian one 1.0-1 1' "a file that a layer above brings: its package is told by the one below"
for memo in --no-memo --threads=3; do
    run 0 "the same, $memo" report next.tar --json "$memo"
    same_text next.json "$OUT" "the memo makes no difference, $memo"
done
python3 - next.tar gone.tar debian.layer <<'END'
import sys

image, layer = (open(name, "rb").read() for name in (sys.argv[1], sys.argv[3]))
at = image.index(layer)
open(sys.argv[2], "wb").write(image[:at] + bytes(len(layer)) + image[at + len(layer):])
END
run 0 "a layer that is not read" report gone.tar next:1 --json
sed 's/gone.tar/next.tar/' "$OUT" >gone.json
same_text next.json gone.json "a layer that is not read: the same report"
run 1 "without the memo" report gone.tar next:1 --no-memo

# distroless
mkdir -p distroless/var/lib/dpkg/status.d
bytes_to distroless/usr/lib/libc.so 9000
printf 'Package: libc6\nVersion: 2.36\n' >distroless/var/lib/dpkg/status.d/libc6
printf '%032d  usr/lib/libc.so\n' 0 >distroless/var/lib/dpkg/status.d/libc6.md5sums
image distroless distroless
report_of distroless
is "$(packages distroless)" 'debian libc6 2.36 1' "distroless: whose files they are"

# ---- RPM -----------------------------------------------------------------------------------------

mkdir -p rpm/var/lib/rpm
bytes_to rpm/usr/bin/bash 7000
bytes_to rpm/usr/share/doc/bash/README 300
python3 - rpm/var/lib/rpm/rpmdb.sqlite <<'END'
import sqlite3, struct, sys

def header(tags):
    index, data = b"", b""
    for tag, kind, count, value in tags:
        index += struct.pack(">4I", tag, kind, len(data) if kind != 4 else len(data), count)
        data += value
    return struct.pack(">2I", len(tags), len(data)) + index + data

db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
db.execute("CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL)")
bash = [(1000, 6, 1, b"bash\0"), (1001, 6, 1, b"5.1.8\0"), (1002, 6, 1, b"9.el9\0"),
        (1116, 4, 2, struct.pack(">2I", 0, 1)), (1117, 8, 2, b"bash\0README\0"),
        (1118, 8, 2, b"/usr/bin/\0/usr/share/doc/bash/\0")]
db.execute("INSERT INTO Packages (blob) VALUES (?)", (header(bash),))
db.commit()
db.close()
END
rm -f rpm/var/lib/rpm/*-wal rpm/var/lib/rpm/*-shm
image rpm rpm
report_of rpm
is "$(packages rpm)" 'rpm bash 5.1.8-9.el9 2' "rpm: whose files they are"

cp -r rpm log
echo changes >log/var/lib/rpm/rpmdb.sqlite-wal
image log log
report_of log
is "$(jq -r '.packages_not_read[]' log.json)" \
    "/var/lib/rpm/rpmdb.sqlite-wal: SQLite's log of changes is not read, only the database" "rpm: a log of changes is a note"

mkdir -p old/var/lib/rpm
bytes_to old/var/lib/rpm/Packages 5000
image old old
report_of old
is "$(jq -r '.packages_not_read[]' old.json)" \
    "/var/lib/rpm/Packages: RPM's format Berkeley DB is not supported, only SQLite" "an older RPM: it says what is not read"

# ---- Alpine, Python and npm ----------------------------------------------------------------------

mkdir -p alpine/lib/apk/db
bytes_to alpine/lib/ld-musl.so 8000
printf 'C:Q1\nP:musl\nV:1.2.4-r2\nF:lib\nR:ld-musl.so\na:0:0:755\n\n' >alpine/lib/apk/db/installed
image alpine alpine
report_of alpine
is "$(packages alpine)" 'alpine musl 1.2.4-r2 1' "alpine: whose files they are"

site=python/usr/lib/python3/site-packages
bytes_to $site/foo/a.py 3000
bytes_to "$site/foo/b,\"c\".py" 3000
bytes_to python/usr/bin/foo 200
mkdir -p $site/foo-1.0.dist-info
printf 'Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n\nName: other\n' >$site/foo-1.0.dist-info/METADATA
printf '%s\n' 'foo/a.py,sha256=x,3000' '"foo/b,""c"".py",,' '../../../bin/foo,,' 'foo-1.0.dist-info/METADATA,,' \
    '../../../../../../etc/none,,' >$site/foo-1.0.dist-info/RECORD
image python python
report_of python
is "$(packages python)" 'python foo 1.0 4' "python: whose files they are"

for place in lodash @x/y/node_modules/lodash; do
    bytes_to npm/srv/node_modules/$place/index.js 4000
    echo '{"name": "lodash", "version": "4.17.21"}' >npm/srv/node_modules/$place/package.json
done
bytes_to npm/srv/node_modules/@x/y/lib/deep/z.js 500
echo '{"name": "@x/y", "version": "1.0.0"}' >npm/srv/node_modules/@x/y/package.json
bytes_to npm/srv/server.js 600
echo '{"name": "own"}' >npm/srv/package.json
image npm npm
report_of npm
is "$(packages npm)" $'npm @x/y 1.0.0 2\nnpm lodash 4.17.21 4' "npm: a package that is there twice is told once"

# ---- broken and hostile --------------------------------------------------------------------------

mkdir -p broken/var/lib/rpm broken/lib/apk/db broken/m/node_modules/{a,b,c} broken/x.dist-info
bytes_to broken/data 5000
printf 'SQLite format 3\0%01000d' 0 >broken/var/lib/rpm/rpmdb.sqlite
echo broken >broken/lib/apk/db/installed
echo '{' >broken/m/node_modules/a/package.json
ln -s /m/node_modules/c/package.json broken/m/node_modules/b/package.json
ln -s ../../node_modules/b/package.json broken/m/node_modules/c/package.json
echo x >broken/m/node_modules/b/file
mkfifo broken/x.dist-info/METADATA
echo >broken/x.dist-info/RECORD
image broken broken
report_of broken
is "$(jq -r '.packages_not_read[] | sub(": .*"; "")' broken.json | LC_ALL=C sort)" \
    "$(printf '%s\n' /lib/apk/db/installed /m/node_modules/{a,b}/package.json /var/lib/rpm/rpmdb.sqlite /x.dist-info/METADATA)" \
    "broken: each is a note"
run 0 "broken, as text" report broken.tar
has "$OUT" '^not read: /x.dist-info/METADATA: it is not a regular file$' "broken, as text: why"
run 0 "broken, as Markdown" report broken.tar --markdown --html broken.html
has "$OUT" '^- not read: <code>/x&#46;dist-info/METADATA&#58; it is not a regular file</code>$' "broken, as Markdown: why"
has broken.html 'not read: <code><bdi>/x.dist-info/METADATA: it is not a regular file</bdi>' "broken, as a page: why"

mkdir -p hostile/n/node_modules/p
bytes_to hostile/n/node_modules/p/index.js 5000
printf '{"name": "<script>\\u001b[31m|`\\u202e", "version": "\\n"}' >hostile/n/node_modules/p/package.json
image hostile hostile
report_of hostile
is "$(jq -r '.packages[0].name, .packages[0].version' hostile.json | xargs -d '\n')" \
    '<script>\x1b[31m|`\xe2\x80\xae \x0a' "hostile: what no terminal should see is escaped"
run 0 "hostile, as text" report hostile.tar
has "$OUT" 'npm: <script>\\x1b\[31m[|]`\\xe2\\x80\\xae \\x0a$' "hostile, as text: the same"
run 0 "hostile, as Markdown" report hostile.tar --markdown
has "$OUT" '<code>&#60;script&#62;&#92;x1b&#91;31m&#124;&#96;' "hostile, as Markdown: nothing means anything"

finish
