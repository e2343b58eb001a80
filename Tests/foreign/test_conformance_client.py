"""conformance-client as the Connect project's runner talks to it, with conformance-server at the other end.

https://github.com/connectrpc/conformance/blob/main/docs/testing_clients.md
"""

import os
import subprocess

import pytest
from connectrpc.conformance.v1 import client_compat_pb2, config_pb2 as config, service_pb2 as pb
from google.protobuf import any_pb2
from programs import PATIENCE
from test_conformance_server import ConformanceServer

HEADERS = [pb.Header(name="x-custom-header", value=["foo", "bar"]), pb.Header(name="x-custom-bin", value=["AAEC"])]
TRAILERS = [pb.Header(name="x-custom-trailer", value=["bing", "quux"])]


def packed(message):
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


class Runner:
    """The client, and a server for it."""

    def __init__(self, *servers):
        self.servers = servers
        self.requests = []

    def call(self, server, method, kind, messages, **more):
        fields = dict(
            test_name=f"{len(self.requests)}", http_version=config.HTTP_VERSION_2, protocol=config.PROTOCOL_GRPC,
            codec=config.CODEC_PROTO, compression=config.COMPRESSION_IDENTITY, host=server.host, port=server.port,
            server_tls_cert=server.pem_cert, service="connectrpc.conformance.v1.ConformanceService", method=method,
            stream_type=kind, request_messages=[packed(message) for message in messages])
        self.requests.append(client_compat_pb2.ClientCompatRequest(**{**fields, **more}))

    def run(self):
        """All results, in the order of the calls."""
        sent = b"".join(len(m).to_bytes(4, "big") + m for m in (r.SerializeToString() for r in self.requests))
        done = subprocess.run([os.environ["CONFORMANCE_CLIENT"]], input=sent, capture_output=True, timeout=PATIENCE)
        assert (done.returncode, done.stderr) == (0, b"")
        results, rest = {}, done.stdout
        while rest:
            size = int.from_bytes(rest[:4], "big")
            response = client_compat_pb2.ClientCompatResponse.FromString(rest[4:4 + size])
            results[response.test_name] = response
            rest = rest[4 + size:]
        assert len(results) == len(self.requests)
        return [results[request.test_name] for request in self.requests]


@pytest.fixture(scope="module", params=["h2c", "tls"])
def server(request, certificates):
    more = {}
    if request.param == "tls":
        pair = config.TLSCreds(cert=certificates.bytes("server.pem"), key=certificates.bytes("server-key.pem"))
        more = dict(use_tls=True, server_creds=pair)
    process = ConformanceServer(**more)
    try:
        yield process.response()
    finally:
        process.process.terminate()
        assert process.end() == (0, "")


def only(results):
    assert len(results) == 1
    assert results[0].WhichOneof("result") == "response", results[0]
    return results[0].response


def named(headers, name):
    return [value for header in headers if header.name == name for value in header.value]


def call(server, *arguments, **more):
    runner = Runner()
    runner.call(server, *arguments, **more)
    return only(runner.run())


def unary(**definition):
    return pb.UnaryRequest(response_definition=pb.UnaryResponseDefinition(**definition), request_data=b"request")


@pytest.mark.parametrize("compression", ["IDENTITY", "GZIP", "DEFLATE", "ZSTD"])
def test_unary(server, compression):
    request = unary(response_headers=HEADERS, response_trailers=TRAILERS, response_data=b"data" * 1000)
    headers = [pb.Header(name="x-sent", value=["a", "b"])]
    result = call(server, "Unary", config.STREAM_TYPE_UNARY, [request], request_headers=headers, timeout_ms=20000,
                  compression=config.Compression.Value(f"COMPRESSION_{compression}"))
    assert [payload.data for payload in result.payloads] == [b"data" * 1000] and not result.HasField("error")
    assert named(result.response_headers, "x-custom-header") == ["foo", "bar"]
    assert named(result.response_headers, "x-custom-bin") == ["AAEC"]
    assert named(result.response_trailers, "x-custom-trailer") == ["bing", "quux"]
    info = result.payloads[0].request_info
    assert named(info.request_headers, "x-sent") == ["a", "b"] and 0 < info.timeout_ms <= 20000
    assert list(info.requests) == [packed(request)]


def test_an_error(server):
    detail = packed(pb.Header(name="detail"))
    error = pb.Error(code=config.CODE_ABORTED, message="oops: ☺", details=[detail])
    result = call(server, "Unary", config.STREAM_TYPE_UNARY, [unary(error=error, response_trailers=TRAILERS)])
    assert (result.error.code, result.error.message) == (config.CODE_ABORTED, "oops: ☺")
    assert result.error.details[0] == detail and not result.payloads
    assert named(result.response_trailers, "x-custom-trailer") == ["bing", "quux"]


@pytest.mark.parametrize("compression", ["IDENTITY", "GZIP"])
def test_grpc_web(server, compression):
    error = pb.Error(code=config.CODE_ABORTED, message="oops: ☺", details=[packed(pb.Header(name="detail"))])
    more = dict(protocol=config.PROTOCOL_GRPC_WEB, compression=config.Compression.Value(f"COMPRESSION_{compression}"))
    runner = Runner()
    runner.call(server, "Unary", config.STREAM_TYPE_UNARY,
                [unary(response_headers=HEADERS, response_trailers=TRAILERS, response_data=b"data" * 1000)], **more)
    request = stream(pb.ServerStreamRequest, b"1", b"2", error=error, response_trailers=TRAILERS)
    runner.call(server, "ServerStream", config.STREAM_TYPE_SERVER_STREAM, [request], **more)
    one, many = (result.response for result in runner.run())
    assert [payload.data for payload in one.payloads] == [b"data" * 1000] and not one.HasField("error")
    assert [payload.data for payload in many.payloads] == [b"1", b"2"] and many.error.details[0] == error.details[0]
    assert (many.error.code, many.error.message) == (error.code, error.message)
    for result in (one, many):
        assert named(result.response_headers, "x-custom-header") == ["foo", "bar"]
        assert named(result.response_trailers, "x-custom-trailer") == ["bing", "quux"]


def test_unimplemented(server):
    result = call(server, "Unimplemented", config.STREAM_TYPE_UNARY, [pb.UnimplementedRequest()])
    assert result.error.code == config.CODE_UNIMPLEMENTED


def test_client_stream(server):
    first = pb.ClientStreamRequest(
        response_definition=pb.UnaryResponseDefinition(response_data=b"answer"), request_data=b"1")
    rest = [pb.ClientStreamRequest(request_data=bytes([index])) for index in range(3)]
    result = call(server, "ClientStream", config.STREAM_TYPE_CLIENT_STREAM, [first, *rest], request_delay_ms=2)
    assert [payload.data for payload in result.payloads] == [b"answer"]
    assert len(result.payloads[0].request_info.requests) == 4 and result.num_unsent_requests == 0


def stream(kind, *data, **more):
    definition = pb.StreamResponseDefinition(response_data=data, response_headers=HEADERS, **more)
    return kind(response_definition=definition, request_data=b"request")


def test_server_stream(server):
    error = pb.Error(code=config.CODE_INTERNAL, message="late")
    request = stream(pb.ServerStreamRequest, b"1", b"2", error=error)
    result = call(server, "ServerStream", config.STREAM_TYPE_SERVER_STREAM, [request])
    assert [payload.data for payload in result.payloads] == [b"1", b"2"]
    assert (result.error.code, result.error.message) == (config.CODE_INTERNAL, "late")
    assert named(result.response_headers, "x-custom-header") == ["foo", "bar"]


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "half"])
def test_bidi_stream(server, is_full):
    first = stream(pb.BidiStreamRequest, b"1", b"2", b"3")
    first.full_duplex = is_full
    kind = config.STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM if is_full else config.STREAM_TYPE_HALF_DUPLEX_BIDI_STREAM
    result = call(server, "BidiStream", kind, [first, pb.BidiStreamRequest(request_data=b"x")])
    assert [payload.data for payload in result.payloads] == [b"1", b"2", b"3"] and not result.HasField("error")


def test_a_deadline(server):
    result = call(server, "Unary", config.STREAM_TYPE_UNARY, [unary(response_data=b"x", response_delay_ms=60000)], timeout_ms=50)
    assert result.error.code == config.CODE_DEADLINE_EXCEEDED


def test_a_limit(server):
    result = call(server, "Unary", config.STREAM_TYPE_UNARY, [unary(response_data=bytes(5000))], message_receive_limit=1000)
    assert result.error.code == config.CODE_RESOURCE_EXHAUSTED


def test_cancellation(server):
    cancel = client_compat_pb2.ClientCompatRequest.Cancel
    runner = Runner()
    runner.call(server, "Unary", config.STREAM_TYPE_UNARY, [unary(response_data=b"x", response_delay_ms=60000)],
                cancel=cancel(after_close_send_ms=5))
    runner.call(server, "ClientStream", config.STREAM_TYPE_CLIENT_STREAM, [pb.ClientStreamRequest()], cancel=cancel(before_close_send={}))
    request = stream(pb.ServerStreamRequest, b"1", b"2", b"3", response_delay_ms=200)
    runner.call(server, "ServerStream", config.STREAM_TYPE_SERVER_STREAM, [request], cancel=cancel(after_num_responses=1))
    results = runner.run()
    assert [result.response.error.code for result in results] == [config.CODE_CANCELED] * 3
    assert [payload.data for payload in results[2].response.payloads] == [b"1"]


def test_many_at_once(server):
    runner = Runner()
    for number in range(300):
        runner.call(server, "Unary", config.STREAM_TYPE_UNARY, [unary(response_data=str(number).encode())])
    data = [[payload.data for payload in result.response.payloads] for result in runner.run()]
    assert data == [[str(number).encode()] for number in range(300)]


def test_what_it_can_not(server):
    runner = Runner()
    runner.call(server, "Unary", config.STREAM_TYPE_UNARY, [unary()], protocol=config.PROTOCOL_CONNECT)
    runner.call(server, "Unary", config.STREAM_TYPE_UNARY, [unary()], compression=config.COMPRESSION_SNAPPY)
    assert all(result.error.message for result in runner.run())


def test_client_certificates(certificates):
    pair = config.TLSCreds(cert=certificates.bytes("server.pem"), key=certificates.bytes("server-key.pem"))
    process = ConformanceServer(use_tls=True, server_creds=pair, client_tls_cert=certificates.bytes("ca.pem"))
    try:
        server = process.response()
        own = config.TLSCreds(cert=certificates.bytes("client.pem"), key=certificates.bytes("client-key.pem"))
        arguments = ("Unary", config.STREAM_TYPE_UNARY, [unary(response_data=b"x")])
        assert call(server, *arguments, client_tls_creds=own).payloads[0].data == b"x"
        assert call(server, *arguments).error.code == config.CODE_UNAVAILABLE
    finally:
        process.process.terminate()
        assert process.end() == (0, "")
