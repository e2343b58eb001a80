"""The OpenAPI document: valid by a validator of others', the same in both formats, and true of the server."""

import json
import os
import subprocess

import httpx
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture(scope="module")
def http(service):
    with httpx.Client(base_url=f"http://{service.address}", timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def document(http):
    response = http.get("/openapi.json")
    assert response.status_code == 200 and response.headers["content-type"] == "application/json"
    return response.json()


def operations(document):
    return [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_it_is_valid(document):
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_yaml_says_the_same(http, document):
    response = http.get("/openapi.yaml")
    assert response.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(response.text) == document


def test_the_program_prints_it(document):
    def run(*arguments):
        return subprocess.run(
            [os.environ["USER_SERVICE"], "openapi", *arguments], capture_output=True, text=True, timeout=60, check=True).stdout

    assert json.loads(run("--format", "json")) == document == yaml.safe_load(run())


def test_it_has_every_method_with_its_comment(document):
    found = operations(document)
    assert {operation["operationId"] for _, _, operation in found} >= {
        f"UserService_{name}" for name in (
            "CreateUser", "GetUser", "LookupUser", "ListUsers", "UpdateUser", "DeleteUser", "UndeleteUser", "ExportUsers")}
    for path, method, operation in found:
        assert operation["summary"] and operation["description"], (path, method)
        assert "default" in operation["responses"] and "security" in operation
    get = document["paths"]["/v1/users/{id}"]["get"]
    assert get["responses"]["404"]["description"] == "NOT_FOUND if there is no such user."
    user = document["components"]["schemas"]["User"]
    assert user["properties"]["createTime"]["readOnly"] and user["properties"]["email"]["description"]


def test_nothing_is_unused(document):
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_the_page_needs_nothing_from_elsewhere(http):
    page = http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    for path in ("docs/docs.js", "docs/docs.css"):
        assert f'"{path}"' in page.text
        part = http.get(f"/{path}")
        assert part.status_code == 200 and "://" not in part.text
