#!/usr/bin/env bash
# Makes what a release has, in target/dist: the source, one static file with its pages for each machine, the wheels,
# and SHA256SUMS. The same commit gives the same bytes.
#
#   packaging/dist.sh [--twice] [MACHINE...]
#
# Takes x86-64, or the machines that are named (aarch64). --twice does all of it again in another folder, and fails
# unless both have the same checksums. Needs git and what packaging/static.sh needs. What is not committed is not in it.
set -euo pipefail
cd "$(dirname "$0")/.."
script=dist
. packaging/zig.sh
dist=$PWD/target/dist

# pack FOLDER NAME: FOLDER as NAME.tar.gz, with nothing of this machine, user or hour.
pack() {
    tar -C "$1" --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw --mtime="@$SOURCE_DATE_EPOCH" \
        --format=gnu -cf - "$2" | gzip -9 -n >"$dist/$2.tar.gz"
}

source_tree() {
    local name=epshim-$version
    git archive --prefix="$name/" HEAD | tar -C "$ship/pack" -xf -
    pack "$ship/pack" "$name"
}

# The command, which has the libraries inside, and what is read beside it.
machine_tree() {
    local machine=$1 name=epshim-$version-$1-linux folder page shell
    folder=$ship/pack/$name
    install -D -m 755 "$ship/$machine/epshim" "$folder/bin/epshim"
    for page in man/epshim*.1 man/epshim.7; do
        install -D -m 644 "$page" "$folder/share/man/man${page##*.}/${page##*/}"
    done
    if [ "$machine" = "$(own_machine)" ]; then
        mkdir -p "$folder/completions"
        for shell in bash zsh fish; do "$folder/bin/epshim" completions $shell >"$folder/completions/$shell"; done
    fi
    install -m 644 CHANGELOG.md "$ship/$machine/wheel/epshim-$version.dist-info/licenses"/* "$folder"
    install -m 644 packaging/wheel.md "$folder/README.md"
    pack "$ship/pack" "$name"
}

make_all() {
    local machine
    [ -z "$(git status --porcelain --untracked-files=no)" ] || fail "there are changes that are not committed"
    rm -rf "$dist" "$ship/pack"
    mkdir -p "$dist" "$ship/pack"
    packaging/static.sh --keep ${untried:+--untried} "$@"
    packaging/wheel.sh ${untried:+--untried} "$@"
    source_tree
    for machine; do
        machine_tree "$machine"
        cp "$ship"/epshim-"$version"-*"_$machine".whl "$dist"
    done
    rm -rf "$ship/pack"
    (cd "$dist" && sha256sum -- *.tar.gz *.whl >SHA256SUMS)
    clean_up
    sed 's/^/    /' "$dist/SHA256SUMS"
}

# The tools are the same files: what they make must be, too.
again() {
    local folder=$ship/again
    rm -rf "$folder"
    git clone --quiet --no-hardlinks . "$folder"
    mkdir -p "$folder/target/ship"
    ln -s "$ship/tools" "$folder/target/ship/tools"
    (cd "$folder" && untried=yes packaging/dist.sh "$@") || fail "the second time"
    diff "$dist/SHA256SUMS" "$folder/target/dist/SHA256SUMS" || fail "built twice, and not equal"
    rm -rf "$folder"
    say "built twice, in two folders: equal"
}

twice='' untried=${untried:-}
[ "${1:-}" != --twice ] || { twice=yes && shift; }
[ $# -gt 0 ] || set -- "$(own_machine)"
make_all "$@"
[ -z "$twice" ] || again "$@"
