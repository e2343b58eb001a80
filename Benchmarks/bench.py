"""Measures the servers of this repository against the C programs that do the like. scripts/bench.sh runs it.

All that is compared is measured in one run, in interleaved rounds, and told as medians and ratios: absolute figures of
a machine move from hour to hour, ratios hardly.

usage: bench.py [sum] [latency] [stream] [user]     (all of them by default)
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack

from load import Target, call, h2load, pgbench
from programs import SERVER_CORE, Failure, Program, pinned, tool

ROUNDS = 5
ROUND_SECONDS = 1.5
PGBENCH_SECONDS = 2  # a whole number, for pgbench


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def field(number, value):
    """A protobuf field: an int as a varint, bytes by their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def framed(message):
    """A gRPC message: not compressed, its length, itself."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def medians(cases):
    """Runs every case once a round, in turn, and tells the median of each figure of each."""
    results = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, run in cases.items():
            results[name].append(run())
    return {
        name: type(rounds[0])(
            *(statistics.median(getattr(round, key) for round in rounds) for key in rounds[0].__dataclass_fields__))
        for name, rounds in results.items()
    }


def table(title, results, messages=1):
    """The first case is what the ratios compare with the others."""
    print(f"\n{title}")
    first = next(iter(results.values()))
    print(f"  {'':<34}{'us CPU':>9}{'per second':>12}{'mean us':>10}   {'CPU x':>6}{'rate x':>8}")
    for name, result in results.items():
        cpu, rate = result.cpu_seconds / messages, result.per_second * messages
        ratios = "" if result is first else (
            f"{first.cpu_seconds / result.cpu_seconds:>6.2f}" if result.cpu_seconds else f"{'':>6}")
        ratios += "" if result is first else f"{first.per_second / result.per_second:>8.2f}"
        used = f"{cpu * 1e6:>9.2f}" if cpu else f"{'':>9}"
        print(f"  {name:<34}{used}{rate:>12,.0f}{result.mean_seconds * 1e6:>10.0f}   {ratios}")
    sys.stdout.flush()


class Bench:
    def __init__(self, directory, stack):
        self.directory = directory
        self.stack = stack
        self.started = {}

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def start(self, *arguments, **options):
        return self.stack.enter_context(Program(*arguments, **options))

    def bench_server(self):
        if "bench" not in self.started:
            command = [os.environ["BENCH_SERVER"], "--listen", "127.0.0.1:0", "--loops", "1"]
            self.started["bench"] = self.start(pinned(SERVER_CORE, command), ready="ready:")
        server = self.started["bench"]
        return server, f"http://{server.addresses[0]}"

    def nghttpd(self, *options):
        """nghttpd serving a 10-byte file on one worker. It can't choose a port itself, nor say when it is ready."""
        self.file("ten", b"0123456789")
        if options not in self.started:
            port = free_port()
            command = [tool("nghttpd"), "--no-tls", "-a", "127.0.0.1", "-d", self.directory, *options, str(port)]
            server, url = self.start(pinned(SERVER_CORE, command)), f"http://127.0.0.1:{port}/ten"
            while call(url) != b"0123456789":
                if server.process.poll() is not None:
                    raise Failure(f"nghttpd ended with code {server.process.returncode}.")
                time.sleep(0.02)
            self.started[options] = server, url
        return self.started[options]

    def calibrated(self, server, target, clients, streams, pin=True):
        """A round of about ROUND_SECONDS: how many requests that takes is found by a short one, which also warms up."""
        trial = h2load(target, max(200, clients * streams * 10), clients, streams, pin=pin)
        requests = max(clients * streams, int(trial.per_second * ROUND_SECONDS))
        return lambda: h2load(target, requests, clients, streams, server, pin)

    # MARK: What is measured

    def sum_target(self):
        server, base = self.bench_server()
        url = f"{base}/benchmark.BenchmarkService/GetSum"
        body = self.file("sum", framed(field(1, 3) + field(2, 4)))
        answer = framed(field(1, 7))
        if (found := call(url, body)) != answer:
            raise Failure(f"GetSum(3, 4) answered {found!r} and not {answer!r}.")
        return server, Target(url, len(answer), body)

    def get_sum(self, title, clients, streams):
        cases = {"GetSum of bench-server, 1 loop": self.sum_target()}
        for name, options in {"nghttpd, 10-byte file, a trailer": ("--trailer", "grpc-status: 0"),
                              "nghttpd, 10-byte file": ()}.items():
            server, url = self.nghttpd(*options)
            cases[name] = (server, Target(url, 10))
        table(title, medians({n: self.calibrated(*case, clients, streams) for n, case in cases.items()}))

    def sum(self):
        self.get_sum("GetSum, 16 connections x 100 streams, server and load on a core each", 16, 100)

    def latency(self):
        self.get_sum("GetSum, one call at a time", 1, 1)

    def stream(self):
        count = 5000
        server, base = self.bench_server()
        url = f"{base}/benchmark.BenchmarkService/StreamSum"
        body = self.file("stream", framed(field(1, 3) + field(2, 4) + field(3, count)))
        answer = framed(field(1, 7)) * count
        if call(url, body) != answer:
            raise Failure(f"StreamSum(3, 4) did not answer with {count} times 7.")
        run = self.calibrated(server, Target(url, len(answer), body), 64, 1)
        results = medians({"StreamSum of bench-server, 1 loop": run})
        table(f"StreamSum, {count} messages a call, 64 connections; figures of a message", results, messages=count)

    def user(self):
        url = os.environ["BENCH_DATABASE_URL"]
        service = self.start(
            [os.environ["USER_SERVICE"], "serve", "--migrate", "--listen", "127.0.0.1:0", "--loops", "1"],
            ready="ready:", environment={"DATABASE_URL": url, "USER_SERVICE_LOG_LEVEL": "error"})
        base = f"http://{service.addresses[0]}/users.v1.UserService"
        target, user_id = self.created_user(base)
        connections = int(psql(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'user-service%'"))
        read = self.file("read.sql", b"SELECT id, email, name, labels, create_time, update_time, delete_time, purge_time,"
                                     b" version FROM users WHERE id = :id;\n")
        found = psql(url, f"SELECT count(*) FROM users WHERE id = '{user_id}'")
        if found != "1":
            raise Failure(f"The row that pgbench is to read is there {found} times.")
        for clients, streams, rivals in [(8, 8, {connections, 16, 64}), (1, 1, {1})]:
            cases = {"GetUser of user-service, 1 loop": self.calibrated(service, target, clients, streams, pin=False)}
            for rival in sorted(rivals):
                cases[f"pgbench -M prepared, {rival} connection(s)"] = lambda rival=rival: pgbench(
                    url, read, {"id": user_id}, rival, PGBENCH_SECONDS)
            table(
                f"GetUser, {clients} connection(s) x {streams} stream(s) over {connections} connections to Postgres;"
                " all share all cores", medians(cases))

    def created_user(self, base):
        user_id, email = str(uuid.uuid4()).encode(), b"ada@example.com"
        labels = b"".join(field(4, field(1, key) + field(2, b"platform")) for key in (b"team", b"office"))
        user = field(2, email) + field(3, b"Ada Lovelace") + labels
        call(f"{base}/CreateUser", self.file("create", framed(field(1, user) + field(2, user_id))))
        body = self.file("get", framed(field(1, user_id)))
        answer = call(f"{base}/GetUser", body)
        if framed(answer[5:]) != answer or not answer[5:].startswith(field(1, user_id) + user[:len(field(2, email))]):
            raise Failure(f"GetUser answered {answer!r}.")
        return Target(f"{base}/GetUser", len(answer), body), user_id.decode()


def psql(url, query):
    run = subprocess.run([tool("psql"), "-X", "-q", "-t", "-A", "-c", query, url], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(run.stderr)
    return run.stdout.strip()


def main(wanted):
    known = ["sum", "latency", "stream", "user"]
    if set(wanted) - set(known):
        print(__doc__.splitlines()[-1], file=sys.stderr)
        return 64
    try:
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            bench = Bench(directory, stack)
            for name in wanted or known:
                getattr(bench, name)()
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    print("\nMedians of", ROUNDS, "interleaved rounds. CPU x and rate x: the first line as a multiple of this one.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
