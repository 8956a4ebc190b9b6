#!/usr/bin/env python3
"""Compares RESP servers under the same redis-benchmark loads, taking turns in every round.

    bench/compare.py                                        ours (one worker) and redis-server
    bench/compare.py --quick                                fewer rounds and requests
    bench/compare.py --server valkey='valkey-server --port {port} --save ""'
    bench/compare.py --address other=127.0.0.1:7000         one that runs already, on this machine

For each load it reports requests per second, the server's CPU time per request (the figure to
trust where load generator and server share few cores), and the latencies that redis-benchmark
saw; then bytes per key, and bytes per idle connection. Medians over the rounds; the ratio to
redis-server is the median of the rounds' ratios, since what disturbs a machine lasts longer than
a turn. Writes docs/benchmarks.md and the plots beside it with --write.
"""
import argparse
import csv
import io
import os
import pathlib
import platform
import re
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = 100_000
VALUE_BYTES = 32


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_ns(pid):
    """User and system time of a process in ns, by its threads where Linux tells, else by ps."""
    tasks = pathlib.Path(f"/proc/{pid}/task")
    if tasks.exists():
        return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks.iterdir())
    text = subprocess.check_output(["ps", "-o", "cputime=", "-p", str(pid)], text=True).strip()
    seconds = 0.0
    for part in text.replace("-", ":").split(":"):
        seconds = seconds * 60 + float(part)
    return int(seconds * 1e9)


def rss_bytes(pid):
    return 1024 * int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(pid)], text=True))


class Connection:
    """Just enough RESP to load keys and read INFO."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=60)
        self.file = self.socket.makefile("rb")

    def send(self, *commands):
        out = bytearray()
        for words in commands:
            out += b"*%d\r\n" % len(words)
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return rest

    def close(self):
        self.file.close()
        self.socket.close()


class Server:
    def __init__(self, name, command=None, address=None):
        self.name, self.command, self.address = name, command, address
        self.process = None

    def start(self):
        if self.address:
            self.host, port = self.address.rsplit(":", 1)
            self.port = int(port)
            info = Connection(self.port, self.host).send(["INFO", "server"])[0].decode()
            self.pid = int(next(l.split(":")[1] for l in info.splitlines() if l.startswith("process_id:")))
            return self
        self.host, self.port = "127.0.0.1", free_port()
        self.directory = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(shlex.split(self.command.format(port=self.port)), cwd=self.directory.name,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        for _ in range(200):
            try:
                Connection(self.port).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        sys.exit(f"{self.name} did not start: {self.command}")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.directory.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def run_load(server, test, pipeline, clients, requests):
    before = cpu_ns(server.pid)
    text = subprocess.check_output(
        ["redis-benchmark", "-h", server.host, "-p", str(server.port), "-t", test, "-n", str(requests),
         "-r", str(KEYS), "-d", str(VALUE_BYTES), "-P", str(pipeline), "-c", str(clients), "--csv"],
        text=True, stderr=subprocess.DEVNULL)
    used = cpu_ns(server.pid) - before
    row = next(r for r in csv.DictReader(io.StringIO(text)) if r["test"].lower() == test)
    return {"rps": float(row["rps"]), "cpu": used / requests, "p50": float(row["p50_latency_ms"]),
            "p99": float(row["p99_latency_ms"])}


def compare_loads(servers, loads, rounds, scale):
    running = [server.start() for server in servers]
    results = {}
    try:
        for server in running:  # the keys exist before the first GET
            run_load(server, "set", 16, 50, 4 * KEYS)
        for turn in range(rounds):
            for load in loads:
                test, pipeline, clients = load
                requests = int(scale * {1: 200_000, 16: 1_000_000, 100: 2_000_000}.get(pipeline, 500_000))
                order = running if turn % 2 == 0 else running[::-1]
                for server in order:
                    results.setdefault((server.name, load), []).append(
                        run_load(server, test, pipeline, clients, requests))
    finally:
        for server in running:
            server.stop()
    base = servers[1].name
    return {(name, load): {figure: statistics.median(r[figure] for r in rows) for figure in rows[0]} |
            {"ratio": statistics.median(r["cpu"] / b["cpu"] for r, b in zip(rows, results[(base, load)]))}
            for (name, load), rows in results.items()}


def bytes_per_key(server, keys, ttl):
    with server:
        connection = Connection(server.port)
        before = rss_bytes(server.pid)
        value = b"v" * 32
        for start in range(0, keys, 1000):
            if ttl:
                connection.send(*([b"SET", b"key:%012d" % i, value, b"EX", b"100000"] for i in range(start, start + 1000)))
            else:
                connection.send(*([b"SET", b"key:%012d" % i, value] for i in range(start, start + 1000)))
        grown = rss_bytes(server.pid) - before
        connection.close()
        return grown / keys


def bytes_per_connection(server, connections):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, connections + 100)), hard))
    with server:
        Connection(server.port).send(["PING"])
        before = rss_bytes(server.pid)
        held = []
        for _ in range(connections):
            connection = Connection(server.port)
            connection.send(["PING"])
            held.append(connection)
        time.sleep(0.5)
        grown = rss_bytes(server.pid) - before
        for connection in held:
            connection.close()
        return grown / connections


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=str(ROOT / "build/release/bin/mini-redis-server"))
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND", help="{port} is filled in")
    parser.add_argument("--address", action="append", default=[], metavar="NAME=HOST:PORT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=["loads", "memory", "connections"])
    parser.add_argument("--pipelines", default="1,16,100")
    parser.add_argument("--clients", default="50,1000")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plots")
    options = parser.parse_args()

    servers = [Server("mini-redis", options.ours + " --port {port} --threads 1 --loglevel warning"),
               Server("redis-server", 'redis-server --port {port} --save "" --appendonly no')]
    servers += [Server(n, command=c) for n, c in (s.split("=", 1) for s in options.server)]
    servers += [Server(n, address=a) for n, a in (s.split("=", 1) for s in options.address)]
    rounds, scale = (3, 0.5) if options.quick else (options.rounds, 1)
    loads = [(test, int(p), int(c)) for c in options.clients.split(",") for p in options.pipelines.split(",")
             for test in ("set", "get")]
    report = []
    results = {}

    def say(line=""):
        print(line, flush=True)
        report.append(line)

    if options.only in (None, "loads"):
        results = compare_loads(servers, loads, rounds, scale)
        say("| load | server | requests/s | CPU ns/request | ratio | p50 ms | p99 ms |")
        say("|---|---|---:|---:|---:|---:|---:|")
        for load in loads:
            test, pipeline, clients = load
            for server in servers:
                r = results[(server.name, load)]
                say(f"| {test.upper()} P={pipeline} c={clients} | {server.name} | {r['rps']:,.0f} | {r['cpu']:,.0f} "
                    f"| {r['ratio']:.2f} | {r['p50']:.3f} | {r['p99']:.3f} |")
        say()
    local = [s for s in servers if s.command]
    memory = {}
    if options.only in (None, "memory"):
        say("| server | bytes/key, 1.0 M | 1.2 M | 1.0 M with TTL |")
        say("|---|---:|---:|---:|")
        for server in local:
            memory[server.name] = [bytes_per_key(server, 1_000_000, False), bytes_per_key(server, 1_200_000, False),
                                   bytes_per_key(server, 1_000_000, True)]
            say("| {} | {:.1f} | {:.1f} | {:.1f} |".format(server.name, *memory[server.name]))
        say()
    if options.only in (None, "connections"):
        say("| server | bytes/idle connection |")
        say("|---|---:|")
        for server in local:
            say(f"| {server.name} | {bytes_per_connection(server, 5000):,.0f} |")
    if options.write:
        write_report(report, results, servers, loads)


def write_report(report, results, servers, loads):
    processor = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")),
                     platform.processor()) if os.path.exists("/proc/cpuinfo") else platform.processor()
    text = ["# Benchmarks", "",
            "Written by `bench/compare.py --write`; do not edit by hand. The servers took turns under the same",
            "`redis-benchmark` loads (100,000 random keys, values of 32 bytes), one worker thread against the one",
            "thread of the others; medians of all rounds. `ratio` is CPU per request against redis-server, round by round.", "",
            f"Machine: {os.cpu_count()} cores, {processor}. Load generator and server share them, so CPU per",
            "request is the steadier figure.", ""]
    for p in sorted({load[1] for load in loads}) if results else []:
        text.append(f"![CPU per request, pipeline of {p}](benchmarks-p{p}.svg)")
        bars = [(f"{load[0].upper()} c={load[2]} {s.name}", results[(s.name, load)]["cpu"], i)
                for load in loads if load[1] == p for i, s in enumerate(servers)]
        (ROOT / f"docs/benchmarks-p{p}.svg").write_text(bar_chart(f"Server CPU ns per request, pipeline of {p}", bars))
    page = ROOT / "docs/benchmarks.md"
    _, heading, sections = page.read_text().partition("\n## ")  # the other scripts' sections stay
    page.write_text("\n".join(text + [""] + report) + "\n" + heading + sections)


def write_section(title, lines):
    """Puts a section into docs/benchmarks.md, in the place of the one of that title."""
    page = ROOT / "docs/benchmarks.md"
    sections = re.split(r"(?m)^(?=## )", page.read_text())
    new = f"## {title}\n\n" + "\n".join(lines).rstrip() + "\n"
    places = [i for i, s in enumerate(sections) if s.startswith(f"## {title}\n")]
    if places:
        sections[places[0]] = new
    else:
        sections.append(new)
    page.write_text("\n".join(s.rstrip() + "\n" for s in sections))


def bar_chart(title, bars):
    colours = ["#2a6fbb", "#b5462f", "#5a8f3c", "#8a6bb0", "#b08a2e"]
    widest = max(value for _, value, _ in bars)
    height = 40 + 24 * len(bars)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" font-family="sans-serif" font-size="12">',
           f'<rect width="720" height="{height}" fill="white"/><text x="10" y="22" font-size="15">{title}</text>']
    for i, (label, value, colour) in enumerate(bars):
        y = 36 + 24 * i
        width = 420 * value / widest
        out.append(f'<text x="10" y="{y + 14}">{label}</text>'
                   f'<rect x="200" y="{y}" width="{width:.1f}" height="18" fill="{colours[colour % len(colours)]}"/>'
                   f'<text x="{206 + width:.1f}" y="{y + 14}">{value:,.0f}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


if __name__ == "__main__":
    main()
