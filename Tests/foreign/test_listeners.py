"""Unix sockets' modes, sockets that systemd passes, and the flags that limit connections."""

import fcntl
import os
import socket
import stat
import subprocess

import grpc
import pytest
from calls import TIMEOUT, create
from http2 import PREFACE
from programs import Server, UserService, eventually
from users.v1 import users_pb2_grpc


def local(server, path):
    return users_pb2_grpc.UserServiceStub(server.channel(f"unix:{path}"))


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_mode_of_a_unix_socket(database, tmp_path, how):
    path = tmp_path / "socket"
    arguments = ["--unix-mode", "662"] if how == "flag" else []
    environment = {"USER_SERVICE_UNIX_MODE": "662"} if how == "environment" else {}
    with UserService(database, *arguments, listen=[f"unix:{path}"], environment=environment) as service:
        assert stat.S_IMODE(path.stat().st_mode) == 0o662
        create(local(service, path))
    assert not path.exists()


def test_clients_that_send_the_path_as_authority(database, tmp_path):
    """grpcurl does, and so did grpc-go (kubernetes#112597)."""
    path = tmp_path / "socket"
    with UserService(database, listen=[f"unix:{path}"]) as service:
        done = subprocess.run(
            ["grpcurl", "-plaintext", "-unix", str(path), "grpc.health.v1.Health/Check"], capture_output=True, text=True,
            timeout=TIMEOUT)
        assert done.returncode == 0 and "SERVING" in done.stdout, done.stderr
        create(users_pb2_grpc.UserServiceStub(service.channel(f"unix:{path}", default_authority=str(path))))


class Activated(Server):
    """user-service as systemd starts it: the sockets from descriptor 3 on, and LISTEN_PID its own."""

    def __init__(self, database, *sockets):
        # Out of the way of the numbers that they are to have.
        copies = [fcntl.fcntl(listener, fcntl.F_DUPFD, 20) for listener in sockets]
        moves = " ".join(f"{number}<&{copy} {copy}<&-" for number, copy in enumerate(copies, 3))
        script = f'export LISTEN_PID=$$ LISTEN_FDS={len(copies)}; exec "$0" "$@" {moves}'
        command = ["bash", "-c", script, os.environ["USER_SERVICE"], "serve", "--migrate", "--listen", "systemd"]
        try:
            super().__init__(command, {"DATABASE_URL": database}, inherited=copies)
        finally:
            for copy in copies:
                os.close(copy)


def test_sockets_of_systemd(database, tmp_path):
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        with Activated(database, tcp, unix) as service:
            host, port = tcp.getsockname()
            assert service.addresses == [f"{host}:{port}", f"unix:{path}"]
            create(users_pb2_grpc.UserServiceStub(service.channel()))
            create(local(service, path))
        # The file is systemd's, and so is what waits in its queue for the next start.
        assert os.path.exists(path)


@pytest.mark.parametrize("arguments, complaint", [
    (["--listen", "systemd"], "needs the sockets of a .socket unit"),
    (["--unix-mode", "rw"], "--unix-mode must be a mode"),
    (["--unix-mode", "1777"], "--unix-mode must be a mode"),
    (["--max-connections", "0"], "--max-connections must be a number from 1"),
    (["--max-connection-age", "0"], "--max-connection-age must be a number from 1"),
])
def test_wrong_flags_are_explained(arguments, complaint):
    done = subprocess.run(
        [os.environ["USER_SERVICE"], "serve", "--database-url", "postgresql://127.0.0.1:1/none", *arguments],
        capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 64
    assert complaint in done.stderr


def test_flags_reach_the_server(database):
    with UserService(database, "--max-connections", "2", "--max-connection-idle", "1") as service:
        host, port = service.address.split(":")
        open_ones = [socket.create_connection((host, int(port)), timeout=TIMEOUT) for _ in range(2)]
        for open_one in open_ones:
            # The server speaks once it knows which HTTP the client does.
            open_one.sendall(PREFACE + b"\0\0\0\4\0\0\0\0\0")
            assert open_one.recv(9)
        with socket.create_connection((host, int(port)), timeout=TIMEOUT) as refused:
            assert refused.recv(9) == b""
        for open_one in open_ones:
            open_one.close()
        with service.channel() as channel:
            states = []
            channel.subscribe(states.append)

            def call():
                try:
                    return create(users_pb2_grpc.UserServiceStub(channel))
                except grpc.RpcError:
                    return None

            eventually(call, "there is room again")
            eventually(lambda: grpc.ChannelConnectivity.IDLE in states[1:], "the connection without calls is ended")
