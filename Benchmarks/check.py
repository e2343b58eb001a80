"""Holds instructions and allocations a call to Benchmarks/thresholds.txt. They repeat where times do not, on a busy machine too.

Each case runs under callgrind with N and with 2N calls; the difference is what N calls cost, without start and end.

usage: check.py [--update]     (--update writes what is found to the file)
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

from load import Target, h2load
from messages import field, framed
from programs import Failure, Program, tool

THRESHOLDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "thresholds.txt")
TOLERANCE = 1.03
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
OPERATIONS = {"encode": 0, "decode": 2, "to JSON": 4, "from JSON": 6}  # of CodecBenchmark, ours
COUNTS = {"sum": 20_000, "user": 2_000, "list": 50, "numbers": 200, "deep": 200}


def counted(command, directory, use=None):
    """Instructions and allocations of a program, start and end included. `use` is given the program while it runs."""
    out = os.path.join(directory, "callgrind.out")
    watched = [tool("valgrind"), "-q", "--tool=callgrind", f"--callgrind-out-file={out}", *command]
    environment = {"SWIFT_DETERMINISTIC_HASHING": "1"}
    if use:
        with Program(watched, ready="ready:", environment=environment) as program:
            use(program)
    else:
        run = subprocess.run(watched, capture_output=True, text=True, check=False, env={**os.environ, **environment})
        if run.returncode != 0:
            raise Failure(f"{command[0]} failed: {run.stderr}")
    return read(out)


def read(path):
    """The total of callgrind's file, and how often an allocator was called. A name is told once, then by its number."""
    names, callee, instructions, calls = {}, "", 0, Counter()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if match := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
                if match[2]:
                    names[match[1]] = match[2]
                callee = names[match[1]]
            elif line.startswith("calls="):
                calls[callee] += int(line[6:].split()[0])
            elif line.startswith(("totals:", "summary:")):
                instructions = int(line.split()[1])
    return instructions, sum(count for name, count in calls.items() if name.split("'")[0] in ALLOCATORS)


def differences(run, count):
    """What one of `count` costs."""
    once, twice = run(count), run(2 * count)
    return [(after - before) / count for before, after in zip(once, twice)]


def cases(directory):
    body = os.path.join(directory, "sum")
    with open(body, "wb") as file:
        file.write(framed(field(1, 3) + field(2, 4)))

    def get_sum(streams):
        def load(requests):
            def use(server):
                url = f"http://{server.addresses[0]}/benchmark.BenchmarkService/GetSum"
                h2load(Target(url, len(framed(field(1, 7))), body), requests, 1, streams)

            return counted([os.environ["BENCH_SERVER"], "--listen", "127.0.0.1:0", "--loops", "1"], directory, use)

        return lambda: differences(load, 5_000)

    def codec(message, operation):
        return lambda: differences(
            lambda count: counted([os.environ["BENCH_CODEC"], message, str(operation), str(count)], directory), COUNTS[message])

    yield "GetSum, one at a time", get_sum(1)
    yield "GetSum, 100 at a time", get_sum(100)
    for message in COUNTS:
        for operation, number in OPERATIONS.items():
            if message != "sum" or number < 4:  # which has no JSON
                yield f"{message}, {operation}", codec(message, number)


def thresholds():
    with open(THRESHOLDS, encoding="utf-8") as file:
        rows = [[cell.strip() for cell in line.split("|")] for line in file if line.strip() and not line.startswith("#")]
    return {name: (float(instructions), float(allocations)) for name, instructions, allocations in rows}


def main(arguments):
    update = arguments == ["--update"]
    if arguments and not update:
        print(__doc__.splitlines()[-1], file=sys.stderr)
        return 64
    limits, lines, exceeded = thresholds() if os.path.exists(THRESHOLDS) else {}, [], []
    try:
        with tempfile.TemporaryDirectory() as directory:
            for name, run in cases(directory):
                instructions, allocations = run()
                lines.append(f"{name:<24}|{instructions:>12.0f} |{allocations:>9.1f}")
                limit = limits.get(name, (0, 0))
                bad = instructions > limit[0] * TOLERANCE or allocations > limit[1] * TOLERANCE + 0.05
                exceeded += [name] if bad else []
                print(lines[-1], f"  of {limit[0]:,.0f} and {limit[1]:.1f}", "  TOO MUCH" if bad and not update else "", flush=True)
    except Failure as failure:
        print(f"bench-check: {failure}", file=sys.stderr)
        return 1
    if update:
        with open(THRESHOLDS, "w", encoding="utf-8") as file:
            file.write(
                "# What one call may cost, and 3 % more: `make bench-check`. Lower it when code got faster: `make bench-check"
                " UPDATE=--update`.\n# case                  | instructions | allocations\n" + "\n".join(lines) + "\n")
        return 0
    if exceeded:
        print(f"bench-check: more than Benchmarks/thresholds.txt allows: {'; '.join(exceeded)}", file=sys.stderr)
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
