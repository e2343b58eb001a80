"""rpc-load against interop-server, user-service and grpcio's server."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc.testing import empty_pb2, messages_pb2 as pb, test_pb2, test_pb2_grpc
from grpc_reflection.v1alpha import reflection
from programs import PATIENCE, InteropServer, clean_environment

PROGRAM = os.environ.get("RPC_LOAD", "")
SERVICE = test_pb2.DESCRIPTOR.services_by_name["TestService"].full_name


def load(*arguments, stdin=None):
    return subprocess.run(
        [PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=clean_environment())


def reported(*arguments, **more):
    """The JSON report of a load that must end with 0."""
    done = load(*arguments, "-O", "json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def server():
    with InteropServer() as server:
        # It listens on all addresses, and says so.
        server.address = f"127.0.0.1:{server.address.rsplit(':', 1)[1]}"
        yield server


@pytest.fixture
def plain(server):
    return lambda method, *more, **stdin: reported(
        "--insecure", "--call", f"{SERVICE}/{method}", *more, server.address, **stdin)


def test_a_summary_as_ghz_has_it(server):
    done = load("--insecure", "--call", f"{SERVICE}.EmptyCall", "-n", "500", "-c", "10", server.address)
    assert done.returncode == 0 and done.stderr == ""
    for pattern in (r"Count: +500", r"Requests/sec: +[\d.]+", r"99 % +in [\d.]+ [um]?s", r"\[OK\] +500 responses",
                    r"Response time histogram:"):
        assert re.search(pattern, done.stdout), done.stdout


def test_defaults_are_those_of_ghz(plain):
    report = plain("EmptyCall")
    assert report["count"] == 200 and report["options"]["concurrency"] == 50
    assert report["statusCodeDistribution"] == {"OK": 200} and report["errorDistribution"] == {}
    assert report["fastest"] <= report["average"] <= report["slowest"]
    assert sum(bar["count"] for bar in report["histogram"]) == 200
    assert sum(part["count"] for part in report["timeline"]) == 200


@pytest.mark.parametrize("method, data, sent, received", [
    ("UnaryCall", {"responseSize": 10}, 0, 0),
    ("StreamingOutputCall", {"responseParameters": [{"size": 1}, {"size": 2}]}, 0, 40),
    ("StreamingInputCall", [{"payload": {"body": "AAAA"}}] * 3, 60, 0),
    ("FullDuplexCall", [{"responseParameters": [{"size": 1}]}] * 2, 40, 40),
])
def test_every_kind_of_call(plain, method, data, sent, received):
    report = plain(method, "-n", "20", "-d", json.dumps(data))
    assert report["statusCodeDistribution"] == {"OK": 20}
    assert (report["messagesSent"], report["messagesReceived"]) == (sent, received)


def test_data_from_a_file_and_from_standard_input(plain, tmp_path):
    data = '{"responseStatus": {"code": 9, "message": "as asked"}}'
    file = tmp_path / "data.json"
    file.write_text(data)
    for more in ({"args": ["-D", str(file)]}, {"args": ["-D", "-"], "stdin": data}, {"args": ["-d", "@"], "stdin": data}):
        report = plain("UnaryCall", "-n", "5", *more.pop("args"), **more)
        assert report["errorDistribution"] == {"FAILED_PRECONDITION: as asked": 5}
        assert report["latencyDistribution"] == []


class Recorder(test_pb2_grpc.TestServiceServicer):
    """Notes the metadata and the messages of its calls."""

    def __init__(self):
        self.seen = []

    def UnaryCall(self, request, context):
        self.seen.append((request, dict(context.invocation_metadata())))
        return pb.SimpleResponse()

    def EmptyCall(self, _, context):
        time.sleep(0.02)
        return empty_pb2.Empty()


@pytest.fixture
def python():
    """A server of grpcio, which has the reflection of v1alpha only."""
    recorder = Recorder()
    server = grpc.server(ThreadPoolExecutor(8))
    test_pb2_grpc.add_TestServiceServicer_to_server(recorder, server)
    reflection.enable_server_reflection([SERVICE, reflection.SERVICE_NAME], server)
    recorder.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield recorder
    server.stop(0)


def test_templates_differ_from_call_to_call(python):
    data = '{"payload": {"body": "{{randomString 8}}"}, "responseSize": {{.RequestNumber}}}'
    report = reported(
        "--plaintext", "--call", f"{SERVICE}/UnaryCall", "-n", "30", "-d", data, "-m", '{"x-id": "{{newUUID}}"}',
        "-H", "x-worker: {{.WorkerID}}", "-c", "3", "--connections", "2", python.address)
    assert report["statusCodeDistribution"] == {"OK": 30}
    assert sorted(request.response_size for request, _ in python.seen) == list(range(30))
    assert len({request.payload.body for request, _ in python.seen}) == 30
    assert len({metadata["x-id"] for _, metadata in python.seen}) == 30
    assert {metadata["x-worker"] for _, metadata in python.seen} == {"0", "1", "2"}
    assert all(metadata["user-agent"] == "rpc-load" for _, metadata in python.seen)


def test_an_open_loop_counts_from_when_calls_were_due(python):
    # Each call takes 20 ms, and one runs at a time: of 20 that are due within 20 ms the last waits for 400.
    report = reported(
        "--insecure", "--call", f"{SERVICE}/EmptyCall", "-n", "20", "-r", "1000", "-c", "1", python.address)
    latency = {entry["percentage"]: entry["latency"] for entry in report["latencyDistribution"]}
    service = {entry["percentage"]: entry["latency"] for entry in report["serviceTimeDistribution"]}
    assert latency[99] > 300e6 and service[50] < latency[50]
    assert report["latestStart"] > 300e6


def test_a_file_that_describes_the_method(server, tmp_path):
    from grpc_tools import protoc

    protos = os.path.join(os.path.dirname(__file__), "..", "..", "Protos")
    file = tmp_path / "test.binpb"
    assert protoc.main(["protoc", f"-I{protos}", "--include_imports", f"--descriptor_set_out={file}",
                        "grpc/testing/test.proto"]) == 0
    report = reported("--insecure", "--protoset", str(file), "--call", f"{SERVICE}/EmptyCall", "-n", "7", server.address)
    assert report["count"] == 7


def test_a_page_that_needs_no_other_file(server, tmp_path):
    page = tmp_path / "report.html"
    done = load("--insecure", "--call", f"{SERVICE}/EmptyCall", "-z", "300ms", "-O", "html", "-o", str(page), "--name", "<a>",
                server.address)
    assert done.returncode == 0 and done.stdout == ""
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>") and "<svg" in text and "&lt;a&gt;" in text
    assert not re.search(r"(src|href)=|url\(|@import", text)


def test_thresholds_set_the_exit_code(server):
    call = ["--insecure", "--call", f"{SERVICE}/UnaryCall", "-n", "20"]
    done = load(*call, "--fail-if", "errors>0", "--fail-if", "p99>1h", server.address)
    assert done.returncode == 0 and done.stderr == ""
    data = '[{}, {"responseStatus": {"code": 2, "message": "no"}}]'
    done = load(*call, "-d", data, "--fail-if", "errors>49%", "--fail-if", "p50>0ms", server.address)
    assert done.returncode == 2
    assert "errors>49%: it is 50.000 %" in done.stderr and "p50>0ms: it is " in done.stderr


def test_ramps(plain):
    report = plain("EmptyCall", "-z", "1s", "--load-schedule", "line", "--load-start", "0", "--load-step", "200", "--load-max-duration", "1s")
    assert 90 <= report["count"] <= 101  # half of 200 a second for a second
    report = plain("EmptyCall", "-n", "60", "--load-schedule", "step", "--load-start", "100", "--load-step", "100",
                   "--load-step-duration", "200ms", "--load-end", "300")
    assert report["count"] == 60 and report["total"] >= 390e6


def test_an_interrupt_reports_what_was_done(server):
    process = subprocess.Popen(
        [PROGRAM, "--insecure", "--call", f"{SERVICE}/EmptyCall", "-z", "1h", "-O", "json", server.address],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    threading.Timer(1.5, lambda: process.send_signal(signal.SIGINT)).start()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and err == ""
    report = json.loads(out)
    assert report["count"] > 0 and set(report["statusCodeDistribution"]) == {"OK"}


def test_progress_on_a_terminal(server, tmp_path):
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "--insecure", "--call", f"{SERVICE}/EmptyCall", "-z", "1200ms", "-o", str(tmp_path / "out"), server.address],
        stderr=other)
    os.close(other)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the last writer has closed it
            break
        shown += part
    assert process.wait(timeout=PATIENCE) == 0
    os.close(terminal)
    assert re.search(rb"\d+ calls, 0 failed, \d+/s, 0\.\d s of 1\.20 s", shown), shown
    assert "Count:" in (tmp_path / "out").read_text()


def test_tls(certificates):
    with InteropServer("--tls", *certificates.flags) as server:
        target = f"localhost:{server.address.rsplit(':', 1)[1]}"
        call = ["--cacert", certificates.path("ca.pem"), "--call", f"{SERVICE}/EmptyCall", "-n", "5"]
        assert load(*call, target).returncode == 0
        done = load(*call, "--authority", "other.example", target)
        assert done.returncode == 69 and "certificate" in done.stderr


def test_a_token_for_the_user_service(service):
    report = reported(
        "--plaintext", "--call", "users.v1.UserService/LookupUser", "-d", '{"email": "nobody@load.example"}', "-n", "50",
        "-H", "authorization: Bearer none", service.address)
    assert sum(report["statusCodeDistribution"].values()) == 50
    report = reported(
        "--plaintext", "--call", "users.v1.UserService/CreateUser", "-n", "40",
        "-d", '{"user": {"email": "load-{{newUUID}}@load.example", "name": "{{.RequestNumber}}"}}', service.address)
    assert report["statusCodeDistribution"] == {"OK": 40}


@pytest.mark.parametrize("arguments, code, complaint", [
    (["--call", f"{SERVICE}/Fly"], 69, "has no method Fly; it has EmptyCall"),
    (["--call", "some.Other/Call"], 69, "some.Other"),
    (["--call", "nothing"], 64, "'nothing' is no method"),
    (["--call", f"{SERVICE}/UnaryCall", "-d", '{"no": 1}'], 64, "the data is no grpc.testing.SimpleRequest"),
    (["--call", f"{SERVICE}/UnaryCall", "-d", "{{.No}}"], 64, "there is no '{{.No}}'"),
    (["--call", f"{SERVICE}/UnaryCall", "-m", "[]"], 64, "--metadata: this is no JSON object"),
    (["--call", f"{SERVICE}/UnaryCall", "-H", "x"], 64, "is not NAME: VALUE"),
    (["--call", f"{SERVICE}/UnaryCall", "-D", "/nothing"], 64, "--data-file: /nothing: No such file"),
    (["--call", f"{SERVICE}/UnaryCall", "--protoset", "/etc/hosts"], 64, "no FileDescriptorSet"),
    (["--call", f"{SERVICE}/UnaryCall", "--fail-if", "p99"], 64, "'p99' is no threshold"),
    (["--call", f"{SERVICE}/UnaryCall", "--service-config", "{"], 64, "--service-config: the service config can't be read"),
    (["--call", f"{SERVICE}/UnaryCall", "--rps", "0"], 64, "--rps must be above 0"),
    (["--call", f"{SERVICE}/UnaryCall", "-z", "soon"], 64, "soon"),
    (["--call", f"{SERVICE}/UnaryCall", "--load-schedule", "line", "--load-step", "1"], 64, "--load-end"),
    (["--call", f"{SERVICE}/UnaryCall", "-c", "0"], 64, "--concurrency must be at least 1"),
])
def test_wrong_arguments(server, arguments, code, complaint):
    done = load("--insecure", *arguments, server.address)
    assert (done.returncode, done.stdout) == (code, "") and complaint in done.stderr


def test_nobody_listens():
    done = load("--insecure", "--call", f"{SERVICE}/EmptyCall", "127.0.0.1:1")
    assert done.returncode == 69 and "UNAVAILABLE" in done.stderr
