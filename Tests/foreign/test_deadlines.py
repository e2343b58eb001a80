"""Deadlines that pass while the database works: the call ends, connection and pool stay good."""

import subprocess
import threading
import time

import grpc
import pytest
from calls import TIMEOUT, create, failing
from database import locked, psql
from grpc import StatusCode
from programs import eventually
from users.v1 import users_pb2 as pb

CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'user-service%' AND datname = current_database()"


def test_a_millisecond_for_a_slow_query(users, database):
    user = create(users)
    get, update = pb.GetUserRequest(id=user.id), pb.UpdateUserRequest(user=pb.User(id=user.id, name="late"))
    with locked(database, "LOCK TABLE users"):
        for _ in range(50):
            failing(StatusCode.DEADLINE_EXCEEDED, users.GetUser, get, timeout=0.001)
            failing(StatusCode.DEADLINE_EXCEEDED, users.UpdateUser, update, timeout=0.001)
        failing(StatusCode.DEADLINE_EXCEEDED, users.ListUsers, pb.ListUsersRequest(), timeout=0.001)
        failing(StatusCode.DEADLINE_EXCEEDED, users.ExportUsers, pb.ExportUsersRequest(), timeout=0.001)
    assert users.GetUser(get, timeout=TIMEOUT).id == user.id
    update.user.name = "in time"
    # Those that were late may still be done, even after this one: whoever minds sends an etag.
    assert users.UpdateUser(update, timeout=TIMEOUT).name == "in time"


def test_the_server_itself_says_that_the_deadline_passed(service, users, database, tmp_path):
    """A client's own clock hides the server's answer; nghttp has none."""
    user = create(users)
    message = pb.GetUserRequest(id=user.id).SerializeToString()
    body = tmp_path / "body"
    body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    command = ["nghttp", "-v", "-d", body, "-H", ":method: POST", "-H", "content-type: application/grpc", "-H", "te: trailers",
               "-H", "grpc-timeout: 200m", f"http://{service.address}/users.v1.UserService/GetUser"]
    with locked(database, "LOCK TABLE users"):
        said = subprocess.run(command, capture_output=True, timeout=60, check=False).stdout.decode(errors="replace")
    assert "grpc-status: 4" in said
    assert "database" in said.split("grpc-message: ")[1].splitlines()[0]


def test_many_late_calls_leave_the_pool_as_it_was(service, users, database):
    user = create(users)
    ids = [create(users).id for _ in range(8)]
    get = pb.GetUserRequest(id=user.id)

    def late(stub, user_id):
        failing(
            StatusCode.DEADLINE_EXCEEDED, stub.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=user_id, name="late")),
            timeout=0.2)

    with locked(database, "SELECT FROM users FOR UPDATE"):
        stubs = [service.stub() for _ in ids]
        for _ in range(3):
            threads = [threading.Thread(target=late, args=pair) for pair in zip(stubs, ids)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        # Reads do not need the rows, and share no connection with writes.
        eventually(lambda: reads(users, get), "reads are served beside stuck writes")
    for user_id in ids:
        request = pb.UpdateUserRequest(user=pb.User(id=user_id, name="in time"))
        eventually(lambda request=request: succeeds(users.UpdateUser, request), "a write after the lock was released")
    # Of two loops with two connections for reads each, and the twenty that the pool keeps; the overflow goes again.
    eventually(lambda: int(psql(database, CONNECTIONS)) <= 24, "the number of connections is bounded")


def reads(users, request):
    return succeeds(users.GetUser, request)


def succeeds(call, request):
    try:
        return call(request, timeout=5)
    except grpc.RpcError:
        return None


def test_a_malformed_timeout_fails_its_call_only(service, users, tmp_path):
    user = create(users)
    body = tmp_path / "body"
    message = pb.GetUserRequest(id=user.id).SerializeToString()
    body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    for timeout in ("x", "123456789S", "-1S", "5", "S", "1s1"):
        command = ["nghttp", "-v", "-d", body, "-H", ":method: POST", "-H", "content-type: application/grpc",
                   "-H", "te: trailers", "-H", f"grpc-timeout: {timeout}",
                   f"http://{service.address}/users.v1.UserService/GetUser"]
        said = subprocess.run(command, capture_output=True, timeout=60, check=False).stdout.decode(errors="replace")
        assert "grpc-status: " in said and "grpc-status: 0" not in said, timeout


def test_a_cancelled_call_leaves_nothing_behind(service, users, database):
    user = create(users)
    stub = service.stub()
    with locked(database, "LOCK TABLE users"):
        pending = [stub.GetUser.future(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) for _ in range(100)]
        time.sleep(0.1)
        for call in pending:
            assert call.cancel()
    assert stub.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).id == user.id
    with pytest.raises(grpc.FutureCancelledError):
        pending[0].result()
