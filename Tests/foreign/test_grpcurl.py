"""grpcurl by reflection: what a person with a terminal does."""

import json
import subprocess
import uuid

import pytest
from calls import new_email
from database import locked


@pytest.fixture(scope="module")
def grpcurl(service):
    """Runs grpcurl: its exit code, what it printed and what it complained about."""

    def run(*arguments, data=None, options=()):
        sent = ["-d", data if isinstance(data, str) else json.dumps(data)] if data is not None else []
        command = ["grpcurl", "-plaintext", *options, *sent, service.address, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def call(grpcurl):
    """A call that succeeds: its answer."""

    def run(method, data):
        done = grpcurl(f"users.v1.UserService/{method}", data=data)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_list(grpcurl):
    done = grpcurl("list")
    assert done.returncode == 0, done.stderr
    services = done.stdout.split()
    assert {"users.v1.UserService", "grpc.health.v1.Health"} <= set(services)
    assert "grpc.reflection.v1alpha.ServerReflection" in services and "grpc.reflection.v1.ServerReflection" in services
    methods = grpcurl("list", "users.v1.UserService").stdout.split()
    assert [method.rsplit(".", 1)[1] for method in methods] == [
        "BatchCreateUsers", "BatchGetUsers", "BatchUpdateUsers", "CreateUser", "DeleteUser", "ExportUsers", "GetImport",
        "GetUser", "ImportUsers", "ListUsers", "LookupUser", "PurgeUser", "SyncUsers", "UndeleteUser", "UpdateUser",
        "WatchUsers"]


@pytest.mark.parametrize(
    "symbol, text",
    [
        ("users.v1.UserService", "rpc ExportUsers ( .users.v1.ExportUsersRequest ) returns ( stream .users.v1.User )"),
        ("users.v1.User", "map<string, string> labels = 4"),
        ("users.v1.User.State", "STATE_DELETED = 2;"),
        ("users.v1.UserService.GetUser", "option idempotency_level = NO_SIDE_EFFECTS;"),
        ("google.protobuf.FieldMask", "repeated string paths = 1;"),
        ("grpc.health.v1.Health", "rpc Watch"),
    ])
def test_describe(grpcurl, symbol, text):
    done = grpcurl("describe", symbol)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout


def test_describe_of_what_is_not_there(grpcurl):
    done = grpcurl("describe", "users.v1.Nothing")
    assert done.returncode != 0 and "not found" in done.stderr


def test_each_call(grpcurl, call):
    user_id, email = str(uuid.uuid4()), new_email()
    user = {"email": email, "name": "Ada", "labels": {"team": "engines"}}
    created = call("CreateUser", {"user_id": user_id, "user": user})
    assert created["id"] == user_id and created["state"] == "STATE_ACTIVE" and created["labels"] == user["labels"]
    assert call("GetUser", {"id": user_id}) == created
    assert call("LookupUser", {"email": email.upper()}) == created
    assert created in call("ListUsers", {"page_size": 10, "order_by": "create_time desc"})["users"]
    updated = call("UpdateUser", {"user": {"id": user_id, "name": "Augusta"}, "update_mask": {"paths": ["name"]}})
    assert updated["name"] == "Augusta" and updated["etag"] != created["etag"]
    deleted = call("DeleteUser", {"id": user_id, "etag": updated["etag"]})
    assert deleted["state"] == "STATE_DELETED" and deleted["purgeTime"] > deleted["deleteTime"]
    assert call("UndeleteUser", {"id": user_id})["state"] == "STATE_ACTIVE"
    exported = grpcurl("users.v1.UserService/ExportUsers", data={})
    assert exported.returncode == 0 and user_id in exported.stdout


def test_health(grpcurl):
    for service in ("", "users.v1.UserService"):
        done = grpcurl("grpc.health.v1.Health/Check", data={"service": service})
        assert json.loads(done.stdout) == {"status": "SERVING"}
    assert "NotFound" in grpcurl("grpc.health.v1.Health/Check", data={"service": "nobody"}).stderr


def test_errors_tell_code_message_and_details(grpcurl):
    nobody = str(uuid.uuid4())
    done = grpcurl("users.v1.UserService/GetUser", data={"id": nobody})
    assert done.returncode == 64 + 5
    assert "Code: NotFound" in done.stderr and "USER_NOT_FOUND" in done.stderr and nobody in done.stderr


def test_bad_json(grpcurl):
    for bad in ('{"id": ', '{"no_such_field": 1}', '{"id": 7}', "[]"):
        done = grpcurl("users.v1.UserService/GetUser", data=bad)
        assert done.returncode != 0 and "Error invoking method" in done.stderr
    assert grpcurl("list").returncode == 0


def test_unknown_methods(grpcurl):
    done = grpcurl("users.v1.UserService/NoSuchCall", data={})
    assert done.returncode != 0 and "NoSuchCall" in done.stderr
    done = grpcurl("users.v1.NoSuchService/GetUser", data={})
    assert done.returncode != 0 and "NoSuchService" in done.stderr


def test_max_time(grpcurl, call, database):
    user = call("CreateUser", {"user": {"email": new_email()}})
    ask = {"data": {"user": {"id": user["id"], "name": "late"}, "update_mask": {"paths": ["name"]}}, "options": ["-max-time", "0.3"]}
    with locked(database, f"SELECT FROM users WHERE id = '{user['id']}' FOR UPDATE"):
        done = grpcurl("users.v1.UserService/UpdateUser", **ask)
        assert "Code: DeadlineExceeded" in done.stderr, done.stderr
    assert call("UpdateUser", {"user": {"id": user["id"], "name": "in time"}})["name"] == "in time"
