#!/usr/bin/env python3
"""Compares the hit rates of mini-redis and redis-server as caches that hold a part of all keys.

    bench/eviction.py                   every policy; --write puts the table into docs/benchmarks.md
    bench/eviction.py --policy allkeys-lru

A key that is asked for and not there is set. Keys are drawn by Zipf's law; after a third of the time
other keys are the popular ones, and so again after two thirds, which tells policies apart that forget
from those that do not. Each server is asked twice: with the same `maxmemory`, and with room for the
same number of keys, which shows how well it chooses.

CPU is that of the server process, per request.
"""
import argparse
import itertools
import random
import statistics

import compare

POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
            "volatile-ttl"]
VALUE = b"v" * 100
BATCH = 200


def name_of(number):
    return b"key:%010d" % number


def draws(keys, requests, exponent, seed):
    """The numbers of the keys that are asked for: three times as many requests, each third of other keys."""
    draw = random.Random(seed)
    weights = list(itertools.accumulate(1 / (rank + 1) ** exponent for rank in range(keys)))
    for _ in range(3):
        names = list(range(keys))
        draw.shuffle(names)
        for rank in draw.choices(range(keys), cum_weights=weights, k=requests // 3):
            yield names[rank]


def memory(connection):
    info = connection.send(["INFO", "memory"])[0].decode()
    return int(next(line.split(":")[1] for line in info.splitlines() if line.startswith("used_memory:")))


def set_command(number, policy):
    expiry = [] if policy.startswith("allkeys") else ["EX", 3600 + number % 3600]
    return ["SET", name_of(number), VALUE, *expiry]


def fill(connection, keys, policy):
    for start in range(0, keys, 1000):
        connection.send(*(set_command(-1 - number, policy) for number in range(start, min(start + 1000, keys))))


def limit_for(server, keys, policy):
    """The maxmemory with which there is room for so many keys."""
    with server:
        connection = compare.Connection(server.port)
        fill(connection, keys, policy)
        return memory(connection)


def hit_rate(server, policy, limit, numbers):
    with server:
        connection = compare.Connection(server.port)
        connection.send(["CONFIG", "SET", "maxmemory", limit], ["CONFIG", "SET", "maxmemory-policy", policy])
        hits = requests = 0
        sizes = []
        before = compare.cpu_ns(server.pid)
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start:start + BATCH]
            found = connection.send(*(["GET", name_of(number)] for number in batch))
            missing = [number for number, value in zip(batch, found) if value is None]
            hits += len(batch) - len(missing)
            requests += len(batch) + len(missing)
            if missing:
                connection.send(*(set_command(number, policy) for number in missing))
            if start % (20 * BATCH) == 0:
                sizes.append(int(connection.send(["DBSIZE"])[0]))
        cpu = (compare.cpu_ns(server.pid) - before) / requests
        keys = round(statistics.mean(sizes[len(sizes) // 3:])) # once it is full
        connection.close()
        return hits / len(numbers), keys, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=str(compare.ROOT / "build/release/bin/mini-redis-server"))
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--share", type=float, default=0.1, help="of the keys for which there is room")
    parser.add_argument("--requests", type=int, default=600_000)
    parser.add_argument("--exponent", type=float, default=0.9)
    parser.add_argument("--policy", action="append", choices=POLICIES)
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    servers = [compare.Server("mini-redis", options.ours + " --port {port} --threads 1 --loglevel warning"),
               compare.Server("redis-server", 'redis-server --port {port} --save "" --appendonly no')]
    numbers = list(draws(options.keys, options.requests, options.exponent, 1))
    room = int(options.keys * options.share)
    report = []

    def say(line):
        print(line, flush=True)
        report.append(line)

    say("| policy | the same maxmemory: mini-redis | redis-server | the same number of keys: mini-redis | redis-server "
        "| CPU ns/request: mini-redis | redis-server |")
    say("|---|---:|---:|---:|---:|---:|---:|")
    for policy in options.policy or POLICIES:
        ours, theirs = servers
        limit = limit_for(theirs, room, policy)
        redis = hit_rate(theirs, policy, limit, numbers)
        same_memory = hit_rate(ours, policy, limit, numbers)
        # With what is used besides keys, which differs: so it is tried out.
        limit = limit_for(ours, redis[1], policy)
        for _ in range(2):
            same_keys = hit_rate(ours, policy, limit, numbers)
            limit += (redis[1] - same_keys[1]) * limit // redis[1]
        same_keys = hit_rate(ours, policy, limit, numbers)
        say(f"| {policy} | {same_memory[0]:.2%} ({same_memory[1]:,} keys) | {redis[0]:.2%} ({redis[1]:,}) "
            f"| {same_keys[0]:.2%} ({same_keys[1]:,}) | {redis[0]:.2%} | {same_memory[2]:,.0f} | {redis[2]:,.0f} |")
    if options.write:
        compare.write_section("Eviction", [
            f"Written by `bench/eviction.py --write`: hit rates of a cache of {options.keys:,} keys with room for "
            f"{room:,}, keys drawn by",
            f"Zipf's law (exponent {options.exponent}), {options.requests:,} requests, the popular keys changing twice.",
            "", *report])


if __name__ == "__main__":
    main()
