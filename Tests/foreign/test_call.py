"""user-service call: the client of operators, against user-service."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_reflection.v1alpha import reflection
from programs import InteropServer, UserService, clean_environment

PROGRAM = os.environ.get("USER_SERVICE", "")


def call(*arguments, stdin=None, **environment):
    return subprocess.run(
        [PROGRAM, "call", *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False,
        env=clean_environment(**environment))


@pytest.fixture
def plain(service):
    def run(*arguments, **more):
        return call("--plaintext", "--server", service.address, *arguments, **more)

    return run


def made(plain, name):
    done = plain("create-user", f"user.email={name}@call.example", f"user.name={name}", "user.labels={\"a\": \"b\"}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_fields_and_json(plain):
    user = made(plain, "ada")
    assert user["email"] == "ada@call.example" and user["labels"] == {"a": "b"}
    for arguments in (["get-user", f"id={user['id']}"], ["GetUser", "-d", json.dumps({"id": user["id"]})],
                      ["users.v1.UserService/LookupUser", "email=ada@call.example"]):
        done = plain(*arguments)
        assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", user)
    done = plain("get-user", "--data", "-", stdin=json.dumps({"id": user["id"]}))
    assert json.loads(done.stdout) == user


def test_a_stream_is_a_line_each(plain):
    users = [made(plain, f"stream{number}") for number in range(3)]
    done = plain("export-users")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(user in lines for user in users)


def test_a_failure_has_grpcurls_exit_code_and_its_details(plain):
    done = plain("lookup-user", "email=nobody@call.example")
    assert done.returncode == 64 + 5 and done.stdout == "" and done.stderr.startswith("NOT_FOUND: ")
    assert '"reason":' in done.stderr
    done = plain("create-user", "user.email=x")
    assert done.returncode == 64 + 3 and "google.rpc.BadRequest" in done.stderr


def test_nobody_listens():
    done = call("--plaintext", "--server", "127.0.0.1:1", "get-user", "id=x")
    assert done.returncode == 64 + 14 and "UNAVAILABLE" in done.stderr
    done = call("--plaintext", "--server", "127.0.0.1:1", "--wait-for-ready", "--timeout", "0.2", "get-user", "id=x")
    assert done.returncode == 64 + 4


@pytest.mark.parametrize("arguments, complaint", [
    (["fly"], "there is no method fly"),
    (["get-user", "id"], "'id' is not NAME=VALUE"),
    (["get-user", "id=1", "id=2"], "another one has already"),
    (["get-user", "nothing=1"], "the request is no users.v1.GetUserRequest"),
    (["get-user", "--data", "{"], "the request is no users.v1.GetUserRequest"),
    (["get-user", "--data", "{}", "id=1"], "as fields or by --data"),
    (["get-user", "--server", "host:port"], "not a valid target"),
    (["get-user", "--header", "x"], "is not NAME: VALUE"),
    (["get-user", "--data", "{} {}"], "takes one request, and the data has 2"),
    (["get-user", "--server", "a:1", "--reflect", "b:1"], "give --server or --reflect"),
    (["list", "--reflect", "127.0.0.1:1", "a", "b"], "list takes one name"),
    (["nothing", "--reflect", "127.0.0.1:1"], "'nothing' is no method"),
    (["get-user", "--timeout", "0"], "--timeout must be above 0"),
    (["get-user", "--cert", "x"], "--cert and --key go together"),
])
def test_wrong_arguments(arguments, complaint):
    done = call("--plaintext", *arguments) if "--cert" not in arguments else call(*arguments)
    assert done.returncode == 64 and complaint in done.stderr


def test_metadata_and_its_end(plain):
    done = plain("-v", "-H", "x-request-id: abc", "lookup-user", "email=nobody@call.example")
    assert "initial metadata:" in done.stderr and "attempts: 1" in done.stderr


def test_tls_and_a_unix_socket(database, certificates, tmp_path):
    socket = tmp_path / "call.sock"
    with UserService(database, *certificates.flags, listen=("127.0.0.1:0", f"unix:{socket}")) as server:
        port = server.address.rsplit(":", 1)[1]
        arguments = ["lookup-user", "email=nobody@call.example"]
        trusted = ["--cacert", certificates.path("ca.pem"), "--server", f"localhost:{port}"]
        assert call(*trusted, *arguments).returncode == 64 + 5
        assert call(*trusted, "--authority", "other.example", *arguments).returncode == 64 + 14
        assert call("--plaintext", *trusted[2:], *arguments).returncode == 64 + 14
        assert call("--plaintext", "--server", f"unix:{socket}", *arguments).returncode == 64 + 5


@pytest.fixture(scope="module")
def interop():
    with InteropServer() as server:
        target = f"127.0.0.1:{server.address.rsplit(':', 1)[1]}"
        yield lambda *arguments, **more: call("--plaintext", "--reflect", target, *arguments, **more)


def test_any_server_says_what_it_has(interop):
    done = interop("list")
    assert done.returncode == 0 and "grpc.testing.TestService" in done.stdout.splitlines()
    assert "grpc.testing.TestService/UnaryCall" in interop("list", "grpc.testing.TestService").stdout.splitlines()
    described = interop("describe", "grpc.testing.TestService").stdout
    assert "rpc StreamingInputCall ( stream grpc.testing.StreamingInputCallRequest ) returns" in described
    described = interop("describe", "grpc.testing.SimpleRequest").stdout
    assert "grpc.testing.SimpleRequest is a message:" in described and "int32 response_size = 2;" in described
    assert interop("describe", "grpc.testing.TestService/EmptyCall").stdout.count("rpc EmptyCall") == 1
    assert interop("describe").stdout.count("is a service:") >= 2
    done = interop("describe", "grpc.testing.Nothing")
    assert done.returncode == 64 and "grpc.testing.Nothing" in done.stderr


def test_calls_of_every_kind_by_reflection(interop):
    service = "grpc.testing.TestService"
    done = interop(f"{service}/UnaryCall", "responseSize=3")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"payload": {"body": "AAAA"}})
    done = interop(f"{service}.StreamingOutputCall", "-d", '{"responseParameters": [{"size": 1}, {"size": 2}]}')
    assert [len(json.loads(line)["payload"]["body"]) for line in done.stdout.splitlines()] == [4, 4]
    body = '{"payload": {"body": "AAAA"}}'
    for data in (f"[{body}, {body}]", f"{body}\n{body}"):
        done = interop(f"{service}/StreamingInputCall", "-d", "-", stdin=data)
        assert json.loads(done.stdout) == {"aggregatedPayloadSize": 6}
    ask = '{"responseParameters": [{"size": 1}]}'
    assert interop(f"{service}/FullDuplexCall", "-d", ask * 3).stdout.count("payload") == 3
    done = interop(f"{service}/UnaryCall", "-v", "-H", "x-grpc-test-echo-initial: abc", "-d", "{}")
    assert json.loads(done.stdout) == {"payload": {}} and "x-grpc-test-echo-initial: abc" in done.stderr
    done = interop(f"{service}/UnaryCall", "-d", '{"responseStatus": {"code": 9, "message": "so"}}')
    assert (done.returncode, done.stderr) == (64 + 9, "FAILED_PRECONDITION: so\n")


def test_a_server_without_reflection():
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    done = call("--plaintext", "--reflect", f"127.0.0.1:{port}", "list")
    server.stop(0)
    assert done.returncode == 64 + 12 and "UNIMPLEMENTED" in done.stderr


def test_a_server_with_the_older_reflection():
    server = grpc.server(ThreadPoolExecutor(1))
    reflection.enable_server_reflection([reflection.SERVICE_NAME], server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    done = call("--plaintext", "--reflect", f"127.0.0.1:{port}", "list")
    server.stop(0)
    assert done.stdout.splitlines() == ["grpc.reflection.v1alpha.ServerReflection"]
