#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A release: `make dist` gives everybody the same tarball, and it builds. The Debian packages that are made of it are
# clean, can be installed, and leave nothing when they are removed. SOAK=1 builds them, and their source package, as
# Debian does; else they hold what was compiled without optimization, which takes a third of the time.
. "$(dirname "$0")/lib.sh"

! grep -qE "__(a|t|m|ub)san_" "$LAMBDAIMG" || skip_all "a release is built without a sanitizer"
git=(git -c safe.directory="$top" -C "$top")
[ "$("${git[@]}" rev-parse --show-toplevel 2>/dev/null)" = "$top" ] || skip_all "this is not a clone with git"
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD DESTDIR PREFIX LIBDIR OPT SAN CFLAGS CPPFLAGS LDFLAGS
version=$(sed -n 's/^VERSION = //p' "$top/Makefile")
name=lambdaimg-$version

# ---- the tarball -------------------------------------------------------------------------------

ok "make dist" make -C "$top" dist DIST="$WORK"
printf '[tar]\n\tumask = user\n[core]\n\tautocrlf = true\n\tattributesFile = %s\n' "$WORK/attributes" >"$HOME/.gitconfig"
echo '*.md export-ignore' >attributes
(umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 make -C "$top" dist DIST="$WORK/again") >/dev/null 2>&1
rm "$HOME/.gitconfig"
same "$name.tar.gz" "again/$name.tar.gz" "it is the same under another umask, time zone and configuration"

tar -tzf "$name.tar.gz" >names
is "$(grep -v '/$' names | sed "s|^$name/||")" "$("${git[@]}" ls-tree -r --name-only HEAD)" \
    "it holds the files of the commit, in order, in one folder"
is "$(tar --numeric-owner -tvzf "$name.tar.gz" | awk '{ print $2 }' | sort -u)" 0/0 "they are root's"
is "$(tar --full-time -tvzf "$name.tar.gz" | awk '{ print $4, $5 }' | sort -u)" \
    "$(TZ=UTC0 "${git[@]}" log -1 --format=%cd --date=format-local:'%F %T')" "with the time of the commit"
is "$(tar -tvzf "$name.tar.gz" | awk '{ print $1 }' | sort -u | tr '\n' ' ')" "-rw-r--r-- -rwxr-xr-x drwxr-xr-x " \
    "and modes for everybody"
mkdir elsewhere
cp -r "$top/scripts" "$top/Makefile" elsewhere
not_ok "what is not a clone gives no release" elsewhere/scripts/make-dist "$WORK"

# ---- the packages ------------------------------------------------------------------------------

tar -xzf "$name.tar.gz"
cd "$name" || exit 1
is "$(dpkg-parsechangelog -S Version | sed 's/-[0-9]*$//')" "$version" "debian/changelog has the version of the Makefile"
export DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=2"
if [ -n "$SOAK" ]; then
    mv "../$name.tar.gz" "../lambdaimg_$version.orig.tar.gz"
    ok "it builds, as packages" dpkg-buildpackage -us -uc -d
else
    ok "it builds" make -j 2 OPT=-O0 HARDEN=-fPIC all build/liblambdaimg.so.0
    ok "and is made packages of" dpkg-buildpackage -us -uc -d -b -nc
fi
cd "$WORK" || exit 1
ok "lintian has no error and no warning" lintian --allow-root --fail-on error,warning lambdaimg_"$version"-*.changes

if [ "$(id -u)" -ne 0 ]; then
    skip "the packages are installed" "root is needed to install packages"
    finish
fi

# dpkg_in ARGUMENT...: below root, where nothing that they depend on is installed; whole, whatever this machine leaves
# out of packages.
# shellcheck disable=SC2317 # by ok
dpkg_in() {
    dpkg --root="$WORK/root" --log="$WORK/dpkg.log" --path-include="*" --force-depends "$@"
}

mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates
: >root/var/lib/dpkg/status
ok "the packages are installed" dpkg_in -i lambdaimg_*.deb liblambdaimg0_*.deb liblambdaimg-dev_*.deb
is "$(root/usr/bin/lambdaimg --version)" "$("$LAMBDAIMG" --version)" "the program runs"
library=root/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)
export PKG_CONFIG_PATH=$WORK/$library/pkgconfig PKG_CONFIG_SYSROOT_DIR=$WORK/root
# shellcheck disable=SC2046
ok "a program is built with the library" gcc root/usr/share/doc/liblambdaimg-dev/examples/readfile.c -o readfile \
    $(pkg-config --cflags --libs lambdaimg)
LD_LIBRARY_PATH=$library ./readfile dir:none file:none a:1 / 2>said
has said "^readfile: .*none" "and runs"
ok "they are removed" dpkg_in --purge lambdaimg liblambdaimg0 liblambdaimg-dev
is "$(find root ! -type d ! -path 'root/var/*')" "" "no file is left"

finish
