"""The parser of HTTP/1.1 beside h11 and httptools (llhttp): what we take, they must take, and see the same in it.

A request that two parsers end at different places is how requests are smuggled past a proxy. So every difference is
listed here with its reason, and all of them are of one kind: we refuse what another one takes. Our side is
http1-transcript, which says what a session makes of bytes.
"""

import json
import os
import random
import subprocess

import h11
import httptools
import pytest

MUTATIONS = 15_000

HEAD = b"POST /a?b HTTP/1.1\r\nHost: a.example\r\nX-Y: z\r\n"
GET = b"GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n"
# The first ten are right, the others are what smugglers send, and what else is refused.
CORPUS = [
    GET,
    GET + GET,
    b"\r\n" + GET,
    b"OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n" + GET,
    b"HEAD http://a.example/p HTTP/1.1\r\nHost: a.example\r\n\r\n",
    HEAD + b"Content-Length: 5\r\n\r\nhello" + GET,
    HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello" + GET,
    HEAD + b"Content-Length: 0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00b\r\nhello world\r\n0\r\n\r\n" + GET,
    HEAD + b"TE: trailers\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: 7\r\n\r\n" + GET,
    # What smugglers send.
    HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + GET,
    HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!" + GET,
    HEAD + b"Content-Length: 5, 5\r\n\r\nhello" + GET,
    HEAD + b"Content-Length: +5\r\n\r\nhello" + GET,
    HEAD + b"Content-Length: 0x5\r\n\r\nhello" + GET,
    HEAD + b"Content-Length : 5\r\n\r\nhello" + GET,
    HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding\x00: chunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\n\r\n0\r\n\r\n" + GET,
    HEAD + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=\n\r\nhello\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n" + GET,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000005\r\nhello\r\n0\r\n\r\n" + GET,
    HEAD.replace(b"\r\n", b"\n") + b"\n" + GET,
    HEAD + b"Host: b.example\r\n\r\n" + GET,
    b"GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"CONNECT a.example:1 HTTP/1.1\r\nHost: a.example\r\n\r\n",
]
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\x00", b":", b",", b";", b"0", b"5", b"Content-Length: 5\r\n", b"chunked",
          b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n", b"0\r\n\r\n", b"HTTP/1.1", b"\xff"]

# What we refuse although another parser takes it: the reason that our answer gives, and why.
STRICTER = {
    "a line does not end with CR and LF": "RFC 9112, section 2.2 allows a bare LF; proxies differ in it (CVE-2024-27982)",
    "a field is continued on a second line": "h11 joins folded lines; RFC 9112, section 5.2 lets a server refuse them",
    "there are both transfer-encoding and content-length": "h11 lets the coding win; RFC 9112, section 6.3 advises to refuse",
    "there is more than one content-length": "h11 takes equal ones; RFC 9112, section 6.3 lets a server refuse them",
    "the content-length is no number": "h11 takes lists of equal numbers, and lengths of 20 digits",
    "the server knows no other transfer coding than chunked": "llhttp leaves codings before `chunked` to its user",
    "the host is missing": "llhttp leaves the host to its user",
    "the host is repeated": "llhttp leaves the host to its user",
    "the host is invalid": "both take any text; RFC 9110, section 7.2 has a grammar",
    "the host field differs from the target's host": "both leave the target to their users",
    "the target is neither a path nor a URI of http or https": "both take more; RFC 9112, section 3.2 has four forms",
    "the target * is for OPTIONS only": "both leave the target to their users",
    "the target has characters that a URI can't have": "both take bytes that RFC 3986 does not",
    "a field's value has control characters": "both take some; RFC 9110, section 5.5 lets a server refuse them",
    "a chunk's size is not a hexadecimal number, or has an extension": "extensions deceive (golang/go#71988): nobody sends them",
    "a field that is not allowed in trailers": "RFC 9110, section 6.5.1: fields that frame or route may not be trailers",
    "the expectation is not 100-continue": "RFC 9110, section 10.1.1: 417; both leave it to their users",
    "the server does not know the method": "CONNECT is for proxies; llhttp knows a list of methods, h11 takes any",
    "the server speaks HTTP/1.1 and HTTP/2": "both take HTTP/1.0, where bodies and connections end otherwise",
    "the request line has no target": "h11 and llhttp skip more before a request",
    "the request line has no version": "HTTP/0.9",
    "the request line does not end with a version of HTTP": "llhttp takes spaces behind the version, h11 any digit",
    "the method is not a token": "llhttp skips empty lines before a request",
    "this is not an HTTP request": "llhttp skips empty lines before a request",
}

# What we take although another parser refuses it: what that says, and why. No request ends elsewhere by it.
LAXER = {
    ("httptools", "Invalid method encountered"): "llhttp has a list of methods; here a route decides",
    ("httptools", "Expected space after method"): "the same, where the list has the beginning of the method",
    ("h11", "no request line received"): "RFC 9112, section 2.2: an empty line before a request is skipped",
}


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([os.environ["HTTP1_TRANSCRIPT"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, data):
        self.process.stdin.write(len(data).to_bytes(4, "little") + data)
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def ours():
    reader = Ours()
    yield reader
    reader.process.stdin.close()
    assert reader.process.wait(timeout=60) == 0


def whole_requests(transcript):
    """Method, path and body of what was taken."""
    found = []
    for request in transcript["requests"]:
        if request["whole"]:
            fields = {name: value for name, value in request["fields"]}
            found.append((fields[":method"], fields[":path"], request["body"]))
    return found


def path_of(target):
    """Of a target in absolute form, the path: ours says it so."""
    for scheme in ("http://", "https://"):
        if target.lower().startswith(scheme):
            slash = target.find("/", len(scheme))
            return target[slash:] if slash >= 0 else "/"
    return target


def read_h11(data):
    """What h11 sees, and what it says where it refuses something."""
    connection, found = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20), []
    request, body = None, b""
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append((request.method.decode(), path_of(request.target.decode("latin-1")), body.decode("latin-1")))
                if request.method == b"CONNECT":
                    return found, None
                connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.MUST_CLOSE:
                    return found, None
                connection.start_next_cycle()
            elif event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return found, None
    except h11.RemoteProtocolError as error:
        return found, str(error)


def read_llhttp(data):
    found = []

    class Messages:
        def on_message_begin(self):
            self.url, self.body, self.keeps = b"", b"", True

        def on_url(self, url):
            self.url += url

        def on_body(self, body):
            self.body += body

        def on_message_complete(self):
            method = parser.get_method().decode()
            found.append((method, path_of(self.url.decode("latin-1")), self.body.decode("latin-1")))

    messages = Messages()
    parser = httptools.HttpRequestParser(messages)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return found, None
    except httptools.HttpParserError as error:
        return found, str(error)
    return found, None


def compare(ours, data):
    """Fails if another parser takes something else than we do."""
    transcript = ours.read(data)
    mine = whole_requests(transcript)
    for name, (theirs, refusal) in (("h11", read_h11(data)), ("httptools", read_llhttp(data))):
        # What follows a connection that ends, or a refusal, is read by nobody.
        if theirs[:len(mine)] != mine:
            assert theirs == mine[:len(theirs)] and (name, refusal) in LAXER, (name, refusal, data, mine, theirs)
        elif len(theirs) > len(mine):
            assert transcript["reason"] in STRICTER, (name, data, transcript)
    return transcript


@pytest.mark.parametrize("data", CORPUS, ids=range(len(CORPUS)))
def test_corpus(ours, data):
    compare(ours, data)


def test_every_smuggler_is_refused(ours):
    """None of them gets its second request through."""
    for data in CORPUS[10:36]:
        transcript = ours.read(data)
        assert transcript["status"] and transcript["ending"], (data, transcript)
        assert all(path != "/next" for _, path, _ in whole_requests(transcript)), (data, transcript)


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and place < len(data):
            data[place] = rng.randrange(256)
        elif kind == 1 and place < len(data):
            del data[place:place + rng.choice([1, 1, 2, 5])]
        elif kind == 2:
            data[place:place] = rng.choice(PIECES)
        elif kind == 3:
            line = data.find(b"\r\n", place)
            data[line if line >= 0 else place:line if line >= 0 else place] = b"\r\n" + rng.choice(PIECES)
        else:
            other = rng.choice(CORPUS)
            start = rng.randrange(len(other))
            data[place:place] = other[start:start + rng.randrange(1, 40)]
    return bytes(data)


def test_mutations(ours):
    rng = random.Random(20)
    reasons = {}
    for _ in range(MUTATIONS):
        transcript = compare(ours, mutate(rng.choice(rng.choice([CORPUS, CORPUS[:10]])), rng))
        reasons[transcript["reason"]] = reasons.get(transcript["reason"], 0) + 1
    # The mutations reach what they are for.
    assert reasons[None] > MUTATIONS / 20 and len(reasons) > 20, reasons
