#!/bin/sh
# Makes an archive of one object of the one that rustc writes: what the C ABI needs of it, and no other name
# that a program could meet. rustc's has a few hundred members, for it holds all of Rust's runtime.
#
#   packaging/archive.sh FROM TO
#
# Needs a C compiler, objcopy, strip and ar; no cargo. STRIP=: keeps the symbols.
set -eu
from=$1 to=$2
root=$(dirname "$0")/..
work=$(mktemp -d "$to.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

functions=$(sed -n 's/^\(epshim_[a-z0-9_]*\).*/\1/p' "$root/tests/abi/functions.txt")
[ -n "$functions" ] || { echo "archive: no functions are listed" >&2 && exit 1; }

# Linked, but to be linked again (-r): from the archive comes what the functions need, and of that the
# sections that they reach.
set -- -r -nostdlib -Wl,--gc-sections "-Wl,-T,$root/packaging/archive.ld"
for function in $functions; do set -- "$@" "-Wl,-u,$function"; done
"${CC:-cc}" "$@" -o "$work/all.o" "$from"

# Every name but ours becomes the object's own.
for function in $functions; do echo "$function"; done >"$work/names"
"${OBJCOPY:-objcopy}" --keep-global-symbols="$work/names" "$work/all.o" "$work/epshim.o"
"${STRIP:-strip}" --strip-unneeded "$work/epshim.o"

# D: no times and no users, so that it is the same each time.
"${AR:-ar}" crD "$work/libepshim.a" "$work/epshim.o"
mv "$work/libepshim.a" "$to"
