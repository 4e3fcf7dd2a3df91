#!/usr/bin/env bash
# Builds Debian's packages, has lintian look at them, installs them in a root of their own, uses what is
# there, and removes them again.
#
#   packaging/debian.sh
#
# Needs cargo, libclang, debhelper, dpkg-dev and lintian, and no root. The packages are left in
# target/debian. What cargo has built is kept there, too, so that a second run is quick.
set -euo pipefail
cd "$(dirname "$0")/.."
./setup.sh package
repository=$PWD
out=$repository/target/debian
tree=$out/epshim
root=$out/root

say() { echo "debian: $*"; }
fail() { say "FAILED: $*" >&2 && exit 1; }

# The tree as it is here. Never built in place: dh's clean would clean the repository.
copy_tree() {
    mkdir -p "$tree"
    find "$tree" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
    tar --exclude=./target --exclude=./.git -cf - . | tar -C "$tree" -xf -
}

build() {
    rm -f "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo
    # -d: the cargo in use may be rustup's. -nc: keeps what cargo has built.
    (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -d -nc -us -uc) \
        >"$out/build.log" 2>&1 || { tail -n 20 "$out/build.log" >&2 && fail "the build, see $out/build.log"; }
}

# dpkg on a root of our own, which has nothing of the system: dependencies are not looked at, and no
# package has a script that would be run.
packages() {
    dpkg --root="$root" --force-not-root --force-depends --force-script-chrootless --log=/dev/null "$@" \
        >>"$out/dpkg.log" 2>&1 || { tail "$out/dpkg.log" >&2 && fail "dpkg $1"; }
}

# What is there but for dpkg's own lists and the folders that every system has.
installed() {
    (cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -print)
}

use() {
    local lib hello=$out/hello
    lib=$(echo "$root"/usr/lib/*/libepshim.so)
    lib=${lib%/*}
    [ "$("$root/usr/bin/epshim" --version)" = "epshim $version" ] || fail "the command"
    cc -I"$root/usr/include" examples/hello.c -L"$lib" -lepshim -o "$hello"
    LD_LIBRARY_PATH=$lib "$hello" | grep -q "^epshim $version: data 42 says \"hello\"" || fail "hello.c"
    [ -e "$lib/libepshim_preload.so" ] || fail "no preload library"
    [ "$(readlink "$root/usr/share/man/man3/epshim_ctl.3.gz")" = epshim.3.gz ] || fail "no page epshim_ctl"
}

version=$(dpkg-parsechangelog -S Version)
[ "$version" = "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)" ] ||
    fail "debian/changelog has version $version"

say "building epshim $version"
copy_tree
build
say "built: $(cd "$out" && echo *.deb)"

lintian --fail-on error --info "$out"/*.changes >"$out/lintian.log" 2>&1 ||
    { cat "$out/lintian.log" >&2 && fail "lintian"; }
say "lintian: no errors, $(grep -c '^W:' "$out/lintian.log" || true) warnings"

rm -rf "$root" "$out/dpkg.log"
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root/var/lib/dpkg/status"
packages --install "$out"/*.deb
use
say "installed: $(installed | wc -l) files; the command, the library and the pages work"
packages --purge epshim libepshim-dev libepshim0 $(cd "$out" && ls *dbgsym*.deb 2>/dev/null | sed 's/_.*//')
[ -z "$(installed)" ] || fail "left behind: $(installed)"
say "removed: nothing is left"
