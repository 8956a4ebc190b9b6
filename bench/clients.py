#!/usr/bin/env python3
"""Runs client_compare, this library's clients beside hiredis, against a redis-server of its own.

    bench/clients.py                  --write puts the table into docs/benchmarks.md
    bench/clients.py --calls 400000 --rounds 7
"""
import argparse
import os
import re
import subprocess
import sys

import compare

COLUMNS = ("client", "mode", "calls/s", "CPU ns", "allocations", "system calls")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(compare.ROOT / "build/bench/bin/client_compare"))
    parser.add_argument("--calls", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()

    # A virtual processor that goes to sleep between two calls takes longer to wake than the call.
    awake = [subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", "while True: pass"])
             for _ in range(os.cpu_count())]
    try:
        with compare.Server("redis-server", 'redis-server --port {port} --save "" --appendonly no') as server:
            printed = subprocess.run(
                [options.program, f"127.0.0.1:{server.port}", str(options.calls), str(options.rounds)],
                check=True, text=True, capture_output=True).stdout
    finally:
        for process in awake:
            process.kill()
            process.wait()
    print(printed, end="")
    rows = [re.split(r"\s{2,}", line.strip()) for line in printed.splitlines()[1:] if line.strip()]
    if options.write:
        table = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---:|---:|---:|---:|"]
        table += [f"| {client} | {mode} | {int(calls):,} | {int(cpu):,} | {allocations} | {system_calls} |"
                  for client, mode, calls, cpu, allocations, system_calls in rows]
        compare.write_section("Clients", [
            "Written by `bench/clients.py --write`: what a call costs the client, of this library and of hiredis",
            "(Debian's libhiredis), on one redis-server; the clients take turns, and a line has the medians of",
            f"{options.rounds} rounds. A call is a GET of 32 bytes unless the mode says otherwise. CPU is the client's, in the",
            "kernel as well; client and server share the machine with others, so it is the steadier figure. Processes of",
            "the lowest priority keep the processors awake. System calls and allocations are counted a call.", "", *table])


if __name__ == "__main__":
    main()
