"""The Connect protocol by Connect's own client for Python, and by curl, requests and httpx, which know nothing of it.

The server is conformance-server, whose service answers as its requests say and reports what came.
"""

import base64
import gzip
import http.client
import json
import socket
import subprocess

import httpx
import pytest
import requests
from calls import TIMEOUT, create
from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.compression.gzip import GzipCompression
from connectrpc.conformance.v1 import config_pb2, service_pb2 as pb
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.protocol import ProtocolType
from google.protobuf import json_format
from pyqwest import HTTPVersion, SyncClient, SyncHTTPTransport
from test_conformance_server import HEADERS, TRAILERS, ConformanceServer

SERVICE = "connectrpc.conformance.v1.ConformanceService"
SAFE = IdempotencyLevel.NO_SIDE_EFFECTS


def method(name, request, response, kind=StreamType.UNARY, idempotency=IdempotencyLevel.UNKNOWN):
    return MethodInfo(name=name, service_name=SERVICE, input=request, output=response, idempotency_level=idempotency,
                      stream_type=kind)


UNARY = method("Unary", pb.UnaryRequest, pb.UnaryResponse)
IDEMPOTENT = method("IdempotentUnary", pb.IdempotentUnaryRequest, pb.IdempotentUnaryResponse, idempotency=SAFE)
UP = method("ClientStream", pb.ClientStreamRequest, pb.ClientStreamResponse, StreamType.CLIENT_STREAM)
DOWN = method("ServerStream", pb.ServerStreamRequest, pb.ServerStreamResponse, StreamType.SERVER_STREAM)
BOTH = method("BidiStream", pb.BidiStreamRequest, pb.BidiStreamResponse, StreamType.BIDI_STREAM)
UNIMPLEMENTED = method("Unimplemented", pb.UnimplementedRequest, pb.UnimplementedResponse)


class Server:
    """A conformance-server: its address."""

    def __init__(self, **request):
        self.process = ConformanceServer(protocol=config_pb2.PROTOCOL_CONNECT, **request)
        response = self.process.response()
        self.address = f"{response.host}:{response.port}"
        self.port = response.port

    def end(self):
        self.process.process.terminate()
        assert self.process.end() == (0, "")


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.end()


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2", "TLS, HTTP/1.1", "TLS, HTTP/2"])
def transport(request, server, certificates):
    """The base of URLs, and a transport for them."""
    version = HTTPVersion.HTTP1 if "1.1" in request.param else HTTPVersion.HTTP2
    if "TLS" not in request.param:
        yield f"http://{server.address}", SyncHTTPTransport(http_version=version)
        return
    number = config_pb2.HTTP_VERSION_1 if version is HTTPVersion.HTTP1 else config_pb2.HTTP_VERSION_2
    pair = {"cert": certificates.bytes("server.pem"), "key": certificates.bytes("server-key.pem")}
    secure = Server(use_tls=True, server_creds=pair, http_version=number)
    yield f"https://localhost:{secure.port}", SyncHTTPTransport(
        http_version=version, tls_ca_cert=certificates.bytes("ca.pem"))
    secure.end()


def options(protocol, codec, compression):
    return {
        "protocol": protocol, "codec": codec(),
        "send_compression": compression and compression(), "accept_compression": [compression()] if compression else []}


@pytest.fixture(params=[
    pytest.param(options(protocol, codec, compression), id=f"{protocol.name}-{codec.__name__.split('_')[2]}-{compression and 'gzip'}")
    for protocol in ProtocolType for codec in (google_protobuf_binary_codec, google_protobuf_json_codec)
    for compression in (None, GzipCompression)])
def client(request, transport):
    base, carrier = transport
    with ConnectClientSync(base, http_client=SyncClient(carrier), timeout_ms=int(TIMEOUT * 1000), **request.param) as client:
        yield client


def skip_grpc_over_http1(request):
    if "GRPC-" in request.node.name and "HTTP/1.1" in request.node.name:
        pytest.skip("gRPC is spoken over HTTP/2")


DEFINITION = pb.UnaryResponseDefinition(response_headers=HEADERS, response_trailers=TRAILERS, response_data=b"data" * 500)


def test_unary(client, request):
    skip_grpc_over_http1(request)
    asked = pb.UnaryRequest(response_definition=DEFINITION, request_data=b"pad" * 1000)
    for _ in range(3):
        answer = client.execute_unary(request=asked, method=UNARY, headers={"x-conformance-test": "Value"})
        assert answer.payload.data == b"data" * 500
        headers = {header.name: list(header.value) for header in answer.payload.request_info.request_headers}
        assert headers["x-conformance-test"] == ["Value"]
        assert 0 < answer.payload.request_info.timeout_ms <= TIMEOUT * 1000


def test_unary_error(client, request):
    skip_grpc_over_http1(request)
    error = pb.Error(code=config_pb2.CODE_ABORTED, message="no, täglich")
    error.details.add().Pack(pb.Header(name="a detail"))
    asked = pb.UnaryRequest(response_definition=pb.UnaryResponseDefinition(error=error))
    with pytest.raises(ConnectError) as caught:
        client.execute_unary(request=asked, method=UNARY)
    assert caught.value.code is Code.ABORTED and caught.value.message == "no, täglich"
    assert [detail.type_name for detail in caught.value.details] == [
        "connectrpc.conformance.v1.Header", "connectrpc.conformance.v1.ConformancePayload.RequestInfo"]
    with pytest.raises(ConnectError) as caught:
        client.execute_unary(request=pb.UnimplementedRequest(), method=UNIMPLEMENTED)
    assert caught.value.code is Code.UNIMPLEMENTED


def test_streams(client, request):
    skip_grpc_over_http1(request)
    definition = pb.StreamResponseDefinition(response_data=[b"1" * 1000, b"2", b""], response_trailers=TRAILERS)
    down = list(client.execute_server_stream(
        request=pb.ServerStreamRequest(response_definition=definition), method=DOWN))
    assert [message.payload.data for message in down] == [b"1" * 1000, b"2", b""]
    up = [pb.ClientStreamRequest(response_definition=DEFINITION), pb.ClientStreamRequest(request_data=b"x" * 100_000)]
    answer = client.execute_client_stream(request=iter(up), method=UP)
    assert answer.payload.data == b"data" * 500 and len(answer.payload.request_info.requests) == 2
    both = [pb.BidiStreamRequest(response_definition=definition), pb.BidiStreamRequest(request_data=b"y")]
    answers = list(client.execute_bidi_stream(request=iter(both), method=BOTH))
    assert [message.payload.data for message in answers] == [b"1" * 1000, b"2", b""]
    assert len(answers[0].payload.request_info.requests) == 2


def test_a_stream_ends_with_an_error(client, request):
    skip_grpc_over_http1(request)
    error = pb.Error(code=config_pb2.CODE_OUT_OF_RANGE, message="enough")
    definition = pb.StreamResponseDefinition(response_data=[b"1"], error=error)
    stream = client.execute_server_stream(
        request=pb.ServerStreamRequest(response_definition=definition), method=DOWN)
    assert next(stream).payload.data == b"1"
    with pytest.raises(ConnectError) as caught:
        next(stream)
    assert caught.value.code is Code.OUT_OF_RANGE and caught.value.message == "enough"


@pytest.mark.parametrize("codec", [google_protobuf_binary_codec, google_protobuf_json_codec])
@pytest.mark.parametrize("compression", [None, GzipCompression])
def test_get(transport, codec, compression):
    base, carrier = transport
    chosen = options(ProtocolType.CONNECT, codec, compression)
    with ConnectClientSync(base, http_client=SyncClient(carrier), **chosen) as client:
        asked = pb.IdempotentUnaryRequest(response_definition=DEFINITION, request_data=b"\xff\xfe\0" * 30)
        answer = client.execute_unary(request=asked, method=IDEMPOTENT, use_get=True)
        assert answer.payload.data == b"data" * 500
        assert answer.payload.request_info.requests[0].value == asked.SerializeToString()


# Clients that know nothing of Connect.


def url(server, name):
    return f"http://{server.address}/{SERVICE}/{name}"


def test_curl(server):
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--header", "content-type: application/json"]
    body = json.dumps({"responseDefinition": {"responseData": base64.b64encode(b"hi").decode()}})
    for version in ("--http1.1", "--http2-prior-knowledge"):
        said = subprocess.run([*command, version, "--data", body, url(server, "Unary")], capture_output=True, check=True)
        assert json.loads(said.stdout)["payload"]["data"] == base64.b64encode(b"hi").decode()
    # A large body, for which curl asks first (expect: 100-continue).
    large = json.dumps({"requestData": base64.b64encode(bytes(1_500_000)).decode()})
    said = subprocess.run(
        [*command, "--http1.1", "--header", "expect: 100-continue", "--data", "@-", url(server, "Unary")],
        input=large.encode(), capture_output=True, check=True)
    assert "payload" in json.loads(said.stdout)
    # Chunks, and a query.
    said = subprocess.run(
        [*command, "--http1.1", "--header", "transfer-encoding: chunked", "--data", body, url(server, "Unary")],
        capture_output=True, check=True)
    assert json.loads(said.stdout)["payload"]["data"]
    said = subprocess.run(
        ["curl", "--silent", "--fail", "--get", "--data-urlencode", f"message={body}", "--data", "encoding=json",
         url(server, "IdempotentUnary")], capture_output=True, check=True)
    assert json.loads(said.stdout)["payload"]["data"] == base64.b64encode(b"hi").decode()


def test_requests(server):
    body = {"responseDefinition": {"error": {"code": "CODE_NOT_FOUND", "message": "nobody"}}}
    with requests.Session() as session:
        for _ in range(20):
            answer = session.post(url(server, "Unary"), json=body, timeout=TIMEOUT)
            assert answer.status_code == 404 and answer.headers["content-type"] == "application/json"
            assert answer.json()["code"] == "not_found" and answer.json()["message"] == "nobody"
            assert answer.json()["details"][0]["type"].endswith("RequestInfo")
            good = session.post(url(server, "Unary"), json={}, timeout=TIMEOUT)
            assert good.status_code == 200 and good.json().keys() == {"payload"}


def test_a_connection_is_kept(server):
    connection = http.client.HTTPConnection(server.address, timeout=TIMEOUT)
    connection.connect()
    first = connection.sock
    for body in (b"{}", b"{", b'{"responseDefinition": {"error": {"code": "CODE_NOT_FOUND"}}}', b"{}"):
        connection.request("POST", f"/{SERVICE}/Unary", body, {"content-type": "application/json"})
        assert connection.getresponse().read()
        # http.client drops it where the response says `connection: close`.
        assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("http2", [False, True])
def test_httpx(server, http2):
    with httpx.Client(http1=not http2, http2=http2, timeout=TIMEOUT) as client:
        answer = client.post(url(server, "Unary"), content=gzip.compress(b"{}"), headers={
            "content-type": "application/json", "content-encoding": "gzip", "connect-protocol-version": "1"})
        assert answer.status_code == 200 and answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        body = {"responseDefinition": {"responseTrailers": [{"name": "x-last", "value": ["a"]}]}}
        assert client.post(url(server, "Unary"), json=body).headers["trailer-x-last"] == "a"
        unknown = client.post(url(server, "Unary"), json={"nickname": "x"})
        assert unknown.status_code == 400 and unknown.json()["code"] == "invalid_argument"
        assert "nickname" in unknown.json()["message"]
        # In pieces, as a generator gives them.
        answer = client.post(url(server, "Unary"), content=iter([b"{", b"}"]), headers={"content-type": "application/json"})
        assert answer.status_code == 200


def test_grpc_web_over_http1(server):
    """What a page without TLS sends: one request on a bare socket, trailers in the body."""
    message = pb.UnaryRequest(response_definition=pb.UnaryResponseDefinition(response_data=b"hi")).SerializeToString()
    body = b"\0" + len(message).to_bytes(4, "big") + message
    answer = requests.post(url(server, "Unary"), data=body, headers={"content-type": "application/grpc-web+proto"},
                           timeout=TIMEOUT)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/grpc-web+proto"
    length = int.from_bytes(answer.content[1:5], "big")
    assert pb.UnaryResponse.FromString(answer.content[5:5 + length]).payload.data == b"hi"
    assert answer.content[5 + length] == 0x80 and b"grpc-status: 0" in answer.content[5 + length:]


def test_the_user_service(service, users):
    """What the README shows, by httpx: the calls of users.v1.UserService, beside gRPC."""
    made = create(users, name="Ada")
    base = f"http://{service.address}/users.v1.UserService"
    with httpx.Client(timeout=TIMEOUT) as client:
        found = client.post(f"{base}/LookupUser", json={"email": made.email})
        assert found.status_code == 200 and found.json() == json_format.MessageToDict(made)
        query = {"encoding": "json", "message": json.dumps({"id": made.id})}
        assert client.get(f"{base}/GetUser", params=query).json() == found.json()
        missing = client.post(f"{base}/GetUser", json={"id": "018f4d5e-0000-7000-8000-000000000000"})
        assert missing.status_code == 404 and missing.json()["code"] == "not_found"
        reasons = [detail["debug"]["reason"] for detail in missing.json()["details"] if "ErrorInfo" in detail["type"]]
        assert reasons and missing.headers["content-type"] == "application/json"
        effects = client.get(f"{base}/DeleteUser", params=query)
        assert effects.status_code == 405 and effects.headers["allow"] == "POST"


def test_a_client_that_leaves_in_the_middle(server):
    """Half a request, and many connections that end: the server goes on."""
    for cut in (10, 60, 150):
        with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as plain:
            head = f"POST /{SERVICE}/Unary HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
            plain.sendall(head.encode()[:cut])
    assert requests.post(url(server, "Unary"), json={}, timeout=TIMEOUT).status_code == 200
