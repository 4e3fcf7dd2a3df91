#!/bin/sh
# Installs what `epshim-layouts check` and `epshim-layouts run` need, for every target of targets.toml:
# Debian's cross compilers with their headers, qemu-user, musl's headers and libc.a, and PyPI's ziglang.
#
#   sh crates/layouts/install.sh        downloads about 900 MB, 3.5 GB on disk; skips what is there
#
# Needs root, apt and Debian 12 or later, and pip. musl is not installed: its packages for other architectures
# are unpacked into target/layouts/musl, with package lists of their own, so that the system keeps its
# architectures. ziglang is unpacked where the tests of other languages keep it. A target that cannot be had is
# named at the end and is no failure: `check --require` decides how many are enough.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
targets=crates/layouts/targets.toml
musl=$PWD/target/layouts/musl
export DEBIAN_FRONTEND=noninteractive

say() { echo "install: $*"; }
value_of() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$targets"; }
installed() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'; }
missing() { for package in "$@"; do installed "$package" || echo "$package"; done | sort -u | tr '\n' ' '; }
install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >"$log" 2>&1; }

mkdir -p "$musl"
log=$PWD/target/layouts/install.log

install_compilers() {
    # shellcheck disable=SC2046 # a list of words
    wanted=$(missing qemu-user-static $(value_of packages))
    if [ -z "$wanted" ]; then
        say "compilers and qemu are there"
        return
    fi
    if [ "$(id -u)" != 0 ]; then
        say "NOT INSTALLED, for lack of root: $wanted"
        return
    fi
    say "installing $wanted"
    # shellcheck disable=SC2086
    install $wanted && return
    say "that failed, see $log; updating the package lists"
    apt-get update -q -o DPkg::Lock::Timeout=600 || say "lists incomplete; going on with those there are"
    # shellcheck disable=SC2086
    install $wanted && return
    say "not all at once; target by target"
    install qemu-user-static || say "NOT INSTALLED: qemu-user-static"
    value_of packages | sort -u | while read -r packages; do
        # shellcheck disable=SC2086
        install $packages || say "NOT INSTALLED: $packages: $(grep -m1 '^E:' "$log")"
    done
}

unpack_musl() {
    wanted=
    for architecture in $(value_of musl); do
        [ -f "$musl/$architecture/version" ] || wanted="$wanted $architecture"
    done
    if [ -z "$wanted" ]; then
        say "musl is there"
        return
    fi
    say "unpacking musl-dev for$wanted"
    apt=$musl/.apt
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    apt-cache madison musl-dev |
        awk '{ split($6, suite, "/"); print "deb", $5, suite[1], suite[2]; exit }' >"$apt/sources"
    cat >"$apt/conf" <<EOF
APT::Architectures "$(dpkg --print-architecture)$(printf ',%s' $wanted)";
APT::Sandbox::User "root";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt";
Dir::Etc::SourceList "$apt/sources";
Dir::Etc::SourceParts "/dev/null";
EOF
    export APT_CONFIG="$apt/conf"
    apt-get update -q >"$log" 2>&1 || say "package lists incomplete, see $log"
    cd "$apt"
    # One that is missing must not keep the others away.
    # shellcheck disable=SC2046
    apt-get download -q $(printf 'musl-dev:%s ' $wanted) >>"$log" 2>&1 ||
        for architecture in $wanted; do apt-get download -q "musl-dev:$architecture" || true; done >>"$log" 2>&1
    for architecture in $wanted; do
        package=$(echo musl-dev_*_"$architecture".deb)
        if [ -f "$package" ]; then
            dpkg-deb -x "$package" "$musl/$architecture"
            # Written last: it says that the folder is whole.
            dpkg-deb -f "$package" Version | sed 's/-[^-]*$//' >"$musl/$architecture/version"
        else
            say "NOT UNPACKED: musl-dev:$architecture, see $log"
        fi
    done
    cd "$musl"
    rm -rf "$apt"
}

fetch_zig() {
    package=$(sed -n 's/^pub const ZIGLANG: &str = "\(.*\)";/\1/p' "$root/crates/layouts/src/toolchain.rs")
    folder=$root/target/tmp/$package
    if [ -d "$folder" ]; then
        say "$package is there"
        return
    fi
    say "fetching $package"
    mkdir -p "$root/target/tmp"
    # Renamed when it is whole: a test may fetch it at the same time.
    if python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder.$$" "$package" \
        >"$log" 2>&1; then
        mv -T "$folder.$$" "$folder" || rm -rf "$folder.$$"
    else
        say "NOT FETCHED: $package, see $log"
        rm -rf "$folder.$$"
    fi
}

install_compilers
unpack_musl
fetch_zig
say "done; now: cargo run -p epshim-layouts -- check"
