"""gRPC's interoperability cases, named as upstream names them, from grpcio.

https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
"""

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import grpc
import pytest
from calls import TIMEOUT
from grpc import StatusCode
from grpc.testing import empty_pb2, messages_pb2 as pb, test_pb2_grpc
from programs import InteropServer

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)


@pytest.fixture(scope="module", params=["h2c", "tls"])
def server(request, certificates):
    credentials = certificates.credentials() if request.param == "tls" else None
    with InteropServer(*(["--tls", *certificates.flags] if credentials else [])) as server:
        server.credentials = credentials
        yield server


@pytest.fixture
def stub(server):
    return test_pb2_grpc.TestServiceStub(server.channel(credentials=server.credentials))


def payload(size):
    return pb.Payload(body=bytes(size))


def asking(size, response_size):
    return pb.StreamingOutputCallRequest(
        payload=payload(size), response_parameters=[pb.ResponseParameters(size=response_size)])


class Requests:
    """Requests of a stream, sent when the test says so."""

    def __init__(self):
        self.queue = SimpleQueue()

    def send(self, request):
        self.queue.put(request)

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


def large_unary(stub, **options):
    request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
    response = stub.UnaryCall(request, timeout=TIMEOUT, **options)
    assert response.payload == payload(314159)


def test_empty_unary(stub):
    assert stub.EmptyCall(empty_pb2.Empty(), timeout=TIMEOUT) == empty_pb2.Empty()


def test_large_unary(stub):
    large_unary(stub)


def test_concurrent_large_unary(stub):
    with ThreadPoolExecutor(16) as pool:
        for result in [pool.submit(large_unary, stub) for _ in range(64)]:
            result.result()


def test_client_streaming(stub):
    requests = (pb.StreamingInputCallRequest(payload=payload(size)) for size in REQUEST_SIZES)
    assert stub.StreamingInputCall(requests, timeout=TIMEOUT).aggregated_payload_size == 74922


def test_server_streaming(stub):
    request = pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=size) for size in RESPONSE_SIZES])
    responses = list(stub.StreamingOutputCall(request, timeout=TIMEOUT))
    assert [response.payload for response in responses] == [payload(size) for size in RESPONSE_SIZES]


def test_ping_pong(stub):
    requests = Requests()
    responses = stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)
    for size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(asking(size, response_size))
        assert next(responses).payload == payload(response_size)
    requests.end()
    assert list(responses) == []
    assert responses.code() == StatusCode.OK


def test_half_duplex(stub):
    requests = [asking(size, response_size) for size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES)]
    responses = list(stub.HalfDuplexCall(iter(requests), timeout=TIMEOUT))
    assert [response.payload for response in responses] == [payload(size) for size in RESPONSE_SIZES]


def test_empty_stream(stub):
    responses = stub.FullDuplexCall(iter(()), timeout=TIMEOUT)
    assert list(responses) == []
    assert responses.code() == StatusCode.OK


METADATA = (("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))


def assert_metadata_echoed(call):
    assert METADATA[0] in [tuple(pair) for pair in call.initial_metadata()]
    assert METADATA[1] in [tuple(pair) for pair in call.trailing_metadata()]


def test_custom_metadata_of_a_unary_call(stub):
    request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
    response, call = stub.UnaryCall.with_call(request, metadata=METADATA, timeout=TIMEOUT)
    assert response.payload == payload(314159)
    assert_metadata_echoed(call)


def test_custom_metadata_of_a_duplex_call(stub):
    call = stub.FullDuplexCall(iter([asking(271828, 314159)]), metadata=METADATA, timeout=TIMEOUT)
    assert [response.payload for response in call] == [payload(314159)]
    assert_metadata_echoed(call)


@pytest.mark.parametrize("message", [
    "test status message",
    "\t\ntest with whitespace\r\nand Unicode BMP \N{WHITE SMILING FACE} and non-BMP \N{SMILING FACE WITH HORNS}\t\n",
], ids=["status_code_and_message", "special_status_message"])
def test_status_and_message(stub, message):
    status = pb.EchoStatus(code=2, message=message)
    with pytest.raises(grpc.RpcError) as unary:
        stub.UnaryCall(pb.SimpleRequest(response_status=status), timeout=TIMEOUT)
    with pytest.raises(grpc.RpcError) as duplex:
        list(stub.FullDuplexCall(iter([pb.StreamingOutputCallRequest(response_status=status)]), timeout=TIMEOUT))
    for error in unary.value, duplex.value:
        assert (error.code(), error.details()) == (StatusCode.UNKNOWN, message)


@pytest.mark.parametrize("kind", ["TestService", "UnimplementedService"], ids=["unimplemented_method", "unimplemented_service"])
def test_unimplemented(server, kind):
    stub = getattr(test_pb2_grpc, f"{kind}Stub")(server.channel(credentials=server.credentials))
    with pytest.raises(grpc.RpcError) as raised:
        stub.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(stub):
    requests = Requests()
    call = stub.StreamingInputCall.future(iter(requests), timeout=TIMEOUT)
    assert call.cancel()
    requests.end()
    assert call.code() == StatusCode.CANCELLED


def test_cancel_after_first_response(stub):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)
    requests.send(asking(REQUEST_SIZES[0], RESPONSE_SIZES[0]))
    assert next(call).payload == payload(RESPONSE_SIZES[0])
    call.cancel()
    requests.end()
    assert call.code() == StatusCode.CANCELLED
    large_unary(stub)


def test_timeout_on_sleeping_server(stub):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=0.001)
    requests.send(pb.StreamingOutputCallRequest(payload=payload(27182)))
    with pytest.raises(grpc.RpcError):
        list(call)
    requests.end()
    assert call.code() == StatusCode.DEADLINE_EXCEEDED


def test_a_payload_that_is_too_large_is_refused(stub):
    for size in (-1, 1 << 30):
        with pytest.raises(grpc.RpcError) as raised:
            stub.UnaryCall(pb.SimpleRequest(response_size=size), timeout=TIMEOUT)
        assert raised.value.code() == StatusCode.INVALID_ARGUMENT
