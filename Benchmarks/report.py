"""Tables, for the terminal and for docs/benchmarks.md. Sentences there are written by hand, figures only from here: each
section's stand between two comments and are replaced when the section is measured again."""

import os
import platform
import re
import statistics
import subprocess
import time

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "docs", "benchmarks.md")


def medians(cases, rounds):
    """Runs every case once a round, in turn, and tells the median of each figure of each."""
    results = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            results[name].append(run())
    return {
        name: type(found[0])(
            *(statistics.median(getattr(one, key) for one in found) for key in found[0].__dataclass_fields__))
        for name, found in results.items()
    }


def figure(value, scale=1, digits=0):
    return f"{value * scale:,.{digits}f}" if value else ""


def results_table(title, results, messages=1):
    """A table of `load.Result`s. The ratios are multiples of the first row, which is ours."""
    ours = next(iter(results.values()))
    rows = []
    for name, one in results.items():
        cpu = one.cpu_seconds / messages
        rows.append([
            name, figure(cpu, 1e6, 3 if cpu < 1e-6 else 2), figure(one.per_second * messages),
            *(figure(seconds, 1e6) for seconds in (one.mean_seconds, one.p50, one.p99, one.p999)),
            figure(one.cpu_seconds / ours.cpu_seconds if ours.cpu_seconds else 0, digits=2),
            figure(one.per_second / ours.per_second, digits=2),
        ])
    return Table(title, ["", "us CPU", "per second", "mean us", "p50", "p99", "p99.9", "CPU, times ours", "rate, times ours"], rows)


class Table:
    def __init__(self, title, head, rows):
        self.title, self.head, self.rows = title, head, rows

    def print(self):
        widths = [max(len(str(line[i])) for line in [self.head, *self.rows]) for i in range(len(self.head))]
        print(f"\n{self.title}")
        for line in [self.head, *self.rows]:
            print("  " + "  ".join(
                str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths))), flush=True)

    def markdown(self):
        lines = [self.head, ["---"] + ["---:"] * (len(self.head) - 1), *self.rows]
        return f"{self.title}\n\n" + "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write(section, text):
    """Replaces a section's figures in the document, and says when they were taken, and how busy the machine then was."""
    with open(DOCUMENT, encoding="utf-8") as file:
        document = file.read()
    load = os.getloadavg()[0]
    stamp = f"_{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, at {revision()}; load average {load:.1f} when it ended._"
    body = f"<!-- {section} -->\n\n{text}\n\n{stamp}\n\n<!-- /{section} -->"
    changed, found = re.subn(rf"<!-- {section} -->.*?<!-- /{section} -->", lambda _: body, document, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{DOCUMENT} has {found} places for the figures of {section}")
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(changed)


def revision():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "no revision"


def peer_version(package):
    """What the nested package asks for."""
    with open(os.path.join(os.path.dirname(__file__), "Peers", "swift", "Package.swift"), encoding="utf-8") as file:
        return re.search(rf'/{package}", exact: "([^"]+)"', file.read())[1]


def machine():
    """The machine and the versions of all that is measured, as a list."""
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30

    def version(*command):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        return (run.stdout + run.stderr).strip().splitlines()[0] if run.stdout + run.stderr else "unknown"

    def package(name):
        return version("dpkg-query", "-W", "-f", "${Version}", name)

    return "\n".join([
        f"- {os.cpu_count()} x {model[1] if model else platform.machine()}, {memory:.0f} GiB,"
        f" Linux {platform.release()}, {version('sh', '-c', '. /etc/os-release; echo $PRETTY_NAME')}",
        f"- {version('swift', '--version')}; g++ {version('g++', '-dumpfullversion')}",
        f"- nghttpd and h2load {package('nghttp2-client')}, libnghttp2 {package('libnghttp2-14')}",
        f"- gRPC C++ {package('libgrpc++-dev')}, grpcio"
        f" {version(os.environ.get('BENCH_PYTHON', 'python3'), '-c', 'import grpc; print(grpc.__version__)')}, grpc-swift-2"
        f" {peer_version('grpc-swift-2')} on NIO transport {peer_version('grpc-swift-nio-transport')}",
        f"- {version('sh', '-c', '$(ls /usr/lib/postgresql/*/bin/postgres | tail -1) --version')},"
        f" libpq {package('libpq5')}",
    ])
