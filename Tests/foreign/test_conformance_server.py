"""conformance-server as the Connect project's runner talks to it, and what its service answers.

https://github.com/connectrpc/conformance/blob/main/docs/testing_servers.md
"""

import os
import subprocess
import time

import grpc
import pytest
from calls import TIMEOUT
from connectrpc.conformance.v1 import config_pb2, server_compat_pb2, service_pb2 as pb, service_pb2_grpc
from google.rpc import status_pb2
from grpc import StatusCode
from programs import PATIENCE


class ConformanceServer:
    def __init__(self, **request):
        request.setdefault("protocol", config_pb2.PROTOCOL_GRPC)
        request.setdefault("http_version", config_pb2.HTTP_VERSION_2)
        self.process = subprocess.Popen([os.environ["CONFORMANCE_SERVER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        message = server_compat_pb2.ServerCompatRequest(**request).SerializeToString()
        self.process.stdin.write(len(message).to_bytes(4, "big") + message)
        # As the runner does: the server goes on.
        self.process.stdin.close()
        self.process.stdin = None

    def response(self):
        size = int.from_bytes(self.process.stdout.read(4), "big")
        return server_compat_pb2.ServerCompatResponse.FromString(self.process.stdout.read(size))

    def end(self):
        """Waits for its end: its exit code and what it complained of."""
        _, complaint = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, complaint.decode()


@pytest.fixture
def start():
    servers, channels = [], []

    def stub(credentials=None, **request):
        servers.append(server := ConformanceServer(**request))
        response = server.response()
        assert response.host == "127.0.0.1"
        if credentials:
            assert response.pem_cert == request["server_creds"].cert
            channels.append(channel := grpc.secure_channel(f"{response.host}:{response.port}", credentials))
        else:
            assert response.pem_cert == b""
            channels.append(channel := grpc.insecure_channel(f"{response.host}:{response.port}"))
        return service_pb2_grpc.ConformanceServiceStub(channel)

    yield stub
    for channel in channels:
        channel.close()
    for server in servers:
        server.process.terminate()
        assert server.end() == (0, "")


HEADERS = [pb.Header(name="x-custom-header", value=["foo", "bar"]), pb.Header(name="x-custom-bin", value=["AAEC"])]
TRAILERS = [pb.Header(name="x-custom-trailer", value=["bing", "quux"])]
METADATA = (("x-conformance-test", "Value1"), ("x-conformance-test", "Value2"), ("x-test-bin", b"\xff\0"))


def assert_metadata(call):
    initial = [tuple(pair) for pair in call.initial_metadata()]
    trailing = [tuple(pair) for pair in call.trailing_metadata()]
    assert [value for name, value in initial if name == "x-custom-header"] == ["foo", "bar"]
    assert ("x-custom-bin", b"\0\1\2") in initial
    assert [value for name, value in trailing if name == "x-custom-trailer"] == ["bing", "quux"]


def assert_info(info, *requests, timeout=None):
    headers = {header.name: list(header.value) for header in info.request_headers}
    assert headers["x-conformance-test"] == ["Value1", "Value2"]
    assert [value.rstrip("=") for value in headers["x-test-bin"]] == ["/wA"]
    assert info.HasField("timeout_ms") == (timeout is not None)
    if timeout is not None:
        # grpcio rounds a timeout of this size up to a tenth of a second.
        assert 0 < info.timeout_ms <= timeout * 1000 + 100
    assert_requests(info, *requests)


def assert_requests(info, *requests):
    assert len(info.requests) == len(requests)
    for packed, request in zip(info.requests, requests):
        unpacked = type(request)()
        assert packed.Unpack(unpacked) and unpacked == request


def details(error):
    return status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"]).details


@pytest.mark.parametrize("name, kind", [("Unary", pb.UnaryRequest), ("IdempotentUnary", pb.IdempotentUnaryRequest)])
def test_unary(start, name, kind):
    call = getattr(start(), name)
    definition = pb.UnaryResponseDefinition(response_headers=HEADERS, response_trailers=TRAILERS, response_data=b"data")
    request = kind(response_definition=definition, request_data=b"pad")
    response, done = call.with_call(request, metadata=METADATA, timeout=TIMEOUT)
    assert response.payload.data == b"data"
    assert_info(response.payload.request_info, request, timeout=TIMEOUT)
    assert_metadata(done)
    # Without a definition, and without a deadline.
    response = call(kind(), metadata=METADATA)
    assert response.payload.data == b""
    assert_info(response.payload.request_info, kind())


def test_unary_error(start):
    detail = pb.Header(name="a detail")
    error = pb.Error(code=config_pb2.CODE_ABORTED, message="no")
    error.details.add().Pack(detail)
    request = pb.UnaryRequest(response_definition=pb.UnaryResponseDefinition(
        response_headers=HEADERS, response_trailers=TRAILERS, error=error))
    with pytest.raises(grpc.RpcError) as raised:
        start().Unary(request, metadata=METADATA, timeout=TIMEOUT)
    assert (raised.value.code(), raised.value.details()) == (StatusCode.ABORTED, "no")
    first, info = details(raised.value)
    unpacked, request_info = pb.Header(), pb.ConformancePayload.RequestInfo()
    assert first.Unpack(unpacked) and unpacked == detail
    assert info.Unpack(request_info)
    assert_info(request_info, request, timeout=TIMEOUT)


def test_client_stream(start):
    definition = pb.UnaryResponseDefinition(response_headers=HEADERS, response_trailers=TRAILERS, response_data=b"data")
    requests = [pb.ClientStreamRequest(response_definition=definition), pb.ClientStreamRequest(request_data=b"more")]
    response, done = start().ClientStream.with_call(iter(requests), metadata=METADATA)
    assert response.payload.data == b"data"
    assert_info(response.payload.request_info, *requests)
    assert_metadata(done)


def test_server_stream(start):
    stub = start()
    definition = pb.StreamResponseDefinition(response_headers=HEADERS, response_trailers=TRAILERS, response_data=[b"1", b"2"])
    request = pb.ServerStreamRequest(response_definition=definition)
    call = stub.ServerStream(request, metadata=METADATA)
    first, second = list(call)
    assert (first.payload.data, second.payload.data) == (b"1", b"2")
    assert_info(first.payload.request_info, request)
    assert not second.payload.HasField("request_info")
    assert_metadata(call)
    assert list(stub.ServerStream(pb.ServerStreamRequest(), timeout=TIMEOUT)) == []


@pytest.mark.parametrize("count", [0, 2])
def test_server_stream_error(start, count):
    error = pb.Error(code=config_pb2.CODE_INTERNAL, message="late")
    request = pb.ServerStreamRequest(response_definition=pb.StreamResponseDefinition(
        response_data=[b"x"] * count, error=error, response_trailers=TRAILERS))
    call = start().ServerStream(request, metadata=METADATA, timeout=TIMEOUT)
    seen = []
    with pytest.raises(grpc.RpcError) as raised:
        for response in call:
            seen.append(response)
    assert len(seen) == count
    assert raised.value.code() == StatusCode.INTERNAL
    assert ("grpc-status-details-bin" in dict(raised.value.trailing_metadata())) == (count == 0)


def test_headers_come_before_a_delayed_response(start):
    definition = pb.StreamResponseDefinition(response_headers=HEADERS, response_data=[b"never read"], response_delay_ms=600_000)
    call = start().ServerStream(pb.ServerStreamRequest(response_definition=definition), timeout=TIMEOUT)
    assert ("x-custom-header", "foo") in [tuple(pair) for pair in call.initial_metadata()]
    call.cancel()


@pytest.mark.parametrize("full_duplex", [True, False], ids=["full-duplex", "half-duplex"])
def test_bidi_stream(start, full_duplex):
    definition = pb.StreamResponseDefinition(
        response_headers=HEADERS, response_trailers=TRAILERS, response_data=[b"1", b"2", b"3"],
        error=pb.Error(code=config_pb2.CODE_DATA_LOSS))
    requests = [pb.BidiStreamRequest(response_definition=definition, full_duplex=full_duplex),
                pb.BidiStreamRequest(request_data=b"more")]
    call = start().BidiStream(iter(requests), metadata=METADATA, timeout=TIMEOUT)
    responses = []
    with pytest.raises(grpc.RpcError) as raised:
        for response in call:
            responses.append(response)
    assert raised.value.code() == StatusCode.DATA_LOSS
    assert [response.payload.data for response in responses] == [b"1", b"2", b"3"]
    if full_duplex:
        assert_info(responses[0].payload.request_info, requests[0], timeout=TIMEOUT)
        assert_requests(responses[1].payload.request_info, requests[1])
    else:
        assert_info(responses[0].payload.request_info, *requests, timeout=TIMEOUT)
        assert not responses[1].payload.HasField("request_info")


def test_a_full_duplex_client_may_wait_for_each_response(start):
    definition = pb.StreamResponseDefinition(response_data=[b"1", b"2"], error=pb.Error(code=config_pb2.CODE_ABORTED))
    more = []

    def requests():
        yield pb.BidiStreamRequest(response_definition=definition, full_duplex=True)
        while len(more) < 2:
            time.sleep(0.001)
            if more:
                yield pb.BidiStreamRequest(request_data=b"next")
                break

    call = start().BidiStream(requests(), timeout=TIMEOUT)
    for data in b"1", b"2":
        response = next(call)
        assert response.payload.data == data
        more.append(response)
    with pytest.raises(grpc.RpcError):
        next(call)
    assert call.code() == StatusCode.ABORTED


def test_too_large_a_request(start):
    stub = start(message_receive_limit=1000)
    assert stub.Unary(pb.UnaryRequest(request_data=bytes(900)), timeout=TIMEOUT)
    with pytest.raises(grpc.RpcError) as raised:
        stub.Unary(pb.UnaryRequest(request_data=bytes(1100)), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.RESOURCE_EXHAUSTED


def test_tls(start, certificates):
    credentials = config_pb2.TLSCreds(cert=certificates.bytes("server.pem"), key=certificates.bytes("server-key.pem"))
    stub = start(certificates.credentials(), use_tls=True, server_creds=credentials)
    assert_info(stub.Unary(pb.UnaryRequest(), metadata=METADATA).payload.request_info, pb.UnaryRequest())


def test_tls_with_client_certificates(start, certificates):
    credentials = config_pb2.TLSCreds(cert=certificates.bytes("server.pem"), key=certificates.bytes("server-key.pem"))
    request = {"use_tls": True, "server_creds": credentials, "client_tls_cert": certificates.bytes("client.pem")}
    stub = start(certificates.credentials(with_client=True), **request)
    assert_info(stub.Unary(pb.UnaryRequest(), metadata=METADATA).payload.request_info, pb.UnaryRequest())
    with pytest.raises(grpc.RpcError) as raised:
        start(certificates.credentials(), **request).Unary(pb.UnaryRequest(), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.UNAVAILABLE


def test_what_it_does_not_serve_is_said():
    code, complaint = ConformanceServer(http_version=config_pb2.HTTP_VERSION_1).end()
    assert code == 1 and "HTTP/2" in complaint


def test_unimplemented(start):
    with pytest.raises(grpc.RpcError) as raised:
        start().Unimplemented(pb.UnimplementedRequest(), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.UNIMPLEMENTED
