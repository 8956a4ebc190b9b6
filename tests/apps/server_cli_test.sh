#!/bin/sh
# mini-redis-server's flags, messages, signals and exit codes. Usage: server_cli_test.sh <program>
set -u

server=$1
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT
failures=0

complain() {
    echo "FAILED: $*"
    sed 's/^/    stdout: /' "$work/out"
    sed 's/^/    stderr: /' "$work/err"
    failures=$((failures + 1))
}

# run <expected exit code> <flags>…: to the program's end
run() {
    expected=$1
    shift
    "$server" "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ $code -eq "$expected" ] || complain "exit code $code, not $expected, with: $*"
}

# refuses <words in the message> <flags>…: exit code 1 and exactly one line, on stderr
refuses() {
    words=$1
    shift
    run 1 "$@"
    [ "$(wc -l <"$work/err")" -eq 1 ] || complain "not one line on stderr with: $*"
    [ ! -s "$work/out" ] || complain "something on stdout with: $*"
    grep -q -- "$words" "$work/err" || complain "no word of '$words' with: $*"
}

# misconfigured <words in the message> <flags>…: exit code 1, and what is wrong on stderr
misconfigured() {
    words=$1
    shift
    run 1 "$@"
    [ ! -s "$work/out" ] || complain "something on stdout with: $*"
    grep -q "FATAL CONFIG FILE ERROR" "$work/err" || complain "no heading with: $*"
    grep -q -- "$words" "$work/err" || complain "no word of '$words' with: $*"
}

# start <flags>…: in the background, until it listens; sets pid and port
start() {
    : >"$work/out" # here already: what the last one has written must not be taken for this one's
    "$server" --port 0 "$@" >"$work/out" 2>"$work/err" &
    pid=$!
    tries=0
    until port=$(sed -n 's/.*listens on 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$work/out") && [ -n "$port" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 1000 ] || ! kill -0 "$pid" 2>/dev/null; then
            complain "it does not listen"
            exit 1
        fi
        sleep 0.02
    done
}

# ends <expected exit code> <what was done>
ends() {
    wait "$pid"
    code=$?
    pid=
    [ $code -eq "$1" ] || complain "exit code $code, not $1, after $2"
}

run 0 --help
grep -q -- '--port' "$work/out" || complain "--help does not tell of --port"
[ ! -s "$work/err" ] || complain "--help writes on stderr"
run 0 --version
grep -Eq '^mini-redis-server [0-9]+\.[0-9]+\.[0-9]+$' "$work/out" || complain "--version"

misconfigured "Bad directive" --prot 1
misconfigured "can't open config file '.*/x'" x
misconfigured "wrong number of arguments" --port
misconfigured "between 0 and 65535" --port 65536
misconfigured "between 0 and 65535" --port=-1
misconfigured "into an integer" --port=
misconfigured "between 1 and 1024" --threads 0
misconfigured "into an integer" --maxclients many
misconfigured "one of the following" --loglevel loud --port 0
refuses "nowhere" --bind nowhere --port 0
refuses "192.0.2.1" --bind 192.0.2.1 --port 0 # nobody's (RFC 5737)

start
refuses "127.0.0.1:$port" --port "$port"
grep -qi "in use" "$work/err" || complain "a port in use is not called so"
kill -TERM "$pid"
ends 0 SIGTERM

start --threads 2 --loglevel info
kill -INT "$pid" || complain "it is gone"
ends 0 SIGINT
grep -q "bye" "$work/out" || complain "no farewell in the log"
[ ! -s "$work/err" ] || complain "something on stderr"

[ $failures -eq 0 ] && echo "all as expected"
exit $failures
