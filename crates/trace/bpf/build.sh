#!/bin/sh
# Compiles calls.bpf.c to the object that is committed beside it, byte for byte, with Debian 12's clang 14. Another
# compiler makes other bytes.
#
#   build.sh [FILE]    FILE: where the object goes; else calls.x86_64.o here
set -eu

folder=$(cd "$(dirname "$0")" && pwd)
to=${1:-$folder/calls.x86_64.o}
case $to in /*) ;; *) to=$PWD/$to ;; esac
cd "$folder"
${CLANG:-clang-14} -O2 -g -target bpf -mcpu=v3 -Wall -Werror -Wno-unused-function -std=gnu11 \
    -fdebug-compilation-dir=. "-ffile-prefix-map=$folder=." -c calls.bpf.c -o "$to"
${STRIP:-llvm-strip-14} -g "$to"
