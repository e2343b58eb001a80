"""Starts our servers and their peers, each once a run and only when it is asked for."""

import os
import socket
import subprocess
import sys
import time

from load import call
from programs import SERVER_CORE, Failure, Program, pinned, tool

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH_SERVER, CPP, PYTHON, SWIFT = "this, 1 loop", "gRPC C++, async, 1 thread", "Python grpcio, aio", "grpc-swift-2, NIO, 1 loop"
SWIFT_ALONE = f"{SWIFT}, flushes not coalesced"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Peers:
    def __init__(self, directory, stack):
        self.directory = directory
        self.stack = stack
        self.started = {}

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def start(self, command, **options):
        return self.stack.enter_context(Program(command, **options))

    def once(self, key, start):
        if key not in self.started:
            self.started[key] = start()
        return self.started[key]

    # MARK: gRPC servers of the same services: the program and its base URL

    def bench_server(self, loops=1, pin=True, tls=False):
        """Not pinned, it is to be compared with others that are not."""
        command = [os.environ["BENCH_SERVER"], "--listen", "127.0.0.1:0", "--loops", str(loops)]
        if tls:
            certificates = os.environ["BENCH_CERTS"]
            command += ["--tls-cert", f"{certificates}/server.pem", "--tls-key", f"{certificates}/server-key.pem"]

        def start():
            program = self.start(pinned(SERVER_CORE, command) if pin else command, ready="ready:")
            return program, f"{'https' if tls else 'http'}://{program.addresses[0]}"

        return self.once(("bench-server", loops, pin, tls), start)

    def command(self, name):
        """How a peer is started."""
        if name == CPP:
            return [os.path.join(os.environ["BENCH_PEERS"], "grpc-cpp")]
        if name == PYTHON:
            return [os.environ["BENCH_PYTHON"], "-B", f"{HERE}/Peers/python/server.py", self.python_messages()]
        return [os.environ["BENCH_GRPC_SWIFT"], *(["alone"] if name == SWIFT_ALONE else [])]

    def peer(self, name):
        def start():
            program = self.start(pinned(SERVER_CORE, self.command(name)), ready="ready:")
            return program, f"http://{program.addresses[0]}"

        return self.once(name, start)

    def grpc(self):
        """Ours first, then each peer that was built."""
        peers = [CPP, PYTHON] + ([SWIFT] if os.environ.get("BENCH_GRPC_SWIFT") else [])
        return {BENCH_SERVER: self.bench_server(), **{name: self.peer(name) for name in peers}}

    def python_messages(self):
        def generate():
            out = os.path.join(self.directory, "python")
            os.makedirs(out)
            for name in ("benchmark", "helloworld"):
                protos = os.path.join(HERE, "..", "Protos", name)
                subprocess.run(
                    [os.environ["BENCH_PYTHON"], "-m", "grpc_tools.protoc", "-I", protos, f"--python_out={out}",
                     f"--grpc_python_out={out}", f"{name}.proto"], check=True, stdout=sys.stderr)
            return out

        return self.once("python messages", generate)

    # MARK: Plain HTTP/2

    def nghttpd(self, *options):
        """nghttpd on one worker, serving the directory. It can't choose a port itself, nor say when it is ready."""
        self.file("ten", b"0123456789")

        def start():
            port = free_port()
            command = [tool("nghttpd"), "--no-tls", "-a", "127.0.0.1", "-d", self.directory, *options, str(port)]
            server, base = self.start(pinned(SERVER_CORE, command)), f"http://127.0.0.1:{port}"
            while call(f"{base}/ten") != b"0123456789":
                if server.process.poll() is not None:
                    raise Failure(f"nghttpd ended with code {server.process.returncode}.")
                time.sleep(0.02)
            return server, base

        return self.once(("nghttpd", *options), start)
