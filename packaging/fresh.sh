#!/usr/bin/env bash
# Runs the commands of the README and of the documents that it sends a new user to, as they are written and in their
# order, on a fresh Debian 12: one that has what debootstrap installs and nothing else.
#
#   packaging/fresh.sh [--all]
#   packaging/fresh.sh --release
#
# --release takes what packaging/dist.sh has made instead, on a fresh Debian 12 and 13: installed by the documents'
# lines, without a compiler, until the first finding.
#
# Needs root, debootstrap and a network. Without --all the commands that take more than a few minutes are
# named and left out: `make test`, `make cross` and `make bench`.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/machine.sh
long='^make (test|cross|bench)( |$)'
# Ends by itself only when it is told to: given ten seconds, then SIGTERM, which must end it cleanly.
servers='--example echo'

[ "${1:-}" = --inside ] || enter "$@"
shift
if [ "${1:-}" = --release ]; then
    . packaging/fresh-release.sh
    exit
fi
[ "${1:-}" != --all ] || long='^$'

# The lines of the sh blocks.
commands() {
    awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside && NF' README.md docs/install.md docs/library.md
}

make_machine 12 bookworm
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
[ $count -gt 8 ] || { say "FAILED: only $count commands are in the documents" >&2 && exit 1; }
say "ok: $count commands of the documents, as written"
