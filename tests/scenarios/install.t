#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make install` installs: the program and its pages, documents whose links lead somewhere, and a library that
# another program can be built with, shared and static. The library exports what its headers declare, and nothing else.
. "$(dirname "$0")/lib.sh"

! grep -qE "__(a|t|m|ub)san_" "$LAMBDAIMG" || skip_all "what is installed is built without a sanitizer"
build=$(dirname "$LAMBDAIMG")
root=$WORK/root
prefix=$root/usr/local
shared=$prefix/lib/liblambdaimg.so.0
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX LIBDIR CFLAGS CPPFLAGS LDFLAGS

# build_with ARGUMENT...: make, in the tree, of what was built there.
# shellcheck disable=SC2317 # by ok
build_with() {
    (umask 077 && make -C "$top" BUILD="$build" "$@")
}

ok "make install" build_with install DESTDIR="$root"
(cd "$root" && find . -type f | sort) >installed
(cd "$root" && find . ! -perm -444 -o -type d ! -perm -555) >unreadable
is "$(cat unreadable)" "" "whoever runs it, everybody may read what it installs"

# ---- the program -------------------------------------------------------------------------------

is "$("$prefix/bin/lambdaimg" --version)" "$("$LAMBDAIMG" --version)" "the program runs"
is "$(grep -c '^./usr/local/share/man/man[157]/' installed)" "$(find "$top/man" -name '*.in' | wc -l)" \
    "all man pages are there"
has installed '^./usr/local/share/bash-completion/completions/lambdaimg$' "the completion is there"

# ---- documents ---------------------------------------------------------------------------------

# links FILE: what it links to in its own folder or below.
links() {
    grep -oE '\]\([^)]*\)' "$1" | sed 's/^](//; s/)$//; s/#.*//' | grep -v -e '^https\{0,1\}:' -e '^$' | sort -u
}

while read -r document; do
    while read -r link; do
        ok "${document##*/}: $link is installed" test -f "$(dirname "$root/$document")/$link"
    done < <(links "$root/$document")
done < <(grep '\.md$' installed)
has "$prefix/share/doc/lambdaimg/README.md" '\(SECURITY\.md\)' "README.md keeps its links"
has_no "$prefix/share/doc/lambdaimg/STYLE.md" '\(lib/' "what is not installed is not linked to"
has "$prefix/share/doc/lambdaimg/STYLE.md" 'lib/base/error\.h' "and is still named"

# ---- the library's symbols ---------------------------------------------------------------------

headers=$(cd "$prefix/include/lambdaimg" && find . -name '*.h' | sed 's|^\./||' | sort)
flags=$(pkg-config --cflags lambdaimg)

# Each by itself: it needs nothing but what is installed, and no extension of the compiler's C.
: >declared
for header in $headers; do
    echo "#include \"$header\"" >header.c
    # shellcheck disable=SC2086
    ok "$header can be included alone" \
        gcc -std=c11 -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L $flags -fsyntax-only -aux-info prototypes header.c
    grep "^/\* $prefix/include/.* \*/ extern " prototypes >>declared
done
sed -E 's/^[^(]*[ *]([A-Za-z0-9_]+) \(.*/\1/' declared | sort -u >prototypes
nm -D --defined-only --format=posix "$shared" | awk '$2 != "A" { print $1 }' >exported
is "$(grep -vc '@@LAMBDAIMG_0$' exported)" 0 "all exported symbols have the library's version"
sed 's/@.*//' exported | sort -u >names
ok "there are symbols" test "$(wc -l <names)" -gt 100
same_text prototypes names "what the headers declare is exported, and nothing else is"
is "$(nm -g --defined-only --format=posix "$prefix/lib/liblambdaimg.a" | awk '$2 ~ /^[A-Z]$/ && $1 !~ /^li_/')" "" \
    "no symbol of the static library can be another's"
readelf -d "$shared" >dynamic
has dynamic 'SONAME.*\[liblambdaimg\.so\.0\]' "the shared library has its soname"
has_no dynamic 'TEXTREL|RPATH|RUNPATH' "and neither relocations of text nor a path"
is "$(readlink "$prefix/lib/liblambdaimg.so")" liblambdaimg.so.0 "programs are linked with it"

# A header that is public and includes one that is not is refused, by name.
mkdir -p lib/a lib/b
printf '#include "b/b.h"\nint li_a(void);\n' >lib/a/a.h
echo 'int li_a(void); int li_b(void); int li_a(void) { return 0; } int li_b(void) { return 0; }' >a.c
echo '/* li_b() is not declared here */' >lib/b/b.h
gcc -c a.c && ar rcs a.a a.o
not_ok "a public header includes public ones only" "$top/scripts/public-symbols V a.a lib/a/a.h"
"$top/scripts/public-symbols" V a.a lib/a/a.h lib/b/b.h >map
is "$(grep -o 'li_.*' map)" "li_a;" "what only a comment names is not exported"

# ---- a program ---------------------------------------------------------------------------------

example=$top/contrib/example/readfile.c
warnings="-std=gnu11 -O1 -Wall -Wextra -Werror"
# shellcheck disable=SC2046,SC2086
ok "a program is built with the shared library" gcc $warnings "$example" -o shared $(pkg-config --cflags --libs lambdaimg)
# shellcheck disable=SC2046,SC2086
ok "and with the static one" gcc $warnings "$example" -o static $flags \
    -Wl,-Bstatic $(pkg-config --libs lambdaimg) -Wl,-Bdynamic \
    $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs $(pkg-config --print-requires-private lambdaimg)) -pthread
export LD_LIBRARY_PATH=$prefix/lib
is "$(ldd shared | grep -c "$prefix/lib/liblambdaimg.so.0")" 1 "the one needs the library that is installed"
is "$(ldd static | grep -c liblambdaimg)" 0 "the other needs none"

layer base <<END
dir ./
dir etc/
dir etc/deep/
file etc/deep/large size=1500000 fill=7
file hello size=5 fill=1
END
make_docker_old image.tar app:1 "$WORK/base.tar"
new_repository "$WORK/repo"
quietly push image.tar app:1
mkdir files
tar -xf base.tar -C files
for program in shared static; do
    for path in /etc/deep/large hello; do
        ./$program "dir:$WORK/repo" "$LAMBDAIMG_KMS" app:1 $path >got 2>"$ERR"
        same got "files/$path" "$program: it reads $path out of the image"
    done
    ./$program "dir:$WORK/repo" "$LAMBDAIMG_KMS" app:1 /etc/none >got 2>"$ERR"
    is "$?:$(cat "$ERR")" "1:readfile: the image has no /etc/none" "$program: it says what is not there"
    ./$program "dir:$WORK/repo" "$LAMBDAIMG_KMS" app:2 hello >got 2>"$ERR"
    is $? 1 "$program: and which image is not"
    ./$program "dir:$WORK/repo" "$LAMBDAIMG_KMS" app:1 hello 2>"$ERR" >/dev/full
    is $? 1 "$program: a disk that is full is an error"
done

finish
