"""The database goes away under load and comes back: UNAVAILABLE in time, health follows, no acknowledged write is lost."""

import threading
import time

import grpc
import pytest
from calls import TIMEOUT, Details, create, new_email
from database import PrivatePostgres, psql
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import UserService, eventually
from users.v1 import users_pb2 as pb
from writers import Writers

SERVICE = "users.v1.UserService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
CALL_TIMEOUT = 5.0
# The issue says 5 s; a laden machine may take some more.
RECOVERY = 20.0


@pytest.fixture(scope="module")
def postgres():
    with PrivatePostgres("foreign") as instance:
        yield instance


@pytest.fixture
def service(postgres):
    with UserService(postgres.url) as server:
        yield server


class Creators(Writers):
    """Create users, and note what was acknowledged and what went wrong."""

    def __init__(self, service, count=8):
        super().__init__(count)
        self.acknowledged = []
        self.failures = []
        self.stubs = [service.stub(enable_retries=0) for _ in range(count)]

    def step(self, number):
        began = time.monotonic()
        try:
            user = self.stubs[number].CreateUser(
                pb.CreateUserRequest(user=pb.User(email=new_email())), timeout=CALL_TIMEOUT)
            self.acknowledged.append(user.id)
        except grpc.RpcError as error:
            self.failures.append((Details(error), time.monotonic() - began))
            time.sleep(0.01)


def status(service, name=SERVICE):
    health = health_pb2_grpc.HealthStub(service.channel())
    return health.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT).status


def watch(service, name):
    """What Health/Watch tells, noted in a list by a thread."""
    seen = []
    call = health_pb2_grpc.HealthStub(service.channel()).Watch(health_pb2.HealthCheckRequest(service=name))

    def follow():
        try:
            for response in call:
                seen.append(response.status)
        except grpc.RpcError:
            pass  # cancelled, or the server is gone

    threading.Thread(target=follow, daemon=True).start()
    return seen, call


def test_the_database_is_killed_under_load(service, postgres):
    seen, watching = watch(service, SERVICE)
    eventually(lambda: seen == [SERVING], "the watcher is told at once")
    with Creators(service) as writers:
        eventually(lambda: len(writers.acknowledged) > 200, "writes are under way")
        for _ in range(2):
            postgres.run("crash")
            eventually(lambda: status(service) == NOT_SERVING, "health follows the database")
            assert status(service, "") == NOT_SERVING
            away = len(writers.failures)
            eventually(lambda away=away: len(writers.failures) > away + 50, "calls are answered while it is away")
            writes = len(writers.acknowledged)
            postgres.run("start")
            eventually(lambda: status(service) == SERVING, "health follows its return", RECOVERY)
            eventually(lambda writes=writes: len(writers.acknowledged) > writes + 200, "writes work again", RECOVERY)
    assert service.is_alive

    codes = {details.code for details, _ in writers.failures}
    assert codes == {StatusCode.UNAVAILABLE}, [d.message for d, _ in writers.failures if d.code != StatusCode.UNAVAILABLE]
    assert all(details.info.reason == "DATABASE_UNAVAILABLE" for details, _ in writers.failures)
    assert max(seconds for _, seconds in writers.failures) < CALL_TIMEOUT
    assert seen == [SERVING, NOT_SERVING, SERVING, NOT_SERVING, SERVING]
    watching.cancel()

    stored = set(psql(postgres.url, "SELECT id FROM users").split())
    assert len(set(writers.acknowledged)) == len(writers.acknowledged)
    assert set(writers.acknowledged) <= stored, "acknowledged writes were lost"


def test_reads_fail_fast_and_say_when_to_come_back(service, postgres):
    user = create(service.users)
    postgres.run("crash")
    try:
        eventually(lambda: status(service) == NOT_SERVING, "health follows the database")
        for call, request in [
            (service.users.GetUser, pb.GetUserRequest(id=user.id)),
            (service.users.ListUsers, pb.ListUsersRequest()),
            (lambda request, **options: list(service.users.ExportUsers(request, **options)), pb.ExportUsersRequest()),
        ]:
            with pytest.raises(grpc.RpcError) as raised:
                call(request, timeout=CALL_TIMEOUT)
            details = Details(raised.value)
            assert details.code == StatusCode.UNAVAILABLE
            assert details.retry is not None and details.info.reason == "DATABASE_UNAVAILABLE"
    finally:
        postgres.run("start")
    eventually(lambda: status(service) == SERVING, "health follows its return", RECOVERY)
    assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user


def test_connections_that_are_cut_one_by_one_are_replaced(service, postgres):
    user = create(service.users)
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'user-service%'"
    for _ in range(5):
        assert int(psql(postgres.url, cut)) > 0
        eventually(lambda: reads(service, user), "reads work again", RECOVERY)


def reads(service, user):
    try:
        return service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=CALL_TIMEOUT) == user
    except grpc.RpcError as error:
        assert error.code() == StatusCode.UNAVAILABLE
        return False
