"""`serve --tls-cert --tls-key --tls-client-ca`, from grpcio and from Python's own ssl."""

import os
import signal
import socket
import ssl
import subprocess
from datetime import datetime, timedelta, timezone

import grpc
import pytest
from calls import TIMEOUT, create, failing
from grpc import StatusCode
from grpc.channelz.v1 import channelz_pb2 as channelz, channelz_pb2_grpc
from http2 import PREFACE, SETTINGS, frame
from programs import BenchServer, Certificates, UserService, eventually
from users.v1 import users_pb2 as pb, users_pb2_grpc


def connect(server, certificates, protocols=("h2",), version=None, session=None):
    """A TLS connection without HTTP/2."""
    context = session.context if session else ssl.create_default_context(cafile=certificates.path("ca.pem"))
    if not session:
        if protocols:
            context.set_alpn_protocols(protocols)
        if version:
            context.minimum_version = context.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1])), timeout=TIMEOUT)
    return context.wrap_socket(plain, server_hostname="localhost")


def users(server, credentials):
    return users_pb2_grpc.UserServiceStub(server.channel(credentials=credentials))


@pytest.fixture(scope="module")
def service(database, certificates):
    with UserService(database, *certificates.flags) as server:
        yield server


def test_calls_and_large_messages(service, certificates):
    stub = users(service, certificates.credentials())
    made = [create(stub, name="n" * 200, labels={f"l{i}": "v" * 60 for i in range(20)}) for _ in range(60)]
    page = stub.ListUsers(pb.ListUsersRequest(page_size=60, order_by="create_time desc"), timeout=TIMEOUT)
    assert {user.id for user in page.users} >= {user.id for user in made}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_and_alpn(service, certificates, version):
    with connect(service, certificates, version=version) as tls:
        assert tls.selected_alpn_protocol() == "h2"
        assert tls.version() == version.name.replace("_", ".")
        assert "GCM" in tls.cipher()[0]
        tls.sendall(PREFACE + frame(SETTINGS))
        assert tls.recv(9)[3] == SETTINGS


def test_who_offers_nothing_that_is_spoken_gets_an_alert(service, certificates):
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        connect(service, certificates, ("h2c",))


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)], ids=["none", "http/1.1"])
def test_who_does_not_offer_http2_speaks_http1(service, certificates, protocols):
    with connect(service, certificates, protocols) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 ")


def test_plaintext_gets_no_answer_of_http2(service):
    host, port = service.address.split(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as plain:
        plain.sendall(PREFACE + frame(SETTINGS))
        received = b""
        while data := plain.recv(100):
            received += data
    assert received[:1] in (b"", b"\x15")  # an alert, if anything


def test_session_is_resumed(service, certificates):
    with connect(service, certificates, version=ssl.TLSVersion.TLSv1_3) as first:
        first.sendall(PREFACE + frame(SETTINGS))
        assert first.recv(9)  # the ticket comes before
        context, session = first.context, first.session
    plain = socket.create_connection(("127.0.0.1", int(service.address.rsplit(":", 1)[1])), timeout=TIMEOUT)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as second:
        assert second.session_reused


def test_mutual_tls(database, certificates, tmp_path):
    stranger = Certificates(tmp_path)
    flags = [*certificates.flags, "--tls-client-ca", certificates.path("ca.pem"), "--access-log", "--channelz"]
    with UserService(database, *flags) as service:
        known = certificates.credentials(with_client=True)
        create(users(service, known))
        for credentials in (
            certificates.credentials(),
            grpc.ssl_channel_credentials(
                certificates.bytes("ca.pem"), stranger.bytes("client-key.pem"), stranger.bytes("client.pem")),
        ):
            failing(StatusCode.UNAVAILABLE, users(service, credentials).GetUser, pb.GetUserRequest(id="x"))
        eventually(lambda: "caller=spiffe://development/client" in service.said(), "the access log says who called")

        stub = channelz_pb2_grpc.ChannelzStub(service.channel(credentials=known))
        server = stub.GetServers(channelz.GetServersRequest(), timeout=TIMEOUT).server[0].ref.server_id
        sockets = stub.GetServerSockets(channelz.GetServerSocketsRequest(server_id=server), timeout=TIMEOUT).socket_ref
        found = stub.GetSocket(channelz.GetSocketRequest(socket_id=sockets[-1].socket_id), timeout=TIMEOUT).socket
        assert found.security.tls.standard_name.startswith("TLS_")
        assert found.security.tls.remote_certificate == ssl.PEM_cert_to_DER_cert(certificates.bytes("client.pem").decode())


def test_unix_sockets_stay_plain(database, certificates, tmp_path):
    path = f"unix:{tmp_path}/socket"
    with UserService(database, *certificates.flags, listen=("127.0.0.1:0", path)) as service:
        create(users_pb2_grpc.UserServiceStub(service.channel(path)))
        create(users(service, certificates.credentials()))


def test_certificates_are_renewed_while_it_serves(database, tmp_path):
    old, new = Certificates(tmp_path / "old"), Certificates(tmp_path / "new")
    shown = Certificates(tmp_path / "shown")

    def show(certificates, *names):
        for name in names:
            staged = tmp_path / "staged"
            staged.write_bytes(certificates.bytes(name))
            os.replace(staged, shown.path(name))

    show(old, "server.pem", "server-key.pem")
    with UserService(database, *shown.flags) as service:
        stub = users(service, old.credentials())
        create(stub)

        # A pair that does not belong together: what was there before stays.
        show(new, "server.pem")
        service.signal(signal.SIGHUP)
        eventually(lambda: "can't be used" in service.said(), "the broken pair is complained of")
        create(users(service, old.credentials()))

        show(new, "server-key.pem")
        service.signal(signal.SIGHUP)
        eventually(lambda: "Certificates reloaded" in service.said(), "the new pair is taken")
        create(users(service, new.credentials()))
        create(stub)  # the old connection lives on
        failing(StatusCode.UNAVAILABLE, users(service, old.credentials()).GetUser, pb.GetUserRequest(id="x"))

        # Without a signal too, some seconds later.
        show(old, "server.pem", "server-key.pem")
        eventually(lambda: service.said().count("Certificates reloaded") >= 2, "the change is seen")
        create(users(service, old.credentials()))
        create(stub)


def test_a_name_chooses_its_certificate(database, certificates, tmp_path):
    other = Certificates(tmp_path, "other.example")
    with UserService(database, *certificates.flags, *other.flags) as service:
        create(users(service, certificates.credentials()))
        name = (("grpc.ssl_target_name_override", "other.example"),)
        target = f"localhost:{service.address.rsplit(':', 1)[1]}"
        with grpc.secure_channel(target, other.credentials(), options=name) as channel:
            create(users_pb2_grpc.UserServiceStub(channel))


def test_drain_does_not_wait_for_handshakes(certificates):
    with BenchServer(*certificates.flags) as server:
        with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1])), timeout=TIMEOUT) as silent:
            silent.sendall(b"\x16\x03\x01")
            server.signal()
            assert server.wait() == 0
            assert "still run" not in server.said()


@pytest.mark.parametrize("flags, complaint", [
    (["--tls-cert", "server.pem"], "for each --tls-cert"),
    (["--tls-client-ca", "ca.pem"], "--tls-client-ca needs"),
    (["--tls-cert", "server.pem", "--tls-key", "nowhere.pem"], "No such file or directory"),
    (["--tls-cert", "server.pem", "--tls-key", "client-key.pem"], "key values mismatch"),
    (["--tls-cert", "server-key.pem", "--tls-key", "server-key.pem"], "has no certificate"),
])
def test_wrong_flags_are_explained(certificates, flags, complaint):
    flags = [flag if flag.startswith("--") else certificates.path(flag) for flag in flags]
    done = subprocess.run(
        [os.environ["USER_SERVICE"], "serve", "--database-url", "postgresql://127.0.0.1:1/none", *flags],
        capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 64
    assert complaint in done.stderr


def own_certificate(directory, days):
    """A certificate that signs itself, and ends in so many days or did before now, and its key: their paths."""
    certificate, key, request = (str(directory / name) for name in ("own.pem", "own-key.pem", "own.csr"))

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", key, "-out", request)
    # Only `openssl ca` takes times, and it wants a place for its books.
    (directory / "index.txt").write_text("")
    (directory / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={directory}/index.txt\nnew_certs_dir={directory}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
    now = datetime.now(timezone.utc)
    start, end = ((now + timedelta(days=number)).strftime("%Y%m%d%H%M%SZ") for number in (-30, days))
    openssl("ca", "-batch", "-notext", "-selfsign", "-config", str(directory / "ca.cnf"), "-in", request, "-keyfile", key,
            "-startdate", start, "-enddate", end, "-out", certificate)
    return certificate, key


def test_a_certificate_that_has_expired_is_refused(database, tmp_path):
    certificate, key = own_certificate(tmp_path, days=-1)
    done = subprocess.run(
        [os.environ["USER_SERVICE"], "serve", "--database-url", database, "--tls-cert", certificate, "--tls-key", key],
        capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 64 and f"{certificate} has expired" in done.stderr


def test_a_certificate_that_ends_soon_is_warned_of(database, certificates, tmp_path):
    certificate, key = own_certificate(tmp_path, days=13)
    with UserService(database, "--tls-cert", certificate, "--tls-key", key) as service:
        eventually(lambda: "A certificate expires soon" in service.said(), "the log says so")
        assert certificate in service.said()
        # An expired one does not take its place.
        own_certificate(tmp_path, days=-1)
        service.signal(signal.SIGHUP)
        eventually(lambda: "has expired" in service.said(), "the log says why it is not used")
    with UserService(database, *certificates.flags) as service:
        service.signal(signal.SIGHUP)
        eventually(lambda: "Certificates reloaded" in service.said(), "they are read")
        assert "expires soon" not in service.said()
