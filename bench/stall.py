#!/usr/bin/env python3
"""How long one connection waits while another runs a long command: redis-server, and mini-redis
with one and with two workers.

    bench/stall.py                 a table; --write puts it into docs/benchmarks.md
    bench/stall.py --quick         a tenth of the elements, one round

A process of its own sends GET of another key, one at a time, and times each. A figure is the longest
reply time between the command's start and a moment after its reply, the least of the rounds: what
else runs on the machine makes single replies late, but seldom in every round. The line "nothing"
says what that is without any command.
"""
import argparse
import itertools
import multiprocessing
import socket
import time

import compare

BATCH = 1000


def encode(*words):
    out = bytearray(b"*%d\r\n" % len(words))
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out += b"$%d\r\n%s\r\n" % (len(word), word)
    return bytes(out)


class Client:
    """Sends what is encoded already, and counts lines of replies instead of making values of them."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)

    def send(self, data, lines=1):
        """Returns the first bytes of the replies, which are so many lines."""
        self.socket.sendall(data)
        first = b""
        while lines > 0:
            got = self.socket.recv(1 << 20)
            if not got:
                raise RuntimeError("the server has closed the connection")
            first = first or got[:200]
            if first.startswith(b"-"):
                break
            lines -= got.count(b"\n")
        return first

    def fill(self, commands):
        """Sends commands whose replies are one line each."""
        for some in batches(commands):
            if self.send(b"".join(some), len(some)).startswith(b"-"):
                raise RuntimeError("a fill has failed")


def batches(commands, count=100):
    commands = iter(commands)
    while some := list(itertools.islice(commands, count)):
        yield some


def probe(port, pipe):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = encode("GET", "probe")
    times = []
    pipe.send("ready")
    while not pipe.poll():
        start = time.perf_counter()
        client.sendall(request)
        client.recv(100)
        times.append((start, time.perf_counter()))
        time.sleep(0.0002)  # so that the probe does not take a core from the server
    pipe.send(times)


def longest_wait(port, run):
    """Runs the command beside a probe; returns the longest wait and the command's time, in ms."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=probe, args=(port, there))
    process.start()
    here.recv()
    time.sleep(0.2)
    begin = time.perf_counter()
    reply = run()
    end = time.perf_counter()
    time.sleep(0.3)
    here.send("stop")
    times = here.recv()
    process.join()
    if reply is not None and reply.startswith(b"-"):
        return None
    return (max(b - a for a, b in times if b >= begin and a <= end + 0.2) * 1e3, (end - begin) * 1e3)


def many(words, tail, count):
    """Commands that give `count` elements to the command `words`, a thousand at a time."""
    for start in range(0, count, BATCH):
        yield encode(*words, *(w for i in range(start, min(count, start + BATCH)) for w in tail(i)))


def scenarios(size):
    million = int(1_000_000 * size)
    element = b"e:%014d"
    keys = list(many(["MSET"], lambda i: (b"key:%012d" % i, b"v"), million))
    listed = encode("RPUSH", "list", *(element % i for i in range(BATCH)))
    large = lambda key, command, tail: list(many([command, key], tail, million))
    sets = (large("a", "SADD", lambda i: (element % i,)) + large("b", "SADD", lambda i: (element % (i + million // 2),)))
    scored = large("z", "ZADD", lambda i: (i * 7919 % million, element % i))
    numbers = large("numbers", "RPUSH", lambda i: (i * 7919 % million,))

    def growth(client):
        # Short pipelines: a long one makes others wait by itself, whatever the set does.
        for start in range(0, 5 * million, 1000):
            client.send(b"".join(encode("SADD", "growing", *(element % i for i in range(s, s + 10)))
                                 for s in range(start, start + 1000, 10)), 100)

    one = lambda data, lines=1: lambda client: client.send(data, lines)
    # name, what is filled before, what runs
    return [
        ("nothing", [], lambda client: time.sleep(1)),
        (f"KEYS * of {million:,}", keys, one(encode("KEYS", "*"), 1 + 2 * (million + 1))),
        (f"FLUSHALL of {million:,} keys", keys, one(encode("FLUSHALL"))),
        (f"DEL of a list of {10 * million:,}", itertools.repeat(listed, 10 * million // BATCH), one(encode("DEL", "list"))),
        (f"SADD, a set grows to {5 * million:,}", [], growth),
        (f"SINTERSTORE of two of {million:,}", sets, one(encode("SINTERSTORE", "to", "a", "b"))),
        (f"ZUNIONSTORE of {million:,}", scored, one(encode("ZUNIONSTORE", "to", "1", "z"))),
        (f"SORT of {million:,}", numbers, one(encode("SORT", "numbers", "LIMIT", "0", "1"), 3)),
        (f"LRANGE 0 -1 of {million:,}", numbers, one(encode("LRANGE", "numbers", "0", "-1"), 1 + 2 * million)),
    ]


def measure(server, name, size, rounds):
    """The least of the rounds' longest waits and of their command times."""
    results = []
    for _ in range(rounds):
        _, fill, run = next(s for s in scenarios_of(size) if s[0] == name)
        client = Client(server.port)
        client.send(encode("FLUSHALL"))
        time.sleep(0.5)  # nothing of the last round is freed any more
        client.fill(fill)
        client.send(encode("SET", "probe", "x"))
        time.sleep(0.3)
        results.append(longest_wait(server.port, lambda: run(client)))
        client.socket.close()
        if results[-1] is None:
            return None
    return tuple(min(each[i] for each in results) for i in range(2))


def scenarios_of(size, kept={}):
    if size not in kept:
        kept[size] = scenarios(size)
        kept[size] = [(n, list(f), r) for n, f, r in kept[size]]
    return kept[size]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=str(compare.ROOT / "build/release/bin/mini-redis-server"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    size, rounds = (0.1, 1) if options.quick else (1, options.rounds)
    ours = options.ours + " --port {port} --loglevel warning --threads "
    servers = [compare.Server("redis-server", 'redis-server --port {port} --save "" --appendonly no'),
               compare.Server("mini-redis, 1 worker", ours + "1"), compare.Server("mini-redis, 2 workers", ours + "2")]
    report = []

    def say(line):
        print(line, flush=True)
        report.append(line)

    say("| one connection runs | " + " | ".join(s.name for s in servers) + " |")
    say("|---|" + "---:|" * len(servers))
    for name, _, _ in scenarios_of(size):
        if options.only and not name.lower().startswith(tuple(o.lower() for o in options.only)):
            continue
        cells = []
        for server in servers:
            with server:
                result = measure(server, name, size, rounds)
            cells.append("-" if result is None else "{:,.1f} ({:,.0f})".format(*result))
        say(f"| {name} | " + " | ".join(cells) + " |")
    if options.write:
        compare.write_section("What other clients feel", [
            "Written by `bench/stall.py --write`: the longest time in ms that another connection waits for the reply",
            "to a GET of another key while one connection runs a long command, and in brackets how long that command",
            f"took for its client; the least of all rounds ({rounds}). The machine is shared, so a few ms are its own: the first line.",
            "", *report, "",
            "What frees memory does not make anybody wait: a thread of its own does it, for DEL and FLUSHALL too. A set,",
            "a hash or a sorted set grows in small tables, which split one after the other: no addition moves all members.",
            "A worker runs one command at a time, as Redis does: with one worker every client waits for a command that",
            "goes over a million elements. With several, the clients of the other workers go on, unless they need a key",
            "whose shard is locked."])


if __name__ == "__main__":
    main()
