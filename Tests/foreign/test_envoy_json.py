"""Envoy's gRPC-JSON transcoder before our gRPC, and our own JSON: the same requests get the same answers, but where ours
are better. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/grpc_json_transcoder_filter
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from calls import create
from conftest import ROOT
from programs import PATIENCE, eventually

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def configuration(port, upstream, descriptors):
    host, upstream_port = upstream.rsplit(":", 1)
    typed = "type.googleapis.com/envoy.extensions"
    transcoder = {
        "@type": f"{typed}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(descriptors), "services": ["users.v1.UserService"], "convert_grpc_status": True,
        "request_validation_options": {"reject_unknown_method": True, "reject_unknown_query_parameters": True}}
    manager = {
        "@type": f"{typed}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "json",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "service", "timeout": "30s"}}]}]},
        "http_filters": [
            {"name": "transcoder", "typed_config": transcoder},
            {"name": "router", "typed_config": {"@type": f"{typed}.filters.http.router.v3.Router"}}]}
    address = {"socket_address": {"address": host, "port_value": int(upstream_port)}}
    options = {"@type": f"{typed}.upstreams.http.v3.HttpProtocolOptions",
               "explicit_http_config": {"http2_protocol_options": {}}}
    return {"static_resources": {
        "listeners": [{
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{
            "name": "service", "type": "STATIC",
            "typed_extension_protocol_options": {f"{typed.split('/')[1]}.upstreams.http.v3.HttpProtocolOptions": options},
            "load_assignment": {"cluster_name": "service", "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address}}]}]}}]}}


@pytest.fixture(scope="module")
def envoy(service, tmp_path_factory):
    """Envoy before the service: its base URL."""
    from grpc_tools import protoc

    directory = tmp_path_factory.mktemp("envoy")
    descriptors = directory / "users.pb"
    assert protoc.main(["protoc", f"-I{ROOT / 'Protos'}", "--include_imports", f"--descriptor_set_out={descriptors}",
                        "users/v1/users.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"]) == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (directory / "envoy.json").write_text(json.dumps(configuration(port, service.address, descriptors)))
    with open(directory / "log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "envoy", "-c", str(directory / "envoy.json"), "--concurrency", "1",
             "--base-id", str(port), "--log-level", "warning"], stdout=log, stderr=log)
        try:
            def answers():
                assert process.poll() is None, (directory / "log").read_text()
                try:
                    return httpx.get(f"http://127.0.0.1:{port}/v1/users").status_code == 200
                except httpx.TransportError:
                    return False

            eventually(answers, "Envoy serves", PATIENCE)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


@pytest.fixture(scope="module")
def both(service, envoy):
    """Sends a request to each: (Envoy's answer, ours)."""
    def send(method, path, **options):
        return tuple(httpx.request(method, base + path, timeout=30, **options)
                     for base in (envoy, f"http://{service.address}"))

    return send


# What both answer alike: the body of a success, the status of an error. {id} is a user's.
REQUESTS = [
    ("GET", "/v1/users/{id}", None), ("GET", "/v1/users:lookup?email={email}", None),
    ("GET", "/v1/users?pageSize=2&orderBy=email", None), ("GET", "/v1/users?page_size=2&order_by=email%20desc", None),
    ("GET", "/v1/users?showDeleted=true&pageSize=1000", None), ("GET", "/v1/users?show_deleted=false", None),
    ("PATCH", "/v1/users/{id}?updateMask=name", {"name": "Augusta"}),
    ("PATCH", "/v1/users/{id}?update_mask=labels", {"labels": {"a": "b"}}),
    ("PATCH", "/v1/users/{id}?updateMask=labels,name", {"name": "Ada \u0436 \"x\""}),
    ("PATCH", "/v1/users/{id}?updateMask=nosuch", {"name": "x"}),
    ("POST", "/v1/users?validateOnly=true", {"email": ""}), ("POST", "/v1/users?validateOnly=true", {"email": "{email}"}),
    ("POST", "/v1/users/{id}:undelete", {}), ("POST", "/v1/users/nonsense:undelete", {}),
    ("GET", f"/v1/users/{ID}", None), ("GET", "/v1/users/nonsense", None), ("GET", "/v1/users/a%20b", None),
    ("GET", "/v1/users:lookup", None), ("GET", "/v1/users?pageSize=-1", None), ("GET", "/v1/users?pageToken=nonsense", None),
    ("GET", "/v1/users?pageSize=x", None), ("GET", "/v1/users?showDeleted=maybe", None), ("GET", "/v1/users?nosuch=1", None),
    ("DELETE", f"/v1/users/{ID}", None), ("DELETE", "/v1/users/{id}?etag=nonsense", None),
    ("POST", "/v1/users", {"email": 7}), ("GET", "/v1/nothing", None), ("GET", "/v2/users", None),
]


@pytest.mark.parametrize("method, path, body", REQUESTS)
def test_the_same(both, users, method, path, body):
    user = create(users, name="Ada", labels={"team": "engines"})
    path = path.replace("{id}", user.id).replace("{email}", user.email)
    text = None if body is None else json.dumps(body).replace("{email}", user.email)
    headers = {} if body is None else {"content-type": "application/json"}
    theirs, ours = both(method, path, content=text, headers=headers)
    assert theirs.status_code == ours.status_code, (theirs.text, ours.text)
    if ours.status_code == 200:
        def steady(found):
            """Two changes have two times."""
            changes = ("updateTime", "etag") if method != "GET" else ()
            return {name: value for name, value in found.items() if name not in changes}

        assert steady(theirs.json()) == steady(ours.json())


# Where ours are better, each with its reason.


def test_unknown_fields_of_bodies_are_refused_by_us(both):
    """envoy#46623: they are dropped, so what the caller meant is lost."""
    theirs, ours = both("POST", f"/v1/users?validateOnly=true&userId={ID}", json={"email": "a@example.com", "nmae": "Ada"})
    assert (theirs.status_code, ours.status_code) == (200, 400) and "user.nmae" in ours.text


def test_our_patch_changes_what_its_body_has(both, users):
    """envoy#10235: without a mask nothing can be emptied."""
    user = create(users, name="Ada", labels={"a": "b"})
    theirs, ours = both("PATCH", f"/v1/users/{user.id}", json={"labels": {}, "name": "Augusta"})
    assert theirs.json()["labels"] == {"a": "b"} and "labels" not in ours.json()


def test_our_own_errors_are_json(both):
    """envoy#21791: its own are plain text, or empty."""
    for path in ("/v1/nothing", "/v1/users?nosuch=1"):
        theirs, ours = both("GET", path)
        assert "json" not in theirs.headers.get("content-type", "") and ours.json()["error"]["code"] == ours.status_code


def test_our_streams_are_lines(both, users):
    """Its are an array, which is valid only once it is whole."""
    create(users)
    theirs, ours = both("GET", "/v1/users:export")
    assert theirs.json() == [json.loads(line) for line in ours.text.splitlines()]


def test_our_methods_are_named(both):
    """It has no 405."""
    theirs, ours = both("PUT", "/v1/users")
    assert theirs.status_code == 404 and (ours.status_code, ours.headers["allow"]) == (405, "GET, HEAD, POST")
