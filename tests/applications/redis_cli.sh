#!/bin/sh
# redis-cli: one command of every family in the way a shell script uses it, and redis-cli's own modes.
set -u

failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cli() { redis-cli -p "$PORT" "$@"; }

# check <what it is> <expected output> <actual output>
check() {
    [ "$2" = "$3" ] && return
    printf 'FAILED: %s\n--- expected:\n%s\n--- got:\n%s\n' "$1" "$2" "$3"
    failures=$((failures + 1))
}

# gives <expected output> <words of a command>…; "|" stands for the end of a line
gives() {
    expected=$1
    shift
    check "$*" "$(printf '%s' "$expected" | tr '|' '\n')" "$(cli "$@" </dev/null 2>&1)"
}

# mentions <a part of the output> <words of a command>…
mentions() {
    part=$1
    shift
    output=$(cli "$@" </dev/null 2>&1)
    case $output in
        *"$part"*) ;;
        *) check "$*" "…$part…" "$output" ;;
    esac
}

# in_the_background <output file> <words of a command>…: sets background
in_the_background() {
    file=$1
    shift
    redis-cli -p "$PORT" "$@" </dev/null >"$work/$file" 2>&1 &
    background=$!
}

# until_says <a part of the output> <words of a command>…
until_says() {
    part=$1
    shift
    tries=0
    until cli "$@" </dev/null 2>&1 | grep -q -- "$part"; do
        tries=$((tries + 1))
        if [ $tries -gt 250 ]; then
            check "$* in time" "…$part…" "$(cli "$@" </dev/null)"
            return
        fi
        sleep 0.02
    done
}

gives PONG PING
gives OK FLUSHALL

# Strings
gives OK SET text "Hello, world"
gives "Hello, world" GET text
gives OK SET text Hello
gives 11 APPEND text " world"
gives world GETRANGE text 6 -1
gives 11 STRLEN text
gives "OK" MSET a 1 b 2
gives "1|2|" MGET a b nothing
gives 3 INCRBY a 2
gives 3.5 INCRBYFLOAT a 0.5
gives 0 SETNX a x
gives 3.5 GETDEL a
gives OK SET low low
gives 3 LCS text low LEN
mentions "not an integer or out of range" INCR text

# Bits
gives 0 SETBIT bits 7 1
gives 1 GETBIT bits 7
gives 1 BITCOUNT bits
gives 7 BITPOS bits 1
gives 1 BITOP NOT flipped bits
gives "0|255|0" BITFIELD number SET u8 0 1 OVERFLOW SAT INCRBY u8 0 1000 GET u8 8
gives "255" BITFIELD_RO number GET u8 0

# Keys and their time
gives string TYPE text
gives 1 EXPIRE text 100
gives 100 TTL text
gives 1 PERSIST text
gives -1 TTL text
gives OK RENAME text renamed
gives 1 COPY renamed text
gives 2 EXISTS renamed text
gives 1 UNLINK renamed
gives none TYPE renamed
gives OK SET short x PX 30
until_says "^0" EXISTS short

# Lists
gives 3 RPUSH list a b c
gives 4 LPUSH list z
gives "z|a|b|c" LRANGE list 0 -1
gives 5 LINSERT list BEFORE b ab
gives ab LINDEX list 2
gives 2 LPOS list ab
gives OK LSET list 2 AB
gives 1 LREM list 0 AB
gives OK LTRIM list 0 2
gives b LMOVE list other RIGHT LEFT
gives "list|z|a" LMPOP 2 nothing list LEFT COUNT 5
gives 0 LLEN list
in_the_background popped BLPOP queue 5
until_says "cmd=blpop" CLIENT LIST
gives 1 RPUSH queue job
wait "$background"
check "BLPOP" "queue
job" "$(cat "$work/popped")"
in_the_background moved BLMOVE queue finished LEFT RIGHT 5
until_says "cmd=blmove" CLIENT LIST
gives 2 RPUSH queue one two
wait "$background"
check "BLMOVE" one "$(cat "$work/moved")"
gives "" BRPOP nothing 0.01

# Hashes
gives 2 HSET hash name Ada born 1815
gives "name|Ada|born|1815" HGETALL hash
gives "Ada|" HMGET hash name nothing
gives 1816 HINCRBY hash born 1
gives "name|born" HKEYS hash
gives 3 HSTRLEN hash name
gives "0|name|Ada" HSCAN hash 0 MATCH n*
gives 1 HDEL hash born
gives 1 HLEN hash
gives name HRANDFIELD hash
mentions WRONGTYPE LPUSH hash x

# Sets
gives 3 SADD set 1 2 3
gives "1|2|3" SMEMBERS set
gives "1|0" SMISMEMBER set 1 9
gives 2 SADD evens 2 4
gives 2 SINTER set evens
gives 1 SINTERCARD 2 set evens
gives "1|3" SDIFF set evens
gives 4 SUNIONSTORE all set evens
gives 1 SMOVE set evens 1
gives 0 SSCAN nothing 0
gives 2 SCARD set

# Sorted sets
gives 3 ZADD board 10 ann 20 bob 30 cy
gives 1 ZADD board GT CH 25 bob
gives "ann|10|bob|25|cy|30" ZRANGE board 0 -1 WITHSCORES
gives "cy|bob" ZRANGE board +inf "(10" BYSCORE REV
gives 1 ZRANK board bob
gives 35.5 ZINCRBY board 5.5 cy
gives 2 ZCOUNT board 20 +inf
gives 3 ZUNIONSTORE sum 2 board board WEIGHTS 1 2
gives 30 ZSCORE sum ann
gives "board|ann|10" ZMPOP 1 board MIN
gives "cy|35.5" ZPOPMAX board
in_the_background lowest BZPOPMIN waited 5
until_says "cmd=bzpopmin" CLIENT LIST
gives 1 ZADD waited 1.5 member
wait "$background"
check "BZPOPMIN" "waited
member
1.5" "$(cat "$work/lowest")"

# Messages. A subscriber is a redis-cli that runs until it is killed.
listens() {
    in_the_background "$1" "$2" "$3"
    until_says "cmd=$(echo "$2" | tr '[:upper:]' '[:lower:]')" CLIENT LIST
}
hears() {
    tries=0
    until grep -q -- "$2" "$work/$1" || [ $tries -gt 250 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
    grep -q -- "$2" "$work/$1" || check "what is heard" "…$2…" "$(cat "$work/$1")"
    kill "$background"
    wait "$background" 2>/dev/null
}
listens heard SUBSCRIBE news
gives 1 PUBLISH news "it works"
hears heard "it works"
listens heard PSUBSCRIBE "n?ws"
gives 1 PUBLISH nEws "it matches"
hears heard "it matches"
listens heard SSUBSCRIBE shard
gives 1 SPUBLISH shard "to the shard"
hears heard "to the shard"
gives OK CONFIG SET notify-keyspace-events KEA
listens heard PSUBSCRIBE "__key*__:*"
gives OK SET noticed 1
hears heard "__keyevent@0__:set"
gives OK CONFIG SET notify-keyspace-events ""

# A transaction, from standard input
check "MULTI" "OK
QUEUED
QUEUED
OK
1" "$(printf 'MULTI\nSET t 0\nINCR t\nEXEC\n' | cli)"
check "DISCARD" "OK
QUEUED
OK" "$(printf 'MULTI\nSET t x\nDISCARD\n' | cli)"
mentions "EXEC without MULTI" EXEC

# A value's bytes, taken out and put back. redis-cli ends its output with a line feed of its own.
cli DUMP board | head -c -1 >"$work/dumped"
check "RESTORE" OK "$(cli -x RESTORE restored 0 <"$work/dumped")"
gives "bob|25" ZRANGE restored 0 -1 WITHSCORES

# Sorting
gives 4 RPUSH numbers 10 9 1 100
gives "1|9|10|100" SORT numbers
gives "9|100|10|1" SORT numbers ALPHA DESC

# The server and its clients
gives "maxmemory-policy|noeviction" CONFIG GET maxmemory-policy
mentions "redis_version:7." INFO server
mentions "keyspace_hits:" INFO stats
mentions "db0:keys=" INFO keyspace
mentions "cmd=client|list" CLIENT LIST
mentions "cmd=client|info" CLIENT INFO
gives OK SELECT 3
mentions "wrong number of arguments" GET
gives "get" COMMAND LIST FILTERBY PATTERN get
mentions readonly COMMAND INFO get
gives "a|c" COMMAND GETKEYS MSET a b c d
mentions "summary" COMMAND DOCS get
gives "" -n 5 KEYS "*"

# RESP3
gives '1# "name" => "Ada"' -3 --no-raw HGETALL hash
gives '1~ "2"|2~ "3"' -3 --no-raw SMEMBERS set
gives '(double) 25' -3 --no-raw ZSCORE board bob
gives '(nil)' -3 --no-raw GET nothing

# redis-cli's own modes
gives '"a b"' --no-raw ECHO "a b"
gives '"name","Ada"' --csv HGETALL hash
check "-x" OK "$(printf 'from a file' | cli -x SET file)"
gives "from a file" GET file
gives OK MSET page:1 1 page:2 22 page:3 333
check "--scan" "page:1
page:2
page:3" "$(cli --scan --pattern 'page:*' | sort)"
if cli --help 2>&1 | grep -q -- --json; then
    gives '{"name":"Ada"}' -3 --json HGETALL hash
fi
mentions "Sampled" --bigkeys
mentions "Biggest hash" --bigkeys
mentions "Biggest zset" --bigkeys
output=$(for i in 1 2 3 4 5; do printf 'SET pipe:%s %s\r\n' $i $i; done | cli --pipe 2>&1)
case $output in
    *"errors: 0, replies: 5"*) ;;
    *) check "--pipe" "…errors: 0, replies: 5…" "$output" ;;
esac
gives 5 GET pipe:5
cli -e NOSUCHCOMMAND >/dev/null 2>&1 && check "-e" "a failure" "none"
check "-r -i" "1
2
3" "$(cli -r 3 -i 0.01 INCR repeated)"

[ $failures -eq 0 ] || exit 1
