"""Passwords and sessions, with passlib and PyJWT as oracles, and two replicas on one database."""


import grpc
import jwt
import pytest
from calls import TIMEOUT, create, failing, new_email
from database import psql
from grpc import StatusCode
from passlib.hash import bcrypt, bcrypt_sha256, sha512_crypt
from programs import UserService, eventually, with_token
from test_access import guarded
from test_web import curl
from tokens import AUDIENCE, ISSUER, Keys
from users.v1 import accounts_pb2 as pb, accounts_pb2_grpc, users_pb2

PASSWORD = "correct horse"
SCOPES = {
    "SetPassword": "accounts.write", "ChangePassword": None, "RevokeSession": "accounts.write",
    "ListSessions": "accounts.read", "RevokeAllSessions": "accounts.write", "GetAccount": "accounts.read",
    "DisableUser": "accounts.write", "EnableUser": "accounts.write",
    "RequestEmailVerification": "accounts.write", "RequestEmailChange": None, "ClaimOneTimeToken": "tokens.claim"}
PUBLIC = {"CreateSession", "RefreshSession", "GetJwks", "RequestPasswordReset", "ResetPassword", "VerifyEmail",
          "ConfirmEmailChange"}
COST = ("--password-cost", "10")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("accounts") / "keys", "EdDSA")


@pytest.fixture(scope="module")
def service(database, keys):
    with guarded(database, keys, *COST) as server:
        yield server


@pytest.fixture(scope="module")
def replica(database, service, keys):
    """A second process on the same database."""
    with guarded(database, keys, *COST) as server:
        yield server


def accounts(service, token=None):
    channel = service.channel()
    return accounts_pb2_grpc.AccountServiceStub(with_token(channel, token) if token else channel)


@pytest.fixture(scope="module")
def admin(service, keys):
    return accounts(service, keys.token("admin"))


@pytest.fixture(scope="module")
def new_user(service, keys, admin):
    def make(password=PASSWORD, **credential):
        user = create(service.stub(keys.token("admin")), email=new_email())
        request = pb.SetPasswordRequest(user_id=user.id, **(credential or {"password": password}))
        admin.SetPassword(request, timeout=TIMEOUT)
        return user

    return make


def sign_in(service, user, password=PASSWORD):
    return accounts(service).CreateSession(
        pb.CreateSessionRequest(email=user.email, password=password), timeout=TIMEOUT)


def stored(database, user):
    return psql(database, f"SELECT password_hash FROM accounts WHERE user_id = '{user.id}'")


# Rights.


def test_every_method_has_a_rule():
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["AccountService"].methods}
    assert set(SCOPES) | PUBLIC == methods


@pytest.mark.parametrize("method", SCOPES)
def test_each_method_with_and_without_rights(service, keys, method):
    request, scope = getattr(pb, f"{method}Request")(), SCOPES[method]
    failing(StatusCode.UNAUTHENTICATED, getattr(accounts(service), method), request)
    others = {"accounts.read", "accounts.write", "users.write"} - {scope}
    denied = failing(StatusCode.PERMISSION_DENIED, getattr(accounts(service, keys.token(*others)), method), request)
    assert denied.info.reason == ("SCOPE_MISSING" if scope else "NOT_A_USER")
    if scope:
        failing(StatusCode.INVALID_ARGUMENT, getattr(accounts(service, keys.token(scope)), method), request)


def test_a_user_touches_its_own_account_only(service, new_user):
    ada, bob = new_user(), new_user()
    mine = accounts(service, sign_in(service, ada).access_token)
    assert mine.GetAccount(pb.GetAccountRequest(user_id=ada.id), timeout=TIMEOUT).has_password
    failing(StatusCode.PERMISSION_DENIED, mine.GetAccount, pb.GetAccountRequest(user_id=bob.id))
    failing(StatusCode.PERMISSION_DENIED, mine.ListSessions, pb.ListSessionsRequest(user_id=bob.id))
    failing(StatusCode.PERMISSION_DENIED, mine.SetPassword, pb.SetPasswordRequest(user_id=ada.id, password="battery staple"))


# Passwords: passlib is the oracle.


@pytest.mark.parametrize("password", [PASSWORD, "\u00fcber \U0001f600 password", "x" * 72 + "a", " " * 8, "\t\n\r12345", "y" * 256])
def test_passlib_verifies_what_we_store(database, service, new_user, password):
    user = new_user(password)
    hashed = stored(database, user)
    assert hashed.startswith("$bcrypt-sha256$v=2,t=2b,r=10$") and bcrypt_sha256.identify(hashed)
    assert bcrypt_sha256.verify(password, hashed)
    assert not bcrypt_sha256.verify(password + "x", hashed) and not bcrypt_sha256.verify(password[:-1], hashed)
    sign_in(service, user, password)
    for wrong in (password + "x", password[:-1] + "z"):
        failing(StatusCode.UNAUTHENTICATED, accounts(service).CreateSession,
                pb.CreateSessionRequest(email=user.email, password=wrong))


@pytest.mark.parametrize("scheme", [
    bcrypt_sha256.using(rounds=10), bcrypt_sha256.using(rounds=5), bcrypt.using(rounds=5), bcrypt.using(rounds=5, ident="2a"),
    sha512_crypt.using(rounds=5000), sha512_crypt.using(rounds=1500)])
def test_we_verify_what_passlib_stores(database, service, new_user, scheme):
    hashed = scheme.hash(PASSWORD)
    user = new_user(password_hash=hashed)
    assert stored(database, user) == hashed
    failing(StatusCode.UNAUTHENTICATED, accounts(service).CreateSession,
            pb.CreateSessionRequest(email=user.email, password="wrong horse"))
    assert stored(database, user) == hashed
    sign_in(service, user)
    # Once the user is signed in, the hash becomes ours.
    eventually(lambda: stored(database, user).startswith("$bcrypt-sha256$v=2,t=2b,r=10$"), "it is hashed again")
    assert bcrypt_sha256.verify(PASSWORD, stored(database, user))
    sign_in(service, user)


def test_nothing_secret_is_logged(service, new_user):
    user = new_user()
    tokens = sign_in(service, user)
    failing(StatusCode.UNAUTHENTICATED, accounts(service).CreateSession,
            pb.CreateSessionRequest(email=user.email, password="a wrong horse"))
    log = service.said()
    for secret in (PASSWORD, "a wrong horse", user.email, tokens.access_token, tokens.refresh_token, "$bcrypt"):
        assert secret not in log


# Tokens.


def test_others_verify_access_tokens_by_our_keys(service, keys, new_user):
    user = new_user()
    tokens = sign_in(service, user)
    jwks = accounts(service).GetJwks(pb.GetJwksRequest(), timeout=TIMEOUT)
    (key,) = jwks.keys
    members = {name: getattr(key, name) for name in ("kty", "kid", "alg", "use", "crv", "x")}
    said = jwt.decode(
        tokens.access_token, jwt.PyJWK(members).key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER)
    assert said["sub"] == user.id and said["sid"] == tokens.session.id and said["exp"] - said["iat"] == 900
    assert "scope" not in said
    # The same as a document for everybody.
    status, fields, content = curl(service, "/.well-known/jwks.json")
    assert status == 200 and fields["content-type"].startswith("application/json"), content
    assert jwt.PyJWKSet.from_json(content.decode()).keys[0].key_id == key.kid


def test_sign_in_as_json(service, new_user):
    """What a web page sends."""
    import json

    user = new_user()
    body = json.dumps({"email": user.email, "password": PASSWORD}).encode()
    status, _, content = curl(service, "/v1/sessions", "-H", "content-type: application/json", body=body)
    assert status == 200, content
    tokens = json.loads(content)
    status, _, content = curl(service, f"/v1/users/{user.id}", "-H", f"authorization: Bearer {tokens['accessToken']}")
    assert status == 200 and json.loads(content)["email"] == user.email
    status, fields, content = curl(service, f"/v1/users/{user.id}")
    assert status == 401 and json.loads(content)["error"]["status"] == "UNAUTHENTICATED"


def refresh(service, token):
    return accounts(service).RefreshSession(pb.RefreshSessionRequest(refresh_token=token), timeout=TIMEOUT)


def test_refresh_by_any_replica(database, service, replica, new_user):
    first = sign_in(service, new_user())
    second = refresh(replica, first.refresh_token)
    assert refresh(service, first.refresh_token).refresh_token == second.refresh_token
    third = refresh(service, second.refresh_token)
    assert refresh(replica, second.refresh_token).refresh_token == third.refresh_token
    assert refresh(replica, first.refresh_token).refresh_token == second.refresh_token
    # Ten seconds later.
    psql(database, f"UPDATE sessions SET refresh_time = refresh_time - interval '11 s' WHERE id = '{first.session.id}'")
    request = pb.RefreshSessionRequest(refresh_token=first.refresh_token)
    assert failing(StatusCode.UNAUTHENTICATED, accounts(service).RefreshSession, request).info.reason == "REFRESH_TOKEN_REUSED"
    request = pb.RefreshSessionRequest(refresh_token=third.refresh_token)
    assert failing(StatusCode.UNAUTHENTICATED, accounts(replica).RefreshSession, request).info.reason == "SESSION_ENDED"
    # Only hashes are stored.
    dump = psql(database, "SELECT encode(token_hash, 'hex') FROM sessions")
    assert len(dump.split()[0]) == 64


def test_expired_sessions(database, service, new_user):
    tokens = sign_in(service, new_user())
    psql(database, f"UPDATE sessions SET expire_time = now() WHERE id = '{tokens.session.id}'")
    request = pb.RefreshSessionRequest(refresh_token=tokens.refresh_token)
    assert failing(StatusCode.UNAUTHENTICATED, accounts(service).RefreshSession, request).info.reason == "SESSION_ENDED"


# The end of sessions, everywhere.


def is_taken(server, user, token):
    try:
        server.stub(token).GetUser(users_pb2.GetUserRequest(id=user.id), timeout=TIMEOUT)
        return True
    except grpc.RpcError as error:
        assert error.code() == StatusCode.UNAUTHENTICATED
        return False


ENDS = {
    "RevokeSession": lambda stub, user, session: stub.RevokeSession(
        pb.RevokeSessionRequest(session_id=session.id), timeout=TIMEOUT),
    "RevokeAllSessions": lambda stub, user, session: stub.RevokeAllSessions(
        pb.RevokeAllSessionsRequest(user_id=user.id), timeout=TIMEOUT),
    "DisableUser": lambda stub, user, session: stub.DisableUser(
        pb.DisableUserRequest(user_id=user.id), timeout=TIMEOUT),
    "SetPassword": lambda stub, user, session: stub.SetPassword(
        pb.SetPasswordRequest(user_id=user.id, password="battery staple"), timeout=TIMEOUT),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_ended_session_is_refused_by_each_replica(service, replica, admin, new_user, how):
    user = new_user()
    tokens, other = sign_in(service, user), sign_in(service, new_user())
    assert is_taken(service, user, tokens.access_token) and is_taken(replica, user, tokens.access_token)
    ENDS[how](admin, user, tokens.session)
    assert not is_taken(service, user, tokens.access_token)
    eventually(lambda: not is_taken(replica, user, tokens.access_token), "the other replica knows")
    failing(StatusCode.UNAUTHENTICATED, accounts(replica).RefreshSession,
            pb.RefreshSessionRequest(refresh_token=tokens.refresh_token))
    # Nobody else's.
    assert refresh(replica, other.refresh_token).session.id == other.session.id


def test_a_deleted_user_is_signed_out(service, replica, keys, new_user):
    user = new_user()
    tokens = sign_in(service, user)
    service.stub(keys.token("admin")).DeleteUser(users_pb2.DeleteUserRequest(id=user.id), timeout=TIMEOUT)
    eventually(lambda: not is_taken(replica, user, tokens.access_token), "the replica knows")
    eventually(lambda: not is_taken(service, user, tokens.access_token), "and this one")


def test_a_restart_does_not_revive_sessions(database, service, keys, admin, new_user):
    user = new_user()
    tokens = sign_in(service, user)
    admin.RevokeSession(pb.RevokeSessionRequest(session_id=tokens.session.id), timeout=TIMEOUT)
    with guarded(database, keys, *COST) as server:
        eventually(lambda: not is_taken(server, user, tokens.access_token), "the new process knows")


def test_sessions_of_long_ago_are_removed(administrator, keys):
    with administrator.database() as url:
        with guarded(url, keys, *COST) as server:
            user = create(server.stub(keys.token("admin")), email=new_email())
        psql(url, f"INSERT INTO accounts (user_id) VALUES ('{user.id}')")
        psql(url, f"""INSERT INTO sessions (id, user_id, create_time, refresh_time, expire_time, generation, token_hash, epoch, end_time)
            SELECT gen_random_uuid(), '{user.id}', now(), now(), now() - days * interval '1 day', 1, '', 1,
              CASE WHEN days = 0 THEN now() - interval '2 days' END
            FROM generate_series(-1, 700) days""")
        with guarded(url, keys, *COST):
            eventually(lambda: psql(url, "SELECT count(*) FROM sessions") == "1", "the one that goes on is left")


# Guessing.


def test_guessing_is_slowed_down(database, keys, new_user, service):
    user = new_user()
    with guarded(database, keys, *COST) as server:
        stub = accounts(server)
        request = pb.CreateSessionRequest(email=user.email, password="wrong horse")
        for _ in range(10):
            failing(StatusCode.UNAUTHENTICATED, stub.CreateSession, request)
        refused = failing(StatusCode.RESOURCE_EXHAUSTED, stub.CreateSession, request)
        assert refused.info.reason == "TOO_MANY_TRIES" and refused.retry.retry_delay.seconds <= 30
        # Another user signs in from there.
        sign_in(server, new_user())


def test_without_keys_sign_in_works_for_development(database):
    with UserService(database, *COST) as server:
        user = create(server.users)
        stub = accounts(server)
        stub.SetPassword(pb.SetPasswordRequest(user_id=user.id, password=PASSWORD), timeout=TIMEOUT)
        tokens = sign_in(server, user)
        assert server.stub(tokens.access_token).GetUser(users_pb2.GetUserRequest(id=user.id), timeout=TIMEOUT).id == user.id
        mine = accounts(server, tokens.access_token)
        mine.ChangePassword(
            pb.ChangePasswordRequest(current_password=PASSWORD, new_password="battery staple"), timeout=TIMEOUT)
        sign_in(server, user, "battery staple")


def test_sign_ins_beside_reads(service, new_user, keys):
    """Many sign-ins at once are served, and reads meanwhile."""
    from concurrent.futures import ThreadPoolExecutor

    user = new_user()
    users = service.stub(keys.token("users.read"))
    with ThreadPoolExecutor(60) as pool:
        signing = [pool.submit(sign_in, service, user) for _ in range(60)]
        for _ in range(20):
            users.GetUser(users_pb2.GetUserRequest(id=user.id), timeout=TIMEOUT)
        assert len({future.result().session.id for future in signing}) == 60
