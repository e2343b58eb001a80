"""Two processes on one database, both under load: no email twice, no update lost."""

import threading

import grpc
import pytest
from calls import TIMEOUT, create, new_email
from database import psql
from grpc import StatusCode
from programs import UserService
from users.v1 import users_pb2 as pb


@pytest.fixture(scope="module")
def replicas(database):
    with UserService(database) as one, UserService(database) as other:
        yield [one, other]


def together(work, arguments):
    """Runs `work` in a thread for each argument, and answers with what they answered."""
    results, errors = [], []

    def run(argument):
        try:
            results.append(work(argument))
        except BaseException as error:  # told by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=[argument]) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def test_an_email_is_given_once(replicas, database):
    emails = [new_email() for _ in range(200)]

    def claim(stub):
        won = []
        for email in emails:
            spelling = email if id(stub) % 2 else email.upper()
            try:
                won.append(stub.CreateUser(pb.CreateUserRequest(user=pb.User(email=spelling)), timeout=TIMEOUT))
            except grpc.RpcError as error:
                assert error.code() == StatusCode.ALREADY_EXISTS, error
        return won

    won = together(claim, [server.stub() for server in replicas * 4])
    winners = [user.email.lower() for users in won for user in users]
    assert sorted(winners) == sorted(emails)
    assert psql(database, "SELECT count(*), count(DISTINCT lower(email)) FROM users") == "200|200"


def test_no_update_is_lost(replicas):
    user = create(replicas[0].users, labels={"count": "0"})
    rounds, threads = 40, 8

    def count_up(stub):
        conflicts = 0
        for _ in range(rounds):
            while True:
                read = stub.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT)
                read.labels["count"] = str(int(read.labels["count"]) + 1)
                request = pb.UpdateUserRequest(user=read)
                request.update_mask.paths.append("labels")
                try:
                    stub.UpdateUser(request, timeout=TIMEOUT)
                    break
                except grpc.RpcError as error:
                    assert error.code() == StatusCode.ABORTED, error
                    conflicts += 1
        return conflicts

    conflicts = together(count_up, [server.stub() for server in replicas * (threads // 2)])
    last = replicas[1].users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT)
    assert last.labels["count"] == str(rounds * threads)
    assert sum(conflicts) > 0, "the threads never met"


def test_what_one_wrote_the_other_reads(replicas):
    one, other = (server.users for server in replicas)
    for _ in range(100):
        user = create(one)
        assert other.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
        renamed = other.UpdateUser(pb.UpdateUserRequest(user=pb.User(id=user.id, name="x", etag=user.etag)), timeout=TIMEOUT)
        assert one.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == renamed
