"""Locks that others hold, deadlines that pass meanwhile, and processes that die in the middle of creations."""

import random
import time

import grpc
import pytest
from calls import TIMEOUT, Details, create, new_email
from database import PrivatePostgres, locked, psql
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import UserService, eventually
from users.v1 import users_pb2 as pb
from writers import Writers

RUNNING = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
             AND application_name LIKE 'user-service%'"""


def renamed(user, name):
    return pb.UpdateUserRequest(user=pb.User(id=user.id, name=name), update_mask={"paths": ["name"]})


def answers(futures):
    """What asynchronous calls ended with, counted by code."""
    counts = {}
    for future in futures:
        error = future.exception(timeout=TIMEOUT)
        code = StatusCode.OK if error is None else error.code()
        counts[code] = counts.get(code, 0) + 1
    return counts


def test_expired_writes_never_overwrite_newer_ones(service, database):
    user = create(service.users, name="before")
    with locked(database, f"SELECT FROM users WHERE id = '{user.id}' FOR UPDATE"):
        old = [service.users.UpdateUser.future(renamed(user, "old"), timeout=0.5) for _ in range(120)]
        assert answers(old) == {StatusCode.DEADLINE_EXCEEDED: 120}
        # Nothing is left that could run when the lock goes.
        eventually(lambda: psql(database, RUNNING) == "0", "no statement runs for callers who have gone")
    assert service.users.UpdateUser(renamed(user, "new"), timeout=TIMEOUT).name == "new"
    time.sleep(0.3)
    after = service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT)
    assert after.name == "new"
    assert psql(database, f"SELECT version FROM users WHERE id = '{user.id}'") == "2"


def test_cancelled_writes_are_cancelled_in_the_database(service, database):
    user = create(service.users, name="before")
    with locked(database, f"SELECT FROM users WHERE id = '{user.id}' FOR UPDATE"):
        calls = [service.users.UpdateUser.future(renamed(user, "old"), timeout=TIMEOUT) for _ in range(20)]
        eventually(lambda: psql(database, RUNNING) != "0", "a write waits for the lock")
        for call in calls:
            call.cancel()
        eventually(lambda: psql(database, RUNNING) == "0", "no statement runs for callers who have gone")
    assert service.users.UpdateUser(renamed(user, "new"), timeout=TIMEOUT).name == "new"
    assert psql(database, f"SELECT version FROM users WHERE id = '{user.id}'") == "2"


@pytest.mark.parametrize("lock", ["UPDATE users SET labels = labels", "LOCK TABLE users IN SHARE MODE"])
def test_writers_that_wait_stop_no_reads(service, database, lock):
    user, other = create(service.users), create(service.users)
    health = health_pb2_grpc.HealthStub(service.channel())
    with locked(database, lock):
        writes = [service.users.UpdateUser.future(renamed(user, str(n)), timeout=TIMEOUT) for n in range(60)]
        eventually(lambda: psql(database, RUNNING) != "0", "writes wait for the lock")
        for _ in range(300):
            assert service.users.GetUser(pb.GetUserRequest(id=other.id), timeout=5).id == other.id
            assert service.users.GetUser(pb.GetUserRequest(id=user.id), timeout=5).id == user.id
        status = health.Check(health_pb2.HealthCheckRequest(service="users.v1.UserService"), timeout=5).status
        assert status == health_pb2.HealthCheckResponse.SERVING
        assert not any(write.done() for write in writes)
    assert answers(writes) == {StatusCode.OK: 60}


def test_a_transaction_over_all_rows_holds_up_no_other_writes(service, database):
    users = [create(service.users) for _ in range(300)]
    with locked(database, "UPDATE users SET labels = labels"):
        # A connection carries a hundred calls at once.
        stubs = [service.stub() for _ in range(5)]
        waiting = [stubs[n % 5].UpdateUser.future(renamed(user, "x"), timeout=TIMEOUT) for n, user in enumerate(users)]
        for _ in range(50):
            user = create(service.users)
            service.users.UpdateUser(renamed(user, "y"), timeout=TIMEOUT)
        assert not any(write.done() for write in waiting)
    assert answers(waiting) == {StatusCode.OK: len(users)}


def test_a_taken_email_is_not_written_into_the_log_of_postgres():
    with PrivatePostgres("contention_log") as postgres, UserService(postgres.url) as service:
        user, other = create(service.users), create(service.users)
        calls = [
            lambda: create(service.users, email=user.email),
            lambda: service.users.CreateUser(
                pb.CreateUserRequest(user=pb.User(email=user.email), user_id=other.id), timeout=TIMEOUT),
            lambda: service.users.UpdateUser(
                pb.UpdateUserRequest(user=pb.User(id=other.id, email=user.email)), timeout=TIMEOUT),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as raised:
                call()
            assert Details(raised.value).code == StatusCode.ALREADY_EXISTS
        log = psql(postgres.url, "SELECT pg_read_file(current_setting('data_directory') || '/../server.log')")
        assert user.email not in log and "duplicate key" not in log


def test_a_race_for_an_email_has_one_winner_and_is_not_logged():
    """Two processes know nothing of each other's writes: only the database keeps the email unique."""
    with PrivatePostgres("contention_race") as postgres, UserService(postgres.url) as one, UserService(postgres.url) as two:
        emails = [new_email("race") for _ in range(60)]
        for email in emails:
            users = [create(service.users) for service in (one, two, one, two)]
            calls = [service.users.UpdateUser.future(
                pb.UpdateUserRequest(user=pb.User(id=user.id, email=email)), timeout=TIMEOUT)
                for service, user in zip((one, two, one, two), users)]
            calls += [service.users.CreateUser.future(pb.CreateUserRequest(user=pb.User(email=email)), timeout=TIMEOUT)
                      for service in (one, two)]
            assert answers(calls) == {StatusCode.OK: 1, StatusCode.ALREADY_EXISTS: 5}
        log = psql(postgres.url, "SELECT pg_read_file(current_setting('data_directory') || '/../server.log')")
        assert "duplicate key" not in log and not any(email in log for email in emails)
        assert psql(postgres.url, "SELECT count(*) FROM users WHERE version = 0") == "0"


class Creators(Writers):
    """Keep many creations under way, and note what became of each."""

    def __init__(self, count=4, under_way=32):
        super().__init__(count)
        self.acknowledged = {}
        self.unknown = set()
        self.wrong = []
        self.under_way = under_way
        self.stub = None

    def step(self, _):
        stub = self.stub
        emails = [new_email("group") for _ in range(self.under_way)]
        calls = [(email, stub.CreateUser.future(pb.CreateUserRequest(user=pb.User(email=email)), timeout=10))
                 for email in emails]
        for email, call in calls:
            try:
                user = call.result()
            except grpc.RpcError as error:
                if error.code() not in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED):
                    self.wrong.append((email, error.code(), error.details()))
                self.unknown.add(email)
                time.sleep(0.01)
            else:
                if user.email != email:
                    self.wrong.append((email, user.email))
                self.acknowledged[email] = user.id

    def check(self, url):
        """Every acknowledged creation is there, none is there twice, and nothing is there that nobody asked for."""
        assert not self.wrong
        rows = [row.split("|") for row in psql(url, "SELECT email, id FROM users WHERE email LIKE 'group.%'").split()]
        stored = dict(rows)
        assert len(rows) == len(stored)
        for email, identifier in self.acknowledged.items():
            assert stored.get(email) == identifier
        assert set(stored) <= set(self.acknowledged) | self.unknown


def test_killed_in_the_middle_of_creations():
    with PrivatePostgres("contention") as postgres:
        creators = Creators()
        service = UserService(postgres.url)
        creators.stub = service.stub(enable_retries=0)
        with creators:
            for kill in ["service", "database", "service", "database"]:
                before = len(creators.acknowledged)
                eventually(lambda before=before: len(creators.acknowledged) > before + 500, "creations are under way")
                time.sleep(random.random() / 10)
                if kill == "database":
                    postgres.run("crash")
                    postgres.run("start")
                else:
                    service.process.kill()
                    service.process.wait()
                    service = UserService(postgres.url)
                    creators.stub = service.stub(enable_retries=0)
            before = len(creators.acknowledged)
            eventually(lambda: len(creators.acknowledged) > before + 500, "creations work again")
        with service:
            creators.check(postgres.url)
            assert creators.unknown, "nothing was under way when it was killed"
