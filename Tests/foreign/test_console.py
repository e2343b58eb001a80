"""The console at `/`, in headless Chromium: what people do there, with the mouse and with the keyboard alone."""

import json
import time

import httpx
import jwt
import pytest
from browser import Browser
from calls import TIMEOUT, create, new_email
from programs import UserService, eventually, with_token
from test_access import guarded
from tokens import Keys, claims, forge
from users.v1 import accounts_pb2, accounts_pb2_grpc, users_pb2 as pb

PASSWORD = "correct horse battery"
# A signed-in user's pages, and an administrator's.
MARKUP = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("console") / "keys")


@pytest.fixture(scope="module")
def service(database, keys):
    with guarded(database, keys, "--password-cost", "10") as server:
        yield server


@pytest.fixture(scope="module")
def users(service, keys):
    return service.stub(keys.token("admin"))


@pytest.fixture(scope="module")
def accounts(service, keys):
    return accounts_pb2_grpc.AccountServiceStub(with_token(service.channel(), keys.token("admin")))


@pytest.fixture
def visit(browser, service):
    """Opens the console of a server; at the end nothing may have gone wrong in the page."""
    pages = []

    def open_page(server=service):
        pages.append((browser.page(f"http://{server.address}/"), server))
        return pages[-1][0]

    yield open_page
    for page, server in pages:
        page.evaluate("1")
        assert page.faults == []
        # Nothing is loaded from elsewhere, and no token is in an address.
        assert all(url.startswith(f"http://{server.address}/") and "eyJ" not in url for url in page.requests), page.requests
        page.close()


@pytest.fixture
def admin(visit, keys):
    page = visit()
    sign_in_by_token(page, keys.token("admin"))
    return page


def sign_in_by_token(page, token):
    page.heading("Sign in")
    page.fill("Access token", token)
    page.press("Use token")


def sign_in_by_password(page, email, password=PASSWORD):
    page.heading("Sign in")
    page.fill("Email", email)
    page.fill("Password", password)
    page.press("Sign in")


@pytest.fixture
def member(users, accounts):
    """A user with a password."""
    user = create(users, email=new_email("member"), name="Grace")
    accounts.SetPassword(accounts_pb2.SetPasswordRequest(user_id=user.id, password=PASSWORD), timeout=TIMEOUT)
    return user


def go_to(page, user):
    page.evaluate(f"location.hash = '#/users/{user.id}'")
    page.heading(user.email)


# What is served.


def test_the_page_runs_only_its_own_scripts(service):
    with httpx.Client(base_url=f"http://{service.address}") as http:
        page = http.get("/")
        assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy and "unsafe" not in policy
        assert "<script>" not in page.text and " style=" not in page.text and "://" not in page.text
        for part in ("api.js", "console.css", "console.js", "dom.js", "icon.svg", "live.js", "server.js", "user.js", "users.js"):
            assert http.get(f"/console/{part}").status_code == 200, part
        assert http.head("/").status_code == 200 and http.post("/").status_code == 405


def test_the_figures_need_a_scope(service, keys):
    with httpx.Client(base_url=f"http://{service.address}") as http:
        def status(*scopes):
            return http.get("/console/status", headers={"authorization": f"Bearer {keys.token(*scopes)}"} if scopes else {})

        assert http.get("/console/status").status_code == 401 and status("users.read").status_code == 403
        figures = status("diagnostics.read").json()
        assert figures["database"]["isAvailable"] and figures["loops"] == 2 and figures["connections"] >= 1
        assert figures["memory"]["residentBytes"] >= figures["memory"]["allocatedBytes"] > 0
        assert status("diagnostics.read").json()["calls"]["started"] > figures["calls"]["started"]


# Signing in and out.


def test_sign_in_by_token_and_out_again(visit, keys):
    page = visit()
    page.sees("Health: serving")
    page.screenshot("sign-in")
    sign_in_by_token(page, keys.token("admin", subject="ada"))
    page.heading("Users")
    page.sees("ada")
    assert page.evaluate("document.cookie") == "" and page.evaluate("localStorage.length") == 0
    page.reload()
    page.heading("Users")
    page.press("Sign out")
    page.heading("Sign in")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("token, words", [("nonsense", "This is no access token"), (None, "The access token is not valid")])
def test_a_token_that_the_server_refuses(visit, keys, token, words):
    page = visit()
    sign_in_by_token(page, token or forge(b"another key, of 32 bytes or more", "HS256", claims(), kid="x"))
    page.sees(words)
    page.heading("Sign in")
    assert page.evaluate("sessionStorage.length") == 0


def test_sign_in_by_password(visit, member, accounts):
    page = visit()
    sign_in_by_password(page, member.email, "wrong horse")
    page.sees("The email or the password is wrong.")
    sign_in_by_password(page, member.email)
    page.heading(member.email)
    # Somebody without scopes has only its own account.
    assert page.evaluate("[...document.querySelectorAll('nav a')].map((one) => one.textContent).join()") == "My account,Server"
    page.sees("this one")
    page.screenshot("my-account")
    page.fill("Current password", PASSWORD)
    page.fill("New password", "short")
    page.press("Change password")
    page.sees("must have at least 8 characters")
    page.fill("Current password", PASSWORD)
    page.fill("New password", "a staple for the horse")
    page.press("Change password")
    page.sees("The password is changed.")
    (session,) = accounts.ListSessions(accounts_pb2.ListSessionsRequest(user_id=member.id), timeout=TIMEOUT).sessions
    page.press("Sign out")
    page.heading("Sign in")
    # The session has ended on the server too.
    assert not accounts.ListSessions(accounts_pb2.ListSessionsRequest(user_id=member.id), timeout=TIMEOUT).sessions
    sign_in_by_password(page, member.email, "a staple for the horse")
    page.heading(member.email)


def test_an_expired_token_is_refreshed(visit, member, keys):
    page = visit()
    sign_in_by_password(page, member.email)
    page.heading(member.email)
    (jwk,) = keys.jwks.values()
    old = json.loads(page.evaluate("sessionStorage.getItem('user-service.console')"))
    said = jwt.decode(old["accessToken"], options={"verify_signature": False})
    expired = forge(jwt.PyJWK(jwk).key, "HS256", {**said, "iat": 1, "nbf": 1, "exp": int(time.time()) - 60}, kid=jwk["kid"])
    page.evaluate(f"sessionStorage.setItem('user-service.console', {json.dumps(json.dumps({**old, 'accessToken': expired}))})")
    page.reload()
    page.heading(member.email)
    new = json.loads(page.evaluate("sessionStorage.getItem('user-service.console')"))
    assert new["accessToken"] not in (expired, old["accessToken"]) and new["session"]["id"] == old["session"]["id"]


def test_an_ended_session_signs_out(visit, member, accounts):
    page = visit()
    sign_in_by_password(page, member.email)
    page.heading(member.email)
    accounts.RevokeAllSessions(accounts_pb2.RevokeAllSessionsRequest(user_id=member.id), timeout=TIMEOUT)
    page.press("Server")
    page.heading("Server")
    page.press("My account")
    page.heading("Sign in")
    page.sees("You are signed out: The session of the access token has ended.")


def test_without_keys_everybody_is_in(visit, database):
    with UserService(database) as server:
        page = visit(server)
        page.heading("Users")
        page.sees("open to everybody (--insecure-dev)")


# Users.


def test_create_edit_delete_and_restore(admin, users):
    email = new_email("console")
    admin.heading("Users")
    admin.press("New user")
    admin.heading("New user")
    admin.press("Create")
    admin.sees("It must not be empty")
    admin.fill("Email", "nobody")
    admin.press("Create")
    admin.wait(f"{admin.field('Email')}.getAttribute('aria-invalid') === 'true'")
    assert admin.focused == "Email"
    admin.screenshot("wrong-email")
    admin.fill("Email", email)
    admin.fill("Name", MARKUP)
    admin.fill("Labels", "team=engines\nrole=admin=yes")
    admin.press("Create")
    admin.heading(email)
    admin.sees("The user is created.")
    # What users write is text.
    assert MARKUP in admin.text and admin.evaluate("document.querySelectorAll('img').length") == 0
    user = users.LookupUser(pb.LookupUserRequest(email=email), timeout=TIMEOUT)
    assert dict(user.labels) == {"team": "engines", "role": "admin=yes"} and user.name == MARKUP

    admin.fill("Name", "Augusta")
    admin.press("Save")
    admin.sees("Saved.")
    user = users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT)
    assert user.name == "Augusta" and user.labels["team"] == "engines"
    admin.screenshot("user")

    admin.press("Delete…")
    admin.sees(f"Delete {email}?")
    admin.screenshot("question")
    admin.key("Escape")
    admin.wait("!document.querySelector('dialog')")
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).state == pb.User.STATE_ACTIVE
    admin.press("Delete…")
    admin.press("Delete")
    admin.sees("The user is deleted.")
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).state == pb.User.STATE_DELETED
    admin.press("Restore")
    admin.sees("The user is restored.")
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT).state == pb.User.STATE_ACTIVE


def test_a_change_of_somebody_else_is_not_overwritten(admin, users):
    user = create(users, name="Ada")
    admin.heading("Users")
    go_to(admin, user)
    changed = users.UpdateUser(pb.UpdateUserRequest(user=pb.User(id=user.id, name="Theirs")), timeout=TIMEOUT)
    admin.fill("Name", "Mine")
    admin.press("Save")
    admin.sees("Somebody else has changed this user meanwhile.")
    assert users.GetUser(pb.GetUserRequest(id=user.id), timeout=TIMEOUT) == changed


def test_find_by_email_and_id(admin, users):
    user = create(users, email=new_email("Find.Me"))
    for text in (user.email.upper(), user.id):
        admin.evaluate("location.hash = '#/users'")
        admin.heading("Users")
        admin.fill("Email or id", text)
        admin.key("Enter")
        admin.heading(user.email)
    admin.evaluate("location.hash = '#/users'")
    admin.heading("Users")
    admin.fill("Email or id", "nobody@example.com")
    admin.press("Find")
    admin.wait("document.querySelector('form[role=search] [role=alert]').textContent.length > 0")


def test_the_list_has_pages(browser, administrator, keys):
    with administrator.database() as url, guarded(url, keys) as server:
        admin = server.stub(keys.token("admin"))
        for number in range(60):
            create(admin, email=f"user{number:02}@example.com")
        page = browser.page(f"http://{server.address}/")
        sign_in_by_token(page, keys.token("admin"))
        page.heading("Users")
        page.sees("user59@example.com")
        rows = "[...document.querySelectorAll('tbody th')].map((one) => one.textContent.slice(4, 6)).join(' ')"
        newest = [f"{number:02}" for number in reversed(range(60))]
        assert page.evaluate(rows).split() == newest[:25]
        page.press("Next page")
        page.sees("Page 2")
        page.wait(f"{rows}.startsWith('34')")
        page.press("Next page")
        page.wait(f"{rows}.startsWith('09')")
        assert page.evaluate(rows).split() == newest[50:] and page.evaluate(page.control("Next page")) is None
        page.screenshot("list")
        # The way back leads to the same page of the list.
        page.press("user05@example.com")
        page.heading("user05@example.com")
        page.press("Users")
        page.wait(f"{rows}.startsWith('09')")
        page.press("Previous page")
        page.wait(f"{rows}.startsWith('34')")
        page.evaluate("{ const one = document.querySelector('select'); one.value = 'email'; one.dispatchEvent(new Event('change')); }")
        page.wait(f"{rows}.startsWith('00')")
        assert page.faults == []
        page.close()


def test_passwords_sessions_and_disabling(admin, visit, member, accounts):
    other = visit()
    sign_in_by_password(other, member.email)
    other.heading(member.email)
    admin.heading("Users")
    go_to(admin, member)
    (session,) = accounts.ListSessions(accounts_pb2.ListSessionsRequest(user_id=member.id), timeout=TIMEOUT).sessions
    admin.screenshot("sessions")
    admin.press(f"End session {session.id}")
    admin.sees("The session has ended.")
    assert not accounts.ListSessions(accounts_pb2.ListSessionsRequest(user_id=member.id), timeout=TIMEOUT).sessions
    admin.fill("New password", "password1")
    admin.press("Set password")
    admin.sees("is one of the most common passwords")
    admin.fill("New password", "another long password")
    admin.press("Set password")
    admin.sees("The password is set.")
    other.reload()
    sign_in_by_password(other, member.email, "another long password")
    other.heading(member.email)
    admin.press("Disable…")
    admin.press("Disable")
    admin.sees("The user is disabled.")
    admin.sees("no, disabled")
    other.press("Server")
    other.press("My account")
    sign_in_by_password(other, member.email, "another long password")
    other.sees("The user is disabled.")
    admin.press("Enable")
    admin.sees("The user may sign in again.")


def test_changes_are_shown_live(admin, users):
    admin.heading("Users")
    admin.press("Live")
    admin.heading("Live")
    admin.sees("Connected.")
    user = create(users, email=new_email("live"), name="Ada")
    admin.wait(f"document.querySelector('ol').innerText.includes({json.dumps(user.email + ' created')})")
    users.UpdateUser(pb.UpdateUserRequest(user=pb.User(id=user.id, name=MARKUP)), timeout=TIMEOUT)
    admin.wait("document.querySelector('ol li').innerText.includes('changed: name by tester')")
    admin.screenshot("live")
    assert admin.accessibility_faults() == []
    admin.press("Pause")
    users.DeleteUser(pb.DeleteUserRequest(id=user.id), timeout=TIMEOUT)
    other = create(users, email=new_email("paused"))
    assert other.email not in admin.text
    admin.press("Go on")
    admin.wait(f"document.querySelector('ol li').innerText.includes({json.dumps(other.email + ' created')})")
    admin.wait("document.querySelectorAll('ol li')[1].innerText.includes('deleted')")


# The server.


def test_health_and_figures(admin):
    admin.heading("Users")
    admin.press("Server")
    admin.heading("Server")
    admin.sees("users.v1.UserService")
    admin.sees("available, at most")
    admin.wait("document.querySelector('polyline')?.points.numberOfItems >= 2")
    admin.screenshot("server")


# For everybody.


def pages_of(page, user):
    yield "users"
    page.evaluate("location.hash = '#/new'")
    page.heading("New user")
    page.press("Create")
    page.sees("It must not be empty")
    yield "new"
    go_to(page, user)
    page.sees("Sessions")
    yield "user"
    page.press("Delete…")
    yield "dialog"
    page.key("Escape")
    page.press("Server")
    page.heading("Server")
    page.sees("users.v1.UserService")
    yield "server"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, keys, member, scheme):
    """Labels, roles, names, contrast: in light and in dark."""
    page = visit()
    page.scheme(scheme)
    page.heading("Sign in")
    page.sees("Health: serving")
    assert page.accessibility_faults() == []
    sign_in_by_password(page, member.email)
    page.heading(member.email)
    page.press("Sign out")
    sign_in_by_token(page, keys.token("admin"))
    page.heading("Users")
    page.sees(member.email)
    for name in pages_of(page, member):
        page.screenshot(f"{scheme}-{name}")
        assert page.accessibility_faults() == [], name
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)")


def test_a_narrow_window_needs_no_scrolling_sideways(visit, keys, member):
    page = visit()
    page.send("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    sign_in_by_token(page, keys.token("admin"))
    page.heading("Users")
    for name in pages_of(page, member):
        page.screenshot(f"narrow-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_the_keyboard_is_enough(visit, keys):
    page = visit()
    page.heading("Sign in")
    page.sees("Health: serving")
    page.key("Tab")
    assert page.focused == "Skip to the content"
    order = []
    for _ in range(6):
        page.key("Tab")
        order.append(page.focused)
    assert order[:3] == ["Email", "Password", "Sign in"] and "Access token" in order
    while page.focused != "Access token":
        page.key("Tab", shift=True)
    page.send("Input.insertText", text=keys.token("admin"))
    page.key("Enter")
    page.heading("Users")
    # Where a new page begins, so does the keyboard.
    eventually(lambda: page.focused == "Users", "the heading has the focus")
    email = new_email("keyboard")
    while page.focused != "New user":
        page.key("Tab")
    page.key("Enter")
    page.heading("New user")
    eventually(lambda: page.focused == "New user", "the heading has the focus")
    page.key("Tab")
    assert page.focused == "Email"
    page.send("Input.insertText", text=email)
    page.key("Enter")
    page.heading(email)
    while page.focused != "Delete…":
        page.key("Tab")
    page.key("Space")
    page.sees(f"Delete {email}?")
    # No is the first answer; the page behind it can't be reached.
    assert page.focused == "Cancel"
    page.key("Tab")
    assert page.focused == "Delete"
    page.key("Enter")
    page.sees("The user is deleted.")


def test_what_happens_is_said(admin, users):
    """Screen readers hear what eyes see below: the announcer is a live region, and errors are alerts."""
    assert admin.evaluate("document.getElementById('announcer').getAttribute('role')") == "status"
    user = create(users)
    admin.heading("Users")
    go_to(admin, user)
    admin.fill("Name", "Heard")
    admin.press("Save")
    admin.wait("document.getElementById('announcer').textContent === 'Saved.'")
    admin.wait("document.querySelectorAll('form [role=alert]').length > 0")


def test_a_server_that_is_gone(visit, administrator, keys):
    with administrator.database() as url:
        with guarded(url, keys) as server:
            page = visit(server)
            sign_in_by_token(page, keys.token("admin"))
            page.heading("Users")
        page.press("New user")
        page.fill("Email", "a@example.com")
        page.press("Create")
        page.sees("The server can't be reached.")
        page.sees("Health: no answer")
