# shellcheck shell=bash
# Sourced by fresh.sh: a fresh Debian, with what debootstrap installs and nothing else. It is a chroot below
# target/fresh, in a mount and process namespace of its own: nothing stays mounted or running, however this ends.
out=$PWD/target/fresh
machine=$out/machine

say() { echo "fresh: $*"; }

# enter "$@": runs the script again, in the namespaces.
enter() {
    [ "$(id -u)" = 0 ] || { say "needs root" >&2 && exit 2; }
    command -v debootstrap >/dev/null || { say "debootstrap is missing (Debian: debootstrap)" >&2 && exit 2; }
    mkdir -p "$out"
    exec unshare --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$@"
}

# make_machine NUMBER NAME: debootstrap once; after that its result is unpacked.
make_machine() {
    local archive=$out/debian-$1.tar mirror
    leave_machine
    mkdir -p "$machine"
    if [ ! -e "$archive" ]; then
        say "installing Debian $1"
        debootstrap --variant=minbase "$2" "$machine" >"$out/debootstrap.log" 2>&1 ||
            { tail "$out/debootstrap.log" >&2 && exit 1; }
        tar -C "$machine" -cf "$archive.part" . && mv "$archive.part" "$archive"
    else
        tar -C "$machine" -xf "$archive"
    fi
    # debootstrap names its mirror for the release alone; Debian's installer also the updates.
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$machine/etc/apt/sources.list")
    {
        echo "deb $mirror $2-updates main"
        echo "deb $mirror-security $2-security main"
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

# Unmounted first: what is below /dev is this machine's.
leave_machine() {
    local place
    for place in dev tmp proc; do
        ! mountpoint -q "$machine/$place" || umount --recursive --lazy "$machine/$place"
    done
    rm -rf --one-file-system "$machine"
}

# on_machine FOLDER COMMAND: as root, with the environment of a login and nothing else.
on_machine() {
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
        chroot "$machine" bash -c "cd $1 || exit; $2" </dev/null
}
