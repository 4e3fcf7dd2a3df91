#!/usr/bin/env bash
# Installs what cross/test.sh needs, for the targets named or for all of cross/targets.txt.
#
#   cross/install.sh [TARGET...]
#
# C compilers and qemu are installed as Debian packages, which needs root. Rust, the source of its
# standard library and musl are Debian packages too, but unpacked below target/cross: that needs no
# root and changes nothing else. The Rust is the oldest that epshim supports. What is there already
# is not fetched again. What cannot be had is named here, and its targets are skipped by the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/target/cross
rust_release=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
export DEBIAN_FRONTEND=noninteractive

say() { echo "cross: $*"; }

# apt with lists and caches of its own: the system's lists need not know foreign architectures,
# and other runs of apt, and what cleans up after them, do not get in the way.
apt() {
    local command=$1
    shift
    "$command" -qq -o APT::Sandbox::User=root -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o DPkg::Lock::Timeout=600 \
        -o APT::Architectures=amd64,arm64,armhf,i386,ppc64el,s390x \
        -o Dir::State::Lists="$cache/apt/lists" -o Dir::Cache="$cache/apt" \
        -o Dir::Cache::pkgcache=packages.bin -o Dir::Cache::srcpkgcache=sources.bin "$@"
}

# Reads the package lists when they are first needed. An index that the mirror has not got right
# fails the update, but not the others.
update_lists() {
    [ -z "${updated:-}" ] || return 0
    updated=yes
    apt apt-get update >"$cache/apt/update.log" 2>&1 ||
        say "some package lists cannot be had, see $cache/apt/update.log"
}

# install PACKAGE...: into the system.
install() {
    update_lists
    if [ "$(id -u)" != 0 ]; then
        say "missing; as root: apt-get install $*"
        return
    fi
    say "installing $*"
    apt apt-get install -y --no-install-recommends "$@" >"$cache/apt/install.log" 2>&1 ||
        say "failed, see $cache/apt/install.log"
}

# unpack FOLDER VERSION PACKAGE...: fetches packages, the newest of a version that begins so, and
# unpacks them. A file each, with the version in it, marks those that are there.
unpack() {
    local folder=$1 text=$2 package version archive known wanted=()
    shift 2
    for package; do
        package=${package%:amd64} # As apt names the packages of this machine.
        [ -e "$cache/unpacked/$package" ] || wanted+=("$package")
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    update_lists
    known=$(apt apt-cache madison "${wanted[@]}")
    mkdir -p "$folder"
    for package in "${wanted[@]}"; do
        version=$(awk -v package="$package" -v text="$text" \
            '$1 == package && index($3, text) == 1 { print $3; exit }' <<<"$known")
        archive=$cache/apt/archives/$package
        rm -rf "$archive" && mkdir "$archive"
        if [ -z "$version" ] || ! (cd "$archive" && apt apt-get download "$package=$version"); then
            say "cannot be had: $package $text"
            continue
        fi
        say "unpacking $package $version"
        { dpkg -x "$archive"/*.deb "$folder" && echo "$version" >"$cache/unpacked/$package" &&
            rm -r "$archive"; } &
    done
    wait
}

# The compiler for the machine that compiles, and a standard library or its source for a target.
# All packages are of one version: a compiler refuses the libraries of another.
unpack_rust() {
    local version llvm
    unpack "$cache/rust" "$rust_release." rustc-web
    version=$(cat "$cache/unpacked/rustc-web" 2>/dev/null) || return 0
    unpack "$cache/rust" "$version" "libstd-rust-web-$rust_release" libstd-rust-web-dev "$@"
    llvm=$(apt apt-cache depends "libstd-rust-web-$rust_release" | awk '/libllvm/ { print $2 }')
    unpack "$cache/rust" "" $llvm
    cat >"$cache/rustc" <<'END'
#!/bin/sh
rust=$(dirname "$0")/rust/usr
LD_LIBRARY_PATH=$rust/lib/x86_64-linux-gnu exec "$rust/bin/rustc" "$@"
END
    chmod +x "$cache/rustc"
}

# The C compiler of a target under one name, target/cross/bin/TARGET-gcc.
write_compiler() {
    local target=$1 arch=$2 compiler=$3 options=
    case $target in
        *-musl) options="-static -specs $(echo "$cache/musl/$arch"/usr/lib/*-linux-musl/musl-gcc.specs)" ;;
        # These programs run without qemu, and their C library lies where no loader looks.
        i686-*) options="-Wl,--dynamic-linker,/usr/$compiler/lib/ld-linux.so.2 -Wl,-rpath,/usr/$compiler/lib" ;;
    esac
    printf '#!/bin/sh\nexec %s-gcc "$@" %s\n' "$compiler" "$options" >"$cache/bin/$target-gcc"
    chmod +x "$cache/bin/$target-gcc"
}

# musl, and LLVM's unwinder: gcc's own needs glibc. Debian's build of the unwinder needs one
# function of glibc, which is added to it.
unpack_musl() {
    local arch=$1 compiler=$2 root=$cache/musl/$1 library
    [ ! -e "$root/complete" ] || return 0
    unpack "$root" "" "musl-dev:$arch" "libunwind-14-dev:$arch"
    library=$(echo "$root"/usr/lib/*-linux-musl)
    [ -e "$library/libc.a" ] && [ -e "$root/usr/lib/llvm-14/lib/libunwind.a" ] || return 0
    sed -i "s# /usr/# $root/usr/#g; s#-L/usr/#-L$root/usr/#g" "$library/musl-gcc.specs"
    cp "$root/usr/lib/llvm-14/lib/libunwind.a" "$library/"
    "$compiler-gcc" -O2 -c cross/musl_fprintf_chk.c -o "$root/fprintf_chk.o" \
        -specs "$library/musl-gcc.specs"
    "$compiler-ar" r "$library/libunwind.a" "$root/fprintf_chk.o"
    touch "$root/complete"
}

# The lines of the table, all or those named.
rows() {
    awk -v wanted=" $* " '!/^#/ && (wanted ~ /^ *$/ || index(wanted, " " $1 " "))' cross/targets.txt
}

main() {
    local target arch compiler qemu std system=() standard=()
    if [ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ]; then
        say "only Debian on x86-64 has the packages: every target will be skipped"
        return
    fi
    mkdir -p "$cache"/apt/{lists,archives}/partial "$cache"/{bin,unpacked}
    while read -r target arch compiler qemu std; do
        command -v "$compiler-gcc" >/dev/null || system+=("gcc-${compiler//_/-}")
        [ "$arch" = amd64 ] || [ -e "/usr/$compiler/include/sys/epoll.h" ] ||
            system+=("libc6-dev-$arch-cross")
        [ "$qemu" = - ] || command -v "qemu-$qemu-static" >/dev/null || system+=(qemu-user-static)
        case $std in
            package) [ "$arch" = amd64 ] || standard+=("libstd-rust-web-dev:$arch") ;;
            source) standard+=(rust-web-src) ;;
        esac
    done < <(rows "$@")
    [ ${#system[@]} = 0 ] || install $(printf '%s\n' "${system[@]}" | sort -u)
    unpack_rust $(printf '%s\n' "${standard[@]}" | sort -u)
    while read -r target arch compiler qemu std; do
        case $target in *-musl) unpack_musl "$arch" "$compiler" ;; esac
        write_compiler "$target" "$arch" "$compiler"
    done < <(rows "$@")
}

main "$@"
