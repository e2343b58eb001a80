"""A streaming standby: it serves reads, and takes over when the primary is gone."""

from urllib.parse import urlsplit

import grpc
import pytest
from calls import TIMEOUT, Details, create, failing, new_email
from database import PrivatePostgres, Standby, psql
from grpc import StatusCode
from programs import UserService, eventually
from test_failover import RECOVERY, SERVING, Creators, status
from users.v1 import users_pb2 as pb


@pytest.fixture
def primary():
    with PrivatePostgres("foreign_primary") as instance:
        yield instance


@pytest.fixture
def standby(primary):
    with Standby("foreign_standby", primary) as instance:
        yield instance


def both(primary, standby):
    """A URL that finds the one of two servers that takes writes."""
    hosts = [urlsplit(server.url).netloc.split("@")[1] for server in (primary, standby)]
    return f"postgresql://postgres@{','.join(hosts)}/users?target_session_attrs=read-write"


def is_writable(service):
    try:
        service.users.CreateUser(pb.CreateUserRequest(user=pb.User(email=new_email())), timeout=TIMEOUT)
    except grpc.RpcError as error:
        details = Details(error)
        assert details.code == StatusCode.UNAVAILABLE, details.message
        return False
    return True


def test_a_standby_serves_reads_until_it_is_promoted(primary, standby):
    with UserService(primary.url) as service:
        user = create(service.users)
    eventually(lambda: psql(standby.url, "SELECT id FROM users") == user.id, "the user is replicated")
    with UserService(standby.url) as service:
        assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
        assert service.users.LookupUser(pb.LookupUserRequest(email=user.email), timeout=TIMEOUT) == user
        assert list(service.users.ListUsers(pb.ListUsersRequest(), timeout=TIMEOUT).users) == [user]
        assert list(service.users.ExportUsers(pb.ExportUsersRequest(), timeout=TIMEOUT)) == [user]
        for call, request in [
            (service.users.CreateUser, pb.CreateUserRequest(user=pb.User(email=new_email()))),
            (service.users.UpdateUser, pb.UpdateUserRequest(user=pb.User(id=user.id, name="other"))),
            (service.users.DeleteUser, pb.DeleteUserRequest(id=user.id)),
        ]:
            info = failing(StatusCode.UNAVAILABLE, call, request).info
            assert info.reason == "DATABASE_READ_ONLY" and "outcome" not in info.metadata
        assert status(service) == SERVING
        primary.run("crash")
        assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
        standby.run("promote")
        eventually(lambda: is_writable(service), "a promoted standby takes writes", RECOVERY)


def test_a_standby_takes_over_without_the_loss_of_a_write(primary, standby):
    psql(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    psql(primary.url, "SELECT pg_reload_conf()")
    synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    eventually(lambda: psql(primary.url, synchronous) == "1", "the standby is synchronous")
    with UserService(both(primary, standby)) as service:
        with Creators(service) as writers:
            eventually(lambda: len(writers.acknowledged) > 200, "writes are under way")
            primary.run("crash")
            standby.run("promote")
            writes = len(writers.acknowledged)
            eventually(lambda: len(writers.acknowledged) > writes + 200, "the promoted standby takes writes", RECOVERY)
        assert {details.code for details, _ in writers.failures} <= {StatusCode.UNAVAILABLE}
        stored = set(psql(standby.url, "SELECT id FROM users").split())
        assert set(writers.acknowledged) <= stored, "acknowledged writes were lost"
