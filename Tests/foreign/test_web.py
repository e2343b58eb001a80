"""gRPC-Web as curl speaks it: HTTP/2 with prior knowledge, as from a page and as from nobody's."""

import os
import shutil
import subprocess

import pytest
from calls import create, new_email
from programs import UserService
from users.v1 import users_pb2 as pb

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def web(database):
    with UserService(database, "--web-origin", ORIGIN) as service:
        yield service


def curl(service, path, *arguments, body=None):
    """Status, header fields and body."""
    command = ["curl", "-s", "-i", "--max-time", "30", "--http2-prior-knowledge", *arguments,
               *(["--data-binary", "@-"] if body is not None else []), f"http://{service.address}{path}"]
    run = subprocess.run(command, input=body, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    head, _, content = run.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), content


def call(service, method, request, *headers):
    body = request.SerializeToString()
    arguments = [part for header in ("content-type: application/grpc-web+proto", *headers) for part in ("-H", header)]
    status, fields, content = curl(
        service, f"/users.v1.UserService/{method}", *arguments, body=b"\0" + len(body).to_bytes(4, "big") + body)
    frames = []
    while content:
        length = int.from_bytes(content[1:5], "big")
        frames.append((content[0], content[5:5 + length]))
        content = content[5 + length:]
    return status, fields, frames


def test_a_page_calls(web):
    email = new_email()
    created = create(web.users, email=email)
    status, fields, frames = call(web, "LookupUser", pb.LookupUserRequest(email=email), f"origin: {ORIGIN}")
    assert status == 200 and fields["access-control-allow-origin"] == ORIGIN
    assert [flag for flag, _ in frames] == [0, 0x80]
    assert pb.User.FromString(frames[0][1]).id == created.id
    assert frames[1][1] == b"grpc-status: 0\r\n"


def test_an_error_says_why(web):
    status, fields, frames = call(web, "LookupUser", pb.LookupUserRequest(email=new_email()), f"origin: {ORIGIN}")
    assert (status, frames, fields["grpc-status"]) == (200, [], "5")
    assert "grpc-status-details-bin" in fields["access-control-expose-headers"].split(",")


def test_a_preflight_is_answered(web):
    status, fields, _ = curl(
        web, "/users.v1.UserService/GetUser", "-X", "OPTIONS", "-H", f"origin: {ORIGIN}", "-H",
        "access-control-request-method: POST", "-H", "access-control-request-headers: content-type,x-grpc-web")
    assert status == 204 and fields["access-control-allow-headers"] == "content-type,x-grpc-web"


def test_another_page_may_not(web):
    assert call(web, "LookupUser", pb.LookupUserRequest(email="a@b.c"), "origin: https://evil.example")[0] == 403


def test_it_is_off_unless_asked_for(service):
    assert call(service, "LookupUser", pb.LookupUserRequest(email="a@b.c"))[0] == 415


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://", ""])
def test_what_is_no_origin_is_refused(origin):
    run = subprocess.run(
        [os.environ["USER_SERVICE"], "serve", "--web-origin", origin], capture_output=True, text=True, timeout=60,
        check=False, env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    assert run.returncode == 64 and "it must be an origin such as" in run.stderr
