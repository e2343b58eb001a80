"""WatchUsers by clients that others wrote: what it tells, how it resumes, and that nothing is lost on the way."""

import json
import signal
import subprocess
import time

import grpc
import httpx
import pytest
from calls import TIMEOUT, Details, create, failing, new_email
from database import PrivatePostgres, Standby, psql
from grpc import StatusCode
from programs import UserService, eventually
from test_failover import RECOVERY
from test_standby import both
from users.v1 import users_pb2 as pb
from watchers import Crowd, Watcher, check_order
from writers import Writers

CREATED, UPDATED, DELETED, UNDELETED, PURGED = (pb.UserEvent.Kind.Value(f"KIND_{kind}") for kind in (
    "CREATED", "UPDATED", "DELETED", "UNDELETED", "PURGED"))


@pytest.fixture(autouse=True)
def moved(service, database):
    """The changes of the test before are in the feed: else they come after the beginning of this one's streams."""
    eventually(lambda: psql(database, "SELECT count(*) FROM user_events") == "0", "all events are in the feed")


def rename(users, user, name, **options):
    request = pb.UpdateUserRequest(user=pb.User(id=user.id, name=name))
    return users.UpdateUser(request, timeout=TIMEOUT, **options)


def test_each_change_is_told(service, users):
    with Watcher(lambda: service) as watcher:
        user = create(users)
        rename(users, user, "Ada")
        users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)
        users.UndeleteUser(pb.UndeleteUserRequest(id=user.id), timeout=TIMEOUT)
        users.PurgeUser(pb.PurgeUserRequest(id=user.id), timeout=TIMEOUT)
        eventually(lambda: len(watcher.events) == 5, "five events")
        assert [event.kind for event in watcher.events] == [CREATED, UPDATED, DELETED, UNDELETED, PURGED]
        assert check_order(watcher.events) == {user.id: 5}
        assert watcher.events[0].etag == user.etag and list(watcher.events[1].fields) == ["name"]
        assert not watcher.endings
    failing(StatusCode.NOT_FOUND, users.GetUser, pb.GetUserRequest(id=user.id))


def test_a_purge_leaves_no_personal_data(service, users, database):
    user = create(users, email=new_email("secretperson"), name="Secret Person", labels={"k": "secretlabel"})
    rename(users, user, "Secret Other")
    users.PurgeUser(pb.PurgeUserRequest(id=user.id), timeout=TIMEOUT)
    eventually(lambda: psql(database, "SELECT count(*) FROM user_events") == "0", "the events are in the feed")
    dump = subprocess.run(["pg_dump", "--data-only", database], capture_output=True, text=True, check=True).stdout
    assert user.id in dump and "secret" not in dump.lower()
    # The email is free.
    assert create(users, email=user.email).id != user.id


def test_users_come_with_their_events_on_request(service, users):
    with Watcher(lambda: service, include_user=True) as watcher:
        user = create(users, name="Ada")
        eventually(lambda: watcher.events, "the event")
        assert watcher.events[0].user == user


def test_as_lines_of_json(service, users):
    with httpx.stream("GET", f"http://{service.address}/v1/users:watch", timeout=30) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        lines = response.iter_lines()
        first = json.loads(next(lines))
        assert list(first) == ["resumeToken"]
        user = create(users)
        told = json.loads(next(lines))
    assert told["event"]["userId"] == user.id and told["event"]["kind"] == "KIND_CREATED"
    parameters = {"resumeToken": first["resumeToken"], "kinds": "KIND_CREATED", "userIds": user.id}
    with httpx.stream("GET", f"http://{service.address}/v1/users:watch", params=parameters, timeout=30) as response:
        lines = response.iter_lines()
        next(lines)
        assert json.loads(next(lines)) == told


def server_sent_events(response):
    """The fields of each event, as https://html.spec.whatwg.org/multipage/server-sent-events.html has them."""
    fields = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields
            fields = {}


def test_as_server_sent_events(service, users):
    headers = {"accept": "text/event-stream"}
    url = f"http://{service.address}/v1/users:watch"
    with httpx.stream("GET", url, headers=headers, timeout=30) as response:
        assert response.headers["content-type"] == "text/event-stream"
        events = server_sent_events(response)
        first = next(events)
        user = create(users)
        told = next(events)
        assert json.loads(told["data"])["event"]["userId"] == user.id
        assert told["id"] == json.loads(told["data"])["resumeToken"] != first["id"]
    rename(users, user, "Ada")
    # As a browser resumes.
    with httpx.stream("GET", url, headers={**headers, "last-event-id": told["id"]}, timeout=30) as response:
        events = server_sent_events(response)
        next(events)
        assert json.loads(next(events)["data"])["event"]["kind"] == "KIND_UPDATED"


def test_tokens_that_can_not_be_used(service, users):
    watch = users.WatchUsers
    assert failing(StatusCode.INVALID_ARGUMENT, watch, pb.WatchUsersRequest(resume_token="AQIDBA")).fields == ["resume_token"]
    response = httpx.get(f"http://{service.address}/v1/users:watch", params={"resumeToken": "AQIDBA"}, timeout=30)
    assert response.status_code == 400


def test_a_stop_ends_the_streams(database):
    with UserService(database, "--drain-timeout", "3600") as server:
        watch = server.users.WatchUsers(pb.WatchUsersRequest(), timeout=60)
        assert next(watch).resume_token
        server.signal()
        details = Details(pytest.raises(grpc.RpcError, next, watch).value)
        assert details.code == StatusCode.UNAVAILABLE and details.info.reason == "SERVER_STOPPING"
        assert server.wait() == 0


@pytest.mark.parametrize("flags", [("--event-poll", "1h"), ("--no-listen",)], ids=["listen", "poll"])
def test_another_process_tells_of_it_too(database, flags):
    with UserService(database, *flags) as one, UserService(database, *flags) as other:
        with Watcher(lambda: other) as watcher:
            user = create(one.users)
            eventually(lambda: [event.user_id for event in watcher.events] == [user.id], "the event")
            # Also when the connection that listens was lost.
            psql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN user_feed'")
            another = create(one.users)
            eventually(lambda: [event.user_id for event in watcher.events] == [user.id, another.id], "the next one")


class Changers(Writers):
    """Create a user each, and change it again and again; note what was acknowledged."""

    def __init__(self, service, count=4, pause=0.0):
        super().__init__(count)
        self.service = service
        self.pause = pause
        self.users = [None] * count
        self.versions = {}
        self.stubs = {}

    @property
    def acknowledged(self):
        return sum(self.versions.values())

    def step(self, number):
        time.sleep(self.pause)
        server = self.service()
        try:
            if self.stubs.get(number, (None,))[0] is not server:
                self.stubs[number] = (server, server.stub(enable_retries=0))
            stub = self.stubs[number][1]
            if self.users[number] is None:
                self.users[number] = create(stub)
                version = 1
            else:
                etag = rename(stub, self.users[number], str(time.monotonic_ns())).etag
                self.users[number].etag = etag
                version = self.versions[self.users[number].id] + 1
            self.versions[self.users[number].id] = version
        except (grpc.RpcError, ValueError):
            time.sleep(0.02)


def seen_all(changers, events):
    """Whether every acknowledged change was told. What was not acknowledged may have happened too."""
    seen = {}
    for event in events:
        seen[event.user_id] = max(seen.get(event.user_id, 0), event.version)
    return all(seen.get(user, 0) >= version for user, version in changers.versions.items())


def test_nothing_is_lost_when_the_server_is_killed(database):
    """kill -9 between changes and their events, twice; then an orderly restart."""
    servers = [UserService(database)]
    with Watcher(lambda: servers[-1]) as watcher:
        with Changers(lambda: servers[-1]) as changers:
            for number in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
                count = changers.acknowledged
                eventually(lambda count=count: changers.acknowledged > count + 100, "changes are made")
                servers[-1].signal(number)
                servers[-1].wait()
                servers.append(UserService(database))
            count = changers.acknowledged
            eventually(lambda: changers.acknowledged > count + 100, "changes are made")
        eventually(lambda: seen_all(changers, watcher.events), "every change is told")
        check_order(watcher.events)
        assert len(watcher.endings) >= 3
    for server in servers[:-1]:
        for channel in server.channels:
            channel.close()
        server.process.stdout.close()
        server.log.close()
    with servers[-1]:
        pass


def test_a_thousand_watchers(database):
    """A hundred changes a second, with a kill -9 in their midst: each watcher sees the same events, once each."""
    servers = [UserService(database)]
    with Watcher(lambda: servers[-1]) as watcher, Crowd(lambda: servers[-1].address, 1000) as crowd:
        eventually(lambda: crowd.is_streaming, "a thousand watch")
        assert not watcher.events
        with Changers(lambda: servers[-1], count=4, pause=0.04) as changers:
            eventually(lambda: changers.acknowledged > 150, "changes are made")
            servers[-1].signal(signal.SIGKILL)
            servers[-1].wait()
            servers.append(UserService(database))
            count = changers.acknowledged
            eventually(lambda: changers.acknowledged > count + 150, "changes are made")
        eventually(lambda: seen_all(changers, watcher.events), "every change is told")
        check_order(watcher.events)
        total = len(watcher.events)
        eventually(lambda: crowd.have_seen(total), "all have seen all", 120)
        assert len({(line.count, line.hash.digest()) for line in crowd.lines}) == 1
        assert crowd.lines[0].count == total
    servers[0].process.stdout.close()
    servers[0].log.close()
    for channel in servers[0].channels:
        channel.close()
    with servers[-1]:
        pass


@pytest.fixture
def primary():
    with PrivatePostgres("foreign_feed_primary") as instance:
        yield instance


@pytest.fixture
def standby(primary):
    with Standby("foreign_feed_standby", primary) as instance:
        yield instance


def test_a_failover_without_loss_is_not_noticed(primary, standby):
    psql(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    psql(primary.url, "SELECT pg_reload_conf()")
    synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    eventually(lambda: psql(primary.url, synchronous) == "1", "the standby is synchronous")
    with UserService(both(primary, standby)) as service, Watcher(lambda: service) as watcher:
        with Changers(lambda: service) as changers:
            eventually(lambda: changers.acknowledged > 100, "changes are made")
            primary.run("crash")
            standby.run("promote")
            count = changers.acknowledged
            eventually(lambda: changers.acknowledged > count + 100, "the promoted standby takes changes", RECOVERY)
        eventually(lambda: seen_all(changers, watcher.events), "every change is told")
        check_order(watcher.events)
        codes = {error.code() for error in watcher.endings}
        assert codes <= {StatusCode.UNAVAILABLE}, "no watcher was told to begin anew"


def test_a_failover_with_loss_tells_whoever_has_seen_more(primary, standby):
    """What the standby never got was seen by a watcher: it must not go on as if it was in step."""
    with UserService(both(primary, standby)) as service:
        with Watcher(lambda: service) as watcher:
            create(service.users)
            eventually(lambda: len(watcher.events) == 1, "the event")
            old = watcher.token
            eventually(lambda: psql(standby.url, "SELECT max(position) FROM user_feed") == "1", "it is replicated")
            psql(standby.url, "ALTER SYSTEM SET primary_conninfo = ''")
            psql(standby.url, "SELECT pg_reload_conf()")
            eventually(lambda: psql(standby.url, "SELECT count(*) FROM pg_stat_wal_receiver") == "0", "it gets no more")
            lost = create(service.users)
            eventually(lambda: len(watcher.events) == 2, "the event of what will be lost")
            new = watcher.token
            primary.run("crash")
            standby.run("promote")
            expired = StatusCode.OUT_OF_RANGE
            eventually(lambda: expired in {error.code() for error in watcher.endings}, "the watcher is told", RECOVERY)
        assert Details(watcher.endings[-1]).info.reason == "RESUME_TOKEN_EXPIRED"
        failing(StatusCode.NOT_FOUND, service.users.GetUser, pb.GetUserRequest(id=lost.id))
        ahead = pb.WatchUsersRequest(resume_token=new)
        failing(StatusCode.OUT_OF_RANGE, service.users.WatchUsers, ahead)
        # Nor when its place is taken by another event.
        last = eventually(lambda: try_to_create(service), "the promoted standby takes writes", RECOVERY)
        watch = service.users.WatchUsers(pb.WatchUsersRequest(resume_token=old), timeout=60)
        assert [next(watch), next(watch)][1].event.user_id == last.id
        failing(StatusCode.OUT_OF_RANGE, service.users.WatchUsers, ahead)
        watch.cancel()


def try_to_create(service):
    try:
        return create(service.users)
    except grpc.RpcError:
        return None


def test_a_restore_tells_whoever_has_seen_more(administrator, tmp_path):
    """pg_dump, more changes, pg_restore into a new database."""
    dump = tmp_path / "dump"
    with administrator.database() as url, administrator.database() as restored:
        with UserService(url) as service, Watcher(lambda: service) as watcher:
            create(service.users)
            eventually(lambda: len(watcher.events) == 1, "the event")
            old = watcher.token
            subprocess.run(["pg_dump", "-Fc", "-f", dump, url], check=True)
            create(service.users)
            eventually(lambda: len(watcher.events) == 2, "the event")
            new = watcher.token
        subprocess.run(["pg_restore", "-d", restored, dump], check=True)
        with UserService(restored) as service:
            ahead = pb.WatchUsersRequest(resume_token=new)
            watch = service.users.WatchUsers(pb.WatchUsersRequest(resume_token=old), timeout=60)
            next(watch)
            assert failing(StatusCode.OUT_OF_RANGE, service.users.WatchUsers, ahead).info.reason == "RESUME_TOKEN_EXPIRED"
            user = create(service.users)
            assert next(watch).event.user_id == user.id
            failing(StatusCode.OUT_OF_RANGE, service.users.WatchUsers, ahead)
            watch.cancel()


def test_whoever_was_away_too_long_begins_anew(administrator):
    with administrator.database() as url, UserService(url) as service:
        watch = service.users.WatchUsers(pb.WatchUsersRequest(), timeout=60)
        old = next(watch).resume_token
        create(service.users)
        create(service.users)
        next(watch), next(watch)
        # As the worker does after the retention.
        psql(url, "DELETE FROM user_feed WHERE position < (SELECT position FROM user_feed_head)")
        info = failing(StatusCode.OUT_OF_RANGE, service.users.WatchUsers, pb.WatchUsersRequest(resume_token=old)).info
        assert info.reason == "RESUME_TOKEN_EXPIRED"
        response = httpx.get(f"http://{service.address}/v1/users:watch", params={"resumeToken": old}, timeout=30)
        assert response.status_code == 400 and response.json()["error"]["status"] == "OUT_OF_RANGE"
        watch.cancel()


def test_writes_notify_nobody(administrator):
    """Trap 43. Only the sequencer notifies; without --listen nobody does."""
    with administrator.database() as url, UserService(url, "--no-listen") as service:
        listener = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        listener.stdin.write("LISTEN user_feed;\n\\echo listening\n")
        listener.stdin.flush()
        assert listener.stdout.readline() == "listening\n"
        user = create(service.users)
        rename(service.users, user, "Ada")
        eventually(lambda: psql(url, "SELECT max(position) FROM user_feed") == "2", "the events are in the feed")
        said, _ = listener.communicate("SELECT 'end';\n", timeout=30)
        assert said == "end\n"
