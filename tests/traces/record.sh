#!/bin/sh
# Records the traces of this folder again: short loads of real programs, on which the rules must be silent
# (crates/check/tests/traces). Needs nginx, redis-server, node, python3, and the command and the library built:
#
#   cargo build --release -p epshim-cli -p epshim-preload -p epshim-bench
#   sh tests/traces/record.sh [nginx|redis|node|asyncio|tokio]...
#
# EPSHIM is the command, target/release/epshim by default; EPSHIM_BENCH, which has the server on tokio, is beside it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
epshim=${EPSHIM:-$here/../../target/release/epshim}
bench=${EPSHIM_BENCH:-$(dirname "$epshim")/epshim-bench}
python=$(PATH=/usr/bin:$PATH python3 -c 'import sys; print(sys.executable)')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The recordings have paths: those of this folder are no one's.
cp "$epshim" "$bench" "$(dirname "$epshim")/libepshim_preload.so" "$work"
chmod a+rx "$work" "$work"/*
epshim=$work/$(basename "$epshim")
bench=$work/$(basename "$bench")

free_port() {
    "$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# record NAME COMMAND...: in the background. Its report must be empty of findings.
record() {
    name=$1
    shift
    "$epshim" check --error-exitcode 99 --log "$work/$name.log" --record "$work/$name.trace" -- "$@" &
    server=$!
}

# ends SIGNAL: it has no findings, and the recording is whole.
ends() {
    [ "$1" = none ] || kill -s "$1" "$server"
    status=0
    wait "$server" || status=$?
    if [ "$status" != 0 ] || grep -q 'is not whole' "$work/$name.log"; then
        cat "$work/$name.log" >&2
        echo "$name: exit status $status" >&2
        exit 1
    fi
    "$epshim" replay "$work/$name.trace"
    cp "$work/$name.trace" "$here/$name.trace"
}

load() {
    "$python" "$here/load.py" "$@"
}

nginx_() {
    port=$(free_port)
    cat > "$work/nginx.conf" <<EOF
daemon off;
worker_processes 2;
error_log stderr;
pid $work/pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
    uwsgi_temp_path $work/u; scgi_temp_path $work/s;
    server { listen 127.0.0.1:$port; root $work/files; location /far/ { proxy_pass http://127.0.0.1:$port/; } }
}
EOF
    mkdir -p "$work/files"
    head -c 3000000 /dev/zero > "$work/files/big"
    head -c 1000 /dev/zero > "$work/files/small"
    chmod -R a+rX "$work"
    record nginx nginx -e stderr -c "$work/nginx.conf"
    load "$port" http /small 20 40
    load "$port" http /far/small 10 20
    load "$port" slow /big 4 1
    ends QUIT
}

redis_() {
    port=$(free_port)
    record redis redis-server --port "$port" --save '' --io-threads 2 --io-threads-do-reads yes
    load "$port" redis PING 30 50
    load "$port" redis PING 2 200
    ends TERM
}

node_() {
    port=$(free_port)
    record node node "$here/server.js" "$port"
    load "$port" http / 20 30
    load "$port" slow / 4 1
    ends TERM
}

asyncio_() {
    port=$(free_port)
    record asyncio "$python" "$here/server.py" "$port"
    load "$port" echo 3000 20 40
    load "$port" echo 300000 4 5
    ends TERM
}

tokio_() {
    port=$(free_port)
    record tokio "$bench" serve tokio --port "$port"
    load "$port" echo 3000 20 40
    load "$port" echo 300000 4 5
    ends TERM
}

[ $# -gt 0 ] || set -- nginx redis node asyncio tokio
for each; do
    "${each}_"
done
