"""Our client through proxies that others wrote, over HTTP/2 on both sides: every kind of call, what happens when a proxy
closes its connections (GOAWAY), and when the server behind it goes away and comes back.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from programs import PATIENCE, InteropServer, Server, eventually
from test_interop_client import CASES, run
from test_proxies import free_port

SERVICE = "grpc.testing.TestService"
RETRY = {"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 5, "initialBackoff": "0.4s", "maxBackoff": "4s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]}

NGINX = """
{user}
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  client_max_body_size 8m;
  server {{
    listen 127.0.0.1:{port} http2;
    keepalive_requests 1000000;
    location / {{
      grpc_pass grpc://127.0.0.1:{back};
      grpc_read_timeout 30s;
      grpc_connect_timeout 2s;
    }}
  }}
}}
"""

HAPROXY = """
global
  log stderr local0 emerg
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port} proto h2
  default_backend back
backend back
  server back 127.0.0.1:{back} proto h2
"""


def envoy_configuration(port, back, admin, **more):
    typed = "type.googleapis.com/envoy.extensions"
    manager = {
        "@type": f"{typed}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "grpc", "codec_type": "HTTP2", "drain_timeout": "0.2s", **more,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "service", "timeout": "0s"}}]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{typed}.filters.http.router.v3.Router"}}]}
    options = {"@type": f"{typed}.upstreams.http.v3.HttpProtocolOptions",
               "explicit_http_config": {"http2_protocol_options": {}}}

    def address(number):
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    return {"admin": {"address": address(admin)}, "static_resources": {
        "listeners": [{"address": address(port), "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{
            "name": "service", "type": "STATIC", "connect_timeout": "2s",
            "typed_extension_protocol_options": {f"{typed.split('/')[1]}.upstreams.http.v3.HttpProtocolOptions": options},
            "load_assignment": {"cluster_name": "service", "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(back)}}]}]}}]}}


class Proxy:
    """A proxy before the server at a port of this machine."""

    def __init__(self, name, back, directory, **more):
        self.name, self.port, self.admin = name, free_port(), free_port()
        directory.mkdir(exist_ok=True)
        configuration = directory / f"{name}.conf"
        if name == "envoy":
            configuration = configuration.with_suffix(".json")
            configuration.write_text(json.dumps(envoy_configuration(self.port, back, self.admin, **more)))
            program = Path(sys.executable).parent / "envoy"
            command = [program, "-c", configuration, "--log-level", "error", "--use-dynamic-base-id", "--concurrency", "1",
                       "--drain-time-s", "1"]
        else:
            program = shutil.which(name)
            assert program, f"{name} is missing: scripts/setup.sh test installs it"
            text = NGINX if name == "nginx" else HAPROXY
            configuration.write_text(text.format(
                directory=directory, back=back, port=self.port, user="user root;" if os.geteuid() == 0 else ""))
            command = [program, "-p", directory, "-c", configuration] if name == "nginx" else [program, "-db", "-f", configuration]
        self.process = subprocess.Popen([str(word) for word in command])
        eventually(self.listens, f"{name} listens")

    def listens(self):
        assert self.process.poll() is None, "the proxy ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


def start_server(port=0):
    return Server([os.environ["INTEROP_SERVER"], "--port", str(port)])


@pytest.fixture(scope="module")
def back():
    with InteropServer() as server:
        yield int(server.address.rsplit(":", 1)[1])


@pytest.fixture(scope="module", params=["envoy", "nginx", "haproxy"])
def proxy(request, back, tmp_path_factory):
    with Proxy(request.param, back, tmp_path_factory.mktemp(request.param)) as proxy:
        yield proxy


@pytest.mark.parametrize("case", CASES)
def test_interoperability_cases(proxy, case):
    assert run(case, proxy.address) == (0, "")


def load(address, *arguments):
    """A load that runs meanwhile; its report, and its exit code as in `errors>0`."""
    return subprocess.Popen(
        [os.environ["RPC_LOAD"], "--insecure", "--call", f"{SERVICE}/UnaryCall", "-d", '{"responseSize": 100}', "-c", "20",
         "-O", "json", *arguments, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process):
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return json.loads(out)


def test_no_call_fails_when_nginx_closes_its_connections(back, tmp_path):
    with Proxy("nginx", back, tmp_path / "nginx") as proxy:
        process = load(proxy.address, "-z", "4s", "-r", "300")
        for _ in range(4):
            time.sleep(0.8)
            proxy.process.send_signal(signal.SIGHUP)  # new workers; the old ones send GOAWAY and finish
        report = finished(process)
    assert report["errorDistribution"] == {} and report["count"] >= 1190


def test_no_call_fails_when_envoy_closes_its_connections(back, tmp_path):
    # After each connection has lived for half a second.
    lives = {"common_http_protocol_options": {"max_connection_duration": "0.5s"}}
    with Proxy("envoy", back, tmp_path / "envoy", **lives) as proxy:
        report = finished(load(proxy.address, "-z", "4s", "-r", "300", "--connections", "2"))
        with urllib.request.urlopen(f"http://127.0.0.1:{proxy.admin}/stats?filter=downstream_cx_total&format=json") as answer:
            stats = {entry["name"]: entry["value"] for entry in json.load(answer)["stats"] if "name" in entry}
    assert report["errorDistribution"] == {} and report["count"] >= 1190
    assert stats["http.grpc.downstream_cx_total"] > 6


@pytest.mark.parametrize("name", ["envoy", "nginx", "haproxy"])
def test_retries_outlast_a_restart_of_the_server_behind(name, tmp_path):
    port = free_port()
    server = start_server(port)
    with Proxy(name, port, tmp_path / name) as proxy:
        process = load(proxy.address, "-z", "4s", "-r", "100", "-t", "30s", "-c", "1000", "--service-config", json.dumps(RETRY))
        time.sleep(1.5)
        server.process.kill()
        server.process.wait()
        time.sleep(0.3)
        with start_server(port):
            report = finished(process)
    assert report["errorDistribution"] == {} and report["count"] >= 399


def test_a_failure_of_the_proxy_is_a_status(tmp_path):
    """Without a server behind it: by HTTP (nginx, HAProxy) or by gRPC (Envoy)."""
    for name in ("envoy", "nginx", "haproxy"):
        with Proxy(name, free_port(), tmp_path / name) as proxy:
            code, complaint = run("empty_unary", proxy.address)
            assert code == 1 and "UNAVAILABLE" in complaint, (name, complaint)
