"""What a server takes while nothing happens: memory, idle connections, and the time until it is ready."""

import os
import socket
import ssl
import statistics

from load import Target, h2load
from messages import field, framed
from peers import BENCH_SERVER, CPP, PYTHON, SWIFT
from programs import SERVER_CORE, Failure, Program, pinned
from report import Table, figure

CONNECTIONS = 10_000
TLS_CONNECTIONS = 2_000  # Python's handshakes take a millisecond each
STARTS = 5
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
SETTINGS_ACK = b"\0\0\0\4\1\0\0\0\0"


def opened(address, tls=False):
    """A connection on which both sides have sent and acknowledged their HTTP/2 settings."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        connection = context.wrap_socket(connection)
    connection.settimeout(10)
    connection.sendall(PREFACE + SETTINGS_ACK)
    received = b""
    while SETTINGS_ACK not in received:
        chunk = connection.recv(4096)
        if not chunk:
            raise Failure(f"{address} closed a connection that was idle.")
        received += chunk
    return connection


class Footprint:
    def __init__(self, peers):
        self.peers = peers

    def servers(self):
        """Fresh ones: an allocator that was busy keeps what it had. A name, a command, and whether it speaks TLS."""
        ours = [os.environ["BENCH_SERVER"], "--listen", "127.0.0.1:0", "--loops", "1"]
        certificates = os.environ["BENCH_CERTS"]
        yield BENCH_SERVER, ours, False
        yield f"{BENCH_SERVER}, TLS 1.3", [
            *ours, "--tls-cert", f"{certificates}/server.pem", "--tls-key", f"{certificates}/server-key.pem"], True
        for name in [CPP, PYTHON] + ([SWIFT] if os.environ.get("BENCH_GRPC_SWIFT") else []):
            yield name, self.peers.command(name), False

    def memory(self):
        body = self.peers.file("sum", framed(field(1, 3) + field(2, 4)))
        rows = []
        for name, command, tls in self.servers():
            with Program(pinned(SERVER_CORE, command), ready="ready:") as server:
                idle = server.resident_bytes()
                address = server.addresses[0]
                scheme = "https" if tls else "http"
                target = Target(f"{scheme}://{address}/benchmark.BenchmarkService/GetSum", len(framed(field(1, 7))), body)
                opened(address, tls).close()
                before, count = server.resident_bytes(), TLS_CONNECTIONS if tls else CONNECTIONS
                connections = [opened(address, tls) for _ in range(count)]
                each = (server.resident_bytes() - before) / count
                for connection in connections:
                    connection.close()
            with Program(pinned(SERVER_CORE, command), ready="ready:") as server:
                target.url = f"{scheme}://{server.addresses[0]}/benchmark.BenchmarkService/GetSum"
                h2load(target, 20_000, 16, 100)
                first = server.resident_bytes("VmHWM")
                h2load(target, 60_000, 16, 100)
                later = server.resident_bytes("VmHWM")
            rows.append([name, *(figure(size, 2**-20, 1) for size in (idle, first, later)), figure(each, 2**-10, 1), f"{count:,}"])
        return Table(
            "Resident memory. Load is GetSum on 16 connections x 100 streams: after 20,000 calls, and after 80,000",
            ["", "idle, MiB", "load, MiB", "more load, MiB", "KiB an idle connection", "connections"], rows)

    def ready(self):
        """From starting the process to being able to answer."""
        commands = {name: (command, {}) for name, command, _ in self.servers()}
        commands["this: user-service, migrated database"] = (
            [os.environ["USER_SERVICE"], "serve", "--insecure-dev", "--migrate", "--listen", "127.0.0.1:0", "--loops", "1"],
            {"DATABASE_URL": os.environ["BENCH_DATABASE_URL"], "USER_SERVICE_LOG_LEVEL": "error"})
        times = {name: [] for name in commands}
        for _ in range(STARTS + 1):
            for name, (command, environment) in commands.items():
                with Program(command, ready="ready:", environment=environment) as server:
                    times[name].append(server.seconds_to_ready)
        # The first start read the program from the disk, and the service's migrated.
        rows = [[name, figure(statistics.median(found[1:]), 1e3, 0)] for name, found in times.items()]
        return Table("Milliseconds from start to ready, the database up", ["", "ms"], rows)
