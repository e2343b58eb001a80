"""user-service admin: what operators do from a shell, import and export with interruptions among it."""

import csv
import io
import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest
from calls import TIMEOUT, new_email
from database import psql
from passlib.hash import sha512_crypt
from programs import clean_environment, eventually
from test_access import guarded
from test_accounts import PASSWORD, sign_in
from tokens import Keys
from users.v1 import users_pb2 as pb

PROGRAM = os.environ.get("USER_SERVICE", "")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("admin") / "keys")


@pytest.fixture(scope="module")
def service(database, keys):
    with guarded(database, keys, "--password-cost", "10") as server:
        yield server


@pytest.fixture(scope="module")
def environment(keys):
    return clean_environment(USER_SERVICE_TOKEN=keys.token("admin"))


@pytest.fixture
def admin(service, environment):
    def run(*arguments, code=0, text=None):
        done = subprocess.run(
            [PROGRAM, "admin", *arguments, "--plaintext", "--server", service.address], input=text, capture_output=True,
            text=True, timeout=120, check=False, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_users_from_beginning_to_end(admin):
    email = new_email("admin")
    (user,) = lines(admin("create", "--email", email, "--name", "Ada", "--label", "team=engines", "--label", "role=a=b"))
    assert user["email"] == email and user["labels"] == {"team": "engines", "role": "a=b"}
    assert lines(admin("get", email.upper())) == lines(admin("get", user["id"])) == [user]
    (changed,) = lines(admin("update", email, "--name", "Augusta", "--etag", user["etag"]))
    assert changed["name"] == "Augusta" and changed["labels"] == user["labels"]
    assert "ABORTED" in admin("update", email, "--name", "x", "--etag", user["etag"], code=64 + 10).stderr
    assert "labels" not in lines(admin("update", email, "--clear-labels"))[0]
    assert lines(admin("delete", email))[0]["state"] == "STATE_DELETED"
    assert lines(admin("undelete", email))[0]["state"] == "STATE_ACTIVE"
    assert lines(admin("purge", email, code=64))[0]["email"] == email and lines(admin("get", email))
    admin("purge", email, "--yes")
    assert "NOT_FOUND" in admin("get", email, code=64 + 5).stderr


def test_passwords_and_sessions(admin, service):
    email = new_email("signing")
    (user,) = lines(admin("create", "--email", email))
    assert lines(admin("set-password", email, text=PASSWORD + "\n"))[0]["hasPassword"]
    known = pb.User(id=user["id"], email=email)
    first, second = sign_in(service, known), sign_in(service, known)
    listed = {session["id"] for session in lines(admin("sessions", email))}
    assert listed == {first.session.id, second.session.id}
    assert [one["id"] for one in lines(admin("sessions", email, "--end", first.session.id))] == [second.session.id]
    done = admin("sessions", email, "--end-all")
    assert done.stdout == "" and "1" in done.stderr
    assert "disableTime" in lines(admin("disable", email))[0]
    assert "disableTime" in lines(admin("get", email, "--account"))[1]
    assert "disableTime" not in lines(admin("enable", email))[0]
    admin("set-password", email, "--hash", text=sha512_crypt.using(rounds=1000).hash("another password"))
    sign_in(service, known, "another password")
    assert "common" in admin("set-password", email, text="password1\n", code=64 + 3).stderr


def test_what_is_wrong_is_said(admin, service):
    for arguments in (["create", "--email", "a@example.com", "--label", "x"], ["update", "x@example.com"],
                      ["list", "--limit", "-1"], ["import", "-", "--resume"], ["export", "--resume"]):
        assert "Error" in admin(*arguments, code=64).stderr
    assert "can't be used" in admin("import", "/nowhere/users.jsonl", code=66).stderr
    # Without a token, as the server says.
    done = subprocess.run(
        [PROGRAM, "admin", "list", "--plaintext", "--server", service.address], capture_output=True, text=True, timeout=60,
        check=False, env=clean_environment())
    assert done.returncode == 64 + 16 and "CREDENTIALS_MISSING" in done.stderr


@pytest.fixture(scope="module")
def many(administrator, keys):
    """A service of its own with users that have awkward names."""
    with administrator.database() as url, guarded(url, keys, "--password-cost", "10") as server:
        psql(url, """INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
            SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com',
              CASE n % 3 WHEN 0 THEN 'Ada, "the first"' WHEN 1 THEN '' ELSE 'Zoë' END,
              CASE n % 2 WHEN 0 THEN '{"team": "a,b\\"c"}'::jsonb ELSE '{}'::jsonb END, now(), now(), 1
            FROM generate_series(1, 5000) n""")
        yield server, url


def run_on(server, environment, *arguments, code=0, **options):
    done = subprocess.run(
        [PROGRAM, "admin", *arguments, "--plaintext", "--server", server.address], capture_output=True, text=True,
        timeout=180, check=False, env=environment, **options)
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def test_lists_as_json_and_as_a_table(many, environment):
    server, _ = many
    users = [json.loads(line) for line in run_on(server, environment, "list", "--order-by", "email").stdout.splitlines()]
    assert len(users) == 5000 and [user["email"] for user in users] == sorted(user["email"] for user in users)
    table = list(csv.DictReader(io.StringIO(run_on(server, environment, "list", "--format", "csv", "--limit", "1500", "--order-by", "email").stdout)))
    assert [row["id"] for row in table] == [user["id"] for user in users[:1500]]
    for row, user in zip(table, users):
        assert row["name"] == user.get("name", "") and json.loads(row["labels"] or "{}") == user.get("labels", {})
        assert row["create_time"] == user["createTime"] and row["state"] == "active"


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_an_export_goes_on_where_it_was_cut(many, environment, tmp_path, format):
    server, _ = many
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run_on(server, environment, "export", str(whole), "--format", format)
    assert whole.stat().st_mode & 0o777 == 0o600
    content = whole.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1, len(content)):
        cut.write_bytes(content[:length])
        run_on(server, environment, "export", str(cut), "--format", format, "--resume")
        assert cut.read_bytes() == content, length
    assert content.count(b"\n") >= 5000


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_what_is_exported_is_imported(many, administrator, keys, environment, tmp_path, format):
    server, _ = many
    file = tmp_path / "users"
    run_on(server, environment, "export", str(file), "--format", format)
    with administrator.database() as url, guarded(url, keys) as other:
        done = run_on(other, environment, "import", str(file), "--format", format)
        assert done.stderr == "Imported: 5000 created, 0 existed already, 0 failed.\n"
        same = "SELECT string_agg(id || email || name || labels::text, ' ' ORDER BY id) FROM users"
        assert psql(url, same) == psql(many[1], same)
        done = run_on(other, environment, "import", str(file), "--format", format)
        assert done.stderr == "Imported: 0 created, 5000 existed already, 0 failed.\n"
        assert not (tmp_path / "users.resume").exists()


def test_rows_that_fail_do_not_stop_the_others(many, environment, service):
    rows = ['{"email": "good1@import.example"}', "nonsense", '{"email": "no email"}', '{"mail": "x"}', "",
            '{"email": "good2@import.example", "labels": {"a": "b"}}']
    done = run_on(many[0], environment, "import", "-", code=1, input="\n".join(rows))
    assert "2 created, 0 existed already, 3 failed" in done.stderr
    for number in (2, 3, 4):
        assert f"row {number} " in done.stderr
    table = "email,labels,nonsense\r\na@b.example,,\r\n"
    assert "column 'nonsense'" in run_on(many[0], environment, "import", "-", "--format", "csv", code=65, input=table).stderr
    table = '\ufeffemail,labels,name\r\na@import.example,"{""a"": ""b""}","Two\r\nlines"\r\n"b@import.example,,\r\n'
    done = run_on(many[0], environment, "import", "-", "--format", "csv", code=1, input=table)
    assert "0 created" in done.stderr and done.stderr.count("row ") == 2


def test_passwords_are_imported_as_hashes(service, environment, admin):
    hashed = sha512_crypt.using(rounds=1000).hash(PASSWORD)
    rows = [{"email": "hash1@import.example", "passwordHash": hashed}, {"passwordHash": hashed, "email": "hash2@import.example"},
            {"email": "hash3@import.example", "name": "x"}]
    done = run_on(service, environment, "import", "-", input="\n".join(json.dumps(row) for row in rows))
    assert "3 created" in done.stderr
    for number in (1, 2):
        sign_in(service, pb.User(email=f"hash{number}@import.example"))
    assert "hasPassword" not in lines(admin("get", "hash3@import.example", "--account"))[1]
    table = f"email,password_hash\nhash4@import.example,{hashed}\n"
    run_on(service, environment, "import", "-", "--format", "csv", input=table)
    sign_in(service, pb.User(email="hash4@import.example"))


def test_an_import_that_is_killed_goes_on(administrator, keys, environment, tmp_path):
    file = tmp_path / "users.jsonl"
    file.write_text("".join(f'{{"email": "user{number}@example.com"}}\n' for number in range(20_000)))
    with administrator.database() as url, guarded(url, keys) as server:
        command = [PROGRAM, "admin", "import", str(file), "--plaintext", "--server", server.address, "--parallel", "8"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        eventually((tmp_path / "users.jsonl.resume").exists, "it notes where it is")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        there = int(psql(url, "SELECT count(*) FROM users"))
        assert 0 < there < 20_000
        done = run_on(server, environment, "import", str(file), "--resume")
        created, existed = [int(word) for word in done.stderr.split() if word.isdigit()][:2]
        assert created == 20_000 - there and existed < there
        assert psql(url, "SELECT count(*) FROM users") == "20000"
        assert "nothing was interrupted" in run_on(server, environment, "import", str(file), "--resume", code=66).stderr


def test_a_terminal_shows_how_far_it_is(service, environment, tmp_path):
    file = tmp_path / "users.jsonl"
    file.write_text("".join(f'{{"email": "bar{number}@terminal.example"}}\n' for number in range(4000)))
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "admin", "import", str(file), "--plaintext", "--server", service.address], env=environment, stderr=follower)
    os.close(follower)
    shown = b""
    end = time.monotonic() + TIMEOUT * 2
    while time.monotonic() < end and select.select([leader], [], [], TIMEOUT)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        shown += part
    os.close(leader)
    assert process.wait() == 0
    assert b"rows, " in shown and b"a second" in shown and b"[#" in shown and b" %" in shown
    assert b"4000 created" in shown


def test_a_terminal_does_not_show_the_password(service, environment, admin):
    email = new_email("prompt")
    admin("create", "--email", email)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "admin", "set-password", email, "--plaintext", "--server", service.address], env=environment,
        stdin=follower, stderr=follower, stdout=subprocess.PIPE, text=True)
    os.close(follower)
    shown = b""
    for _ in range(2):
        while not shown.endswith(b": "):
            shown += os.read(leader, 1024)
        os.write(leader, PASSWORD.encode() + b"\n")
        shown += os.read(leader, 1024)
    assert process.wait() == 0 and PASSWORD.encode() not in shown
    process.stdout.close()
    os.close(leader)
    sign_in(service, pb.User(email=email))
