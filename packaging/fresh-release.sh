# shellcheck shell=bash
# Sourced by fresh.sh: what packaging/dist.sh has made, as somebody uses it who has a stuck program and no compiler.
#
# The lines are those of the documents, with a file where these name the package.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=epshim-$version-$(uname -m)-linux
# shellcheck disable=SC2154 # machine.sh has machine and out
wheel=$(cd target/dist && echo epshim-"$version"-*"_$(uname -m)".whl)
with_pipx='pipx install epshim'
with_tar="tar -xzf $name.tar.gz && install $name/bin/epshim /usr/local/bin"

fail() { say "FAILED: $*" >&2 && exit 1; }
# has_line TEXT FILE...: each of these documents has it.
has_line() {
    local text=$1 document
    shift
    for document; do grep -qF "$text" "$document" || fail "$document does not have: $text"; done
}
has_line "$with_pipx" README.md docs/install.md packaging/wheel.md
has_line "${with_pipx/ epshim/ ./$wheel}" docs/install.md
has_line "${with_tar% && *}" docs/install.md
has_line "${with_tar#* && }" docs/install.md

# A server that reads an edge once, as far as it stands for one: of the rest of the request no event tells. It gives up
# after the seconds that it is told.
stuck_program() {
    cat >"$machine/root/server.py" <<'END'
import select
import socket
import sys

server, client = socket.socketpair()
server.setblocking(False)
poll = select.epoll()
poll.register(server, select.EPOLLIN | select.EPOLLET)
client.send(b"GET /index.html HTTP/1.1\r\n\r\n")
while poll.poll(float(sys.argv[1])):
    print("read", server.recv(16), flush=True)
END
}

# first_findings PATH: the program that is stuck, seen from outside; and started with the checker.
first_findings() {
    local epshim=$1 start=$2
    # On a machine that is busy one look may be too short to be sure: looked at again.
    on_machine /root "rm -f log; python3 server.py 300 >log & pid=\$!
        until grep -q read log; do sleep 0.1; done
        for tries in 1 2 3 4 5; do $epshim inspect \$pid >found 2>&1; ! grep -q edge-not-drained found || break; done
        cat found; kill \$pid" >"$out/inspect.log" 2>&1 || true
    grep -q 'edge-not-drained' "$out/inspect.log" || { cat "$out/inspect.log" >&2 && fail "inspect finds nothing"; }
    say "the first finding, $((SECONDS - start)) s after the line above:"
    grep -m 3 . "$out/inspect.log" | sed 's/^/    /'
    on_machine /root "$epshim check python3 server.py 5" >"$out/check.log" 2>&1 || fail "check"
    grep -q 'edge-not-drained' "$out/check.log" || { cat "$out/check.log" >&2 && fail "check finds nothing"; }
    say "check: $(grep SUMMARY "$out/check.log" | tail -n 1)"
    on_machine /root "$epshim profile python3 server.py 1" >"$out/profile.log" 2>&1 || fail "profile"
    grep -q 'epshim profile of python3 .* 1 loop' "$out/profile.log" ||
        { cat "$out/profile.log" >&2 && fail "profile sees no loop"; }
    say "profile: $(grep -m 1 'epshim profile' "$out/profile.log")"
}

on_debian() {
    local start
    make_machine "$1" "$2"
    on_machine / 'apt-get install -y -qq --no-install-recommends ca-certificates pipx' >"$out/apt.log" 2>&1 ||
        { tail "$out/apt.log" >&2 && fail "apt-get"; }
    ! on_machine / 'command -v cc || command -v gcc || command -v clang || command -v rustc' || fail "a compiler is there"
    cp "target/dist/$wheel" "target/dist/$name.tar.gz" target/dist/SHA256SUMS "$machine/root"
    on_machine /root 'sha256sum --check --quiet --ignore-missing SHA256SUMS' || fail "the checksums"
    stuck_program

    start=$SECONDS
    say "Debian $1 \$ ${with_pipx/ epshim/ ./$wheel}"
    on_machine /root "${with_pipx/ epshim/ ./$wheel}" >"$out/pipx.log" 2>&1 || { cat "$out/pipx.log" >&2 && fail "pipx"; }
    first_findings /root/.local/bin/epshim $start

    start=$SECONDS
    say "Debian $1 \$ $with_tar"
    on_machine /root "$with_tar" || fail "tar"
    first_findings /usr/local/bin/epshim $start
    leave_machine
}

on_debian 12 bookworm
on_debian 13 trixie
say "a root of musl and busybox"
packaging/try.sh "target/ship/$(uname -m)/epshim"
say "ok: the wheel and the static file, on Debian 12 and 13; the static file, in a root of musl"
