#!/usr/bin/env python3
"""Compares the collection types of mini-redis and redis-server: CPU per request, and memory.

    bench/data_types.py                 both parts; --write puts the tables into docs/benchmarks.md
    bench/data_types.py --only loads    or memory
    bench/data_types.py --load zadd     one load (may be repeated)

The servers take turns in every round; figures are medians of the rounds, ratios medians of the
rounds' ratios. CPU is user and system time of the server process for all of a load's requests.
"""
import argparse
import random
import statistics
import subprocess
import time

import compare

# name: (requests, keyspace of __rand_int__, words)
LOADS = {
    "LPUSH": (1_000_000, 1_000_000, "LPUSH l v:__rand_int__"),
    "RPOP": (1_000_000, 1_000_000, "RPOP l"),
    "HSET": (1_000_000, 100_000, "HSET h f:__rand_int__ v:__rand_int__"),
    "SADD": (1_000_000, 100_000, "SADD s m:__rand_int__"),
    "ZADD": (1_000_000, 100_000, "ZADD zs __rand_int__ m:__rand_int__"),
    "XADD": (1_000_000, 100_000, "XADD st * field v:__rand_int__"),
    "XADD trimmed": (1_000_000, 100_000, "XADD capped MAXLEN ~ 1000 * field v:__rand_int__"),
    "HSET small": (1_000_000, 100_000, "HSET h:__rand_int__ field v:__rand_int__"),
    "SADD small": (1_000_000, 100_000, "SADD s:__rand_int__ member"),
    "LRANGE 100": (1_000_000, 1, "LRANGE long 0 99"),
    "LRANGE 100 small": (1_000_000, 1, "LRANGE short 0 99"),
    "XRANGE 100": (1_000_000, 1, "XRANGE xs - + COUNT 100"),
    "ZRANGE 100": (1_000_000, 1, "ZRANGE zs 0 99"),
    "ZRANGE 100 small": (1_000_000, 1, "ZRANGE z 0 99"),
}
GOAL = {"loads": 0.75, "memory": 0.9}


def run_load(server, name, scale):
    requests, keys, words = LOADS[name]
    requests = int(requests * scale)
    before = compare.cpu_ns(server.pid)
    subprocess.run(["redis-benchmark", "-p", str(server.port), "-n", str(requests), "-r", str(keys), "-P", "16",
                    "-c", "50", "-q", *words.split()], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (compare.cpu_ns(server.pid) - before) / requests


def prepare(server):
    """The collections that the reading loads read; the writing ones grow their own."""
    connection = compare.Connection(server.port)
    draw = random.Random(1)
    connection.send(["FLUSHALL"], ["RPUSH", "short", *(f"v:{i:012d}" for i in range(100))],
                    ["ZADD", "z", *(w for i in range(100) for w in (i, f"m:{i:012d}"))])
    for start in range(0, 100_000, 1000):
        numbers = range(start, start + 1000)
        connection.send(["RPUSH", "long", *(f"v:{i:012d}" for i in numbers)],
                        ["ZADD", "zs", *(w for i in numbers for w in (draw.randrange(100_000), f"m:{i:012d}"))],
                        *(["XADD", "xs", "*", "field", f"v:{i:012d}"] for i in numbers))
    connection.close()


def compare_loads(servers, names, rounds, scale):
    results = {}
    running = [server.start() for server in servers]
    try:
        for turn in range(rounds):
            for server in running:
                prepare(server)
            for name in names:
                for server in running if turn % 2 == 0 else running[::-1]:
                    results.setdefault(name, {}).setdefault(server.name, []).append(run_load(server, name, scale))
    finally:
        for server in running:
            server.stop()
    return results


def word(draw, size):
    return bytes(draw.choices(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=size))


FILLS = {  # name: the command, or the commands, for item i
    "hash of 5 fields": lambda draw, i: [b"HSET", b"h:%08d" % i] + [word(draw, 8) for _ in range(10)],
    "list element": lambda draw, i: [b"RPUSH", b"l", word(draw, 16)],
    "set member": lambda draw, i: [b"SADD", b"s", word(draw, 16)],
    "sorted set member": lambda draw, i: [b"ZADD", b"z", draw.randrange(1 << 31), word(draw, 16)],
    "stream entry of 1 field": lambda draw, i: [b"XADD", b"s", b"*", b"field", word(draw, 8)],
    "stream entry of 3 fields": lambda draw, i: [b"XADD", b"s", b"*"] + [w for f in (b"first", b"second", b"third")
                                                                         for w in (f, word(draw, 8))],
    "stream entry of 1 field, pending": lambda draw, i: [
        [b"XGROUP", b"CREATE", b"s", b"g", b"0", b"MKSTREAM"] if i == 0 else [b"PING"],
        [b"XADD", b"s", b"*", b"field", word(draw, 8)],
        [b"XREADGROUP", b"GROUP", b"g", b"c%d" % (i % 10), b"STREAMS", b"s", b">"]],
    "stream of 1 entry": lambda draw, i: [b"XADD", b"s:%08d" % i, b"*", b"field", word(draw, 8)],
}


def memory_of(server, name, count):
    with server:
        connection = compare.Connection(server.port)
        draw = random.Random(7)
        connection.send(["PING"])
        before = compare.rss_bytes(server.pid)
        for start in range(0, count, 500):
            items = (FILLS[name](draw, i) for i in range(start, start + 500))
            connection.send(*(c for item in items for c in (item if isinstance(item[0], list) else [item])))
        time.sleep(0.5)  # what was set aside is given back, and a rehash goes on
        grown = compare.rss_bytes(server.pid) - before
        connection.close()
        return grown / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=str(compare.ROOT / "build/release/bin/mini-redis-server"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of requests")
    parser.add_argument("--count", type=int, default=1_000_000, help="items of the memory part")
    parser.add_argument("--load", action="append", default=[])
    parser.add_argument("--fill", action="append", default=[])
    parser.add_argument("--only", choices=["loads", "memory"])
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    servers = [compare.Server("mini-redis", options.ours + " --port {port} --threads 1 --loglevel warning"),
               compare.Server("redis-server", 'redis-server --port {port} --save "" --appendonly no')]
    report = []

    def say(line):
        print(line, flush=True)
        report.append(line)

    def row(name, ours, theirs, ratio, goal, decimals):
        say(f"| {name} | {ours:,.{decimals}f} | {theirs:,.{decimals}f} | {ratio:.2f} | {goal:.2f} |")

    if options.only != "memory":
        names = [n for n in LOADS if not options.load or n.lower() in [w.lower() for w in options.load]]
        results = compare_loads(servers, names, options.rounds, options.scale)
        say("| load, P=16 c=50 | mini-redis CPU ns/request | redis-server | ratio | goal |")
        say("|---|---:|---:|---:|---:|")
        for name in names:
            ours, theirs = (results[name][s.name] for s in servers)
            row(name, statistics.median(ours), statistics.median(theirs),
                statistics.median(a / b for a, b in zip(ours, theirs)), GOAL["loads"], 0)
        say("")
    if options.only != "loads":
        say("| memory | mini-redis bytes | redis-server | ratio | goal |")
        say("|---|---:|---:|---:|---:|")
        for name in [n for n in FILLS if not options.fill or n in options.fill]:
            ours, theirs = (memory_of(s, name, options.count) for s in servers)
            row(name, ours, theirs, ours / theirs, GOAL["memory"], 1)
        say("")
    if options.write:
        compare.write_section("Collections", [
            "Written by `bench/data_types.py --write`. 50 connections, 16 requests each in flight, taking turns with",
            f"redis-server on one machine, which others use too; rounds: {options.rounds}, of which the medians are",
            "shown. Trust the ratios: they are of the same run. The loads",
            "called small are on collections that fit into the entry of their key (or on many such); the others on one",
            "of 100,000 members, or a list or stream of up to 1,000,000. Memory is growth of the resident set, for a",
            "million hashes (names and values of 8 bytes), for one collection of a million random members of 16 bytes,",
            "for one stream of a million entries with values of 8 bytes, and for a million streams.",
            "", *report])


if __name__ == "__main__":
    main()
