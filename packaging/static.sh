#!/usr/bin/env bash
# Builds epshim as one static file, with the preload libraries for glibc and for musl inside, for x86-64 or the
# machines that are named (aarch64), and tries it: packaging/try.sh.
#
#   packaging/static.sh [--keep] [--untried] [MACHINE...]
#
# Needs Rust (rustup, which fetches the standard libraries for musl), python3 with venv, and a network; no root.
# The files are target/ship/MACHINE/epshim. Without --keep what cargo has built for them is removed; --untried is for
# where nothing may be mounted.
set -euo pipefail
cd "$(dirname "$0")/.."
script=static
. packaging/zig.sh

keep='' tried=yes
while [[ ${1:-} = --* ]]; do
    case $1 in --keep) keep=yes ;; --untried) tried='' ;; *) fail "what is $1?" ;; esac
    shift
done
[ $# -gt 0 ] || set -- "$(own_machine)"
get_tools
for machine; do
    build_preload "$machine" glibc
    build_preload "$machine" musl
    build_command "$machine"
    [ -z "$tried" ] || packaging/try.sh "$ship/$machine/epshim"
done
[ -n "$keep" ] || clean_up
