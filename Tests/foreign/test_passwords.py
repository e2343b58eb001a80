"""What operators see of passwords, and refuse."""

import re

from calls import TIMEOUT, create, failing
from grpc import StatusCode
from programs import UserService
from test_accounts import accounts
from test_cli import run
from users.v1 import accounts_pb2 as pb


def test_the_cost_is_measured():
    done = run("password-cost", "--target", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^cost 10: \d+ ms, ", done.stdout) and "Take --password-cost 10, the lowest" in done.stdout
    assert run("password-cost", "--target", "0").returncode == 64


def test_an_operator_refuses_passwords(administrator, tmp_path):
    file = tmp_path / "refused.txt"
    file.write_text("ExampleCorp2026\r\nanother one of ours\n\n")
    with administrator.database() as url, UserService(url, "--password-cost", "10", "--refused-passwords", str(file)) as server:
        user = create(server.users)
        stub = accounts(server)
        for password in ("examplecorp2026", "another one of ours", "password1"):
            refused = failing(StatusCode.INVALID_ARGUMENT, stub.SetPassword, pb.SetPasswordRequest(user_id=user.id, password=password))
            assert refused.fields == ["password"] and refused.bad_request.field_violations[0].reason == "GUESSABLE"
        stub.SetPassword(pb.SetPasswordRequest(user_id=user.id, password="ExampleCorp2027"), timeout=TIMEOUT)
    done = run("serve", "--insecure-dev", "--refused-passwords", str(tmp_path / "nowhere"), DATABASE_URL="postgresql:///x")
    assert done.returncode == 69 and "refused passwords" in done.stderr and "nowhere" in done.stderr
