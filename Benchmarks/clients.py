"""What a call costs its client: ours beside others, all calling bench-server, which has the other core."""

import json
import os
import re
import subprocess
import time

from load import Result
from peers import HERE
from programs import LOAD_CORE, Failure, pinned, tool
from report import medians, results_table
from rpc import ROUND_SECONDS, ROUNDS, RPC

OURS = "this: rpc-load, RPCClient"
CPP, PYTHON, H2LOAD = "gRPC C++, async, 1 thread", "Python grpcio, aio", "h2load"
JSON = '{"a": 3, "b": 4}'
METHOD = "benchmark.BenchmarkService/GetSum"


def timed(command):
    """A client that runs to its end: what it printed, its seconds, and the CPU seconds that it took."""
    begin = time.monotonic()
    process = subprocess.Popen(pinned(LOAD_CORE, command), stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{command[0]} ended with code {process.returncode}: {printed}")
    return printed, time.monotonic() - begin, usage.ru_utime + usage.ru_stime


class Clients(RPC):
    def __init__(self, peers):
        super().__init__(peers)
        self.server, self.base = peers.bench_server()
        self.target = self.sum_target(self.base)
        self.address = self.base.removeprefix("http://")

    def ours(self, calls, concurrency):
        command = [os.environ["RPC_LOAD"], "--insecure", "--call", METHOD, "-d", JSON, "-n", str(calls), "-c", str(concurrency),
                   "-O", "json", self.address]
        printed, _, cpu = timed(command)
        report = json.loads(printed)
        if report["statusCodeDistribution"] != {"OK": calls}:
            raise Failure(f"rpc-load's calls failed: {report['errorDistribution']}")
        latencies = {entry["percentage"]: entry["latency"] * 1e-9 for entry in report["latencyDistribution"]}
        return Result(report["rps"], report["average"] * 1e-9, cpu / calls, latencies[50], latencies[99], latencies[99.9])

    def other(self, command, calls, concurrency):
        """A client of ours on another library. It prints calls a second and mean seconds, and ends with 0 if all are right."""
        printed, _, cpu = timed([*command, self.address, str(calls), str(concurrency)])
        per_second, mean = (float(word) for word in printed.split())
        return Result(per_second, mean, cpu / calls)

    def h2load(self, calls, concurrency):
        command = [tool("h2load"), "-n", str(calls), "-c", "1", "-m", str(concurrency), *self.target.arguments()]
        printed, _, cpu = timed(command)
        if f"{calls} succeeded" not in printed:
            raise Failure(f"h2load's requests failed:\n{printed}")
        return Result(float(re.search(r"([\d.]+) req/s", printed)[1]), 0.0, cpu / calls)

    def cases(self):
        cpp = [os.path.join(os.environ["BENCH_PEERS"], "grpc-cpp-client")]
        python = [os.environ["BENCH_PYTHON"], "-B", f"{HERE}/Peers/python/client.py", self.peers.python_messages()]
        return {
            OURS: self.ours,
            CPP: lambda *load: self.other(cpp, *load),
            PYTHON: lambda *load: self.other(python, *load),
            H2LOAD: self.h2load,
        }

    def table(self, title, concurrency):
        def calibrated(run):
            calls = max(20 * concurrency, int(run(2000, concurrency).per_second * ROUND_SECONDS))
            return lambda: run(calls, concurrency)

        return results_table(title, medians({name: calibrated(run) for name, run in self.cases().items()}, ROUNDS))

    def client(self):
        return self.table("GetSum, 1 connection, 100 calls at once: the client's CPU", 100)

    def client_alone(self):
        return self.table("GetSum, one call at a time: the client's CPU", 1)
