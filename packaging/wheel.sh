#!/usr/bin/env bash
# Makes a wheel of the static file, for x86-64 or the machines that are named (aarch64): the command with the preload
# libraries for glibc and for musl inside, the manual pages and the licences. And installs it as its users do, with
# pipx and with uvx.
#
#   packaging/wheel.sh [--untried] [MACHINE...]
#
# Packs target/ship/MACHINE/epshim, which packaging/static.sh makes where it is missing. The wheels are in target/ship.
# --untried leaves the installation out.
set -euo pipefail
cd "$(dirname "$0")/.."
script=wheel
. packaging/zig.sh
largest=3000000

# stage MACHINE: what is in the wheel, in its folders: PyPA's "Binary distribution format". The pages come to where
# pipx finds them.
stage() {
    local machine=$1 folder=$ship/$1/wheel info page zig
    info=$folder/epshim-$version.dist-info
    rm -rf "$folder"
    install -D -m 755 "$ship/$machine/epshim" "$folder/epshim-$version.data/scripts/epshim"
    for page in man/epshim*.1 man/epshim.7; do
        install -D -m 644 "$page" "$folder/epshim-$version.data/data/share/man/man${page##*.}/${page##*/}"
    done
    mkdir -p "$info/licenses"
    install -m 644 LICENSE-MIT LICENSE-APACHE "$info/licenses"
    # Of zig's package are musl, which is in the command, and the unwinder in the libraries.
    zig=$(python3 -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')/lib
    python3 packaging/third_party.py "$machine-unknown-linux-musl" epshim-cli epshim-preload \
        "musl=$zig/libc/musl/COPYRIGHT" "LLVM's libunwind=$zig/libunwind/LICENSE.TXT" \
        >"$info/licenses/THIRD-PARTY.txt"
    { sed "s|@VERSION@|$version|" packaging/wheel-metadata.in && echo && cat packaging/wheel.md; } >"$info/METADATA"
    # A static command fits every libc, and each library inside is for its own: musl's, and glibc's since 2.17.
    {
        printf '%s\n' "Wheel-Version: 1.0" "Generator: epshim packaging/wheel.sh" "Root-Is-Purelib: false"
        printf 'Tag: py3-none-%s\n' "manylinux_2_17_$machine" "musllinux_1_2_$machine"
    } >"$info/WHEEL"
    chmod -R go=rX,u+rw "$folder"
}

# pack MACHINE: the wheel, target/ship/*.whl, with the list of its files (RECORD).
pack() {
    local machine=$1 size
    wheel=$ship/epshim-$version-py3-none-manylinux_2_17_$machine.musllinux_1_2_$machine.whl
    rm -f "$wheel"
    "$ship/tools/bin/python3" packaging/pack_wheel.py --dest-dir "$ship" "$ship/$machine/wheel" >"$ship/wheel.log" 2>&1 &&
        [ -e "$wheel" ] || { cat "$ship/wheel.log" >&2 && fail "wheel pack"; }
    size=$(stat -c %s "$wheel")
    [ "$size" -lt $largest ] || {
        say "${wheel##*/} has $size bytes, and may have $largest. In it are, unpacked and deflated:" >&2
        unzip -v "$wheel" | awk 'NR > 3 && NF == 8 { print $1, $3, $8 }' | sort -rn | head -n 5 >&2
        fail "docs/performance.md says what makes it small"
    }
    say "target/ship/${wheel##*/}: $size bytes"
}

# used INSTALLER...: what the wheel's command finds. The installers have folders of their own here.
used() {
    local found
    found=$("$@" check "$scene/stranded" 2>&1) || { echo "$found" >&2 && fail "$* check"; }
    grep -q 'edge-not-drained .*stranded.c:25' <<<"$found" || { echo "$found" >&2 && fail "$* finds nothing"; }
    found=$("$@" profile --check "$scene/stranded" 2>&1) || { echo "$found" >&2 && fail "$* profile"; }
    grep -q 'epshim profile of .*stranded: .* 1 loop' <<<"$found" && grep -q 'edge-not-drained' <<<"$found" ||
        { echo "$found" >&2 && fail "$* profile sees no loop"; }
    "$scene/stuck" close_wait >"$scene/log" 2>&1 &
    local pid=$! tries=0
    until grep -q stuck "$scene/log"; do tries=$((tries + 1)) && [ $tries -lt 300 ] || fail "not stuck" && sleep 0.1; done
    # On a machine that is busy a program that spins may have little of a processor in one second: looked at again.
    for tries in 1 2 3 4 5 6 7 8 9 10; do
        found=$("$@" inspect $pid 2>&1) || true
        ! grep -q level-spin <<<"$found" || break
    done
    kill $pid
    wait $pid 2>/dev/null || true
    grep -q level-spin <<<"$found" || { echo "$found" >&2 && fail "$* inspect sees no spin"; }
}

try() {
    local scene=$ship/try-wheel
    rm -rf "$scene" && mkdir -p "$scene"
    [ -x "$ship/tools/bin/pipx" ] || "$ship/tools/bin/pip" install -q --disable-pip-version-check pipx uv || fail "pip"
    cc -g -O1 examples/stranded.c -o "$scene/stranded"
    cc -g -O1 -pthread -Ic_tests crates/cli/tests/inspect/stuck.c -o "$scene/stuck"
    # Nothing of this user's is touched.
    unset XDG_CACHE_HOME
    export HOME=$scene PIPX_HOME=$scene/pipx PIPX_BIN_DIR=$scene/bin PIPX_MAN_DIR=$scene/man UV_CACHE_DIR=$scene/uv
    pipx install --quiet "$wheel" >"$scene/pipx.log" 2>&1 || { cat "$scene/pipx.log" >&2 && fail "pipx install"; }
    used "$scene/bin/epshim"
    [ -e "$scene/man/man1/epshim-check.1" ] || fail "pipx finds no manual pages"
    used uvx --quiet --from "$wheel" epshim
    say "pipx install and uvx --from: check and profile find the edge that was not drained, inspect the loop that spins"
    rm -rf "$scene"
}

tried=yes
[ "${1:-}" != --untried ] || { tried='' && shift; }
[ $# -gt 0 ] || set -- "$(own_machine)"
get_tools
for machine; do
    [ -e "$ship/$machine/epshim" ] || packaging/static.sh --untried "$machine"
    stage "$machine"
    pack "$machine"
    if [ -z "$tried" ]; then
        continue
    elif [ "$machine" = "$(own_machine)" ]; then
        (try)
    else
        say "$machine: the wheel was not installed: there is no such machine here"
    fi
done
