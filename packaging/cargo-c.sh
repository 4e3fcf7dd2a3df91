#!/usr/bin/env bash
# Installs the library as distributions do that use cargo-c, into a folder of its own, and runs a C program
# with what pkg-config says there, shared and static.
#
#   packaging/cargo-c.sh
#
# Needs cargo-c (cargo install cargo-c), pkg-config and a C compiler; no root.
set -euo pipefail
cd "$(dirname "$0")/.."
export EPSHIM_VERIFY=strict
out=$PWD/target/cargo-c

say() { echo "cargo-c: $*"; }
fail() { say "FAILED: $*" >&2 && exit 1; }
for tool in cargo-cinstall pkg-config "${CC:=cc}" readelf; do
    command -v "$tool" >/dev/null 2>&1 || { say "skipped: $tool is missing" && exit 77; }
done

rm -rf "$out/root"
mkdir -p "$out"
CARGO_TARGET_DIR=$out/build cargo cinstall --profile capi --package epshim-capi --locked \
    --no-default-features --features verify --prefix /usr --libdir lib --destdir "$out/root" >"$out/cinstall.log" 2>&1 ||
    { tail -n 20 "$out/cinstall.log" >&2 && fail "cargo cinstall"; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
usr=$out/root/usr
for file in include/epshim.h lib/libepshim.a lib/libepshim.so lib/pkgconfig/epshim.pc; do
    [ -e "$usr/$file" ] || fail "$file was not installed"
done
soname=$(readelf -d "$usr/lib/libepshim.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = "libepshim.so.${version%%.*}" ] || fail "the SONAME is $soname"
[ "$(readlink -f "$usr/lib/$soname")" = "$usr/lib/libepshim.so.$version" ] || fail "$soname leads elsewhere"
diff <(nm -D --defined-only "$usr/lib/libepshim.so" | sed -n 's/.* T \([^@]*\).*/\1/p' | sort) \
    <(sed -n 's/^\(epshim_[a-z0-9_]*\).*/\1/p' tests/abi/functions.txt | sort) || fail "other functions"

needed=$(readelf -d "$usr/lib/libepshim.so" | grep -c '(NEEDED)')
[ "$needed" = 1 ] || fail "it needs $needed libraries"

export PKG_CONFIG_SYSROOT_DIR=$out/root PKG_CONFIG_LIBDIR=$usr/lib/pkgconfig
flags=$(pkg-config --cflags --libs epshim)
"$CC" -std=c11 examples/hello.c -o "$out/shared" $flags
LD_LIBRARY_PATH=$usr/lib "$out/shared" >"$out/shared.txt" || fail "hello.c, shared"
# Everything but libc and its loader from the archive, which is rustc's: cargo-c has no step that would make it the
# one object that make install has.
"$CC" -std=c11 examples/hello.c -o "$out/static" $(pkg-config --cflags epshim) "$usr/lib/libepshim.a" \
    $(pkg-config --static --libs-only-l epshim | sed 's/-lepshim//')
"$out/static" >"$out/static.txt" || fail "hello.c, static"
! readelf -d "$out/static" | grep -q libepshim || fail "the static program needs libepshim.so"
say "ok: hello.c on what cargo cinstall has installed, shared and static: $(head -n 1 "$out/shared.txt")"
