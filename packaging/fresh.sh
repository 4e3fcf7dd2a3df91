#!/usr/bin/env bash
# Runs the commands of the README, as they are written and in their order, on a fresh Debian 12: one that
# has what debootstrap installs and nothing else.
#
#   packaging/fresh.sh [--all]
#
# Needs root, debootstrap and a network. Without --all the commands that take more than a few minutes are
# named and left out: `make test`, `make cross` and `make bench`. The machine is a chroot below target/fresh, in a mount
# and process namespace of its own: nothing stays mounted or running, however this ends.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/fresh
machine=$out/machine
long='^make (test|cross|bench)( |$)'
# Ends by itself only when it is told to: given ten seconds, then SIGTERM, which must end it cleanly.
servers='--example echo'

say() { echo "fresh: $*"; }

if [ "${1:-}" != --inside ]; then
    [ "$(id -u)" = 0 ] || { say "needs root" >&2 && exit 2; }
    mkdir -p "$out"
    exec unshare --mount --pid --fork --kill-child -- "$0" --inside "$@"
fi
shift
[ "${1:-}" != --all ] || long='^$'

# debootstrap once; after that its result is unpacked.
make_machine() {
    local archive=$out/debian-12.tar
    rm -rf "$machine"
    mkdir -p "$machine"
    if [ ! -e "$archive" ]; then
        say "installing Debian 12"
        debootstrap --variant=minbase bookworm "$machine" >"$out/debootstrap.log" 2>&1 ||
            { tail "$out/debootstrap.log" >&2 && exit 1; }
        tar -C "$machine" -cf "$archive.part" . && mv "$archive.part" "$archive"
    else
        tar -C "$machine" -xf "$archive"
    fi
    # debootstrap names its mirror for the release alone; Debian's installer also the updates.
    local mirror
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$machine/etc/apt/sources.list")
    {
        echo "deb $mirror bookworm-updates main"
        echo "deb $mirror-security bookworm-security main"
    } >>"$machine/etc/apt/sources.list"
    cp /etc/resolv.conf "$machine/etc/resolv.conf"
    # The authorities that the administrator of this machine trusts besides Debian's.
    mkdir -p "$machine/usr/local/share/ca-certificates"
    find /usr/local/share/ca-certificates -name '*.crt' -exec cp -t "$machine/usr/local/share/ca-certificates" {} +
    mount -t proc proc "$machine/proc"
    mount -t tmpfs tmpfs "$machine/tmp"
    mount --rbind /dev "$machine/dev"
    on_machine / 'apt-get update -qq'
}

# on_machine FOLDER COMMAND: as root, with the environment of a login and nothing else.
on_machine() {
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive chroot "$machine" bash -c "cd $1 && $2" </dev/null
}

# The lines of the README's sh blocks.
commands() {
    awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside && NF' README.md
}

make_machine
mkdir -p "$machine/root/epshim"
git ls-files -z | tar --null --files-from=- -cf - | tar -C "$machine/root/epshim" --no-same-owner -xf -
count=0
while IFS= read -r command; do
    if [[ $command =~ $long ]]; then
        say "left out: $command"
        continue
    fi
    say "\$ $command"
    start=$SECONDS status=0
    if [[ $command = *"$servers"* ]]; then
        # timeout says 124 when it had to end the command.
        on_machine /root/epshim "timeout 10 $command" >"$out/command.log" 2>&1 || status=$?
        [ $status != 124 ] || status=0
    else
        on_machine /root/epshim "$command" >"$out/command.log" 2>&1 || status=$?
    fi
    tail -n 3 "$out/command.log" | sed 's/^/    /'
    [ $status = 0 ] || { say "FAILED with $status: $command" && tail -n 40 "$out/command.log" && exit 1; } >&2
    say "done in $((SECONDS - start)) s"
    count=$((count + 1))
done < <(commands)
[ $count -gt 8 ] || { say "FAILED: only $count commands are in the README" >&2 && exit 1; }
say "ok: $count commands of the README, as written"
