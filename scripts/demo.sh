#!/usr/bin/env bash
# One command from a fresh clone to a conversation: installs what is missing, builds, starts
# mini-redis-server, lets the concurrent mini-redis-client talk to it, and stops the server.
# Arguments go to mini-redis-client (scripts/demo.sh --tasks 100).
# shellcheck source=scripts/lib/build.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

scripts/install-deps.sh

say "building"
configure release
build release mini-redis-server mini-redis-client
bin=build/release/bin

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port=6379
while is_taken "$port"; do
    echo "port $port is taken, so the next one is tried"
    port=$((port + 1))
    [ "$port" -lt 6479 ] || die "no free port from 6379 to 6478"
done

server=
stop_server() {
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then kill "$server"; fi
}
trap stop_server EXIT

say "mini-redis-server --port $port"
"$bin/mini-redis-server" --port "$port" > >(sed 's/^/[server] /') 2>&1 &
server=$!
for _ in {1..100}; do
    if is_taken "$port"; then break; fi
    kill -0 "$server" 2>/dev/null || die "mini-redis-server ended at once"
    sleep 0.1
done
is_taken "$port" || die "mini-redis-server does not answer on port $port"

say "mini-redis-client --port $port $*"
"$bin/mini-redis-client" --port "$port" "$@"

say "stopping the server"
kill "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" = 0 ] || die "mini-redis-server ended with status $status"
sleep 0.1 # sed prints its last lines
say "done: try $bin/mini-redis-server and redis-cli, or README.md"
