"""SIGTERM under load: no call that the server accepted fails."""

import subprocess
import threading
import time

import grpc
import pytest
from benchmark import benchmark_pb2 as pb
from benchmark import benchmark_pb2_grpc
from calls import create, new_email
from database import psql
from http2 import DATA, GOAWAY, HEADERS, RST_STREAM, Connection, message
from programs import BenchServer, UserService, eventually
from users.v1 import users_pb2

PATH = "/benchmark.BenchmarkService/GetSum"
REQUEST = message(pb.SumRequest(a=3, b=4).SerializeToString())
RESPONSE = message(pb.SumReply(result=7).SerializeToString())


def h2load(server, tmp_path, *arguments):
    body = tmp_path / "body"
    body.write_bytes(REQUEST)
    return subprocess.Popen(
        ["h2load", "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers", *arguments,
         f"http://{server.address}{PATH}"], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("load_time", [0.3, 0.6, 1.0])
def test_no_call_that_h2load_sent_fails(tmp_path, load_time):
    """Once told to go away, h2load counts as failed what it meant to send and did not. Its log tells the two apart: when a
    call was sent, in microseconds since 1970 and 0 for never, its status, and how long it took."""
    log = tmp_path / "log"
    with BenchServer() as server:
        load = h2load(server, tmp_path, "-c8", "-m32", "-n5000000", f"--log-file={log}")
        eventually(lambda: log.exists() and log.stat().st_size > 0, "the load is under way")
        time.sleep(load_time)
        server.signal()
        said = load.communicate(timeout=60)[0]
        assert server.wait() == 0
    rows = [tuple(map(int, line.split()[:2])) for line in log.read_text().splitlines()]
    statuses = [status for sent, status in rows if sent > 0]
    assert len(statuses) > 100 and set(statuses) == {200}, said


class Caller(threading.Thread):
    """Calls without pause on a connection of its own, frame by frame, until the server closes it."""

    in_flight = 50

    def __init__(self, server):
        super().__init__()
        self.connection = Connection(server.address)
        self.answers, self.ended, self.resets, self.goaways = {}, set(), [], []
        self.error = None

    def run(self):
        try:
            for _ in range(self.in_flight):
                self.connection.call(PATH, REQUEST)
            for got in self.connection.frames():
                self.take(got)
        except OSError as error:  # told by the test's own thread
            self.error = error

    def take(self, got):
        if got.kind == DATA:
            self.answers[got.stream] = self.answers.get(got.stream, b"") + got.payload
        if got.ends_stream:
            self.ended.add(got.stream)
            # As a client may that has not heard of the end yet: calls go on until the last stream is told.
            if not self.is_told_the_last_stream:
                self.connection.call(PATH, REQUEST)
        if got.kind == RST_STREAM:
            self.resets.append((got.stream, got.number))
        if got.kind == GOAWAY:
            self.goaways.append((got.number, got.goaway_code))

    @property
    def is_told_the_last_stream(self):
        return bool(self.goaways) and self.goaways[-1][0] < 2**31 - 1


def test_every_stream_up_to_the_one_that_goaway_names_is_answered():
    with BenchServer() as server:
        callers = [Caller(server) for _ in range(6)]
        for caller in callers:
            caller.start()
        eventually(lambda: all(len(caller.ended) > 200 for caller in callers), "the load is under way")
        server.signal()
        for caller in callers:
            caller.join(timeout=60)
        assert server.wait() == 0
    for caller in callers:
        assert caller.error is None
        last = caller.goaways[-1][0]
        assert caller.goaways == [(2**31 - 1, 0), (last, 0)], "first a warning, then the last stream, no error"
        accepted = set(range(1, last + 1, 2))
        assert accepted and accepted <= caller.ended, "an accepted call was not finished"
        assert all(caller.answers[stream] == RESPONSE for stream in accepted)
        assert not [reset for reset in caller.resets if reset[0] in accepted]
        caller.connection.close()


def assert_never_sent(errors):
    """grpcio says so when it finds no server to connect to, and when it is told to go away before it has sent a call."""
    for error in errors:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
        said = error.details().lower()
        assert "connect" in said or said.startswith("stream removed (goaway received"), error


def test_no_grpcio_call_fails_but_for_want_of_a_server():
    """Retries are off."""
    with BenchServer() as server:
        outcomes, began = [], threading.Event()

        def work(stub):
            while True:
                try:
                    outcomes.append(stub.GetSum(pb.SumRequest(a=3, b=4), timeout=30).result)
                    began.set()
                except grpc.RpcError as error:
                    outcomes.append(error)
                    return

        stubs = [benchmark_pb2_grpc.BenchmarkServiceStub(server.channel(enable_retries=0)) for _ in range(8)]
        threads = [threading.Thread(target=work, args=[stub]) for stub in stubs]
        for thread in threads:
            thread.start()
        began.wait(timeout=30)
        eventually(lambda: len(outcomes) > 500, "the load is under way")
        server.signal()
        for thread in threads:
            thread.join(timeout=60)
        assert server.wait() == 0
    errors = [outcome for outcome in outcomes if isinstance(outcome, grpc.RpcError)]
    assert {outcome for outcome in outcomes if not isinstance(outcome, grpc.RpcError)} == {7}
    assert len(errors) == len(threads)
    assert_never_sent(errors)


def test_streams_under_way_are_finished():
    with BenchServer() as server:
        count = 50_000
        call = benchmark_pb2_grpc.BenchmarkServiceStub(server.channel()).StreamSum(
            pb.StreamRequest(a=3, b=4, count=count), timeout=60)
        assert next(call).result == 7  # the rest waits for us to read
        server.signal()
        assert sum(1 for reply in call if reply.result == 7) == count - 1
        assert server.wait() == 0


def test_what_user_service_acknowledged_while_it_stopped_is_stored(database):
    acknowledged, errors = [], []
    with UserService(database) as server:

        def work(stub):
            while True:
                try:
                    request = users_pb2.CreateUserRequest(user=users_pb2.User(email=new_email()))
                    acknowledged.append(stub.CreateUser(request, timeout=30).id)
                except grpc.RpcError as error:
                    errors.append(error)
                    return

        threads = [threading.Thread(target=work, args=[server.stub(enable_retries=0)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(acknowledged) > 300, "the load is under way")
        server.signal()
        for thread in threads:
            thread.join(timeout=60)
        assert server.wait() == 0
    assert_never_sent(errors)
    assert set(psql(database, "SELECT id FROM users").split()) == set(acknowledged)


def test_an_export_under_way_is_finished(database):
    with UserService(database) as server:
        psql(
            database,
            """
            INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
            SELECT gen_random_uuid(), 'drain' || n || '@x', 'drain' || n || '@x', repeat('x', 200), '{}', now(), now(), 1
            FROM generate_series(1, 5000) AS n
            """)
        expected = int(psql(database, "SELECT count(*) FROM users"))
        call = server.users.ExportUsers(users_pb2.ExportUsersRequest(), timeout=60)
        first = next(call)
        server.signal()
        rest = [user.id for user in call]
        assert len({first.id, *rest}) == expected
        assert server.wait() == 0


def test_a_call_that_never_ends_is_cancelled_when_the_time_is_up(database):
    with UserService(database, "--drain-timeout", "1") as server:
        user = create(server.users)
        slow = server.channel().stream_unary("/users.v1.UserService/GetUser")
        gate = threading.Event()
        call = slow.future(iter(gate.wait, True))  # sends nothing and stays open
        assert server.users.GetUser(users_pb2.GetUserRequest(id=user.id), timeout=30).id == user.id
        server.signal()
        assert server.wait() == 0
        with pytest.raises(grpc.RpcError):
            call.result(timeout=30)
        gate.set()


def test_watchers_and_reflection_do_not_hold_up_the_end(database):
    """The drain time is longer than the test waits."""
    with UserService(database, "--drain-timeout", "3600") as server:
        gate = threading.Event()
        reflection = server.channel().stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")(
            iter(gate.wait, True))
        watch = server.channel().unary_stream("/grpc.health.v1.Health/Watch")(b"")
        assert next(watch) == b"\x08\x01"  # SERVING
        create(server.users)
        server.signal()
        assert list(collected(watch)) == [b"\x08\x02"]  # NOT_SERVING
        assert watch.code() == grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError) as error:
            next(reflection)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        gate.set()
        assert server.wait() == 0


def collected(call):
    """What a call says before it fails."""
    try:
        yield from call
    except grpc.RpcError:
        pass
