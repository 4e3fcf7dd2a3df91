# shellcheck shell=bash
# Sourced by static.sh, wheel.sh, try.sh and dist.sh, in the folder of the repository: builds parts of epshim for another C library or
# machine with zig, which has the headers of all of them (PyPI's ziglang, by way of cargo-zigbuild).
#
# Everything is below target/ship: the tools, one folder that cargo builds in, and what was built.
ship=$PWD/target/ship
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The same tools give the same files.
tools="ziglang==0.17.1 cargo-zigbuild==0.24.1 wheel==0.48.0 zopfli==0.4.3"

say() { echo "${script:-ship}: $*"; }
fail() { say "FAILED: $*" >&2 && exit 1; }

export PATH=$ship/tools/bin:$PATH
export CARGO_TARGET_DIR=$ship/build CARGO_INCREMENTAL=0 EPSHIM_VERIFY=strict
# As the time of every file in what is made.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1735689600)}
export SOURCE_DATE_EPOCH
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CC CFLAGS
# The folders of this machine are in no file.
remap="--remap-path-prefix=$PWD=/epshim --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"

# Installs the tools once, into a Python environment of their own.
get_tools() {
    local mark=$ship/tools/.complete
    [ "$(cat "$mark" 2>/dev/null)" != "$tools" ] || return 0
    say "installing $tools"
    mkdir -p "$ship"
    rm -rf "$ship/tools"
    python3 -m venv "$ship/tools" || fail "python3 has no venv (Debian: python3-venv)"
    # shellcheck disable=SC2086 # a list of words
    "$ship/tools/bin/pip" install -q --disable-pip-version-check $tools || fail "pip"
    echo "$tools" >"$mark"
}

# get_std TARGET: the standard library of another target, from rustup, or the reason why it cannot be had.
get_std() {
    [ ! -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] || return 0
    if command -v rustup >/dev/null && rustup target add "$1" >"$ship/rustup.log" 2>&1; then return; fi
    say "cannot build for $1: this Rust has no standard library for it (rustup target add $1)"
    return 1
}

# build_preload MACHINE LIBC: the preload library, as target/ship/MACHINE/LIBC/libepshim_preload.so.
build_preload() {
    local machine=$1 libc=$2 flags=$remap target=$1-unknown-linux-musl version=
    case $libc in
        glibc) target=$machine-unknown-linux-gnu version=.2.17 ;;
        musl) flags="$flags -Ctarget-feature=-crt-static" ;;
    esac
    get_std "$target" || return 1
    say "building the preload library for $libc on $machine"
    RUSTFLAGS=$flags cargo-zigbuild zigbuild --quiet --locked --profile ship --target "$target$version" \
        -p epshim-preload || fail "the preload library for $libc on $machine"
    install -D -m 755 "$CARGO_TARGET_DIR/$target/ship/libepshim_preload.so" \
        "$ship/$machine/$libc/libepshim_preload.so"
    needs_only_libc "$ship/$machine/$libc/libepshim_preload.so"
}

# It goes into programs of other people, which may have no other library.
needs_only_libc() {
    local others newest
    others=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vE '^(libc\.so(\.6)?|lib(dl|pthread|rt|m)\.so\.[0-9]|ld-linux-.*)$' || true)
    [ -z "$others" ] || fail "${1#"$PWD"/} needs $others"
    # musl's has none of glibc's versions, which is no failure of grep's.
    newest=$(readelf -W --dyn-syms "$1" | { grep -o 'GLIBC_2\.[0-9]*' || true; } | sort -u -t. -k2n | tail -n 1)
    case $newest in '' | GLIBC_2.? | GLIBC_2.1[0-7]) ;; *) fail "${1#"$PWD"/} needs $newest" ;; esac
}

# build_command MACHINE: the command as one static file with both libraries inside, target/ship/MACHINE/epshim.
build_command() {
    local machine=$1 target=$1-unknown-linux-musl file=$ship/$1/epshim
    get_std "$target" || return 1
    say "building the command for $machine, static, with the libraries inside"
    "$ship/tools/bin/python3" packaging/pack_libraries.py "$machine" "$ship/$machine/packed" \
        "glibc=$ship/$machine/glibc/libepshim_preload.so" "musl=$ship/$machine/musl/libepshim_preload.so" ||
        fail "the libraries cannot be packed"
    # Not position-independent: zig has no start file for a static program that is.
    EPSHIM_EMBED=$ship/$machine/packed RUSTFLAGS="$remap -Crelocation-model=static -Cforce-unwind-tables=no" \
        cargo-zigbuild zigbuild --quiet --locked --profile ship-command --target "$target" -p epshim-cli --bin epshim ||
        fail "the command for $machine"
    install -D -m 755 "$CARGO_TARGET_DIR/$target/ship-command/epshim" "$file"
    ! readelf -lW "$file" | grep -q INTERP || fail "$file is not static"
    say "target/ship/$machine/epshim: $(stat -c %s "$file") bytes"
}

# This machine's name, as Rust has it.
own_machine() { uname -m; }

# What cargo has built for the way: the files themselves stay. A small disk has no room for it.
clean_up() {
    rm -rf "$CARGO_TARGET_DIR"
    say "$(du -sh "$ship" | cut -f1) are left in target/ship"
}
