"""What the start finds out about the database: exit code 69 and a sentence at once, or a line in the log."""

import os
import re

import grpc
import pytest
from calls import TIMEOUT, Details, create, new_email
from database import PrivatePostgres, psql
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import Server, UserService, eventually
from test_cli import run
from users.v1 import users_pb2 as pb, users_pb2_grpc

SERVE = ("serve", "--listen", "127.0.0.1:0")
# Longer than `run` waits: what it would be waited for does not come.
FOR_EVER = ("--startup-timeout", "3600")


@pytest.fixture(scope="module")
def postgres():
    """A Postgres that lets postgres in, `secured` by password, and others only into the database users."""
    with PrivatePostgres("start") as instance:
        lines = ["host all postgres 127.0.0.1/32 trust", "host all secured 127.0.0.1/32 scram-sha-256",
                 "host users all 127.0.0.1/32 trust"]
        rows = ", ".join(f"('{line}')" for line in lines)
        psql(instance.url, f"COPY (VALUES {rows}) TO '{psql(instance.url, 'SHOW hba_file')}'")
        psql(instance.url, "SELECT pg_reload_conf()")
        psql(instance.url, "CREATE ROLE secured LOGIN SUPERUSER PASSWORD 'right'")
        psql(instance.url, "CREATE ROLE stranger LOGIN")
        assert run("migrate", DATABASE_URL=instance.url).returncode == 0
        yield instance


def url_of(postgres, user="postgres", database="users", query=""):
    return re.sub(r"//.*@(.*)/.*", rf"//{user}@\1/{database}{query}", postgres.url)


@pytest.mark.parametrize("command", [("migrate",), SERVE])
@pytest.mark.parametrize(
    "change, words",
    [
        ({"user": "secured:wrong"}, "password authentication failed"),
        ({"user": "secured"}, "no password supplied"),
        ({"database": "no_such"}, 'database "no_such" does not exist'),
        ({"user": "stranger", "database": "postgres"}, "no pg_hba.conf entry"),
        ({"user": "nobody_at_all"}, 'role "nobody_at_all" does not exist'),
        ({"query": "?sslmode=require"}, "SSL"),
    ])
def test_what_waiting_does_not_change_ends_it_at_once(postgres, command, change, words):
    done = run(*command, *FOR_EVER, DATABASE_URL=url_of(postgres, **change))
    assert done.returncode == 69, done.stderr
    error = done.stderr.splitlines()[-1]
    assert error.startswith("Error: ") and words in error and "wrong" not in error.replace("wrong password", "")


def test_a_host_that_does_not_resolve_is_named():
    done = run(*SERVE, "--startup-timeout", "1", DATABASE_URL="postgresql://a@no-such-host.invalid/users")
    assert done.returncode == 69
    assert "no-such-host.invalid, cannot be resolved" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("command", [("migrate",), SERVE])
def test_a_database_that_cannot_hold_utf_8_is_refused(postgres, command, encoding):
    name = f"in_{encoding.lower()}_{command[0]}"
    psql(postgres.url, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    done = run(*command, DATABASE_URL=url_of(postgres, database=name))
    assert done.returncode == 69 and encoding in done.stderr and "UTF8" in done.stderr


def test_missing_privileges_are_listed(postgres):
    psql(postgres.url, "CREATE ROLE reader LOGIN")
    psql(postgres.url, "GRANT SELECT ON users, schema_migrations TO reader")
    done = run(*SERVE, DATABASE_URL=url_of(postgres, "reader"))
    assert done.returncode == 69
    error = done.stderr.splitlines()[-1]
    assert "role reader" in error and "SELECT on service_keys" in error and "DELETE, INSERT, UPDATE on users" in error


def test_a_role_that_does_not_purge_needs_no_lease(postgres):
    psql(postgres.url, "CREATE ROLE writer LOGIN")
    psql(postgres.url, "GRANT SELECT ON users, schema_migrations, service_keys, user_labels TO writer; GRANT INSERT, UPDATE, DELETE ON users TO writer")
    psql(postgres.url, "GRANT SELECT, INSERT, UPDATE ON accounts TO writer; GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, one_time_tokens TO writer")
    psql(postgres.url, "GRANT SELECT, INSERT, DELETE ON creation_requests TO writer; GRANT SELECT, INSERT, UPDATE, DELETE ON imports TO writer; GRANT SELECT, INSERT ON import_failures TO writer")
    psql(postgres.url, "GRANT SELECT, INSERT, DELETE ON user_events, user_feed TO writer; GRANT SELECT, UPDATE ON user_feed_head TO writer; GRANT SELECT, INSERT, DELETE ON ended_sessions TO writer")
    url = url_of(postgres, "writer")
    done = run(*SERVE, DATABASE_URL=url)
    assert done.returncode == 69 and "lacks privileges: SELECT, UPDATE on worker_leases." in done.stderr.splitlines()[-1]
    serve = [os.environ["USER_SERVICE"], "serve", "--loops", "1", "--listen", "127.0.0.1:0", "--purge-interval", "0"]
    with Server(serve, {"DATABASE_URL": url}) as server:
        # What is granted is enough, for events too.
        users = users_pb2_grpc.UserServiceStub(server.channel())
        watch = users.WatchUsers(pb.WatchUsersRequest(), timeout=60)
        next(watch)
        user = create(users)
        users.PurgeUser(pb.PurgeUserRequest(id=user.id), timeout=60)
        assert [next(watch).event.user_id for _ in range(2)] == [user.id] * 2
        watch.cancel()


def test_later_migrations_are_allowed_unless_they_need_a_later_program(postgres):
    psql(postgres.url, "INSERT INTO schema_migrations (version, name, checksum) VALUES (9001, 'more', 'x')")
    try:
        with UserService(postgres.url) as server:
            assert "later migrations" in server.said()
        psql(postgres.url, "UPDATE schema_migrations SET needs = 9001, name = 'drop_it' WHERE version = 9001")
        for command in (("migrate",), SERVE):
            done = run(*command, DATABASE_URL=postgres.url)
            assert done.returncode == 69 and "too new" in done.stderr and "drop_it" in done.stderr
    finally:
        psql(postgres.url, "DELETE FROM schema_migrations WHERE version = 9001")


def test_a_read_only_database_serves_reads(postgres):
    with UserService(postgres.url) as server:
        user = create(server.users)
    psql(postgres.url, "ALTER DATABASE users SET default_transaction_read_only = on")
    try:
        with UserService(postgres.url) as server:
            assert "The database is read-only" in server.said()
            assert server.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
            for write in (
                    lambda: server.users.CreateUser(pb.CreateUserRequest(user=pb.User(email=new_email())), timeout=TIMEOUT),
                    lambda: server.users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)):
                with pytest.raises(grpc.RpcError) as raised:
                    write()
                details = Details(raised.value)
                assert details.code == StatusCode.UNAVAILABLE and details.info.reason == "DATABASE_READ_ONLY"
                assert "outcome" not in details.info.metadata and details.retry is not None
            health = health_pb2_grpc.HealthStub(server.channel())
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            assert "connection was lost" not in server.said()
    finally:
        psql(postgres.url.rsplit("/", 1)[0] + "/postgres", "ALTER DATABASE users RESET default_transaction_read_only")


def test_a_new_password_does_not_end_a_service_that_runs(postgres):
    with UserService(url_of(postgres, "secured:right")) as server:
        user = create(server.users)
        psql(postgres.url, "ALTER ROLE secured PASSWORD 'other'")
        psql(postgres.url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'secured'")
        eventually(lambda: "password authentication failed" in server.said(), "it meets the new password")
        psql(postgres.url, "ALTER ROLE secured PASSWORD 'right'")
        eventually(lambda: reads(server, user), "reads work again")


def reads(server, user):
    try:
        return server.users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
    except grpc.RpcError:
        return False


def test_more_connections_than_there_is_room_for_are_warned_of(postgres):
    with UserService(postgres.url) as server:
        assert "more database connections than the database has left" not in server.said()
    with UserService(postgres.url, "--pool-overflow", "5000") as server:
        assert "more database connections than the database has left" in server.said()
    with UserService(postgres.url, "--pool-overflow", "0", environment={"USER_SERVICE_POOL_SIZE": "3"}) as server:
        create(server.users)
        # Two loops with two for reads each.
        assert "this_process=7" in server.said()


@pytest.mark.parametrize("flag, value", [("--pool-size", "-1"), ("--pool-size", "10001"), ("--pool-overflow", "x")])
def test_a_bad_pool_is_64(flag, value):
    assert run(*SERVE, f"{flag}={value}", DATABASE_URL="postgresql://a@b/c").returncode == 64
