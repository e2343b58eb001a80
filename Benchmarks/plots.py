"""How cost grows: with connections, streams, the size of messages, and users. scripts/bench-plots.sh runs it.

Each section is a plot in docs/plots and the same figures as a table in docs/benchmarks.md.

usage: plots.py [connections|streams|sizes|users]...     (all of them by default)
"""

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack

import report
from database import Database, fill, psql
from figure import plot, short
from load import Target, call, h2load, printed
from messages import field, framed
from peers import Peers
from programs import Failure
from rpc import RPC, TRAILER

PLOTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "plots")
ROUNDS, SECONDS = 3, 0.6
COUNTS = [1, 3, 10, 30, 100, 300, 1000]
SIZES = [10, 100, 1_000, 4_096, 16_384, 65_536, 262_144, 1_048_576]
USERS = [10_000, 30_000, 100_000, 300_000, 1_000_000]


def cost(server, target, clients, streams, pin=True):
    """Microseconds of the server's CPU a request, the median of short rounds."""
    in_flight = clients * streams
    trial = h2load(target, max(2 * in_flight, 500 if target.answer_size < 100_000 else 32), clients, streams, pin=pin)
    requests = max(2 * in_flight, int(trial.per_second * SECONDS))
    rounds = [h2load(target, requests, clients, streams, server, pin) for _ in range(ROUNDS)]
    return statistics.median(one.cpu_seconds for one in rounds) * 1e6


def grown(values, lines):
    """The points of every line, value by value, so that an hour that changes changes all lines alike."""
    series = {name: [] for name in lines}
    for value in values:
        for name, run in lines.items():
            series[name].append((value, run(value)))
            print(f"  {name}, {value:,}: {series[name][-1][1]:.2f} us", flush=True)
    return series


class Growth:
    def __init__(self, peers):
        self.peers = peers
        self.rpc = RPC(peers)

    def servers(self):
        server, base = self.peers.bench_server()
        nghttpd, plain = self.peers.nghttpd(*TRAILER)
        return (server, self.rpc.sum_target(base)), (nghttpd, Target(f"{plain}/ten", 10))

    def connections(self):
        ours, floor = self.servers()
        return ("GetSum and its cost by connections", "connections", grown(COUNTS, {
            "this, 1 stream each": lambda count: cost(*ours, count, 1),
            "this, 10 streams each": lambda count: cost(*ours, count, 10),
            "nghttpd with a trailer, 1 stream each": lambda count: cost(*floor, count, 1),
            "nghttpd with a trailer, 10 streams each": lambda count: cost(*floor, count, 10)}))

    def streams(self):
        ours, floor = self.servers()
        return ("GetSum and its cost by streams", "streams of a connection (256 at most; h2load queues the rest)",
                grown(COUNTS, {
                    "this, 1 connection": lambda count: cost(*ours, 1, count),
                    "this, 16 connections": lambda count: cost(*ours, 16, count),
                    "nghttpd with a trailer, 1 connection": lambda count: cost(*floor, 1, count),
                    "nghttpd with a trailer, 16 connections": lambda count: cost(*floor, 16, count)}))

    def sizes(self):
        server, base = self.peers.bench_server()
        tls, tls_base = self.peers.bench_server(tls=True)
        nghttpd, plain = self.peers.nghttpd("--echo-upload")

        def uploaded(size):
            return Target(f"{plain}/echo", size, self.peers.file(f"upload-{size}", b"x" * size))

        return ("SayHello, an echo, and its cost by size: 4 connections x 4 streams", "bytes of the message", grown(SIZES, {
            "this": lambda size: cost(server, self.rpc.hello_target(base, size), 4, 4),
            "this, TLS 1.3": lambda size: cost(tls, self.rpc.hello_target(tls_base, size), 4, 4),
            "nghttpd --echo-upload": lambda size: cost(nghttpd, uploaded(size), 4, 4)}))

    def users(self):
        """One call at a time and the time it takes, so that it is the database's work too. Who is read changes every time."""
        database, held = Database(self.peers), Database.USERS
        lookup, page = os.path.join(os.environ["BENCH_PEERS"], "rpc-load"), field(1, 100)
        authority = database.service.addresses[0]

        def grow(count):
            nonlocal held
            if count > held:
                fill(database.url, held + 1, count)
                held = count
                psql(database.url, "CHECKPOINT")

        def seconds(method, request, users):
            body = self.peers.file(method, framed(request))
            rounds = [
                printed([lookup, authority, body, body, "0", "1", "1", "1", str(users)]).mean_seconds for _ in range(ROUNDS)]
            return statistics.median(rounds) * 1e6

        def get(count):
            grow(count)
            return seconds("GetUser", field(1, database.id.encode()), count)

        return ("A call to user-service, one at a time, by users stored", "users", grown(USERS, {
            "GetUser of any of them": get,
            "ListUsers, the first 100": lambda count: seconds("ListUsers", page, 0),
            "ListUsers, 100 from the middle": lambda count: seconds(
                "ListUsers", page + field(2, self.middle(database, count)), 0)}))

    def middle(self, database, count):
        """The token of the page half way, by reading up to there."""
        token = b""
        for _ in range(count // 2 // 1000):
            body = self.peers.file("ListUsers", framed(field(1, 1000) + (field(2, token) if token else b"")))
            token = page_token(call(f"{database.base}/ListUsers", body)[5:])
        return token


def page_token(page):
    """Field 2 of a ListUsersResponse: what follows all its users."""
    def number(at):
        value, shift = 0, 0
        while True:
            value, shift, at = value | (page[at] & 127) << shift, shift + 7, at + 1
            if page[at - 1] < 128:
                return value, at

    at = 0
    while at < len(page):
        tag, at = number(at)
        size, at = number(at)
        if tag == 2 << 3 | 2:
            return page[at:at + size]
        at += size
    raise Failure("ListUsers ended before the middle.")


def main(wanted):
    sections = ["connections", "streams", "sizes", "users"]
    if set(wanted) - set(sections):
        print(__doc__.splitlines()[-1], file=sys.stderr)
        return 64
    os.makedirs(PLOTS, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            growth = Growth(Peers(directory, stack))
            for section in wanted or sections:
                title, label, series = getattr(growth, section)()
                unit = "microseconds of a call" if section == "users" else "us of the server's CPU a request"
                plot(os.path.join(PLOTS, f"{section}.svg"), title, label, unit, series)
                head = [unit, *(short(value) for value, _ in next(iter(series.values())))]
                rows = [[name, *(f"{found:,.3g}" if found < 1000 else f"{found:,.0f}" for _, found in line)]
                        for name, line in series.items()]
                table = report.Table(f"![{title}](plots/{section}.svg)", head, rows)
                table.print()
                report.write(f"by {section}", table.markdown())
    except Failure as failure:
        print(f"bench-plots: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
