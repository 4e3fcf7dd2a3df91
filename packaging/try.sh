#!/usr/bin/env bash
# Tries the static file as its users have it: on this machine, in a root that has musl and busybox alone, and in one
# that cannot be written.
#
#   packaging/try.sh FILE
#
# Needs zig (packaging/zig.sh has installed it), and for the roots: Debian, and root or user namespaces. What is for
# another machine is run by qemu, as far as that goes.
set -euo pipefail
cd "$(dirname "$0")/.."
script=try
. packaging/zig.sh
[ $# = 1 ] || { echo "usage: packaging/try.sh FILE" >&2 && exit 2; }
file=$(realpath "$1")
scene=$ship/try
machine=$(readelf -h "$file" | sed -n 's/ *Machine: *\(.*\)/\1/p')
case $machine in *X86-64*) machine=x86_64 ;; AArch64) machine=aarch64 ;; *) fail "what machine is $machine?" ;; esac

# program LIBC SOURCE NAME: a C program for this C library, with lines. -dynamic: for musl zig links statically
# else, and a static program loads no library.
program() {
    python3 -m ziglang cc -target "$machine-linux-$1" -dynamic -g -O1 -pthread -fno-sanitize=all -Ic_tests "$2" -o "$scene/$3"
}

# finds WHAT COMMAND...: the command says this, and the program's exit code is its own.
finds() {
    local what=$1
    shift
    "$@" >"$scene/log" 2>&1 || { cat "$scene/log" >&2 && fail "$*"; }
    grep -q "$what" "$scene/log" || { cat "$scene/log" >&2 && fail "$* does not say $what"; }
}

# The cache has one file, with a name that is not changed by a second start.
cached() { find "$1" -type f | wc -l; }

on_this_machine() {
    local cache=$scene/cache
    [ "$("$file" --version)" = "epshim $version" ] || fail "the version"
    mkdir -p "$cache"
    export XDG_CACHE_HOME=$cache
    finds "edge-not-drained .*stranded.c:25" "$file" check "$scene/stranded-glibc"
    before=$(find "$cache" -type f -printf '%i %m %p\n')
    finds "edge-not-drained .*stranded.c:25" "$file" check "$scene/stranded-glibc"
    [ "$(find "$cache" -type f -printf '%i %m %p\n')" = "$before" ] || fail "the library was written again"
    [ "$(cached "$cache")" = 1 ] || fail "the cache has more than the library"
    # Another user's, and one that is damaged, are not used.
    library=$(find "$cache" -type f)
    cp "$library" "$scene/good" && chmod u+w "$library" && echo damage >>"$library" && chmod 555 "$library"
    finds "edge-not-drained" "$file" check "$scene/stranded-glibc"
    cmp -s "$library" "$scene/good" || fail "a damaged library was used"
    unset XDG_CACHE_HOME
    spins "$scene/stuck-glibc" "$file"
    say "on this machine: check finds the edge that was not drained, inspect the loop that spins"
}

# spins PROGRAM COMMAND...: a program that spins is seen from outside.
spins() {
    local program=$1 pid tries=0
    shift
    "$program" close_wait >"$scene/stuck.log" 2>&1 &
    pid=$!
    until grep -q stuck "$scene/stuck.log"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "$program does not get stuck"
        sleep 0.1
    done
    # On a machine that is busy a program that spins may have little of a processor in one second: looked at again.
    for tries in 1 2 3 4 5 6 7 8 9 10; do
        "$@" inspect "$pid" >"$scene/log" 2>&1 || true
        ! grep -q level-spin "$scene/log" || break
    done
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    grep -q level-spin "$scene/log" || { cat "$scene/log" >&2 && fail "inspect does not see the spin"; }
}

# Debian's musl and busybox, and nothing else: no glibc, no /tmp, no /proc.
make_musl_root() {
    local root=$1 package
    rm -rf "$root" "$scene/packages"
    mkdir -p "$root"/{bin,dev,proc,tmp} "$scene/packages"
    for package in musl busybox-static; do
        (cd "$scene/packages" && apt-get -o APT::Sandbox::User=root download -qq "$package" >/dev/null) || return 1
    done
    for package in "$scene"/packages/*.deb; do dpkg -x "$package" "$root"; done
    for package in sh grep sleep kill; do ln -sf busybox "$root/bin/$package"; done
    cp "$file" "$root/epshim"
    cp "$scene/stranded-musl" "$root/stranded"
    cp "$scene/stuck-musl" "$root/stuck"
    chmod 1777 "$root/tmp"
    : >"$root/dev/null"
}

# in_root ROOT OPTIONS COMMAND: in namespaces of its own; nothing stays mounted or running.
in_root() {
    local root=$1 mounts=$2 user=()
    shift 2
    [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
    env -i PATH=/bin:/usr/bin:/usr/sbin:/sbin HOME=/ unshare "${user[@]}" --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        sh -c "root=$root; mount --bind /dev/null $root/dev/null; $mounts exec chroot $root /bin/sh -c '$*'"
}

in_musl() {
    local root=$scene/musl read_only
    if ! make_musl_root "$root"; then
        [ -z "${EPSHIM_REQUIRE_TOOLS:-}" ] || fail "Debian's musl and busybox-static cannot be had"
        say "skipped: the musl root: Debian's musl and busybox-static cannot be had"
        return
    fi
    finds "edge-not-drained .*stranded.c:25" in_root "$root" "" "/epshim check /stranded"
    [ -n "$(find "$root/.cache/epshim" -name '*musl*.so')" ] || fail "the library is not in the cache"
    finds "level-spin" in_root "$root" "" "/stuck close_wait >/tmp/log & pid=\$!; until grep -q stuck /tmp/log; do sleep 0.1; done;
        for tries in 1 2 3 4 5 6 7 8 9 10; do /epshim inspect \$pid && continue; break; done; kill \$pid"
    say "in a root of musl and busybox: check and inspect find the same"

    rm -rf "$root/.cache"
    read_only="mount --rbind $root $root; mount -o remount,ro,bind $root;"
    status=0
    in_root "$root" "$read_only" "/epshim check /stranded" >"$scene/log" 2>&1 || status=$?
    [ $status = 125 ] || { cat "$scene/log" >&2 && fail "in a read-only root it ends with $status"; }
    grep -q "Set XDG_CACHE_HOME" "$scene/log" || { cat "$scene/log" >&2 && fail "no way out is named"; }
    sed 's/^/    /' "$scene/log"
    finds "edge-not-drained .*stranded.c:25" in_root "$root" "$read_only mount -t tmpfs tmpfs $root/tmp;" \
        "/epshim check /stranded"
    say "in a root that cannot be written: refused with the way out, and found with a tmpfs on /tmp"
}

# What qemu's user mode can show: it has no processes of its own in /proc, which inspect would read. Programs of the
# other machine are run by binfmt_misc of a user namespace, which no other process sees.
in_qemu() {
    local qemu root=$scene/foreign system=/usr/$machine-linux-gnu magic address
    qemu=$(command -v "qemu-$machine-static") && [ -d "$system/lib" ] || {
        [ -z "${EPSHIM_REQUIRE_TOOLS:-}" ] || fail "qemu-user-static or Debian's libc for $machine is missing"
        say "skipped: $machine was not run (Debian: qemu-user-static libc6-dev-arm64-cross)"
        return
    }
    [ "$("$qemu" "$file" --version)" = "epshim $version" ] || fail "the version"
    ! "$qemu" "$file" inspect $$ 2>"$scene/log" || fail "inspect was not refused"
    grep -q 'inspect was not tried on' "$scene/log" || { cat "$scene/log" >&2 && fail "inspect is refused otherwise"; }

    program gnu.2.17 examples/stranded.c stranded-glibc
    mkdir -p "$root"/{bin,dev,proc,tmp}
    cp -rL "$system/lib" "$root/lib"
    cp "$file" "$root/epshim"
    cp "$scene/stranded-glibc" "$root/stranded"
    : >"$root/dev/null"
    # binfmt_misc.rst in the kernel's documentation; F opens qemu now, so that it need not be in the root.
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    magic=":epshim:M::$magic:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:$qemu:F"
    finds "SUMMARY: epshim: edge-not-drained" env -i PATH="$PATH" HOME=/ \
        unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc="$root/proc" sh -c "
            mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 1
            printf %s '$magic' >/proc/sys/fs/binfmt_misc/register || exit 1
            mount --bind /dev/null $root/dev/null
            exec chroot $root /epshim check /stranded"
    # qemu starts no process that shares memory, so that the library cannot ask for the line. It is asked for here.
    address=$(sed -n 's/.*SUMMARY: epshim: edge-not-drained.*(\(0x[0-9a-f]*\))$/\1/p' "$scene/log" | tail -n 1)
    printf '%s\t%s\n' "$scene/stranded-glibc" "$address" | "$qemu" "$file" symbolize >"$scene/log" || fail "symbolize"
    grep -q "main.*stranded.c:25" "$scene/log" || { cat "$scene/log" >&2 && fail "symbolize does not say where $address is"; }
    finds "^epshim  *16  *8  *0  *8 " "$qemu" "$file" layout
    say "$machine, by qemu: check finds the edge that was not drained, its line is found; layout is AArch64's; inspect refuses, as it was not run there"
}

rm -rf "$scene"
mkdir -p "$scene"
if [ "$machine" != "$(own_machine)" ]; then
    in_qemu
    exit
fi
program gnu.2.17 examples/stranded.c stranded-glibc
program musl examples/stranded.c stranded-musl
for libc in gnu.2.17 musl; do program $libc crates/cli/tests/inspect/stuck.c "stuck-${libc%%.*}"; done
mv "$scene/stuck-gnu" "$scene/stuck-glibc"
on_this_machine
in_musl
rm -rf "$scene/musl" "$scene/packages"
