"""Databases for the programs under test, by psql."""

import os
import subprocess
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from conftest import ROOT


class Administrator:
    """Creates and drops databases on the Postgres of a URL."""

    def __init__(self, url=None):
        self.url = url or os.environ["TEST_DATABASE_URL"]

    @contextmanager
    def database(self):
        name = f"foreign_{uuid.uuid4().hex[:12]}"
        psql(self.url, f"CREATE DATABASE {name}")
        try:
            yield self.url_of(name)
        finally:
            psql(self.url, f"DROP DATABASE {name} WITH (FORCE)")

    def url_of(self, name):
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))


def psql(url, query):
    """What a query answers, as text."""
    run = subprocess.run(
        ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", query, url],
        capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@contextmanager
def locked(url, query):
    """A second session that holds the locks of a query while the block runs."""
    process = subprocess.Popen(
        ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        process.stdin.write(f"BEGIN;\n{query};\n\\echo locked\n")
        process.stdin.flush()
        while (line := process.stdout.readline()) != "locked\n":
            assert line, "psql ended without the lock"
        yield
    finally:
        process.stdin.write("ROLLBACK;\n\\q\n")
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


class PrivatePostgres:
    """A Postgres of a test's own, which may be crashed: scripts/postgres.sh."""

    def __init__(self, name):
        self.name = name

    def run(self, command, *arguments):
        script = ROOT / "scripts" / "postgres.sh"
        return subprocess.run(
            [script, command, self.name, *arguments], capture_output=True, text=True, timeout=120, check=True).stdout

    def create(self):
        self.run("start")

    def __enter__(self):
        self.create()
        self.url = self.run("url").strip()
        return self

    def __exit__(self, *_):
        self.run("delete")


class Standby(PrivatePostgres):
    """A streaming standby of a private Postgres."""

    def __init__(self, name, primary):
        super().__init__(name)
        self.primary = primary

    def create(self):
        self.run("standby", self.primary.name)
