"""`serve --access-log`: a line a call."""

import pytest
from calls import create, failing, new_email
from grpc import StatusCode
from programs import UserService, eventually
from users.v1 import users_pb2 as pb


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_each_call_is_a_line(database, how):
    arguments = ["--access-log"] if how == "flag" else []
    environment = {"USER_SERVICE_ACCESS_LOG": "true"} if how == "environment" else {}
    with UserService(database, *arguments, environment=environment) as service:
        email = new_email()
        create(service.users, email=email)
        failing(StatusCode.NOT_FOUND, service.users.GetUser, pb.GetUserRequest(id="0197b0a0-0000-7000-8000-000000000000"))
        eventually(lambda: len(call_lines(service)) == 2, "two calls are logged")
        lines = call_lines(service)
    assert "method=users.v1.UserService/CreateUser" in lines[0] and "status=OK" in lines[0]
    assert "method=users.v1.UserService/GetUser" in lines[1] and "status=NOT_FOUND" in lines[1]
    assert "peer=127.0.0.1:" in lines[0] and "duration_us=" in lines[0]
    assert not any(email in line for line in lines)


def call_lines(service):
    return [line for line in service.said().splitlines() if "method=users.v1.UserService/" in line]


def test_nothing_is_logged_unless_asked_for(database):
    with UserService(database) as service:
        create(service.users)
        service.signal()
        service.wait()
        assert call_lines(service) == []
