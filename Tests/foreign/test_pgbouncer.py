"""Behind a real PgBouncer: all works in session mode, and the other modes are told apart at start."""

import itertools
import os
import subprocess
from contextlib import contextmanager, nullcontext

import pytest
from bouncer import PgBouncer
from calls import TIMEOUT, create, failing, new_email
from database import psql
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import PATIENCE, UserService, eventually
from users.v1 import users_pb2 as pb

SESSION_MODE = {"pool_mode": "session", "default_pool_size": 70}


@pytest.fixture(scope="module")
def bouncer(database):
    with PgBouncer(database, **SESSION_MODE) as process:
        yield process


@pytest.fixture(scope="module")
def service(bouncer):
    with UserService(bouncer.url) as server:
        yield server


def run(url, *arguments):
    """Runs the program to its end."""
    return subprocess.run(
        [os.environ["USER_SERVICE"], *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={**os.environ, "DATABASE_URL": url})


@contextmanager
def load(bouncer, database, directory):
    """Others use the same pool without pause while the block runs."""
    script = directory / "load.sql"
    script.write_text("BEGIN;\nSELECT 1;\nCOMMIT;\n")
    command = ["pgbench", "-n", "-f", script, "-c", "8", "-T", "600", bouncer.url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Asked past the pool: a session there bears the name of its last client.
    asking = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'pgbench'"
    try:
        eventually(lambda: psql(database, asking) == "t", "others are at work")
        yield
        assert process.poll() is None, "the others went away"
    finally:
        process.kill()
        process.wait()


# Session mode.


def test_watchers_are_woken_through_it(bouncer, service):
    with UserService(bouncer.url, "--event-poll", "1h", "--pool-size", "2", "--pool-overflow", "2") as other:
        watch = other.users.WatchUsers(pb.WatchUsersRequest(), timeout=TIMEOUT)
        next(watch)
        user = create(service.users)
        assert user.id in {message.event.user_id for message in itertools.islice(watch, 1)}
        watch.cancel()


def test_the_schema_is_migrated_through_it(administrator):
    with administrator.database() as url, PgBouncer(url, pool_mode="session") as bouncer:
        first, second = run(bouncer.url, "migrate"), run(bouncer.url, "migrate")
        assert first.returncode == 0 and first.stdout.startswith("Applied "), first.stderr
        assert (second.returncode, second.stdout) == (0, "The schema is up to date.\n"), second.stderr
        assert psql(url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"
        # Neither the lock nor the settings of a migration are left to the pool's next client.
        assert psql(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
        assert psql(bouncer.url, "SHOW statement_timeout") == "0"


def test_every_kind_of_call_works(users):
    user = create(users, name="Ada", labels={"team": "engines"})
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
    assert users.LookupUser(pb.LookupUserRequest(email=user.email), timeout=TIMEOUT) == user
    request = pb.UpdateUserRequest(
        user=pb.User(id=user.id, name="Countess", etag=user.etag), update_mask=FieldMask(paths=["name"]))
    updated = users.UpdateUser(request, timeout=TIMEOUT)
    assert updated.name == "Countess"
    failing(StatusCode.ABORTED, users.UpdateUser, request)
    failing(StatusCode.ALREADY_EXISTS, users.CreateUser, pb.CreateUserRequest(user=pb.User(email=user.email)))
    assert updated in users.ListUsers(pb.ListUsersRequest(page_size=1000), timeout=TIMEOUT).users
    assert updated in list(users.ExportUsers(pb.ExportUsersRequest(), timeout=TIMEOUT))
    assert users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT).state == pb.User.STATE_DELETED
    assert users.UndeleteUser(pb.UndeleteUserRequest(id=user.id), timeout=TIMEOUT).name == "Countess"


def test_many_calls_are_in_flight_at_once(users):
    creations = [
        users.CreateUser.future(pb.CreateUserRequest(user=pb.User(email=new_email())), timeout=TIMEOUT)
        for _ in range(500)]
    created = [creation.result() for creation in creations]
    assert len({user.id for user in created}) == 500
    readings = [users.GetUser.future(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) for user in created for _ in "ab"]
    assert [reading.result().id for reading in readings] == [user.id for user in created for _ in "ab"]
    updates = [
        users.UpdateUser.future(
            pb.UpdateUserRequest(user=pb.User(id=user.id, name="new"), update_mask=FieldMask(paths=["name"])),
            timeout=TIMEOUT) for user in created]
    assert {update.result().name for update in updates} == {"new"}


def test_it_comes_back_after_a_restart(service, bouncer, database):
    user = create(service.users)
    health = health_pb2_grpc.HealthStub(service.channel())

    def status():
        return health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status

    for _ in range(2):
        bouncer.kill()
        eventually(lambda: status() == health_pb2.HealthCheckResponse.NOT_SERVING, "health follows")
        failing(StatusCode.UNAVAILABLE, service.users.GetUser, pb.GetUserRequest(id=user.id))
        bouncer.start()
        eventually(lambda: status() == health_pb2.HealthCheckResponse.SERVING, "health follows its return")
        assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
        assert psql(database, f"SELECT count(*) FROM users WHERE id = '{create(service.users).id}'") == "1"


@pytest.mark.parametrize("round_robin", [0, 1])
def test_a_busy_pool_in_session_mode_is_taken_for_what_it_is(administrator, tmp_path, round_robin):
    with administrator.database() as url, PgBouncer(url, **SESSION_MODE, server_round_robin=round_robin) as bouncer:
        with load(bouncer, url, tmp_path), UserService(bouncer.url) as service:
            user = create(service.users)
            assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user


def test_a_pool_that_is_too_small_is_named(administrator):
    with administrator.database() as url, PgBouncer(url, pool_mode="session", default_pool_size=2) as bouncer:
        ended = run(bouncer.url, "migrate")
        assert ended.returncode == 69
        assert ended.stderr.count("Error: ") == 1 and "default_pool_size" in ended.stderr


# The other modes.


POOLS = [
    {"pool_mode": "transaction"},
    {"pool_mode": "transaction", "server_round_robin": 1},
    {"pool_mode": "transaction", "default_pool_size": 1},
    {"pool_mode": "transaction", "default_pool_size": 2, "server_round_robin": 1},
    {"pool_mode": "statement"},
]
# Others' transactions are not possible in statement mode.
BUSY = [pool for pool in POOLS if pool["pool_mode"] != "statement"]


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize(
    "pool, is_busy", [(pool, False) for pool in POOLS] + [(pool, True) for pool in BUSY],
    ids=lambda value: ("busy" if value else "idle") if isinstance(value, bool) else "-".join(map(str, value.values())))
def test_the_other_modes_are_refused_at_start(administrator, tmp_path, command, pool, is_busy):
    with administrator.database() as url, PgBouncer(url, **pool) as bouncer:
        with load(bouncer, url, tmp_path) if is_busy else nullcontext():
            # What an attempt leaves behind in the pool's sessions does not change what the next one finds.
            for _ in range(3):
                ended = run(bouncer.url, command)
                assert ended.returncode == 69, ended.stderr
                assert "pool_mode = session" in ended.stderr and ended.stdout == ""
        assert psql(url, "SELECT to_regclass('users')") == ""
