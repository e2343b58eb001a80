"""Load on servers by h2load and pgbench, and calls by nghttp to see first that an answer is the right one."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass

from programs import LOAD_CORE, Failure, pinned, tool

GRPC_HEADERS = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
SCALES = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass
class Result:
    """What a round of load came to. 0 is what could not be told."""

    per_second: float
    mean_seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the server, for each request
    p50: float = 0.0
    p99: float = 0.0
    p999: float = 0.0


@dataclass
class Target:
    """What is asked of a server again and again, and how many bytes of data a right answer has."""

    url: str
    answer_size: int
    body_file: str | None = None

    def arguments(self):
        return [*(["-d", self.body_file, *GRPC_HEADERS] if self.body_file else []), self.url]


def call(url, body_file=None):
    """One request: the data of the answer, which is empty if a gRPC call failed."""
    post = ["-H", ":method: POST", "-d", body_file, *GRPC_HEADERS] if body_file else []
    return subprocess.run([tool("nghttp"), *post, url], capture_output=True, timeout=20, check=False).stdout


def h2load(target, requests, clients, streams, server=None, pin=True, log=None):
    """A round of load. Every answer counts: a failed one, or data of another size than the right answer's, is an error."""
    command = [tool("h2load"), "-n", str(requests), "-c", str(clients), "-m", str(min(streams, requests))]
    command += ["--log-file", log] if log else []
    command += target.arguments()
    before = server.cpu_seconds() if server else 0
    run = subprocess.run(
        pinned(LOAD_CORE, command) if pin else command, capture_output=True, text=True, timeout=120, check=False)
    after = server.cpu_seconds() if server else 0
    succeeded = _number(r"(\d+) succeeded", run.stdout)
    data = _number(r"\((\d+)\) data", run.stdout)
    if succeeded != requests or data != requests * target.answer_size:
        raise Failure(f"{target.url} gave wrong answers under load:\n{run.stdout}{run.stderr}")
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", run.stdout)
    return Result(
        per_second=_number(r"([\d.]+) req/s", run.stdout),
        mean_seconds=float(mean[1]) * SCALES[mean[2]] if mean else 0.0,
        cpu_seconds=(after - before) / requests,
    )


def percentiles(target, requests, clients, streams, pin=True):
    """p50, p99 and p99.9 in seconds. In a round of its own, since h2load pays for each line that it logs."""
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "log")
        h2load(target, requests, clients, streams, pin=pin, log=log)
        with open(log, encoding="ascii") as lines:
            times = sorted(int(line.split()[2]) for line in lines)
    return [times[min(len(times) - 1, int(len(times) * share))] * 1e-6 for share in (0.5, 0.99, 0.999)]


def pgbench(url, script, variables, clients, seconds):
    command = [tool("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds), "-f", script]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    run = subprocess.run([*command, url], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0 or re.search(r"number of failed transactions: [1-9]", run.stdout):
        raise Failure(f"pgbench failed:\n{run.stdout}{run.stderr}")
    return Result(
        per_second=_number(r"tps = ([\d.]+)", run.stdout),
        mean_seconds=_number(r"latency average = ([\d.]+) ms", run.stdout) / 1000,
    )


def printed(command):
    """A round by a load program of ours, which prints operations a second, mean seconds, and CPU seconds an operation."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        raise Failure(f"{command[0]} failed: {run.stderr}")
    return Result(*(float(word) for word in run.stdout.split()))


def _number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else -1.0
