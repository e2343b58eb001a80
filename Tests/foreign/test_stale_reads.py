"""Reads that allow an age go to a replica while it is within it, and to the primary otherwise."""

import time

import grpc
import pytest
from calls import TIMEOUT, create, failing
from database import PrivatePostgres, Standby, psql
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import UserService, eventually
from users.v1 import users_pb2 as pb


@pytest.fixture(scope="module")
def primary():
    with PrivatePostgres("stale_primary") as instance:
        yield instance


@pytest.fixture(scope="module")
def standby(primary):
    # The schema is there before the standby is made.
    with UserService(primary.url, "--migrate"):
        pass
    with Standby("stale_standby", primary) as instance:
        yield instance


@pytest.fixture(scope="module")
def service(primary, standby):
    with UserService(primary.url, "--replica-url", standby.url) as server:
        eventually(lambda: health(server, "replica/0") == 1, "the replica is measured")
        yield server


def health(server, name):
    stub = health_pb2_grpc.HealthStub(server.channel())
    try:
        return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT).status
    except grpc.RpcError:
        return None


def names(users, user, seconds):
    age = None if seconds is None else Duration(seconds=seconds)
    get = users.GetUser(pb.GetUserRequest(id=user.id, max_staleness=age), timeout=TIMEOUT)
    lookup = users.LookupUser(pb.LookupUserRequest(email=user.email, max_staleness=age), timeout=TIMEOUT)
    page = users.ListUsers(
        pb.ListUsersRequest(filter=f'email = "{user.email}"', max_staleness=age), timeout=TIMEOUT)
    batch = users.BatchGetUsers(pb.BatchGetUsersRequest(ids=[user.id], max_staleness=age), timeout=TIMEOUT)
    return {found.name for found in [get, lookup, *page.users, *batch.users]}


def test_a_replica_answers_while_it_is_within(service, standby):
    user = create(service.users, name="Old")
    eventually(lambda: psql(standby.url, f"SELECT count(*) FROM users WHERE id = '{user.id}'") == "1", "it is replicated")
    psql(standby.url, "SELECT pg_wal_replay_pause()")
    try:
        service.users.UpdateUser(
            pb.UpdateUserRequest(user=pb.User(id=user.id, name="New"), update_mask=FieldMask(paths=["name"])), timeout=TIMEOUT)
        # Strong reads see it at once; a replica that stands still is as old as it is.
        assert names(service.users, user, None) == {"New"}
        assert names(service.users, user, 3600) == {"Old"}
        time.sleep(3.5)
        assert names(service.users, user, 2) == {"New"}
        assert names(service.users, user, 3600) == {"Old"}
    finally:
        psql(standby.url, "SELECT pg_wal_replay_resume()")
    eventually(lambda: names(service.users, user, 3600) == {"New"}, "the replica has caught up")


def test_an_idle_primary_makes_no_replica_old(service, standby):
    user = create(service.users, name="Idle")
    eventually(lambda: psql(standby.url, f"SELECT count(*) FROM users WHERE id = '{user.id}'") == "1", "it is replicated")
    # Nobody writes; the replica's last transaction grows old, and the replica does not.
    time.sleep(6)
    assert psql(standby.url, "SELECT now() - pg_last_xact_replay_timestamp() > interval '5 s'") == "t"
    assert health(service, "replica/0") == 1
    reads = "SELECT sum(idx_scan) FROM pg_stat_user_tables WHERE relname = 'users'"
    before = int(psql(standby.url, reads))
    for _ in range(20):
        assert names(service.users, user, 4) == {"Idle"}
    eventually(lambda: int(psql(standby.url, reads)) >= before + 20, "the replica was asked")


def test_a_negative_age_is_refused(service):
    request = pb.ListUsersRequest(max_staleness=Duration(seconds=-1))
    assert failing(StatusCode.INVALID_ARGUMENT, service.users.ListUsers, request).fields == ["max_staleness"]


def test_the_primary_answers_for_a_replica_that_is_gone(service, standby):
    user = create(service.users, name="Here")
    standby.run("stop")
    try:
        for _ in range(20):
            assert names(service.users, user, 3600) == {"Here"}
    finally:
        standby.run("start")
