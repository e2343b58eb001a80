"""The page for queries at `/graphql`, in headless Chromium."""

import json

import httpx
import pytest
from browser import Browser
from calls import create


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser, service):
    page = browser.page(f"http://{service.address}/graphql")
    page.sees("What can be read.")
    yield page
    page.evaluate("1")
    assert page.faults == []
    assert all(url.startswith(f"http://{service.address}/") for url in page.requests if not url.startswith("about:"))
    page.close()


def run_by_keys(page):
    page.send("Input.dispatchKeyEvent", type="rawKeyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, modifiers=2)
    page.send("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter", windowsVirtualKeyCode=13, modifiers=2)


def result(page):
    page.wait("/^[1-5]\\d\\d, /.test(document.getElementById('status').textContent)", "there is a response")
    return json.loads(page.evaluate("document.getElementById('result').textContent"))


def test_a_query_with_variables_by_keyboard(page, users):
    user = create(users, name="Ada of the page")
    page.fill("Document", "query One($id: ID!) { user(id: $id) { name } }")
    page.fill("Variables", json.dumps({"id": user.id}))
    run_by_keys(page)
    assert result(page) == {"data": {"user": {"name": "Ada of the page"}}}
    page.screenshot("graphql-result")


def test_the_operation_is_chosen(page):
    page.fill("Document", "query A { a: __typename } query B { b: __typename }")
    page.evaluate("document.getElementById('operation').value = 'B'")
    page.press("Run")
    assert result(page) == {"data": {"b": "Query"}}


def test_errors_are_shown(page):
    page.fill("Document", "{ nothing }")
    page.press("Run")
    assert result(page)["errors"][0]["message"] == "Query has no field nothing."
    page.fill("Variables", "{")
    page.press("Run")
    page.wait("/JSON/.test(document.getElementById('status').textContent)", "the fault in the variables is told")
    assert page.evaluate("document.getElementById('status').className") == "failed"


def test_fields_are_completed(page):
    page.fill("Document", "{ users { nodes { crea")
    page.send("Input.dispatchKeyEvent", type="rawKeyDown", key=" ", code="Space", windowsVirtualKeyCode=32, modifiers=2)
    page.sees("createTime: DateTime")
    page.screenshot("graphql-completion")
    page.key("Enter")
    assert page.value("Document") == "{ users { nodes { createTime"


def test_the_schema_is_shown(page):
    page.press("User")
    page.sees("A person or a machine that other services know by its id.")
    page.screenshot("graphql-schema")
    page.fill("Find a type or a field", "purge")
    page.sees("User: purgeTime")


def test_it_is_accessible(page):
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        assert page.accessibility_faults() == []
        page.screenshot(f"graphql-{scheme}")


def test_its_policy(service):
    response = httpx.get(f"http://{service.address}/graphql", headers={"accept": "text/html"})
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy
    assert "<script>" not in response.text and " on" not in response.text.split("<body")[0]
