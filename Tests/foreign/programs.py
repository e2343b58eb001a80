"""The programs under test, as processes."""

import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import grpc

PATIENCE = 60.0  # seconds that anything may take on a slow machine before a test gives up


def eventually(check, what, patience=PATIENCE):
    """Waits until `check` answers with something true, and answers with that."""
    end = time.monotonic() + patience
    while not (answer := check()):
        assert time.monotonic() < end, f"still not so after {patience} s: {what}"
        time.sleep(0.02)
    return answer


def clean_environment(**changes):
    """The environment without what configures user-service, but open to everybody; None leaves a variable out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("USER_SERVICE_") and k != "DATABASE_URL"}
    made = {**kept, "USER_SERVICE_INSECURE_DEV": "true", **changes}
    return {k: v for k, v in made.items() if v is not None}


class Certificates:
    """What scripts/certs.sh makes, in a directory of their own."""

    def __init__(self, directory, host="localhost"):
        self.directory = Path(directory)
        script = Path(__file__).resolve().parents[2] / "scripts/certs.sh"
        subprocess.run([script, directory, host], check=True, stdout=subprocess.DEVNULL)

    def path(self, name):
        return str(self.directory / name)

    def bytes(self, name):
        return (self.directory / name).read_bytes()

    @property
    def flags(self):
        return ["--tls-cert", self.path("server.pem"), "--tls-key", self.path("server-key.pem")]

    def credentials(self, with_client=False):
        """What a channel needs."""
        pair = (self.bytes("client-key.pem"), self.bytes("client.pem")) if with_client else (None, None)
        return grpc.ssl_channel_credentials(self.bytes("ca.pem"), *pair)


class Server:
    """A server that says in a line where it listens, and must end with 0 when it is told to stop."""

    def __init__(self, command, environment=None, inherited=()):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=clean_environment(**(environment or {})),
            pass_fds=inherited)
        try:
            self.ready_line = self._ready_line()
        except BaseException:
            self.process.kill()
            raise
        self.addresses = self.ready_line.split(" on ")[-1].removeprefix("ready: ").split(", ")
        self.address = self.addresses[0]
        self.channels = []

    def _ready_line(self):
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline().strip() if readable else ""
        assert line.startswith("ready: "), f"not ready: {line!r} {self.said()}"
        return line

    def said(self):
        """All of its standard error."""
        self.log.seek(0)
        return self.log.read()

    def channel(self, address=None, credentials=None, **options):
        """A connection of its own, so that calls of tests don't share one by accident."""
        arguments = {"grpc.use_local_subchannel_pool": 1, **{f"grpc.{k}": v for k, v in options.items()}}
        address = address or self.address
        if credentials:
            target = f"localhost:{address.rsplit(':', 1)[1]}"
            channel = grpc.secure_channel(target, credentials, options=list(arguments.items()))
        else:
            channel = grpc.insecure_channel(address, options=list(arguments.items()))
        self.channels.append(channel)
        return channel

    @property
    def is_alive(self):
        return self.process.poll() is None

    @property
    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            user, system = file.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for channel in self.channels:
            channel.close()
        if self.is_alive:
            self.signal()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        log = self.said()
        self.log.close()
        if kind is None:
            assert code == 0, f"ended with code {code}: {log}"


class UserService(Server):
    def __init__(self, database, *arguments, listen=("127.0.0.1:0",), environment=None):
        addresses = [part for address in listen for part in ("--listen", address)]
        super().__init__(
            [os.environ["USER_SERVICE"], "serve", "--migrate", "--loops", "2", *addresses, *arguments],
            {"DATABASE_URL": database, **(environment or {})})
        self.users = self.stub()

    def stub(self, token=None, **options):
        """A stub of users.v1.UserService, whose calls have the token."""
        from users.v1 import users_pb2_grpc

        channel = self.channel(**options)
        return users_pb2_grpc.UserServiceStub(with_token(channel, token) if token else channel)


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
              grpc.StreamUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    def __init__(self, token):
        self.token = token

    def _call(self, continuation, details, request):
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {self.token}")]
        return continuation(details._replace(metadata=metadata), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _call


def with_token(channel, token):
    """The channel, whose calls have an access token."""
    return grpc.intercept_channel(channel, _Bearer(token))


class InteropServer(Server):
    def __init__(self, *arguments):
        super().__init__([os.environ["INTEROP_SERVER"], "--port", "0", *arguments])


class BenchServer(Server):
    def __init__(self, *arguments, loops=2):
        super().__init__([os.environ["BENCH_SERVER"], "--listen", "127.0.0.1:0", "--loops", str(loops), *arguments])
