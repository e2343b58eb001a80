"""gRPC frames and protobuf messages that are wrong: each gets its status, and the server lives."""

import random
import subprocess
import uuid

import grpc
import pytest
from calls import TIMEOUT, create, new_email
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from http2 import message
from users.v1 import users_pb2 as pb

METHODS = ["CreateUser", "GetUser", "LookupUser", "ListUsers", "UpdateUser", "DeleteUser", "UndeleteUser", "ExportUsers"]


@pytest.fixture
def send(service):
    """Sends bytes as the request of a method: the status, and its message."""
    channel = service.channel()

    def run(method, data, timeout=TIMEOUT):
        path = f"/users.v1.UserService/{method}"
        try:
            if method == "ExportUsers":
                list(channel.unary_stream(path)(data, timeout=timeout))
            else:
                channel.unary_unary(path)(data, timeout=timeout)
            return StatusCode.OK, ""
        except grpc.RpcError as error:
            return error.code(), error.details()

    return run


@pytest.fixture(autouse=True)
def the_server_lives(service, users):
    yield
    assert service.is_alive
    create(users)


def nested_groups(depth):
    """Unknown groups inside each other: the one thing in our requests that can nest without end."""
    return b"\xa3\x06" * depth + b"\xa4\x06" * depth


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x0a", id="no length"),
        pytest.param(b"\x0a\x05ab", id="cut off"),
        pytest.param(b"\x0a\xff\xff\xff\xff\x07", id="a length of 2 GiB"),
        pytest.param(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="a length of 2^64 - 1"),
        pytest.param(b"\x80" * 11, id="a varint without end"),
        pytest.param(b"\x02\x00", id="field 0"),
        pytest.param(b"\x06", id="wire type 6"),
        pytest.param(b"\xa4\x06", id="an end without its group"),
        pytest.param(b"\xa3\x06", id="a group without its end"),
        pytest.param(nested_groups(101), id="groups 101 deep"),
        pytest.param(nested_groups(1_000_000), id="groups a million deep"),
    ])
def test_what_is_no_protobuf_is_internal(send, method, data):
    code, text = send(method, data)
    assert code == StatusCode.INTERNAL and "could not be decoded" in text


@pytest.mark.parametrize(
    "method, data",
    [
        ("GetUser", b"\x0a\x02\xc3\x28"),
        ("LookupUser", b"\x0a\x03\xed\xa0\x80"),
        ("ListUsers", b"\x12\x02\xc0\x80"),
        ("ListUsers", b"\x1a\x04\xf4\x90\x80\x80"),
        ("DeleteUser", b"\x12\x01\xff"),
        ("CreateUser", b"\x0a\x04\x12\x02\xe2\x82"),
        ("CreateUser", b"\x0a\x05\x22\x03\x0a\x01\x80"),
        ("UpdateUser", b"\x12\x03\x0a\x01\xfe"),
    ])
def test_invalid_utf8_is_internal(send, method, data):
    code, text = send(method, data)
    assert code == StatusCode.INTERNAL and "UTF-8" in text


def test_groups_within_the_limit_are_skipped(send):
    assert send("ListUsers", nested_groups(50)) == (StatusCode.OK, "")


@pytest.mark.parametrize(
    "method, request_message",
    [
        ("CreateUser", pb.CreateUserRequest(user=pb.User(email="a\0@example.com"))),
        ("CreateUser", pb.CreateUserRequest(user=pb.User(email="a@example.com", name="\0"))),
        ("CreateUser", pb.CreateUserRequest(user=pb.User(email="a@example.com", labels={"a\0": "b"}))),
        ("CreateUser", pb.CreateUserRequest(user=pb.User(email="a@example.com", labels={"a": "b\0"}))),
        ("CreateUser", pb.CreateUserRequest(user=pb.User(email="a@example.com"), user_id="\0" * 36)),
        ("GetUser", pb.GetUserRequest(id="\0")),
        ("GetUser", pb.GetUserRequest(id=str(uuid.uuid4()) + "\0")),
        ("LookupUser", pb.LookupUserRequest(email="a@example.com\0")),
        ("ListUsers", pb.ListUsersRequest(page_token="\0")),
        ("ListUsers", pb.ListUsersRequest(order_by="email\0")),
        ("UpdateUser", pb.UpdateUserRequest(user=pb.User(id=str(uuid.uuid4())), update_mask=FieldMask(paths=["name\0"]))),
        ("UpdateUser", pb.UpdateUserRequest(user=pb.User(id=str(uuid.uuid4()), name="\0"))),
        ("DeleteUser", pb.DeleteUserRequest(id="\0")),
        ("UndeleteUser", pb.UndeleteUserRequest(id="\0")),
    ])
def test_nul_is_an_invalid_argument(send, method, request_message):
    assert send(method, request_message.SerializeToString())[0] == StatusCode.INVALID_ARGUMENT


def test_nul_in_an_etag_matches_nothing(send, users):
    user = create(users)
    request = pb.DeleteUserRequest(id=user.id, etag=user.etag + "\0")
    assert send("DeleteUser", request.SerializeToString())[0] == StatusCode.ABORTED


def test_texts_that_look_like_sql_are_texts(send, users):
    text = "'; DROP TABLE users; -- $1 \\ %s"
    user = create(users, name=text, labels={"a": text})
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).name == text
    assert send("GetUser", pb.GetUserRequest(id=text).SerializeToString())[0] == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("size, code", [((4 << 20) + 1, StatusCode.RESOURCE_EXHAUSTED), (4 << 20, StatusCode.INVALID_ARGUMENT)])
def test_the_size_limit_of_requests(send, size, code):
    head = b"\x0a" + bytes([size - 5 & 127 | 128, size - 5 >> 7 & 127 | 128, size - 5 >> 14 & 127 | 128, size - 5 >> 21])
    assert send("GetUser", head + b"x" * (size - 5))[0] == code


@pytest.mark.parametrize(
    "body, status",
    [
        pytest.param(b"", 12, id="no message"),
        pytest.param(message(b"") * 2, 12, id="two messages"),
        pytest.param(message(b"")[:4], 13, id="half a prefix"),
        pytest.param(message(b"", length=10), 13, id="less than the prefix says"),
        pytest.param(message(b"", length=2**32 - 1), 8, id="a prefix of 4 GiB"),
        pytest.param(message(b"", flag=1), 13, id="compressed without saying how"),
        pytest.param(message(b"", flag=2), 13, id="a flag that is none"),
        pytest.param(b"\xff" * 1000, 13, id="noise"),
    ])
def test_grpc_frames_that_are_wrong(service, tmp_path, body, status):
    path = tmp_path / "body"
    path.write_bytes(body)
    said = nghttp(service, path)
    assert f"grpc-status: {status}\n" in said and "grpc-message: " in said


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/grpcx"])
def test_other_content_types_are_415(service, tmp_path, content_type):
    path = tmp_path / "body"
    path.write_bytes(message(b""))
    assert ":status: 415\n" in nghttp(service, path, content_type=content_type)


def nghttp(service, body, content_type="application/grpc"):
    command = ["nghttp", "-v", "-d", body, "-H", ":method: POST", "-H", f"content-type: {content_type}", "-H", "te: trailers",
               f"http://{service.address}/users.v1.UserService/GetUser"]
    run = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return run.stdout.decode(errors="replace")


@pytest.mark.parametrize("seed", range(5))
def test_mutated_requests(send, seed):
    """Each gets one of the statuses that a caller can do something about; none is our own failure."""
    noise = random.Random(seed)
    whole = pb.CreateUserRequest(user=pb.User(email=new_email(), name="N\u00e4me", labels={"team": "engines", "a": "b"}))
    expected = {StatusCode.OK, StatusCode.INVALID_ARGUMENT, StatusCode.ALREADY_EXISTS, StatusCode.NOT_FOUND, StatusCode.INTERNAL}
    for _ in range(200):
        data = bytearray(whole.SerializeToString())
        for _ in range(noise.randrange(1, 6)):
            at = noise.randrange(len(data))
            data[at : at + noise.randrange(3)] = noise.randbytes(noise.randrange(3))
        code, text = send(noise.choice(METHODS[:-1]), bytes(data))
        assert code in expected, (code, text, bytes(data))
        assert code != StatusCode.INTERNAL or "could not be decoded" in text, (text, bytes(data))
