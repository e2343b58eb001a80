"""Ten thousand connections at once, and what one costs."""

import resource
import ssl

import pytest
from benchmark import benchmark_pb2 as pb
from http2 import Connection, message
from programs import BenchServer, eventually

PATH = "/benchmark.BenchmarkService/GetSum"
REQUEST = message(pb.SumRequest(a=3, b=4).SerializeToString())
RESPONSE = message(pb.SumReply(result=7).SerializeToString())


@pytest.fixture(autouse=True)
def descriptors():
    """As many as there may be, for this process and the servers that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answers(connection):
    stream = connection.call(PATH, REQUEST)
    frames = connection.until(lambda frame: frame.stream == stream and frame.ends_stream)
    return RESPONSE in [frame.payload for frame in frames]


def bytes_each(server, connect, count):
    """Opens so many connections, calls thrice on each, and answers with what the server holds for one of them."""
    # What the server needs once, whatever the number: buffers, and code that was not read from disk before.
    warm = [connect() for _ in range(50)]
    assert all(answers(connection) for connection in warm)
    before = server.resident_bytes
    connections = [connect() for _ in range(count)]
    try:
        for _ in range(3):
            assert all(answers(connection) for connection in connections)
        return (server.resident_bytes - before) / count
    finally:
        for connection in warm + connections:
            connection.close()


def test_ten_thousand_connections(descriptors):
    if descriptors < 10_200:
        pytest.skip(f"this process may have {descriptors} descriptors only")
    with BenchServer() as server:
        each = bytes_each(server, lambda: Connection(server.address), 10_000)
        print(f"{each:.0f} bytes a connection")
        assert each <= 16 * 1024
        # They are gone again, and others come.
        eventually(lambda: answers(Connection(server.address)), "it serves on")


def test_two_thousand_tls_connections(certificates):
    context = ssl.create_default_context(cafile=certificates.path("ca.pem"))
    context.set_alpn_protocols(["h2"])

    def connect():
        connection = Connection(server.address, hello=False)
        connection.socket = context.wrap_socket(connection.socket, server_hostname="localhost")
        connection.hello()
        return connection

    with BenchServer(*certificates.flags) as server:
        each = bytes_each(server, connect, 2000)
        print(f"{each:.0f} bytes a connection")
        assert each <= 40 * 1024
