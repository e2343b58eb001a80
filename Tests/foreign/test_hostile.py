"""Bytes that no good client sends: a clear answer, and a server that lives."""

import random
import socket
import subprocess

import grpc
import http2
import pytest
from benchmark import benchmark_pb2 as pb
from http2 import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, Connection, fields, frame, message)
from programs import BenchServer, eventually

PATH = "/benchmark.BenchmarkService/GetSum"
REQUEST = message(pb.SumRequest(a=3, b=4).SerializeToString())
RESPONSE = message(pb.SumReply(result=7).SerializeToString())
HELLO = PREFACE + frame(SETTINGS)
HEAD = fields(PATH)
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR = 0, 1, 3, 5, 6, 9
ENHANCE_YOUR_CALM = 11


@pytest.fixture(scope="module")
def server(bench_server):
    return bench_server


@pytest.fixture(autouse=True)
def the_server_lives(server):
    yield
    assert server.is_alive
    with Connection(server.address) as connection:
        assert answered(connection)


def answered(connection):
    stream = connection.call(PATH, REQUEST)
    seen = connection.until(lambda got: got.stream == stream and got.ends_stream)
    assert b"".join(got.payload for got in seen if got.kind == DATA and got.stream == stream) == RESPONSE
    return True


def last_words(address, data):
    """What the server says before it closes, to bytes after which the client says no more."""
    with Connection(address, hello=False) as connection:
        try:
            connection.send(data)
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it closed before it had read all
        return list(connection.frames())


def goaway_codes(frames):
    return [got.goaway_code for got in frames if got.kind == GOAWAY]


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(506),
     PREFACE[:-1] + b"x", b"\xff" * 100_000, b"PRI * HTTP/2.0\r\n\r\n" * 1000])
def test_what_is_not_http2_is_closed(server, data):
    assert not any(got.kind in (HEADERS, DATA) for got in last_words(server.address, data))


@pytest.mark.parametrize(
    "data, code",
    [
        pytest.param(frame(DATA, stream=0, payload=b"x"), PROTOCOL_ERROR, id="DATA on stream 0"),
        pytest.param(frame(DATA, stream=1, payload=b"x"), PROTOCOL_ERROR, id="DATA on an idle stream"),
        pytest.param(frame(HEADERS, END_HEADERS, 0, HEAD), PROTOCOL_ERROR, id="HEADERS on stream 0"),
        pytest.param(frame(HEADERS, END_HEADERS, 2, HEAD), PROTOCOL_ERROR, id="HEADERS on an even stream"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\x7f"), COMPRESSION_ERROR, id="HPACK index"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, b"\0\x7f"), COMPRESSION_ERROR, id="HPACK cut off"),
        pytest.param(frame(CONTINUATION, END_HEADERS, 1, HEAD), PROTOCOL_ERROR, id="CONTINUATION first"),
        pytest.param(frame(HEADERS, 0, 1, HEAD) + frame(PING, payload=bytes(8)), PROTOCOL_ERROR, id="PING inside HEADERS"),
        pytest.param(frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + HEAD), PROTOCOL_ERROR, id="PUSH_PROMISE"),
        pytest.param(frame(SETTINGS, payload=b"x"), FRAME_SIZE_ERROR, id="SETTINGS of one byte"),
        pytest.param(frame(SETTINGS, payload=b"\0\4\xff\xff\xff\xff"), FLOW_CONTROL_ERROR, id="SETTINGS with a huge window"),
        pytest.param(frame(PING, payload=b"x"), FRAME_SIZE_ERROR, id="PING of one byte"),
        pytest.param(frame(WINDOW_UPDATE, payload=bytes(4)), PROTOCOL_ERROR, id="WINDOW_UPDATE of 0"),
        pytest.param(frame(WINDOW_UPDATE, payload=b"\x7f\xff\xff\xff"), FLOW_CONTROL_ERROR, id="WINDOW_UPDATE over the top"),
        pytest.param(frame(RST_STREAM, stream=1, payload=bytes(4)), PROTOCOL_ERROR, id="RST_STREAM of an idle stream"),
        pytest.param(frame(DATA, stream=1, length=2**24 - 1), FRAME_SIZE_ERROR, id="a frame of 16 MiB"),
        pytest.param(frame(HEADERS, stream=1, length=2**24 - 1), FRAME_SIZE_ERROR, id="HEADERS of 16 MiB"),
    ])
def test_a_broken_frame_ends_the_connection_with_a_reason(server, data, code):
    assert goaway_codes(last_words(server.address, HELLO + data)) == [code]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(HEAD + http2.literal("Upper", "x"), id="upper case"),
        pytest.param(HEAD + http2.literal("connection", "close"), id="connection"),
        pytest.param(HEAD + http2.literal(":path", "/x"), id="two paths"),
        pytest.param(HEAD + http2.literal(":nonsense", "x"), id="unknown pseudo-header"),
        pytest.param(HEAD + http2.literal("a", "x\0y"), id="NUL"),
        pytest.param(HEAD + http2.literal("a", "x\r\nb: y"), id="line end"),
        pytest.param(http2.literal("a", "b"), id="nothing that is needed"),
    ])
def test_a_malformed_head_ends_its_stream_only(server, block):
    with Connection(server.address) as connection:
        connection.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        connection.next_stream = 3
        seen = connection.until(lambda got: got.stream == 1 and (got.kind == RST_STREAM or got.ends_stream))
        assert not any(got.kind == DATA for got in seen) and not goaway_codes(seen)
        assert answered(connection)


def test_frames_of_unknown_kinds_are_ignored(server):
    with Connection(server.address) as connection:
        connection.send(frame(0xEE, 0xFF, 7, b"whatever") + frame(0xFA, stream=0, payload=bytes(1000)))
        assert answered(connection)


PRIORITY_OF_ITSELF = frame(PRIORITY, 0, 1, b"\0\0\0\1\x10")
REQUEST_ON_1 = frame(HEADERS, END_HEADERS | END_STREAM, 1, HEAD)
RESET_OF_1 = frame(HEADERS, END_HEADERS, 1, HEAD) + frame(RST_STREAM, 0, 1, bytes(4))


@pytest.mark.parametrize(
    "data, code",
    [
        pytest.param(REQUEST_ON_1 + frame(DATA, 0, 1, b"x"), STREAM_CLOSED, id="DATA behind END_STREAM"),
        pytest.param(REQUEST_ON_1 * 2, STREAM_CLOSED, id="HEADERS behind END_STREAM"),
        pytest.param(RESET_OF_1 + frame(DATA, 0, 1, b"x"), STREAM_CLOSED, id="DATA behind RST_STREAM"),
        pytest.param(frame(HEADERS, END_HEADERS, 5, HEAD) + REQUEST_ON_1, PROTOCOL_ERROR, id="a smaller number"),
        pytest.param(PRIORITY_OF_ITSELF, PROTOCOL_ERROR, id="a stream that depends on itself"),
    ])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_frames_that_their_stream_forbids_end_the_connection(server, data, code, size):
    with Connection(server.address) as connection:
        try:
            for start in range(0, len(data), size):
                connection.send(data[start : start + size])
        except OSError:
            pass  # it closed before it had read all
        assert goaway_codes(list(connection.frames())) == [code]


def test_data_behind_a_response_ends_the_connection(server):
    with Connection(server.address) as connection:
        assert answered(connection)
        connection.send(frame(DATA, 0, 1, b"x"))
        assert goaway_codes(list(connection.frames())) == [STREAM_CLOSED]


@pytest.mark.parametrize(
    "first, each",
    [
        pytest.param(b"", frame(0xEE, 0, 1, b"x"), id="unknown types"),
        pytest.param(
            # A window that overflows has the server reset the stream.
            frame(HEADERS, END_HEADERS, 1, HEAD) + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"),
            frame(DATA, 0, 1, bytes(100)), id="DATA on a stream that the server reset"),
    ])
def test_floods_of_what_is_ignored_end_the_connection(server, first, each):
    with Connection(server.address) as connection:
        connection.send(first)
        try:
            for _ in range(100):
                connection.send(each * 200)
        except OSError:
            pass
        assert goaway_codes(list(connection.frames())) == [ENHANCE_YOUR_CALM]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_connection_that_breaks_off_inside_a_frame(server, cut):
    whole = HELLO + frame(HEADERS, END_HEADERS, 1, HEAD) + frame(DATA, END_STREAM, 1, REQUEST)
    with Connection(server.address, hello=False) as connection:
        connection.send(whole[: len(whole) * cut // 40])


def test_a_call_that_comes_byte_by_byte(server):
    with Connection(server.address, hello=False) as connection:
        for byte in HELLO + frame(HEADERS, END_HEADERS, 1, HEAD) + frame(DATA, END_STREAM, 1, REQUEST):
            connection.send(bytes([byte]))
        seen = connection.until(lambda got: got.stream == 1 and got.ends_stream)
        assert [got.payload for got in seen if got.kind == DATA] == [RESPONSE]


@pytest.mark.parametrize("name_length, value_length, count", [(10, 70_000, 1), (1, 1, 5000), (5000, 5000, 3)])
def test_a_head_that_is_too_large_is_refused(server, name_length, value_length, count):
    block = HEAD + http2.literal("x" * name_length, "y" * value_length) * count
    chunks = [block[start : start + 16_000] for start in range(0, len(block), 16_000)]
    frames = frame(HEADERS, 0, 1, chunks[0]) + b"".join(frame(CONTINUATION, 0, 1, chunk) for chunk in chunks[1:])
    with Connection(server.address) as connection:
        try:
            connection.send(frames + frame(CONTINUATION, END_HEADERS, 1) + frame(DATA, END_STREAM, 1, REQUEST))
        except OSError:
            return  # closed before all was sent: clear enough
        seen = connection.until(lambda got: got.kind == GOAWAY or got.stream == 1 and (got.kind == RST_STREAM or got.ends_stream))
        assert not any(got.kind == DATA and got.payload for got in seen)


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes(server, seed):
    noise = random.Random(seed)
    for _ in range(10):
        last_words(server.address, noise.choice([b"", PREFACE, HELLO]) + noise.randbytes(noise.randrange(1, 5000)))


@pytest.mark.parametrize("seed", range(20))
def test_random_frames(server, seed):
    noise = random.Random(seed)

    def any_frame():
        payload = noise.choice([noise.randbytes(noise.randrange(40)), HEAD, REQUEST, bytes(8)])
        kind, flags = noise.choice([*range(11), HEADERS, DATA]), noise.choice([0, 1, 4, 5, noise.randrange(256)])
        return frame(kind, flags, noise.choice([0, 1, 1, 3, noise.randrange(2**31)]), payload)

    for _ in range(10):
        last_words(server.address, HELLO + b"".join(any_frame() for _ in range(30)))


def test_a_thousand_broken_connections_leave_nothing_behind(server):
    def round_of_noise():
        for seed in range(500):
            last_words(server.address, HELLO + frame(HEADERS, END_HEADERS, 1, HEAD) + random.Random(seed).randbytes(500))

    round_of_noise()
    before = server.resident_bytes
    round_of_noise()
    assert server.resident_bytes < before + (8 << 20)


def test_calls_that_are_reset_at_once_leave_nothing_behind(server):
    with Connection(server.address) as connection:
        for _ in range(900):
            stream, connection.next_stream = connection.next_stream, connection.next_stream + 2
            connection.send(
                frame(HEADERS, END_HEADERS, stream, HEAD) + frame(RST_STREAM, stream=stream, payload=(8).to_bytes(4, "big")))
        assert answered(connection)


def test_a_peer_that_vanishes_while_it_is_answered(server):
    channel = server.channel()
    stream_sum = channel.unary_stream("/benchmark.BenchmarkService/StreamSum")
    for _ in range(20):
        call = stream_sum(pb.StreamRequest(a=1, b=1, count=2**31 - 1).SerializeToString(), timeout=60)
        next(call)
        call.cancel()
    with pytest.raises(grpc.RpcError):
        next(call)


def test_a_stream_without_end_does_not_hold_up_others(tmp_path):
    """h2load reads as fast as it can, on the only loop there is."""
    body = tmp_path / "body"
    body.write_bytes(message(pb.StreamRequest(a=3, b=4, count=2**31 - 1).SerializeToString()))
    with BenchServer(loops=1) as server:
        reader = subprocess.Popen(
            ["h2load", "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
             f"http://{server.address}/benchmark.BenchmarkService/StreamSum"], stdout=subprocess.DEVNULL)
        try:
            eventually(lambda: server.cpu_seconds > 0.5, "the stream is under way")
            for _ in range(20):
                with Connection(server.address) as connection:
                    assert answered(connection)
            assert reader.poll() is None, "the stream was to last longer"
        finally:
            reader.kill()
            reader.wait()
