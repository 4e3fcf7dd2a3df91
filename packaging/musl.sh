#!/usr/bin/env bash
# Builds the libraries for musl on a Debian machine, shared and static, and runs C programs with them on
# musl. See docs/musl.md.
#
#   packaging/musl.sh
#
# Needs musl-tools, and a nightly Rust with the source of its standard library (rustup component add
# --toolchain nightly rust-src), for no std for musl comes with Debian. Needs no root. The libraries are
# left in target/musl.
set -euo pipefail
cd "$(dirname "$0")/.."
export EPSHIM_VERIFY=strict
out=$PWD/target/musl
target=x86_64-unknown-linux-musl
built=$out/build/$target
# The others have functions of libc's of their own, which a static libc does not suffer.
programs="calls round_trip cancel split reactor_misuse reactor_threads" only_shared="reactor pwait2_no_libc"

say() { echo "musl: $*"; }
fail() { say "FAILED: $*" >&2 && exit 1; }

have() { command -v "$1" >/dev/null 2>&1 || { say "skipped: $2" && exit 77; }; }
have musl-gcc "musl-gcc is missing (Debian: musl-tools)"
cargo +nightly --version >/dev/null 2>&1 || { say "skipped: there is no nightly Rust" && exit 77; }
[ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library" ] ||
    { say "skipped: nightly Rust is without rust-src" && exit 77; }

# For the preload library; the C library has no unwinder. gcc's unwinder needs glibc; LLVM's needs one function of glibc, which is added to it. rustc asks for
# gcc's by its name.
unwinder() {
    [ ! -e "$out/lib/libgcc_s.so" ] || return 0
    mkdir -p "$out/package" "$out/lib"
    (cd "$out/package" && apt-get download -qq libunwind-14-dev && dpkg -x ./*.deb .)
    cp "$out/package/usr/lib/llvm-14/lib/libunwind.a" "$out/lib/"
    musl-gcc -O2 -c cross/musl_fprintf_chk.c -o "$out/lib/fprintf_chk.o"
    ar r "$out/lib/libunwind.a" "$out/lib/fprintf_chk.o" 2>/dev/null
    echo "INPUT(-lunwind)" >"$out/lib/libgcc_s.so"
}

build() {
    local name=${target//-/_}
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    export CARGO_TARGET_DIR=$out/build "CC_$name=musl-gcc"
    export "CARGO_TARGET_${name^^}_LINKER=musl-gcc"
    export "CARGO_TARGET_${name^^}_RUSTFLAGS=-Ctarget-feature=-crt-static -Clink-self-contained=no -L$out/lib"
    export "BINDGEN_EXTRA_CLANG_ARGS_$name=-isystem /usr/include/x86_64-linux-musl"
    cargo +nightly build --profile capi --target "$target" -Zbuild-std=core,alloc -p epshim-capi \
        --no-default-features --features verify || fail epshim-capi
    CC=musl-gcc packaging/archive.sh "$built/capi/libepshim.a" "$out/lib/libepshim.a" || fail libepshim.a
    cargo +nightly build --release --target "$target" -Zbuild-std=std,panic_unwind -p epshim-preload ||
        fail epshim-preload
}

# What a library is linked with: musl, and nothing of glibc.
links_only_musl() {
    local needed
    needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [ "$needed" = libc.so ] || fail "${1##*/} needs $needed"
    ! readelf -W --dyn-syms "$1" | grep -q GLIBC || fail "${1##*/} has symbols of glibc"
}

unwinder
build
links_only_musl "$built/capi/libepshim.so"
links_only_musl "$built/release/libepshim_preload.so"
mkdir -p "$out/bin"
for program in $programs $only_shared; do
    compile="musl-gcc -std=c11 -g -pthread -Iinclude c_tests/$program.c -o"
    $compile "$out/bin/$program" -L"$built/capi" -lepshim -Wl,-rpath,"$built/capi"
    timeout 120 "$out/bin/$program" >/dev/null || fail "$program, with the shared library"
    [[ " $programs " = *" $program "* ]] || continue
    $compile "$out/bin/$program-static" -static "$out/lib/libepshim.a"
    timeout 120 "$out/bin/$program-static" >/dev/null || fail "$program, with the static library"
done
LD_PRELOAD=$built/release/libepshim_preload.so "$out/bin/split" >/dev/null || fail "split, with the preload library"
say "ok: $(echo $programs $only_shared | wc -w) C programs on musl, with the shared and the static library"
