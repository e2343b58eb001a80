"""Forgotten passwords, verified and changed emails: what a web page and a sender of messages do, on two replicas."""

import statistics
import time

import httpx
import pytest
from calls import TIMEOUT, create, failing, new_email
from database import psql
from grpc import StatusCode
from test_access import guarded
from test_accounts import PASSWORD, accounts, sign_in
from tokens import Keys
from users.v1 import accounts_pb2 as pb, users_pb2

COST = ("--password-cost", "10")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("one-time") / "keys")


@pytest.fixture(scope="module")
def service(database, keys):
    with guarded(database, keys, *COST) as server:
        yield server


@pytest.fixture(scope="module")
def replica(database, service, keys):
    with guarded(database, keys, *COST) as server:
        yield server


@pytest.fixture(scope="module")
def sender(service, keys):
    """The service that sends messages: it may do nothing else."""
    return accounts(service, keys.token("tokens.claim", subject="sender"))


@pytest.fixture
def user(service, keys):
    user = create(service.stub(keys.token("admin")), email=new_email("Forgetful"))
    accounts(service, keys.token("admin")).SetPassword(
        pb.SetPasswordRequest(user_id=user.id, password=PASSWORD), timeout=TIMEOUT)
    return user


@pytest.fixture
def http(service):
    with httpx.Client(base_url=f"http://{service.address}/v1", timeout=TIMEOUT) as client:
        yield client


def newest(database, user):
    return psql(database, f"SELECT id FROM one_time_tokens WHERE user_id = '{user.id}' ORDER BY create_time DESC LIMIT 1")


def claim(sender, token_id):
    return sender.ClaimOneTimeToken(pb.ClaimOneTimeTokenRequest(token_id=token_id), timeout=TIMEOUT)


def test_a_forgotten_password(database, service, replica, sender, user, http):
    session = sign_in(replica, user)
    assert http.post("/account:requestPasswordReset", json={"email": user.email.upper()}).json() == {}
    token_id = newest(database, user)
    # What is stored before the claim is no secret, and afterwards only its hash.
    assert psql(database, f"SELECT token_hash IS NULL FROM one_time_tokens WHERE id = '{token_id}'") == "t"
    token = claim(sender, token_id)
    assert (token.purpose, token.user_id, token.email) == (pb.OneTimeToken.PURPOSE_PASSWORD_RESET, user.id, user.email)
    assert 3500 < token.expire_time.seconds - time.time() <= 3600
    assert token.token not in psql(database, "SELECT t::text FROM one_time_tokens t")
    assert failing(StatusCode.FAILED_PRECONDITION, sender.ClaimOneTimeToken,
                   pb.ClaimOneTimeTokenRequest(token_id=token_id)).info.reason == "ONE_TIME_TOKEN_CLAIMED"

    response = http.post("/account:resetPassword", json={"token": token.token, "newPassword": "password1"})
    assert response.status_code == 400 and "common" in response.text
    response = http.post("/account:resetPassword", json={"token": token.token, "newPassword": "a new password"})
    assert response.status_code == 200 and response.json()["emailVerifyTime"]
    # Every replica ends the sessions.
    failing(StatusCode.UNAUTHENTICATED, accounts(replica).RefreshSession,
            pb.RefreshSessionRequest(refresh_token=session.refresh_token))
    sign_in(replica, user, "a new password")
    response = http.post("/account:resetPassword", json={"token": token.token, "newPassword": "another password"})
    assert response.status_code == 401 and "ONE_TIME_TOKEN_INVALID" in response.text


def test_the_sender_learns_of_tokens(service, keys, sender, user):
    """By an event that has no secret."""
    watching = service.stub(keys.token("users.watch", subject="sender")).WatchUsers(
        users_pb2.WatchUsersRequest(kinds=[users_pb2.UserEvent.KIND_TOKEN_MADE]), timeout=TIMEOUT)
    next(watching)
    accounts(service).RequestPasswordReset(pb.RequestPasswordResetRequest(email=user.email), timeout=TIMEOUT)
    event = next(message.event for message in watching if message.HasField("event"))
    assert event.user_id == user.id and event.etag == user.etag and not event.fields and not event.author
    token = claim(sender, event.token_id)
    accounts(service).ResetPassword(pb.ResetPasswordRequest(token=token.token, new_password="a new password"), timeout=TIMEOUT)
    watching.cancel()


def test_two_tabs_use_a_token_at_once(database, service, replica, sender, user):
    from concurrent.futures import ThreadPoolExecutor

    accounts(service).RequestPasswordReset(pb.RequestPasswordResetRequest(email=user.email), timeout=TIMEOUT)
    token = claim(sender, newest(database, user)).token

    def use(number):
        import grpc

        try:
            accounts((service, replica)[number % 2]).ResetPassword(
                pb.ResetPasswordRequest(token=token, new_password=f"a new password {number}"), timeout=TIMEOUT)
            return number
        except grpc.RpcError as error:
            assert error.code() == StatusCode.UNAUTHENTICATED, error
            return None

    with ThreadPoolExecutor(8) as pool:
        (winner,) = [number for number in pool.map(use, range(8)) if number is not None]
    sign_in(service, user, f"a new password {winner}")


def test_an_email_is_verified(database, service, sender, user):
    mine = accounts(service, sign_in(service, user).access_token)
    mine.RequestEmailVerification(pb.RequestEmailVerificationRequest(user_id=user.id), timeout=TIMEOUT)
    token = claim(sender, newest(database, user))
    assert token.purpose == pb.OneTimeToken.PURPOSE_EMAIL_VERIFICATION
    account = accounts(service).VerifyEmail(pb.VerifyEmailRequest(token=token.token), timeout=TIMEOUT)
    assert account.HasField("email_verify_time")
    assert failing(StatusCode.FAILED_PRECONDITION, mine.RequestEmailVerification,
                   pb.RequestEmailVerificationRequest(user_id=user.id)).info.reason == "EMAIL_VERIFIED"


def test_an_email_is_changed(database, service, keys, sender, user):
    mine = accounts(service, sign_in(service, user).access_token)
    email = new_email("New")
    failing(StatusCode.UNAUTHENTICATED, mine.RequestEmailChange,
            pb.RequestEmailChangeRequest(new_email=email, password="wrong horse"))
    # The email of somebody else is answered in the same way, and leads to nothing.
    other = create(service.stub(keys.token("admin")), email=new_email("taken"))
    mine.RequestEmailChange(pb.RequestEmailChangeRequest(new_email=other.email, password=PASSWORD), timeout=TIMEOUT)
    assert newest(database, user) == ""
    mine.RequestEmailChange(pb.RequestEmailChangeRequest(new_email=email, password=PASSWORD), timeout=TIMEOUT)
    token = claim(sender, newest(database, user))
    assert token.email == email
    accounts(service).ConfirmEmailChange(pb.ConfirmEmailChangeRequest(token=token.token), timeout=TIMEOUT)
    changed = service.stub(keys.token("users.read")).GetUser(users_pb2.GetUserRequest(id=user.id), timeout=TIMEOUT)
    assert changed.email == email and changed.etag != user.etag
    failing(StatusCode.UNAUTHENTICATED, accounts(service).ConfirmEmailChange,
            pb.ConfirmEmailChangeRequest(token=token.token))


def test_a_purged_user_leaves_no_token(database, service, user):
    accounts(service).RequestPasswordReset(pb.RequestPasswordResetRequest(email=user.email), timeout=TIMEOUT)
    token_id = newest(database, user)
    psql(database, f"DELETE FROM users WHERE id = '{user.id}'")
    assert psql(database, f"SELECT count(*) FROM one_time_tokens WHERE id = '{token_id}'") == "0"


def test_nothing_secret_is_logged(database, service, sender, user):
    accounts(service).RequestPasswordReset(pb.RequestPasswordResetRequest(email=user.email), timeout=TIMEOUT)
    token = claim(sender, newest(database, user)).token
    failing(StatusCode.INVALID_ARGUMENT, accounts(service).ResetPassword,
            pb.ResetPasswordRequest(token=token, new_password="short"))
    log = service.said()
    assert token not in log and user.email not in log


def test_who_has_an_account_does_not_show(administrator, keys):
    """The answers of a reset for a known and an unknown email: the same, after the same time."""
    with administrator.database() as url, guarded(url, keys, *COST) as server:
        admin = server.stub(keys.token("admin"))
        stub = accounts(server)
        times = {True: [], False: []}
        for number in range(24):
            for is_known in (True, False):
                email = create(admin, email=f"known{number}@example.com").email if is_known else f"unknown{number}@example.com"
                begin = time.perf_counter()
                answer = stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=email), timeout=TIMEOUT)
                times[is_known].append(time.perf_counter() - begin)
                assert answer == pb.RequestPasswordResetResponse()
        # No less than the fixed time, and that is what they all take.
        assert min(times[True] + times[False]) >= 0.1
        print({known: statistics.median(found) for known, found in times.items()})


def test_tokens_of_long_ago_are_removed(administrator, keys):
    from programs import eventually

    with administrator.database() as url:
        with guarded(url, keys, *COST) as server:
            user = create(server.stub(keys.token("admin")), email=new_email())
        psql(url, f"""INSERT INTO one_time_tokens
            (id, user_id, purpose, email, email_normalized, current_email, create_time, expire_time)
            SELECT gen_random_uuid(), '{user.id}', 1, '', '', '', now(), now() - days * interval '1 day'
            FROM generate_series(-1, 700) days""")
        with guarded(url, keys, *COST):
            eventually(lambda: psql(url, "SELECT count(*) FROM one_time_tokens") in ("2", "3"), "the others are left")
