#!/bin/sh
# Installs what building epshim needs and this machine lacks; says so, and does nothing otherwise.
#
#   setup.sh demo    libclang, which bindgen reads <sys/epoll.h> with
#   setup.sh test    also valgrind, and the compilers and languages that the tests use besides;
#                    without one of these its tests are skipped
#   setup.sh package what packaging/debian.sh needs
#
# Debian's packages are installed when run as root. Otherwise it prints the command.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

# As bindgen's loader looks for it: LIBCLANG_PATH, the linker's folders, each LLVM's own.
have_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    for library in /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib*/libclang*.so* \
        /usr/local/lib*/libclang*.so*; do
        case $library in
            *cpp*) ;;
            *) [ ! -e "$library" ] || return 0 ;;
        esac
    done
    return 1
}

# libclang 14 is Debian 12's own; another release has another, and its newest will do.
libclang_packages() {
    newest=$(apt-cache search --names-only '^libclang1-[0-9]+$' | sed 's/^libclang1-\([0-9]*\).*/\1/' |
        sort -n | tail -n 1)
    if apt-cache show libclang1-14 >/dev/null 2>&1; then newest=14; fi
    echo "libclang1-${newest:-14} libclang-common-${newest:-14}-dev"
}

if ! have cargo; then
    echo "setup: cargo is missing: install Rust 1.88 or newer (Debian 12: cargo-web; or rustup)" >&2
    exit 1
fi

required= optional=
have cc || required="$required gcc libc6-dev"
have_libclang || required="$required libclang"
if [ "${1:-demo}" = test ]; then
    have nm || required="$required binutils"
    have g++ || optional="$optional g++"
    have clang || optional="$optional clang"
    have valgrind || optional="$optional valgrind"
    have python3 || optional="$optional python3"
    have node || optional="$optional nodejs"
    have npm || optional="$optional npm"
    have pkg-config || optional="$optional pkg-config"
    have cmake || optional="$optional cmake"
    have meson || optional="$optional meson"
    have ninja || optional="$optional ninja-build"
    have strace || optional="$optional strace"
    have mandoc || optional="$optional mandoc"
    have abidiff || optional="$optional abigail-tools"
    have javac || optional="$optional default-jdk-headless"
    # What the texts of `epshim layout --emit` are loaded with, besides what follows: mono 5 MB to fetch, PHP 2,
    # the others under 1 each.
    have luajit || optional="$optional luajit"
    have php || optional="$optional php-cli"
    { have ruby && ruby -rffi -e 1 2>/dev/null; } || optional="$optional ruby ruby-ffi"
    python3 -c 'import cffi' 2>/dev/null || optional="$optional python3-cffi"
    # What crates/cli/tests/recipes.rs runs, besides cmake.
    { have pytest-3 || python3 -m pytest --version >/dev/null 2>&1; } || optional="$optional python3-pytest"
    have bpftrace || optional="$optional bpftrace"
    have mono || optional="$optional mono-runtime libmono-system-core4.0-cil"
    have mcs || optional="$optional mono-mcs"
    # What crates/cli/tests/layout_languages.rs compiles with: about 110 MB to fetch, of which Go is 63, Ada 18, and
    # D 21. Zig is fetched by pip.
    have go || optional="$optional golang-go"
    have gdc || optional="$optional gdc"
    have gnatmake || optional="$optional gnat"
    have nim || optional="$optional nim"
    have fpc || optional="$optional fp-compiler"
    have dwz || optional="$optional dwz"
    have setpriv || optional="$optional util-linux"
    python3 -m pip --version >/dev/null 2>&1 || optional="$optional python3-pip"
    # What crates/cli/tests/silence.rs runs under the checker.
    have redis-server || optional="$optional redis-server"
    have redis-benchmark || optional="$optional redis-tools"
    have nginx || [ -x /usr/sbin/nginx ] || optional="$optional nginx-light"
    have wrk || optional="$optional wrk"
    have memcached || optional="$optional memcached"
    # Together 6 MB to fetch, and 10 with what they need.
    have haproxy || [ -x /usr/sbin/haproxy ] || optional="$optional haproxy"
    # What crates/cli/tests/chaos has under faults besides: 1 MB to fetch.
    [ -e /usr/lib/lighttpd/mod_webdav.so ] || optional="$optional lighttpd lighttpd-mod-webdav"
    have mosquitto || [ -x /usr/sbin/mosquitto ] || optional="$optional mosquitto"
    have squid || [ -x /usr/sbin/squid ] || optional="$optional squid"
    have unbound || [ -x /usr/sbin/unbound ] || optional="$optional unbound"
    have pgbouncer || [ -x /usr/sbin/pgbouncer ] || optional="$optional pgbouncer"
    # What looks at a profile's page: 100 MB to fetch.
    { have chromium && have chromedriver; } || optional="$optional chromium chromium-driver fonts-dejavu-core"
    [ -e /usr/include/uv.h ] || optional="$optional libuv1-dev"
    [ -e /usr/include/event2/event.h ] || optional="$optional libevent-dev"
    [ -e /usr/include/ev.h ] || optional="$optional libev-dev"
fi
if [ "${1:-demo}" = package ]; then
    have dpkg-buildpackage || required="$required dpkg-dev"
    have dh || required="$required debhelper"
    have lintian || required="$required lintian"
fi
[ -n "$required$optional" ] || exit 0

if have apt-get && [ "$(id -u)" = 0 ]; then
    echo "setup: installing$required$optional (Debian packages)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || echo "setup: apt-get update failed; trying with the lists that are here" >&2
    packages=
    for package in $required $optional; do
        [ "$package" != libclang ] || package=$(libclang_packages)
        packages="$packages $package"
    done
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
    exit 0
fi

[ -z "$optional" ] || echo "setup: without$optional some tests are skipped; as root: apt-get install$optional"
if [ -n "$required" ]; then
    packages=$(echo "$required" | sed 's/ libclang\( \|$\)/ libclang1-14 libclang-common-14-dev\1/')
    echo "setup: missing:$required. As root: apt-get install$packages" >&2
    exit 1
fi
