"""JSON over HTTP by httpx: every method of UserService, and what other gateways get wrong."""

import json
import subprocess
from urllib.parse import quote

import httpx
import pytest
from calls import create, new_email
from google.protobuf import json_format
from users.v1 import users_pb2 as pb


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2"])
def http(request, service):
    """Over either version of HTTP; HTTP/2 by prior knowledge."""
    is_2 = request.param == "HTTP/2"
    with httpx.Client(http1=not is_2, http2=is_2, base_url=f"http://{service.address}", timeout=30) as client:
        assert client.get("/").http_version == request.param
        yield client


def succeeded(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def failed(response, status, code, reason=None):
    """The error of a response, which has the form that all have (AIP-193)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert (error["code"], error["status"]) == (status, code)
    info = next(d for d in error["details"] if d["@type"] == "type.googleapis.com/google.rpc.ErrorInfo")
    assert info["domain"] == "user-service"
    if reason:
        assert info["reason"] == reason
    return error


def violations(error):
    detail = next(d for d in error["details"] if d["@type"] == "type.googleapis.com/google.rpc.BadRequest")
    return [violation["field"] for violation in detail["fieldViolations"]]


# Every method.


def test_create_and_read(http, users):
    email = new_email()
    made = succeeded(http.post("/v1/users", json={"email": email, "name": "Ada", "labels": {"team": "engines"}}))
    read = http.get(f"/v1/users/{made['id']}")
    assert succeeded(read) == made and read.headers["etag"] == f'"{made["etag"]}"'
    assert succeeded(http.get("/v1/users:lookup", params={"email": email.upper()})) == made
    # It is what gRPC says, written by somebody else's JSON.
    user = users.GetUser(pb.GetUserRequest(id=made["id"]))
    assert json_format.MessageToDict(user) == made
    assert json_format.ParseDict(made, pb.User()) == user


def test_create_with_query_parameters(http):
    wanted = "01890a5d-ac96-774b-bcce-b302099a8057"
    email = new_email()
    for name in ("user_id", "userId"):
        tried = succeeded(http.post("/v1/users", params={name: wanted, "validate_only": "true"}, json={"email": email}))
        assert tried["id"] == wanted
    failed(http.get(f"/v1/users/{wanted}"), 404, "NOT_FOUND")


def test_list(http, users):
    for _ in range(5):
        create(users)
    first = succeeded(http.get("/v1/users", params={"pageSize": 3, "orderBy": "email"}))
    assert len(first["users"]) == 3
    rest = succeeded(http.get("/v1/users", params={
        "page_size": 1000, "order_by": "email", "page_token": first["nextPageToken"], "show_deleted": "false"}))
    emails = [user["email"] for user in first["users"] + rest["users"]]
    assert emails == sorted(emails) and len(set(emails)) == len(emails)


def test_update(http, users):
    user = create(users, name="Ada", labels={"a": "b"})
    path = f"/v1/users/{user.id}"
    # Trap 39: what the body does not have stays, what it has as nothing goes.
    changed = succeeded(http.patch(path, json={"name": "Augusta"}))
    assert (changed["name"], changed["email"], changed["labels"]) == ("Augusta", user.email, {"a": "b"})
    assert "labels" not in succeeded(http.patch(path, json={"labels": {}}))
    assert "name" not in succeeded(http.patch(path, json={"name": None}))
    # A client sends back what it has read, with one change.
    whole = succeeded(http.get(path)) | {"name": "Countess"}
    assert succeeded(http.patch(path, json=whole))["name"] == "Countess"
    # A mask of the caller's own.
    both = {"email": new_email(), "name": "Not"}
    masked = succeeded(http.patch(path, params={"updateMask": "email"}, json=both))
    assert (masked["email"], masked["name"]) == (both["email"], "Countess")
    failed(http.patch(path, params={"updateMask": "create_time"}, json={}), 400, "INVALID_ARGUMENT")


def test_etags(http, users):
    user = create(users)
    path = f"/v1/users/{user.id}"
    old = http.get(path).headers["etag"]
    assert http.get(path, headers={"if-none-match": old}).status_code == 304
    new = http.patch(path, json={"name": "A"}, headers={"if-match": old}).headers["etag"]
    assert new != old and http.get(path, headers={"if-none-match": old}).status_code == 200
    for response in (
        http.patch(path, json={"name": "B"}, headers={"if-match": old}),
        http.delete(path, headers={"if-match": old}),
    ):
        failed(response, 412, "ABORTED", "ETAG_MISMATCH")
    failed(http.patch(path, json={"name": "B", "etag": old.strip('"')}), 409, "ABORTED", "ETAG_MISMATCH")
    deleted = http.delete(path, headers={"if-match": new})
    assert succeeded(deleted)["state"] == "STATE_DELETED"
    back = http.post(f"{path}:undelete", headers={"if-match": deleted.headers["etag"]})
    assert succeeded(back)["state"] == "STATE_ACTIVE"


def test_delete_and_undelete(http, users):
    path = f"/v1/users/{create(users).id}"
    deleted = succeeded(http.delete(path))
    assert deleted["state"] == "STATE_DELETED" and deleted["purgeTime"] > deleted["deleteTime"]
    failed(http.delete(path), 404, "NOT_FOUND")
    # A body, an empty one, none.
    assert succeeded(http.post(f"{path}:undelete", json={"etag": deleted["etag"]}))["state"] == "STATE_ACTIVE"
    failed(http.post(f"{path}:undelete", json={}), 409, "ALREADY_EXISTS")
    failed(http.post(f"{path}:undelete"), 409, "ALREADY_EXISTS")


def test_export(http, users):
    made = {create(users).id for _ in range(3)}
    with http.stream("GET", "/v1/users:export") as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        exported = [json.loads(line) for line in response.iter_lines()]
    assert made <= {user["id"] for user in exported}
    with http.stream("GET", "/v1/users:export", headers={"accept": "text/event-stream"}) as response:
        assert response.headers["content-type"] == "text/event-stream"
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]
    assert [user["id"] for user in events] == [user["id"] for user in exported]


# Traps 38 to 42.


@pytest.mark.parametrize("path, field", [
    ("/v1/users?nosuch=1", "nosuch"), ("/v1/users?pageSize=x", "pageSize"), ("/v1/users?page_size=1&page_size=2", "page_size"),
    ("/v1/users?showDeleted=yes", "showDeleted"), ("/v1/users:lookup?email=a@example.com&user.id=1", "user.id")])
def test_parameters_that_are_wrong_are_named(http, path, field):
    assert violations(failed(http.get(path), 400, "INVALID_ARGUMENT")) == [field]


@pytest.mark.parametrize("body, field", [
    ({"emial": "a@example.com"}, "user.emial"), ({"email": 7}, "user.email"), ({"labels": {"a": 1}}, 'user.labels["a"]'),
    ({"state": "STATE_NONE"}, "user.state"), ({"createTime": "today"}, "user.createTime")])
def test_fields_that_are_wrong_are_named(http, body, field):
    assert violations(failed(http.post("/v1/users", json=body), 400, "INVALID_ARGUMENT")) == [field]


def test_handlers_name_fields_too(http):
    error = failed(http.post("/v1/users", json={"email": "", "labels": {"A": "b"}}), 400, "INVALID_ARGUMENT")
    assert len(violations(error)) == 2


def test_encoded_slashes_divide_nothing(http):
    for name in ("a%2Fb", "a%2fb%3Aundelete", "..%2F..%2Fv1%2Fusers"):
        error = failed(http.get(f"/v1/users/{name}"), 400, "INVALID_ARGUMENT")
        assert violations(error) == ["id"]
    failed(http.get("/v1%2Fusers"), 404, "NOT_FOUND")
    failed(http.get("/v1/users/%ff"), 400, "INVALID_ARGUMENT")


def test_the_gateways_own_errors(http, users):
    user = create(users)
    failed(http.get("/nothing"), 404, "NOT_FOUND")
    assert http.put("/v1/users").headers["allow"] == "GET, HEAD, POST"
    failed(http.put("/v1/users"), 405, "UNIMPLEMENTED")
    failed(http.post("/v1/users", content="{"), 400, "INVALID_ARGUMENT")
    failed(http.post("/v1/users", data={"email": "x"}), 415, "INVALID_ARGUMENT")
    failed(http.get(f"/v1/users/{user.id}", headers={"grpc-timeout": "1x"}), 400, "INVALID_ARGUMENT")
    assert http.head(f"/v1/users/{user.id}").headers["content-length"] == str(len(http.get(f"/v1/users/{user.id}").content))


def test_large_requests_are_refused(service):
    """By curl: httpx reads no response before it has sent its whole request, and over HTTP/2 curl 7.88 none that comes
    with RST_STREAM(NO_ERROR) in one read."""
    run = subprocess.run(
        ["curl", "-sS", "-w", "%{http_code}", "--json", "@-", f"http://{service.address}/v1/users"],
        input='{"name": "' + "a" * (5 << 20) + '"}', capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.endswith("413") and '"status":"RESOURCE_EXHAUSTED"' in run.stdout, run


def test_large_responses_are_compressed(http, users):
    for _ in range(20):
        create(users)
    response = http.get("/v1/users", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip" and len(succeeded(response)["users"]) >= 20
    plain = http.get("/v1/users", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and succeeded(plain) == response.json()


def test_names_of_all_scripts(http):
    email = new_email("ädä")
    made = succeeded(http.post("/v1/users", json={"email": email, "name": "Ада 🚀 \"x\"\\"}))
    assert succeeded(http.get(f"/v1/users:lookup?email={quote(email)}"))["name"] == made["name"] == "Ада 🚀 \"x\"\\"


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl(service, version):
    """As README has it."""
    base = f"http://{service.address}"

    def curl(*arguments):
        run = subprocess.run(
            ["curl", "-sS", version, *arguments], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(run.stdout)

    email = new_email()
    made = curl("--json", json.dumps({"email": email}), f"{base}/v1/users")
    assert curl(f"{base}/v1/users/{made['id']}") == made
    changed = curl("-X", "PATCH", "--json", '{"name": "Augusta"}', f"{base}/v1/users/{made['id']}")
    assert changed["name"] == "Augusta"
    assert curl("-X", "DELETE", f"{base}/v1/users/{made['id']}")["state"] == "STATE_DELETED"
    assert curl("-X", "POST", f"{base}/v1/users/{made['id']}:undelete")["state"] == "STATE_ACTIVE"
