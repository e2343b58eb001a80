"""Deleted users are removed for good: by the service on its own, and by hand."""

import os
import subprocess

import grpc
import pytest
from calls import TIMEOUT, create, failing, new_email
from database import psql
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import Certificates, UserService, clean_environment, eventually
from users.v1 import users_pb2 as pb

PROGRAM = os.environ["USER_SERVICE"]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def run(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *arguments], env=clean_environment(**environment), capture_output=True, text=True, timeout=60, check=False)


def delete(users, user):
    return users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)


def is_gone(users, user):
    try:
        users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
        return True
    return False


def expire(database):
    psql(database, "UPDATE users SET purge_time = now() - interval '1 s' WHERE purge_time IS NOT NULL")


def test_the_service_removes_users_whose_time_has_come(database):
    with UserService(database, "--retention", "1s", environment={"USER_SERVICE_PURGE_INTERVAL": "1"}) as service:
        email = new_email("gone")
        user = create(service.users, email=email)
        deleted = delete(service.users, user)
        assert deleted.purge_time.seconds - deleted.delete_time.seconds == 1
        eventually(lambda: is_gone(service.users, user), "the user is removed")
        details = failing(
            grpc.StatusCode.NOT_FOUND, service.users.UndeleteUser, pb.UndeleteUserRequest(id=user.id))
        assert details.info.reason == "USER_NOT_FOUND"
        assert create(service.users, email=email).id != user.id
        eventually(lambda: "removed for good" in service.said(), "the log says so")
        assert email not in service.said()


def test_by_hand(database):
    with UserService(database, "--purge-interval", "0") as service:
        kept = create(service.users)
        users = [create(service.users) for _ in range(7)]
        for user in users:
            delete(service.users, user)
        assert run("purge", DATABASE_URL=database).stdout == "Removed 0 user(s) for good.\n"
        expire(database)
        assert run("purge", "--dry-run", DATABASE_URL=database).stdout == "7 user(s) would be removed for good.\n"
        assert not any(is_gone(service.users, user) for user in users)
        done = run("purge", "--purge-batch", "3", DATABASE_URL=database)
        assert (done.returncode, done.stdout) == (0, "Removed 7 user(s) for good.\n")
        assert all(is_gone(service.users, user) for user in users) and not is_gone(service.users, kept)


def test_a_failing_purge_is_told_and_no_reason_to_stop_serving(database):
    with UserService(database, "--purge-interval", "1s", "--retention", "1s") as service:
        health = health_pb2_grpc.HealthStub(service.channel())

        def status(name):
            return health.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT).status

        assert status("worker/purge") == SERVING
        psql(database, "ALTER TABLE worker_leases RENAME TO elsewhere")
        user = create(service.users)
        delete(service.users, user)
        eventually(lambda: status("worker/purge") == NOT_SERVING, "health tells of the worker")
        assert status("") == status("users.v1.UserService") == SERVING
        assert "A background worker failed" in service.said() and "worker=purge" in service.said()
        psql(database, "ALTER TABLE elsewhere RENAME TO worker_leases")
        eventually(lambda: status("worker/purge") == SERVING, "health tells that it is well again")
        eventually(lambda: is_gone(service.users, user), "the user is removed after all")


@pytest.mark.parametrize("arguments", [
    ("--retention", "month"), ("--retention", "-1s"), ("--retention", "40000d"), ("--retention", "9223372036854775807d"),
    ("--purge-interval", "2d"), ("--purge-batch", "0"), ("--purge-batch", "10001"),
])
def test_wrong_settings_are_64(database, arguments):
    done = run("serve", *arguments, DATABASE_URL=database)
    assert done.returncode == 64 and arguments[0] in done.stderr
    name = "USER_SERVICE_" + arguments[0].removeprefix("--").replace("-", "_").upper()
    done = run("serve", DATABASE_URL=database, **{name: arguments[1]})
    assert done.returncode == 64 and name in done.stderr


def test_certificates_have_a_worker(database, tmp_path):
    certificates = Certificates(tmp_path)
    with UserService(database, *certificates.flags, "--purge-interval", "0") as service:
        channel = service.channel(credentials=certificates.credentials())
        statuses = health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest(), timeout=TIMEOUT).statuses
        assert set(statuses) == {
            "", "users.v1.UserService", "users.v1.AccountService", "worker/certificates", "worker/ended-sessions",
            "worker/rehashing", "worker/session-pruning", "worker/event-sequencer", "worker/event-feed", "worker/event-pruning", "worker/requests"}
        good = certificates.bytes("server.pem")
        path = certificates.directory / "server.pem"
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="worker/certificates")
        path.write_bytes(b"no certificate")
        eventually(lambda: health.Check(request, timeout=TIMEOUT).status == NOT_SERVING, "bad ones are told of")
        assert "The new certificates can't be used" in service.said()
        path.write_bytes(good)
        eventually(lambda: health.Check(request, timeout=TIMEOUT).status == SERVING, "good ones are taken")
