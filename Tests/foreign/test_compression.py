"""Compression both ways with grpcio: the interoperability cases client_compressed_* and server_compressed_*."""

import grpc
import pytest
from calls import TIMEOUT
from grpc import Compression, StatusCode
from grpc.testing import messages_pb2 as pb, test_pb2_grpc
from programs import InteropServer

ALGORITHMS = [Compression.Gzip, Compression.Deflate]
YES, NO = pb.BoolValue(value=True), pb.BoolValue(value=False)


@pytest.fixture(scope="module")
def server():
    with InteropServer() as server:
        yield server


@pytest.fixture
def stub(server):
    return test_pb2_grpc.TestServiceStub(server.channel())


def payload(size):
    return pb.Payload(body=bytes(size))


@pytest.mark.parametrize("compression", ALGORITHMS)
def test_client_compressed_unary(stub, compression):
    request = pb.SimpleRequest(expect_compressed=YES, response_size=314159, payload=payload(271828))
    # The probe: a server that looks must see that this one is not compressed.
    with pytest.raises(grpc.RpcError) as raised:
        stub.UnaryCall(request, timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.INVALID_ARGUMENT
    assert stub.UnaryCall(request, timeout=TIMEOUT, compression=compression).payload == payload(314159)
    request.expect_compressed.CopyFrom(NO)
    assert stub.UnaryCall(request, timeout=TIMEOUT).payload == payload(314159)


@pytest.mark.parametrize("compression", ALGORITHMS)
def test_client_compressed_streaming(stub, compression):
    def requests(expected):
        for size in (27182, 45904):
            yield pb.StreamingInputCallRequest(expect_compressed=expected, payload=payload(size))

    with pytest.raises(grpc.RpcError) as raised:
        stub.StreamingInputCall(requests(YES), timeout=TIMEOUT)
    assert raised.value.code() == StatusCode.INVALID_ARGUMENT
    response = stub.StreamingInputCall(requests(YES), timeout=TIMEOUT, compression=compression)
    assert response.aggregated_payload_size == 73086


@pytest.mark.parametrize("compressed", [YES, NO], ids=["yes", "no"])
def test_server_compressed_unary(stub, compressed):
    request = pb.SimpleRequest(response_compressed=compressed, response_size=314159, payload=payload(271828))
    assert stub.UnaryCall(request, timeout=TIMEOUT).payload == payload(314159)


def test_server_compressed_streaming(stub):
    request = pb.StreamingOutputCallRequest(response_parameters=[
        pb.ResponseParameters(compressed=YES, size=31415), pb.ResponseParameters(compressed=NO, size=92653)])
    responses = stub.StreamingOutputCall(request, timeout=TIMEOUT)
    assert [response.payload for response in responses] == [payload(31415), payload(92653)]


@pytest.mark.parametrize("compression", ALGORITHMS)
def test_both_ways_at_once(stub, compression):
    requests = [
        pb.StreamingOutputCallRequest(
            payload=payload(1000), response_parameters=[pb.ResponseParameters(compressed=YES, size=size)])
        for size in (1, 100_000, 0, 2_000_000)]
    responses = stub.FullDuplexCall(iter(requests), timeout=TIMEOUT, compression=compression)
    assert [len(response.payload.body) for response in responses] == [1, 100_000, 0, 2_000_000]


def test_a_bomb_is_refused(stub):
    """A request that is small on the wire and over the server's 4 MiB once decompressed."""
    with pytest.raises(grpc.RpcError) as raised:
        stub.UnaryCall(pb.SimpleRequest(payload=payload(5 << 20)), timeout=TIMEOUT, compression=Compression.Gzip)
    assert raised.value.code() == StatusCode.RESOURCE_EXHAUSTED


def test_a_server_can_be_made_to_compress_less_than_the_client_accepts(server):
    """grpcio without gzip says so in grpc-accept-encoding: the answer then goes as it is."""
    channel = server.channel(compression_enabled_algorithms_bitset=0b001)
    stub = test_pb2_grpc.TestServiceStub(channel)
    request = pb.SimpleRequest(response_compressed=YES, response_size=314159)
    assert stub.UnaryCall(request, timeout=TIMEOUT).payload == payload(314159)
