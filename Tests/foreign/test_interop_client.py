"""interop-client against our server, against grpcio's, and against servers whose HTTP/2 is unusual or wrong.

https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
https://github.com/grpc/grpc/blob/master/doc/negative-http2-interop-test-descriptions.md
"""

import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import http2
import pytest
from grpc import StatusCode
from grpc.testing import empty_pb2, messages_pb2 as pb, test_pb2_grpc
from programs import PATIENCE, InteropServer

CASES = (
    "empty_unary", "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming",
    "client_compressed_streaming", "server_streaming", "server_compressed_streaming", "ping_pong", "empty_stream",
    "custom_metadata", "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
    "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server", "rpc_soak", "channel_soak")


def run(case, address, *flags):
    """Runs a case: its exit status and what it complained of."""
    port = address.rsplit(":", 1)[1]
    command = [os.environ["INTEROP_CLIENT"], "--server_host", "127.0.0.1", "--server_port", port, "--test_case", case, *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["h2c", "tls"])
def ours(request, certificates):
    is_secure = request.param == "tls"
    with InteropServer(*(["--tls", *certificates.flags] if is_secure else [])) as server:
        server.flags = ["--use_tls", "--ca_file", certificates.path("ca.pem"), "--server_host_override", "localhost"] * is_secure
        yield server


@pytest.mark.parametrize("case", CASES)
def test_our_server(ours, case):
    assert run(case, ours.address, *ours.flags) == (0, "")


def test_a_certificate_for_another_host(certificates):
    with InteropServer("--tls", *certificates.flags) as server:
        flags = ["--use_tls=true", "--ca_file", certificates.path("ca.pem")]
        assert run("empty_unary", server.address, *flags, "--server_host_override", "localhost") == (0, "")
        code, complaint = run("empty_unary", server.address, *flags, "--server_host_override", "other.example")
        assert code == 1 and "UNAVAILABLE" in complaint and "certificate" in complaint


def test_nobody_listens():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        code, complaint = run("empty_unary", f"127.0.0.1:{closed.getsockname()[1]}")
    assert code == 1 and "UNAVAILABLE" in complaint


def test_an_unknown_case():
    code, complaint = run("nothing", "127.0.0.1:1")
    assert code == 64 and "there is no case nothing" in complaint


class Service(test_pb2_grpc.TestServiceServicer):
    """What interop-server does, from grpcio. It can't tell whether a request was compressed."""

    @staticmethod
    def echo(context):
        for key, value in context.invocation_metadata():
            if key == "x-grpc-test-echo-initial":
                context.send_initial_metadata(((key, value),))
            if key == "x-grpc-test-echo-trailing-bin":
                context.set_trailing_metadata(((key, value),))

    @staticmethod
    def answer(request, context):
        if request.response_status.code:
            context.abort(StatusCode(({c.value[0]: c.value for c in StatusCode})[request.response_status.code]),
                          request.response_status.message)
        for parameters in request.response_parameters:
            yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)))

    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        self.echo(context)
        list(self.answer(pb.StreamingOutputCallRequest(response_status=request.response_status), context))
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    def StreamingOutputCall(self, request, context):
        return self.answer(request, context)

    def StreamingInputCall(self, requests, context):
        return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(r.payload.body) for r in requests))

    def FullDuplexCall(self, requests, context):
        self.echo(context)
        for request in requests:
            yield from self.answer(request, context)


@pytest.fixture(scope="module")
def grpcio():
    server = grpc.server(ThreadPoolExecutor(8))
    test_pb2_grpc.add_TestServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith("client_compressed") and c != "server_compressed_streaming"])
def test_grpcio(grpcio, case):
    assert run(case, grpcio) == (0, "")


RESPONSE_HEAD = http2.literal(":status", "200") + http2.literal("content-type", "application/grpc")
TRAILERS = http2.literal("grpc-status", "0")
RESPONSE = http2.message(pb.SimpleResponse(payload=pb.Payload(body=bytes(314159))).SerializeToString())


class ServerEnd(http2.Connection):
    """A connection that a client has opened."""

    def __init__(self, accepted, settings=b""):
        accepted.settimeout(PATIENCE)
        self.socket = accepted
        self.buffered = b""
        self.window = 65535
        self.answers = []
        assert self._take(len(http2.PREFACE)) == http2.PREFACE
        self.send(http2.frame(http2.SETTINGS, payload=settings))

    def receive(self):
        """As a client's. Gives window for what came, and counts what the client gives on the connection; on a stream it is
        larger than what the cases ask for."""
        got = super().receive()
        if got is not None and got.kind == http2.DATA and got.payload:
            for stream in (0, got.stream):
                self.send(http2.frame(http2.WINDOW_UPDATE, 0, stream, len(got.payload).to_bytes(4, "big")))
        if got is not None and got.kind == http2.WINDOW_UPDATE and got.stream == 0:
            self.window += got.number
        if got is not None and got.kind == http2.PING and got.flags & http2.ACK:
            self.answers.append(got.payload[0])
        return got

    def request(self):
        """The stream of the next request that is whole; None when the client has closed."""
        seen = self.until(lambda got: got.ends_stream)
        return seen[-1].stream if seen and seen[-1].ends_stream else None

    def head(self, stream):
        self.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, RESPONSE_HEAD))

    def data(self, stream, body):
        for at in range(0, len(body), 16384):
            part = body[at:at + 16384]
            while self.window < len(part):
                assert self.receive() is not None
            self.window -= len(part)
            self.send(http2.frame(http2.DATA, 0, stream, part))

    def trailers(self, stream):
        self.send(http2.frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, stream, TRAILERS))

    def reset(self, stream):
        self.send(http2.frame(http2.RST_STREAM, 0, stream, b"\0\0\0\0"))

    def answer(self, stream):
        self.head(stream)
        self.data(stream, RESPONSE)
        self.trailers(stream)


class Peer:
    """Serves the connections that come by a function, in a thread of its own each."""

    def __init__(self, serve, settings=b""):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        self.failures = []

        def handle(accepted):
            try:
                with ServerEnd(accepted, settings) as connection:
                    serve(self, connection)
                    # The client ends the connection: it may still read.
                    for _ in connection.frames():
                        pass
            except Exception as failure:
                self.failures.append(failure)

        def accept():
            while True:
                try:
                    accepted, _ = self.listener.accept()
                except OSError:
                    return
                self.connections += 1
                threading.Thread(target=handle, args=(accepted,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def run_against(serve, case, settings=b""):
    with Peer(serve, settings) as peer:
        assert run(case, peer.address) == (0, "")
        assert peer.failures == []
        return peer.connections


def test_goaway():
    def serve(peer, connection):
        connection.answer(connection.request())
        connection.send(http2.frame(http2.GOAWAY, payload=(1).to_bytes(4, "big") + b"\0\0\0\0"))

    assert run_against(serve, "goaway") == 2


def test_rst_after_header():
    def serve(peer, connection):
        stream = connection.request()
        connection.head(stream)
        connection.reset(stream)

    assert run_against(serve, "rst_after_header") == 1


def test_rst_during_data():
    def serve(peer, connection):
        stream = connection.request()
        connection.head(stream)
        connection.data(stream, RESPONSE[:10000])
        connection.reset(stream)

    assert run_against(serve, "rst_during_data") == 1


def test_rst_after_data():
    def serve(peer, connection):
        stream = connection.request()
        connection.head(stream)
        connection.data(stream, RESPONSE)
        connection.reset(stream)

    assert run_against(serve, "rst_after_data") == 1


def test_ping():
    answered = []
    whole = threading.Event()

    def serve(peer, connection):
        def ping(number):
            connection.send(http2.frame(http2.PING, payload=bytes([number] * 8)))

        ping(1)
        stream = connection.request()
        ping(2)
        connection.head(stream)
        ping(3)
        connection.data(stream, RESPONSE)
        ping(4)
        connection.trailers(stream)
        for _ in connection.frames():
            pass
        answered.extend(connection.answers)
        whole.set()

    assert run_against(serve, "ping") == 1
    assert whole.wait(PATIENCE)
    # The first two came before the end of the call, and the client may have closed before the last.
    assert answered[:2] == [1, 2] and answered == sorted(answered)


def test_max_streams():
    most = []

    def serve(peer, connection):
        open_streams = set()
        while True:
            got = connection.receive()
            if got is None:
                return
            if got.kind == http2.HEADERS:
                open_streams.add(got.stream)
                most.append(len(open_streams))
            if got.ends_stream:
                connection.answer(got.stream)
                open_streams.remove(got.stream)

    # SETTINGS_MAX_CONCURRENT_STREAMS is 1.
    assert 1 <= run_against(serve, "max_streams", b"\0\3\0\0\0\1") <= 4
    assert max(most) == 1
