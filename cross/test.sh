#!/usr/bin/env bash
# Compiles the tests of the root package for foreign targets and runs them, those named or all of
# cross/targets.txt. Run cross/install.sh first.
#
#   cross/test.sh [--require N] [TARGET...]
#
# Prints a line for each target: ok, FAILED, or skipped with the reason. Fails if a target failed,
# or if fewer than N really ran their tests. Logs, and all that is built, are below target/cross.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/target/cross
# What needs no second compiler and starts no server.
tests=(--lib --test layout --test exports --test same_as_libc --test pwait2_fallback)
mkdir -p "$cache/log"

# The row of the target, and how its programs are run: natively or by qemu, and never for ever.
read_row() {
    read -r target arch compiler qemu std < <(awk -v target="$1" '$1 == target' cross/targets.txt) || {
        echo "cross: $1 is not in cross/targets.txt" >&2
        exit 2
    }
    how=natively runner="timeout 300"
    [ "$qemu" = - ] || how="by qemu-$qemu-static" runner="$runner qemu-$qemu-static -L /usr/$compiler"
}

# Says what is missing, if the tests of this target cannot run here.
missing() {
    local program=$cache/log/$target.probe library=$cache/rust/usr/lib/rustlib
    [ "$std" = package ] && library=$library/$target/lib || library=$library/src/rust/library
    if ! "$cache/rustc" --version >/dev/null 2>&1; then
        echo "Rust is not unpacked"
    elif [ ! -d "$library" ]; then
        echo "the standard library is not unpacked"
    elif ! echo 'int main(void) { return 0; }' |
        "$cache/bin/$target-gcc" -x c - -o "$program" 2>/dev/null; then
        echo "there is no C compiler"
    elif ! $runner "$program" 2>/dev/null; then
        echo "a C program does not run $how"
    fi
}

# cargo test for the target. RUSTC_BOOTSTRAP unlocks -Zbuild-std, and is set for every target so
# that what runs on this machine, bindgen above all, is built once for all of them.
cargo_test() {
    local name=${target//-/_} options=()
    local upper=${name^^}
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CC
    export RUSTC=$cache/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$cache/build
    export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
    export "CC_$name=$cache/bin/$target-gcc"
    export "CARGO_TARGET_${upper}_LINKER=$cache/bin/$target-gcc"
    export "CARGO_TARGET_${upper}_RUNNER=$runner"
    [ "$std" = package ] ||
        options=(-Zbuild-std=std,panic_unwind,test -Zbuild-std-features=panic-unwind)
    if [[ $target = *-musl ]]; then
        # Without its own sysroot clang would read glibc's headers, which are wrong for i686.
        export "BINDGEN_EXTRA_CLANG_ARGS_$name=-isystem $(echo "$cache/musl/$arch"/usr/include/*-linux-musl)"
        export "CARGO_TARGET_${upper}_RUSTFLAGS=-Clink-self-contained=no -Crelocation-model=static"
    fi
    timeout 900 cargo test --locked "${options[@]}" --target "$target" --no-fail-fast "${tests[@]}" \
        -- --show-output
}

# Tests one target and says how it went.
one() {
    local log=$cache/log/$1.log reason passed start=$SECONDS
    read_row "$1"
    reason=$(missing)
    if [ -n "$reason" ]; then
        echo "skipped $target: $reason (cross/install.sh)"
    elif cargo_test >"$log" 2>&1; then
        passed=$(awk '/^test result: ok/ { sum += $4 } END { print sum + 0 }' "$log")
        echo "ok      $target: $passed tests, $how, $((SECONDS - start)) s"
    else
        echo "FAILED  $target: see $log"
        grep -E '^(error|test .*FAILED|thread .*panicked)' "$log" | head -n 20 | sed 's/^/        /'
    fi
}

if [ "${1:-}" = --one ]; then
    one "$2"
    exit
fi
required=0
if [ "${1:-}" = --require ]; then
    required=$2
    shift 2
fi
[ $# -gt 0 ] || mapfile -t all < <(awk '!/^#/ { print $1 }' cross/targets.txt)
# One runs its tests while the next is compiled.
printf '%s\n' "${all[@]-$@}" | xargs -n 1 -P "$(nproc)" "$0" --one | tee "$cache/log/summary"
ok=$(grep -c '^ok' "$cache/log/summary") || true
failed=$(grep -c '^FAILED' "$cache/log/summary") || true
skipped=$(grep -c '^skipped' "$cache/log/summary") || true
echo "cross: $ok targets ok, $failed failed, $skipped skipped, in $SECONDS s; $required are required"
[ "$failed" = 0 ] && [ "$ok" -ge "$required" ]
