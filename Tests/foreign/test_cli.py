"""The command line of user-service: exit codes, sentences, sockets."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import grpc
import pytest
from calls import TIMEOUT, create
from database import Administrator, psql
from programs import UserService, clean_environment, eventually
from users.v1 import users_pb2 as pb, users_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("USER_SERVICE", "")


def run(*arguments, **environment):
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False, env=clean_environment(**environment))


@pytest.fixture(scope="module")
def migrated(service, database):
    return database


@pytest.mark.parametrize("command", [[], ["serve"], ["migrate"], ["version"]])
def test_help(command):
    done = run(*command, "--help")
    assert done.returncode == 0 and "USAGE: user-service" in done.stdout


@pytest.mark.parametrize(
    "text",
    ["--listen", "--database-url", "--loops", "DATABASE_URL", "USER_SERVICE_LISTEN", "USER_SERVICE_LOOPS", "127.0.0.1:50051"])
def test_help_explains(text):
    assert text in run("serve", "--help").stdout


def test_help_and_readme_say_the_same():
    """Every flag and every variable of one is in the other."""
    readme = (ROOT / "README.md").read_text()
    table = [line for line in readme.splitlines() if line.startswith("| `--")]
    said = run("help", "serve").stdout
    # Long lines of the help are broken at spaces; flags stand at the beginning of theirs.
    help_flags = set(re.findall(r"^ {2}(?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help", "--version"}
    readme_flags = {flag for line in table for flag in re.findall(r"`(--[a-z-]+)`", line.split("|")[1])}
    assert readme_flags == help_flags
    variables = r"\b(?:USER_SERVICE_[A-Z_]+|DATABASE_URL)\b"
    assert {name for line in table for name in re.findall(variables, line.split("|")[2])} == set(re.findall(variables, said))


@pytest.mark.parametrize("arguments, help_of", [
    (["serve"], "serve"), (["migrate"], "migrate"), (["serve", "--database-url", "x", "--loops", "0"], "serve")])
def test_errors_point_to_a_help_that_explains_the_flags(arguments, help_of):
    done = run(*arguments)
    assert done.returncode == 64
    assert done.stderr.splitlines()[-1] == f"See 'user-service help {help_of}' for more information."
    assert "--database-url" in run("help", help_of).stdout


def test_systemd_units_in_the_documentation_are_units():
    """systemd knows no comments behind a value: it would hand them to the command."""
    text = (ROOT / "docs/operations.md").read_text()
    units = re.findall(r"```ini\n(.*?)```", text, re.DOTALL)
    assert len(units) == 2
    for line in "\n".join(units).splitlines():
        assert re.fullmatch(r"\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=[^#]+|", line), line


def test_version():
    done = run("version")
    assert done.returncode == 0 and done.stdout.startswith("user-service ")


@pytest.mark.parametrize(
    "arguments, environment",
    [
        (["serve", "--no-such-flag"], {}),
        (["no-such-command"], {}),
        (["serve", "--listen", "nonsense"], {}),
        (["serve", "--listen", "127.0.0.1:65536"], {}),
        (["serve", "--listen", "127.0.0.1:-1"], {}),
        (["serve", "--listen", "unix:"], {}),
        (["serve", "--listen", "unix:/" + "x" * 200], {}),
        (["serve", "--loops", "0"], {}),
        (["serve", "--loops", "many"], {}),
        (["serve"], {"USER_SERVICE_LISTEN": "127.0.0.1:0,nonsense"}),
        (["serve"], {"USER_SERVICE_LOOPS": "x"}),
        (["serve", "--database-url", "postgresql://a:b:c:d/%%"], {}),
        (["serve"], {"DATABASE_URL": "no conninfo"}),
        (["migrate", "--listen", "127.0.0.1:0"], {}),
        (["serve"], {"DATABASE_URL": ""}),
        (["serve"], {"USER_SERVICE_LISTEN": ","}),
        (["serve"], {"USER_SERVICE_LISTEN": " , "}),
        (["serve"], {"USER_SERVICE_WEB_ORIGINS": ","}),
        (["serve"], {"USER_SERVICE_TLS_CERT": ",", "USER_SERVICE_TLS_KEY": ","}),
    ])
def test_a_bad_setting_is_64(migrated, arguments, environment):
    done = run(*arguments, **{"DATABASE_URL": migrated, **environment})
    assert done.returncode == 64, done.stderr
    assert "Error: " in done.stderr and "Fatal" not in done.stderr


def test_a_taken_port_is_69(migrated, service):
    done = run("serve", "--listen", service.address, DATABASE_URL=migrated)
    assert done.returncode == 69 and service.address in done.stderr and "--listen" in done.stderr


def test_a_file_in_the_place_of_a_socket_is_69_and_kept(migrated, tmp_path):
    path = tmp_path / "precious"
    path.write_text("precious")
    done = run("serve", "--listen", f"unix:{path}", DATABASE_URL=migrated)
    assert done.returncode == 69 and str(path) in done.stderr and "File exists" in done.stderr
    assert path.read_text() == "precious"


def test_a_name_that_is_none_is_69(migrated):
    done = run("serve", "--listen", "no..name:1", DATABASE_URL=migrated)  # no name server is asked for it
    assert done.returncode == 69 and "no..name:1 (" in done.stderr


def test_no_database_is_69():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # taken, but nobody listens
        url = f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/users"
        for command in ("serve", "migrate"):
            done = run(command, "--startup-timeout", "1", DATABASE_URL=url)
            assert done.returncode == 69 and "DATABASE_URL" in done.stderr


def test_a_database_that_does_not_exist_is_69():
    done = run("serve", "--startup-timeout", "1", DATABASE_URL=Administrator().url_of("no_such_database"))
    assert done.returncode == 69 and "no_such_database" in done.stderr


def test_a_database_without_the_schema_is_69_until_it_is_migrated(administrator):
    with administrator.database() as url:
        done = run("serve", "--listen", "127.0.0.1:0", DATABASE_URL=url)
        assert done.returncode == 69 and "migrate" in done.stderr
        assert run("migrate", DATABASE_URL=url).returncode == 0
        again = run("migrate", "--database-url", url)
        assert again.returncode == 0 and "up to date" in again.stdout
        with UserService(url) as server:
            create(server.users)


USER = """INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
VALUES ('00000000-0000-0000-0000-{:012}', '{}', '{}', '', '{{}}', now(), now(), 1)"""


def test_emails_that_become_one_are_69_until_somebody_decides(administrator):
    with administrator.database() as url:
        assert run("migrate", DATABASE_URL=url).returncode == 0
        # As the version before left it.
        psql(url, "DROP TABLE IF EXISTS import_failures, imports, creation_requests, one_time_tokens, ended_sessions, user_feed_head, user_feed, user_events, sessions, accounts, service_keys; DELETE FROM schema_migrations WHERE version >= 3")
        for number, email in enumerate(["a@m\u00fcnchen.de", "a@xn--mnchen-3ya.de", "b\u3164@x.org", "c@M\u00fcnchen.de"], 1):
            psql(url, USER.format(number, email, email.lower()))
        for command in (["migrate"], ["serve", "--migrate", "--listen", "127.0.0.1:0"]):
            done = run(*command, DATABASE_URL=url)
            assert done.returncode == 69 and "UpdateUser" in done.stderr and "3 users" in done.stderr
            assert [f"-{number:012}" in done.stderr for number in range(1, 5)] == [True, True, True, False]
            assert "@" not in done.stderr and "nchen" not in done.stderr
        assert psql(url, "SELECT email_normalized FROM users WHERE email LIKE 'c@%'") == "c@m\u00fcnchen.de"
        psql(url, "UPDATE users SET email = 'b@x.org', email_normalized = 'b@x.org' WHERE email LIKE 'b%'")
        psql(url, "DELETE FROM users WHERE email LIKE '%xn--%'")
        assert run("migrate", DATABASE_URL=url).returncode == 0
        with UserService(url) as server:
            for email in ("A@XN--MNCHEN-3YA.de", "c@m\u00fcnchen.de"):
                server.users.LookupUser(pb.LookupUserRequest(email=email), timeout=TIMEOUT)


def test_emails_can_be_looked_at_again(administrator):
    with administrator.database() as url:
        assert "0 email(s)" in run("migrate", "--recheck-emails", DATABASE_URL=url).stdout
        # As an old replica writes it.
        psql(url, USER.format(1, "\u03a3\u0399\u03a3@x.org", "\u03c3\u03b9\u03c2@x.org"))
        assert "1 email(s)" in run("migrate", "--recheck-emails", DATABASE_URL=url).stdout
        psql(url, USER.format(2, "\u03c3\u03b9\u03c2@x.org", "\u03c3\u03b9\u03c2@x.org"))
        done = run("migrate", "--recheck-emails", DATABASE_URL=url)
        assert done.returncode == 69 and "-000000000001" in done.stderr and "-000000000002" in done.stderr


def test_a_password_is_never_told(migrated):
    url = migrated.replace("postgres@", "postgres:sesame@").replace("127.0.0.1:", "127.0.0.1:1")
    done = run("serve", "--startup-timeout", "1", DATABASE_URL=url)
    assert done.returncode != 0 and "sesame" not in done.stdout + done.stderr


def test_replicas_may_migrate_at_once(administrator):
    with administrator.database() as url:
        clean = {**os.environ, "DATABASE_URL": url}
        processes = [subprocess.Popen([PROGRAM, "migrate"], env=clean, stdout=subprocess.PIPE, text=True) for _ in range(8)]
        said = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * 8
        assert sum("Applied" in line for line in said) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(migrated, number):
    with UserService(migrated) as server:
        create(server.users)
        server.signal(number)
        assert server.wait() == 0


def test_sighup_without_tls_ends_nothing(migrated):
    with UserService(migrated) as server:
        server.signal(signal.SIGHUP)
        eventually(lambda: "there is nothing to reload" in server.said(), "the log says so")
        create(server.users)


def test_a_reader_of_its_output_that_goes_away_does_not_end_it(migrated, tmp_path):
    """As `user-service serve 2>&1 | head` does."""
    path = tmp_path / "socket"
    arguments = [PROGRAM, "serve", "--access-log", "--listen", f"unix:{path}"]
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(arguments, env={**os.environ, "DATABASE_URL": migrated}, stdout=writer, stderr=writer) as process:
        os.close(writer)
        eventually(lambda: path.exists() or process.poll() is not None, "it listens, or has ended")
        with grpc.insecure_channel(f"unix:{path}") as channel:
            for _ in range(3):
                create(users_pb2_grpc.UserServiceStub(channel))  # a line of the access log
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_a_signal_before_it_serves_ends_it_too():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/users"
        process = subprocess.Popen([PROGRAM, "serve", "--startup-timeout", "60"], env={**os.environ, "DATABASE_URL": url})
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_several_addresses_and_a_unix_socket(migrated, tmp_path):
    path = tmp_path / "users.sock"
    with UserService(migrated, listen=["127.0.0.1:0", "[::1]:0", f"unix:{path}"]) as server:
        assert server.ready_line.startswith("ready: serving users.v1.UserService on 127.0.0.1:")
        assert len(server.addresses) == 3 and server.addresses[2] == f"unix:{path}"
        user = create(server.users)
        for address in server.addresses:
            get = server.channel(address).unary_unary(
                "/users.v1.UserService/GetUser", pb.GetUserRequest.SerializeToString, pb.User.FromString)
            assert get(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == user
    assert not path.exists()


def test_a_unix_socket_that_a_crash_left_is_taken_over(migrated, tmp_path):
    path = tmp_path / "users.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with UserService(migrated, listen=[f"unix:{path}"]) as server:
        create(server.users)
        taken = run("serve", "--listen", f"unix:{path}", DATABASE_URL=migrated)
        assert taken.returncode == 69
        create(server.users)


def test_flags_win_over_the_environment(migrated, tmp_path):
    environment = {"USER_SERVICE_LISTEN": "nonsense", "USER_SERVICE_LOOPS": "nonsense"}
    with UserService(migrated, environment=environment) as server:
        create(server.users)


def test_the_environment_wins_over_defaults(migrated, tmp_path):
    path = tmp_path / "users.sock"
    with UserService(migrated, listen=[], environment={"USER_SERVICE_LISTEN": f"127.0.0.1:0, unix:{path}"}) as server:
        assert len(server.addresses) == 2
        create(server.users)
