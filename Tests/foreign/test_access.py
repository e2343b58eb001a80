"""Who may call what, by clients that others wrote: with rights, without, and with those of somebody else."""

import json
import subprocess
import time
from pathlib import Path

import grpc
import pytest
from calls import TIMEOUT, create, failing, new_email
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from programs import UserService, clean_environment, eventually, with_token
from test_cli import run
from test_web import call as call_web, curl
from tokens import Keys, claims, forge
from users.v1 import users_pb2 as pb, users_pb2_grpc

SCOPES = {"CreateUser": "users.write", "GetUser": "users.read", "LookupUser": "users.read", "ListUsers": "users.read",
          "UpdateUser": "users.write", "DeleteUser": "users.write", "UndeleteUser": "users.write",
          "PurgeUser": "users.purge", "ExportUsers": "users.export", "WatchUsers": "users.watch",
          "BatchGetUsers": "users.read", "BatchCreateUsers": "users.write", "BatchUpdateUsers": "users.write",
          "ImportUsers": "users.import", "GetImport": "users.import", "SyncUsers": "users.write"}
STREAMS = ("ImportUsers", "SyncUsers")


def empty(method):
    """What the method is called with: an empty request, or a stream of one."""
    request = getattr(pb, f"{method}Request")()
    return iter([request]) if method in STREAMS else request


def guarded(database, keys, *arguments, **options):
    environment = {"USER_SERVICE_INSECURE_DEV": None, "USER_SERVICE_KEYS": str(keys.directory)}
    return UserService(database, "--access-log", *arguments, environment=environment, **options)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("access") / "keys")


@pytest.fixture(scope="module")
def service(database, keys):
    with guarded(database, keys, "--web-origin", "*") as server:
        yield server


def test_every_method_has_a_rule():
    """This table is complete: a method that is added needs a line, and so a test."""
    assert set(SCOPES) == {method.name for method in pb.DESCRIPTOR.services_by_name["UserService"].methods}


@pytest.mark.parametrize("method", SCOPES)
def test_each_method_with_and_without_rights(service, keys, method):
    scope = SCOPES[method]
    stranger = failing(StatusCode.UNAUTHENTICATED, getattr(service.users, method), empty(method))
    assert (stranger.info.domain, stranger.info.reason) == ("user-service", "CREDENTIALS_MISSING")
    others = sorted(set(SCOPES.values()) - {scope}) + ["users", "users.readx", "ADMIN"]
    denied = failing(StatusCode.PERMISSION_DENIED, getattr(service.stub(keys.token(*others)), method), empty(method))
    assert denied.info.reason == "SCOPE_MISSING" and denied.info.metadata["scopes"] == scope
    for allowed in (scope, "admin"):
        users = service.stub(keys.token(allowed))
        try:
            answer = getattr(users, method)(empty(method), timeout=TIMEOUT)
            if method in ("ExportUsers", "SyncUsers"):
                list(answer)
            if method == "WatchUsers":
                assert next(answer).resume_token
                answer.cancel()
        except grpc.RpcError as error:
            # Past the rules: the empty request is what is wrong.
            assert error.code() == StatusCode.INVALID_ARGUMENT, error


def test_watching_users_with_their_data_takes_the_right_to_read_them(service, keys):
    request = pb.WatchUsersRequest(include_user=True)
    denied = failing(StatusCode.PERMISSION_DENIED, service.stub(keys.token("users.watch")).WatchUsers, request)
    assert denied.info.reason == "SCOPE_MISSING" and denied.info.metadata["scopes"] == "users.read"
    watch = service.stub(keys.token("users.watch", "users.read", subject="ops")).WatchUsers(request, timeout=TIMEOUT)
    next(watch)
    user = create(service.stub(keys.token("users.write", subject="hr")))
    told = next(message.event for message in watch if message.event.user_id == user.id)
    assert told.author == "hr" and told.user == user
    watch.cancel()


def test_a_user_gets_only_itself(service, keys):
    admin = service.stub(keys.token("admin"))
    ada, bob = create(admin), create(admin)
    users = service.stub(keys.token(subject=ada.id))
    assert users.GetUser(pb.GetUserRequest(id=ada.id), timeout=TIMEOUT) == ada
    assert failing(StatusCode.PERMISSION_DENIED, users.GetUser, pb.GetUserRequest(id=bob.id)).info.reason == "NOT_YOURS"


@pytest.mark.parametrize("make, reason", [
    (lambda key, kid: "nonsense", "TOKEN_INVALID"),
    (lambda key, kid: forge(key, "HS256", claims(exp=1), kid=kid), "TOKEN_EXPIRED"),
    (lambda key, kid: forge(key, "HS256", claims(aud="other"), kid=kid), "TOKEN_INVALID"),
    (lambda key, kid: forge(key + b"x", "HS256", claims(), kid=kid), "TOKEN_INVALID"),
    (lambda key, kid: forge(key, "HS512", claims(), kid=kid), "TOKEN_INVALID"),
    (lambda key, kid: forge(key, "HS256", claims()), "TOKEN_INVALID"),
    (lambda key, kid: forge(key, "HS256", claims(), kid=kid, typ="JWT"), "TOKEN_INVALID"),
], ids=["nonsense", "expired", "audience", "signature", "algorithm", "no kid", "type"])
def test_bad_tokens(service, keys, make, reason):
    import jwt

    (jwk,) = keys.jwks.values()
    key = jwt.PyJWK(jwk).key
    assert service.stub(forge(key, "HS256", claims(), kid=jwk["kid"])).ListUsers(pb.ListUsersRequest(), timeout=TIMEOUT)
    details = failing(StatusCode.UNAUTHENTICATED, service.stub(make(key, jwk["kid"])).ListUsers, pb.ListUsersRequest())
    assert details.info.reason == reason


def test_other_protocols_have_the_same_rules(service, keys):
    # The head alone: curl 7.88 may wait for ever if the answer comes while it still sends.
    status, fields, _ = curl(
        service, "/users.v1.UserService/LookupUser", "-X", "POST", "-H", "content-type: application/grpc-web+proto")
    assert (status, fields["grpc-status"], fields["www-authenticate"]) == (200, "16", "Bearer")
    status, fields, _ = call_web(
        service, "LookupUser", pb.LookupUserRequest(email="a@b.c"), f"authorization: Bearer {keys.token('users.read')}")
    assert (status, fields["grpc-status"]) == (200, "5")


def test_health_and_local_reflection_need_nothing(service):
    stub = health_pb2_grpc.HealthStub(service.channel())
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT).status == health_pb2.HealthCheckResponse.SERVING
    done = subprocess.run(
        ["grpcurl", "-plaintext", service.address, "list"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "users.v1.UserService" in done.stdout
    done = subprocess.run(
        ["grpcurl", "-plaintext", service.address, "describe", "users.v1.UserService.ListUsers"], capture_output=True,
        text=True, timeout=60, check=False)
    assert 'scopes:"users.read"' in done.stdout.replace("scopes: ", "scopes:"), done.stdout


def test_grpcurl_as_make_run_prints_it(service, keys):
    command = ["grpcurl", "-plaintext", "-expand-headers", "-H", "authorization: Bearer ${TOKEN}", "-d", "{}"]
    done = subprocess.run(
        [*command, service.address, "users.v1.UserService/ListUsers"], env=clean_environment(TOKEN=keys.token("admin")),
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    done = subprocess.run(
        ["grpcurl", "-plaintext", "-d", "{}", service.address, "users.v1.UserService/ListUsers"], capture_output=True,
        text=True, timeout=60, check=False)
    assert done.returncode != 0 and "Unauthenticated" in done.stderr


def test_the_access_log_names_the_caller(service, keys):
    token = keys.token("admin", subject="auditor")
    email = new_email()
    create(service.stub(token), email=email)
    failing(StatusCode.PERMISSION_DENIED, service.stub(keys.token(subject="outsider")).ListUsers, pb.ListUsersRequest())
    eventually(lambda: "caller=outsider" in service.said() and "caller=auditor" in service.said(), "both are named")
    assert token not in service.said() and token.split(".")[2] not in service.said() and email not in service.said()


def test_channelz_needs_a_scope(database, keys):
    from grpc.channelz.v1 import channelz_pb2, channelz_pb2_grpc

    with guarded(database, keys, "--channelz") as server:
        request = channelz_pb2.GetServersRequest()
        failing(StatusCode.UNAUTHENTICATED, channelz_pb2_grpc.ChannelzStub(server.channel()).GetServers, request)
        for scope, code in (("users.read", StatusCode.PERMISSION_DENIED), ("diagnostics.read", None)):
            stub = channelz_pb2_grpc.ChannelzStub(with_token(server.channel(), keys.token(scope)))
            if code:
                failing(code, stub.GetServers, request)
            else:
                assert stub.GetServers(request, timeout=TIMEOUT).server


def test_certificates_have_scopes(database, keys, certificates):
    flags = [*certificates.flags, "--tls-client-ca", certificates.path("ca.pem"), "--certificate-scopes",
             "spiffe://development/client=users.read+users.export"]
    with guarded(database, keys, *flags) as server:
        users = users_pb2_grpc.UserServiceStub(server.channel(credentials=certificates.credentials(with_client=True)))
        users.ListUsers(pb.ListUsersRequest(), timeout=TIMEOUT)
        failing(StatusCode.PERMISSION_DENIED, users.CreateUser, pb.CreateUserRequest())
        # A token counts for more than the certificate.
        channel = server.channel(credentials=certificates.credentials(with_client=True))
        users = users_pb2_grpc.UserServiceStub(with_token(channel, keys.token("users.write")))
        create(users)
        failing(StatusCode.PERMISSION_DENIED, users.ListUsers, pb.ListUsersRequest())
        eventually(lambda: "caller=spiffe://development/client" in server.said(), "the log names the certificate")


# Keys while it serves.


def test_keys_change_without_a_restart(database, tmp_path):
    keys = Keys(tmp_path / "keys")
    (old,) = keys.jwks
    before = keys.token("admin")
    with guarded(database, keys) as server:
        users = server.stub(before)
        users.ListUsers(pb.ListUsersRequest(), timeout=TIMEOUT)
        time.sleep(1.1)  # the newer key has a later second
        keys.run("keys", "new", "--algorithm", "EdDSA", "--delay", "0")
        after = keys.token("admin")

        def is_taken(token):
            try:
                return bool(server.stub(token).ListUsers(pb.ListUsersRequest(), timeout=TIMEOUT)) or True
            except grpc.RpcError as error:
                assert error.code() == StatusCode.UNAUTHENTICATED
                return False

        eventually(lambda: is_taken(after), "the new key is known")
        assert is_taken(before)
        keys.run("keys", "retire", old)
        eventually(lambda: not is_taken(before), "the old key is forgotten")
        assert is_taken(after)
        # A file that can't be read leaves the keys as they are, and is told.
        (keys.directory / "bad.jwk").write_text("{}")
        eventually(lambda: "bad.jwk" in server.said(), "the log says so")
        assert is_taken(after)


# The start.


def test_without_keys_it_does_not_serve(database, tmp_path):
    done = run("serve", DATABASE_URL=database, USER_SERVICE_INSECURE_DEV=None)
    assert done.returncode == 64 and "user-service keys new" in done.stderr and "--insecure-dev" in done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("serve", "--keys", str(empty), DATABASE_URL=database, USER_SERVICE_INSECURE_DEV=None)
    assert done.returncode == 69 and f"user-service keys new --keys {empty}" in done.stderr
    done = run("serve", "--keys", str(tmp_path / "none"), DATABASE_URL=database, USER_SERVICE_INSECURE_DEV=None)
    assert done.returncode == 69 and "No such file" in done.stderr


@pytest.mark.parametrize("text", ["", "x", "=x", "x=", "x=a b", "x=a++b"])
def test_wrong_scopes_of_certificates_are_64(database, text):
    done = run("serve", "--certificate-scopes", text, DATABASE_URL=database)
    assert done.returncode == 64 and "--certificate-scopes" in done.stderr


def test_insecure_dev_says_so(database):
    with UserService(database, "--insecure-dev", environment={"USER_SERVICE_INSECURE_DEV": None}) as server:
        create(server.users)
        assert "Everybody may make every call" in server.said()


def test_curl_as_the_readme_has_it(service, keys):
    """The lines of the README for Connect; and without a token."""
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    lines = [line for line in readme.splitlines() if line.startswith("json ") and "/users.v1.UserService/" in line]
    function = next(line for line in readme.splitlines() if line.startswith("function json()"))
    assert len(lines) == 2
    create(service.stub(keys.token("admin")), email="ada@example.com")
    for line in lines:
        command = f"{function}\n{line.replace('127.0.0.1:50051', service.address)}"
        for token, key in ((keys.token("admin"), "user"), ("", "code")):
            done = subprocess.run(
                ["bash", "-c", command], env=clean_environment(TOKEN=token), capture_output=True, text=True, timeout=60,
                check=True)
            answer = json.loads(done.stdout)
            if key == "code":
                assert answer["code"] == "unauthenticated", done.stdout
            else:
                assert "ada@example.com" in done.stdout, done.stdout
