"""HTTP/2 by hand (RFC 9113): frames out as bytes, as wrong as a test wants them, and frames in. Header blocks that come in
are not decoded: their kind and flags tell enough."""

import socket
import struct
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def ends_stream(self):
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    @property
    def number(self):
        """Of RST_STREAM the error, of GOAWAY the last stream."""
        return struct.unpack(">I", self.payload[:4])[0]

    @property
    def goaway_code(self):
        return struct.unpack(">I", self.payload[4:8])[0]


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame, whose length may be a lie."""
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field, not indexed and without Huffman coding (RFC 7541, 6.2.2)."""
    return b"\0" + b"".join(integer(len(text), 7) + text for text in (name.encode(), value.encode()))


def integer(value, prefix):
    """RFC 7541, 5.1."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([value])
    octets = [limit]
    value -= limit
    while value >= 128:
        octets.append(value & 127 | 128)
        value >>= 7
    return bytes([*octets, value])


def fields(path, **changes):
    """The header block of a gRPC request."""
    named = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "test", "content-type": "application/grpc",
             "te": "trailers", **changes}
    return b"".join(literal(name, value) for name, value in named.items())


def message(payload, flag=0, length=None):
    """A gRPC message, whose length may be a lie."""
    return bytes([flag]) + struct.pack(">I", len(payload) if length is None else length) + payload


class Connection:
    """A connection on which anything can be sent."""

    def __init__(self, address, hello=True, timeout=30):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffered = b""
        self.next_stream = 1
        if hello:
            self.hello()

    def hello(self):
        self.send(PREFACE + frame(SETTINGS))

    def send(self, data):
        self.socket.sendall(data)

    def call(self, path, body, **changes):
        """Begins a whole call, and answers with its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.send(
            frame(HEADERS, END_HEADERS, stream, fields(path, **changes)) + frame(DATA, END_STREAM, stream, body))
        return stream

    def receive(self):
        """The next frame; None once the server has closed. SETTINGS and PING are answered."""
        head = self._take(9)
        if head is None:
            return None
        payload = self._take(int.from_bytes(head[:3], "big"))
        if payload is None:
            return None
        got = Frame(head[3], head[4], struct.unpack(">I", head[5:])[0] & 0x7FFFFFFF, payload)
        if got.kind in (SETTINGS, PING) and not got.flags & ACK:
            try:
                self.send(frame(got.kind, ACK, payload=payload if got.kind == PING else b""))
            except OSError:
                pass  # what it still had to say can be read
        return got

    def frames(self):
        """All frames until the server closes."""
        while (got := self.receive()) is not None:
            yield got

    def until(self, wanted):
        """Frames up to the first that is wanted, with it; all there are if the server closes before."""
        seen = []
        for got in self.frames():
            seen.append(got)
            if wanted(got):
                break
        return seen

    def _take(self, count):
        while len(self.buffered) < count:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.buffered += more
        taken, self.buffered = self.buffered[:count], self.buffered[count:]
        return taken

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
