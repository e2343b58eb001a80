"""What a call costs on servers without a database: bench-server beside its peers, the server on one core, h2load on the other."""

import os

from load import Result, Target, call, h2load, percentiles
from messages import field, framed
from peers import PYTHON, SWIFT, SWIFT_ALONE
from programs import Failure
from report import medians, results_table

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))  # 1 to see whether it works
ROUND_SECONDS = 1.0
TRAILER = ("--trailer", "grpc-status: 0")


def calibrated(server, target, clients, streams, pin=True):
    """A round of about ROUND_SECONDS: how many requests that takes is found by a short one, which also warms up."""
    trial = h2load(target, max(200, clients, min(2000, clients * streams)), clients, streams, pin=pin)
    requests = max(clients * streams, int(trial.per_second * ROUND_SECONDS))
    logged = max(clients * streams, min(requests // 2, 100_000))

    def run():
        result = h2load(target, requests, clients, streams, server, pin)
        result.p50, result.p99, result.p999 = percentiles(target, logged, clients, streams, pin)
        return result

    return run


class RPC:
    def __init__(self, peers):
        self.peers = peers

    def checked(self, base, path, body, answer):
        """A target whose first answer is the right one."""
        target = Target(f"{base}/{path}", len(answer), body)
        if (found := call(target.url, body)) != answer:
            raise Failure(f"{target.url} answered {found[:80]!r} and not {answer[:80]!r}.")
        return target

    def sum_target(self, base):
        body = self.peers.file("sum", framed(field(1, 3) + field(2, 4)))
        return self.checked(base, "benchmark.BenchmarkService/GetSum", body, framed(field(1, 7)))

    def hello_target(self, base, size):
        """SayHello answers with what it is sent, so it is an echo of `size` bytes."""
        message = framed(field(1, field(1, b"x" * size)))
        return self.checked(base, "helloworld.Greeter/SayHello", self.peers.file(f"hello-{size}", message), message)

    def measure(self, title, cases, clients, streams, messages=1):
        runs = {name: calibrated(*case, clients, streams, *rest) for name, (case, *rest) in cases.items()}
        return results_table(title, medians(runs, ROUNDS), messages)

    def unary(self, clients, streams, target):
        """The servers of gRPC, ours with TLS too."""
        servers = self.peers.grpc()
        if (clients, streams) == (1, 1) and SWIFT in servers:  # as its documentation advises
            del servers[SWIFT]
            servers[SWIFT_ALONE] = self.peers.peer(SWIFT_ALONE)
        servers["this, 1 loop, TLS 1.3"] = self.peers.bench_server(tls=True)
        return {name: [(server, target(base))] for name, (server, base) in servers.items()}

    def get_sum(self, title, clients, streams):
        cases = self.unary(clients, streams, self.sum_target)
        for name, options in {"nghttpd, 10-byte file, a trailer": TRAILER, "nghttpd, 10-byte file": ()}.items():
            server, base = self.peers.nghttpd(*options)
            cases[name] = [(server, Target(f"{base}/ten", 10))]
        return self.measure(title, cases, clients, streams)

    def say_hello(self, title, clients, streams):
        cases = self.unary(clients, streams, lambda base: self.hello_target(base, 12))
        return self.measure(title, cases, clients, streams)

    # MARK: Sections

    def sum(self):
        return self.get_sum("GetSum, 16 connections x 100 streams", 16, 100)

    def latency(self):
        return self.get_sum("GetSum, one call at a time", 1, 1)

    def many(self):
        return self.get_sum("GetSum, 256 connections x 100 streams", 256, 100)

    def loops(self):
        """Nobody is pinned: two loops need both cores, and share them with the load."""
        cases = {}
        for tls in (False, True):
            for loops in (1, 2):
                server, base = self.peers.bench_server(tls=tls, loops=loops, pin=False)
                cases[f"this, {loops} loop(s), not pinned{', TLS 1.3' if tls else ''}"] = [(server, self.sum_target(base)), False]
        return self.measure("GetSum, 16 connections x 100 streams, load and server free to use both cores", cases, 16, 100)

    def hello(self):
        return self.say_hello("SayHello of 12 bytes, 16 connections x 100 streams", 16, 100)

    def hello_alone(self):
        return self.say_hello("SayHello of 12 bytes, one call at a time", 1, 1)

    def hello_many(self):
        return self.say_hello("SayHello of 12 bytes, 256 connections x 100 streams", 256, 100)

    def stream(self):
        count = 5000
        body = self.peers.file("stream", framed(field(1, 3) + field(2, 4) + field(3, count)))
        path, answer = "benchmark.BenchmarkService/StreamSum", framed(field(1, 7)) * count
        cases = {
            name: [(server, self.checked(base, path, body, answer))]
            for name, (server, base) in self.peers.grpc().items() if name != PYTHON  # a round of it would take half a minute
        }
        return self.measure(f"StreamSum, {count} messages a call, 64 connections; CPU and rate of a message", cases, 64, 1, count)

    def echo(self):
        """Bytes there and back; nghttpd also the file of the goal, which it only sends."""
        size = 1 << 20
        cases = {name: [(server, self.hello_target(base, size))] for name, (server, base) in self.peers.grpc().items()}
        server, base = self.peers.nghttpd()
        body = self.peers.file("mebibyte", b"x" * size)
        cases["nghttpd, 1 MiB file, one way"] = [(server, Target(f"{base}/mebibyte", size))]
        server, base = self.peers.nghttpd("--echo-upload")
        cases["nghttpd --echo-upload"] = [(server, Target(f"{base}/echo", size, body))]
        return self.measure("Echo of 1 MiB, 4 connections x 4 streams", cases, 4, 4)

    def connections(self):
        """A connection, its one call, and its end: 500 at a time."""
        count = 500
        servers = {**self.peers.grpc(), "this, 1 loop, TLS 1.3": self.peers.bench_server(tls=True)}
        runs = {}
        for name, (server, base) in servers.items():
            target = self.sum_target(base)
            h2load(target, count, count, 1)
            runs[name] = lambda server=server, target=target: h2load(target, count, count, 1, server)
        results = medians(runs, ROUNDS)
        shown = {name: Result(one.per_second, 0, one.cpu_seconds) for name, one in results.items()}
        return results_table(f"Connections of one GetSum each, {count} at once; CPU and rate of a connection", shown)
