#!/bin/sh
# Runs one script of this directory against a server of its own, and stops the server afterwards.
#
#   run.sh <server> <script>      <server>: a mini-redis-server, or a redis-server ("redis-server" alone
#                                 is looked for on the PATH)
#
# The script finds the port in $PORT and ends with 0 if all is well. $NODE_PATH says where the npm packages
# are. Exit code 77, with a line that says why: something that the script needs is not installed.
set -u

server=$1
script=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
work=$(mktemp -d)
: >"$work/log"
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM

skip() {
    echo "skipped: $*"
    exit 77
}

command -v "$server" >/dev/null || skip "no $server"

# What runs the script.
case $script in
    *.sh)
        command -v redis-cli >/dev/null || skip "no redis-cli"
        runner="sh"
        ;;
    *.py)
        runner=
        # A python3 that is first on the PATH may not be the distribution's.
        for python in python3 /usr/bin/python3; do
            if [ -z "$runner" ] && "$python" -c 'import redis.asyncio' 2>/dev/null; then runner=$python; fi
        done
        [ -n "$runner" ] || skip "no python3-redis"
        ;;
    *.js)
        command -v node >/dev/null || skip "no node"
        node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' || skip "node is older than 18"
        [ -d "${NODE_PATH:-}" ] || skip "no npm packages: scripts/install-node-packages.sh fetches them"
        runner=node
        ;;
esac

# start: until the server listens; sets pid and PORT. A redis-server does not choose a port itself.
start() {
    tries=0
    case $(basename "$server") in
        redis-server*)
            while :; do
                PORT=$(awk -v seed="$$$tries" 'BEGIN { srand(seed); print 20000 + int(rand() * 12000) }')
                # The working directory is the server's only.
                (cd "$work" && exec "$server" --port "$PORT" --save "" --enable-debug-command yes) >"$work/log" 2>&1 &
                pid=$!
                until grep -q "Ready to accept" "$work/log"; do
                    if ! kill -0 "$pid" 2>/dev/null; then break; fi
                    sleep 0.02
                done
                if kill -0 "$pid" 2>/dev/null; then return; fi
                tries=$((tries + 1))
                [ $tries -lt 20 ] || return
            done
            ;;
    esac
    "$server" --port 0 --threads 2 >"$work/log" 2>&1 &
    pid=$!
    until PORT=$(sed -n 's/.*listens on 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$work/log") && [ -n "$PORT" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 1000 ] || ! kill -0 "$pid" 2>/dev/null; then return; fi
        sleep 0.02
    done
}

start
export PORT
if [ -z "$PORT" ] || ! kill -0 "$pid" 2>/dev/null; then
    echo "FAILED: $server does not start"
    cat "$work/log"
    exit 1
fi

"$runner" "$script"
status=$?

if ! kill -0 "$pid" 2>/dev/null; then
    echo "FAILED: the server has ended meanwhile"
    status=1
fi
if [ $status -ne 0 ]; then
    echo "--- the server's log:"
    cat "$work/log"
fi
exit $status
