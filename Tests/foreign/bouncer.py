"""A PgBouncer of a test's own."""

import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from database import psql
from programs import eventually


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PgBouncer:
    """PgBouncer before the Postgres of a URL, with the settings given and otherwise its own: a process of the test, not
    Debian's service. It refuses to run as root, and so runs as postgres then."""

    def __init__(self, url, **settings):
        postgres = urlsplit(url)
        self.port = free_port()
        self.url = urlunsplit(postgres._replace(netloc=f"{postgres.username}@127.0.0.1:{self.port}"))
        self.directory = tempfile.TemporaryDirectory(prefix="bouncer-")
        self.owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        os.chmod(self.directory.name, 0o755)
        settings = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "auth_type": "trust",
            "auth_file": self._path("users.txt"), **settings}
        self._path("users.txt").write_text(f'"{postgres.username}" ""\n')
        self._path("pgbouncer.ini").write_text(
            f"[databases]\n* = host={postgres.hostname} port={postgres.port}\n[pgbouncer]\n"
            + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self.log = open(self._path("log"), "w+")

    def _path(self, name):
        return Path(self.directory.name) / name

    def start(self):
        self.process = subprocess.Popen(
            ["pgbouncer", self._path("pgbouncer.ini")], cwd="/", stdout=self.log, stderr=self.log, **self.owner)
        eventually(self._answers, "PgBouncer answers")

    def _answers(self):
        assert self.process.poll() is None, self._path("log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        self.start()
        assert psql(self.url, "SELECT 1") == "1"
        return self

    def __exit__(self, *_):
        self.kill()
        self.log.close()
        self.directory.cleanup()
