"""The server behind nginx and HAProxy over HTTP/1.1: front and back never disagree on where a request ends.

Both proxies keep their connections to the server and share them among their clients. Had a smuggler left bytes in one
that only the server takes for a request, the next client would get another's answer: so after each attack a few honest
clients ask for something of their own, and get just that.
"""

import json
import os
import shutil
import socket
import subprocess
import uuid

import pytest
import requests
from calls import TIMEOUT
from programs import eventually
from test_connect import SERVICE, Server
from test_http1 import CORPUS

NGINX = """
{user}
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  client_max_body_size 8m;
  upstream back {{ server {back}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://back;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering {buffering};
      proxy_buffering {buffering};
    }}
  }}
}}
"""

HAPROXY = """
global
  log stderr local0 emerg
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  http-reuse always
  server back {back}
"""

# By another proxy's rules: each of these is one request there, and more than one to a lax server.
MORE = [
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\nX: y",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1d\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 31\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.fixture(scope="module")
def back():
    server = Server()
    yield server.address
    server.end()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module", params=["nginx", "nginx, unbuffered", "haproxy"])
def front(request, back, tmp_path_factory):
    """A proxy before the server: its port."""
    name, port = request.param.split(",")[0], free_port()
    directory = tmp_path_factory.mktemp(name)
    program = shutil.which(name)
    assert program, f"{name} is missing: scripts/setup.sh test installs it"
    configuration = directory / "configuration"
    text = NGINX if name == "nginx" else HAPROXY
    configuration.write_text(
        text.format(
            directory=directory, back=back, port=port, buffering="off" if "un" in request.param else "on",
            # Else it becomes somebody who may not write here.
            user="user root;" if os.geteuid() == 0 else ""))
    command = [program, "-p", str(directory), "-c"] if name == "nginx" else [program, "-db", "-f"]
    proxy = subprocess.Popen([*command, str(configuration)])

    def listens():
        assert proxy.poll() is None, "the proxy ended"
        return socket.socket().connect_ex(("127.0.0.1", port)) == 0

    eventually(listens, f"{name} listens")
    yield port
    proxy.terminate()
    proxy.wait(timeout=TIMEOUT)


def ask(port, size=0):
    """Something of one's own, and whether just that comes back."""
    mine = str(uuid.uuid4())
    body = {"responseDefinition": {"responseHeaders": [{"name": "x-mine", "value": [mine]}], "responseData": "A" * size}}
    answer = requests.post(f"http://127.0.0.1:{port}/{SERVICE}/Unary", json=body, timeout=TIMEOUT)
    assert answer.status_code == 200 and answer.headers["x-mine"] == mine
    assert len(answer.json()["payload"].get("data", "")) == size


def attack(port, data):
    """What comes back, and the end of the connection or a silence."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as stream:
        received = b""
        try:
            stream.sendall(data)
            while piece := stream.recv(65_536):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
        return received


@pytest.mark.parametrize("data", CORPUS + MORE, ids=range(len(CORPUS + MORE)))
def test_no_request_is_smuggled(front, data):
    attack(front, data)
    for _ in range(3):
        ask(front)


def test_calls_through_a_proxy(front):
    for size in (0, 4, 400_000, 2_000_000):
        ask(front, size)
    url = f"http://127.0.0.1:{front}/{SERVICE}"
    with requests.Session() as session:
        for _ in range(10):
            error = session.post(f"{url}/Unary", json={"responseDefinition": {"error": {"code": "CODE_NOT_FOUND"}}})
            assert error.status_code == 404 and error.json()["code"] == "not_found"
            query = {"encoding": "json", "message": json.dumps({"requestData": "AAAA"})}
            assert session.get(f"{url}/IdempotentUnary", params=query).status_code == 200
            # In chunks, of a length that nobody says.
            chunked = session.post(f"{url}/Unary", data=iter([b"{", b"}"]), headers={"content-type": "application/json"})
            assert chunked.status_code == 200
