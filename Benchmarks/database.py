"""user-service over Postgres, beside pgbench and a pipelining libpq client that read the same row. All share all cores."""

import os
import subprocess

from load import Target, call, pgbench, printed
from messages import field, framed, user, user_id
from programs import Failure, tool
from report import medians, results_table
from rpc import ROUNDS, calibrated

COLUMNS = "id, email, name, labels, create_time, update_time, delete_time, purge_time, version"
SECONDS = 2  # a whole number, for pgbench
OURS = "this: user-service, 1 loop"


def psql(url, query):
    run = subprocess.run([tool("psql"), "-X", "-q", "-t", "-A", "-c", query, url], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(run.stderr)
    return run.stdout.strip()


def fill(url, first, last):
    """Users as CreateUser would store them, numbered."""
    psql(url, f"""
        INSERT INTO users
        SELECT ('0190d5f1-7a4c-7c1e-8000-' || lpad(to_hex(n), 12, '0'))::uuid, format('ada-%s@example.com', lpad(n::text, 8, '0')),
               format('ada-%s@example.com', lpad(n::text, 8, '0')), 'Ada King-Byron',
               '{{"team": "platform", "office": "platform"}}', now(), now(), NULL, NULL, 1
        FROM generate_series({first}, {last}) AS n""")
    psql(url, "VACUUM ANALYZE users")


class Database:
    USERS = 10_000
    URL = "BENCH_DATABASE_URL"

    def __init__(self, peers):
        self.peers = peers
        self.url = os.environ[self.URL]
        self.service = peers.start(
            [os.environ["USER_SERVICE"], "serve", "--insecure-dev", "--migrate", "--listen", "127.0.0.1:0", "--loops", "1"],
            ready="ready:", environment={"DATABASE_URL": self.url, "USER_SERVICE_LOG_LEVEL": "error"})
        self.base = f"http://{self.service.addresses[0]}/users.v1.UserService"
        self.id = user_id(1)
        psql(self.url, "TRUNCATE users CASCADE")
        fill(self.url, 1, self.USERS)

    def target(self, method, request, check):
        """`check` is something that a right answer has in it."""
        body = self.peers.file(method, framed(request))
        answer = call(f"{self.base}/{method}", body)
        if framed(answer[5:]) != answer or check not in answer:
            raise Failure(f"{method} answered {answer[:200]!r}.")
        return Target(f"{self.base}/{method}", len(answer), body)

    def get_user(self):
        return self.target("GetUser", field(1, self.id.encode()), b"ada-00000001@example.com")

    def list_users(self, count=100):
        return self.target("ListUsers", field(1, count), b"@example.com")

    def pgbench(self, clients):
        read = self.peers.file("read.sql", f"SELECT {COLUMNS} FROM users WHERE id = :id;\n".encode())
        return lambda: pgbench(self.url, read, {"id": self.id}, clients, SECONDS)

    def libpq(self, connections, batch):
        program = os.path.join(os.environ["BENCH_PEERS"], "libpq-reads")
        query = f"SELECT {COLUMNS} FROM users WHERE id = $1"
        return lambda: printed([program, self.url, query, self.id, str(connections), str(batch), str(SECONDS)])

    def run(self, title, cases):
        return results_table(title, medians(cases, ROUNDS))

    # MARK: Sections

    def user(self):
        cases = {OURS: calibrated(self.service, self.get_user(), 8, 8, pin=False)}
        for clients in (16, 64):
            cases[f"pgbench -M prepared, {clients} connections"] = self.pgbench(clients)
        for connections in (2, 16):
            cases[f"libpq, {connections} connections x {64 // connections} pipelined (its own CPU)"] = self.libpq(
                connections, 64 // connections)
        return self.run("GetUser, 64 in flight: 8 connections x 8 streams", cases)

    def user_alone(self):
        cases = {
            OURS: calibrated(self.service, self.get_user(), 1, 1, pin=False),
            "pgbench -M prepared, 1 connection": self.pgbench(1),
            "libpq, 1 connection x 1 (its own CPU)": self.libpq(1, 1),
        }
        return self.run("GetUser, one at a time", cases)

    def list(self):
        page = self.peers.file(
            "list.sql", f"SELECT {COLUMNS} FROM users WHERE delete_time IS NULL ORDER BY create_time, id LIMIT 101;\n".encode())
        cases = {
            OURS: calibrated(self.service, self.list_users(), 8, 8, pin=False),
            "pgbench -M prepared, 16 connections": lambda: pgbench(self.url, page, {}, 16, SECONDS),
        }
        return self.run("ListUsers of 100, 64 in flight", cases)

    def load(self, writes_of_ten, connections=8, streams=8):
        """h2load can send but one body: a client of ours makes users that differ, and reads those that are there."""
        program = os.path.join(os.environ["BENCH_PEERS"], "rpc-load")
        authority = self.service.addresses[0]
        get = self.peers.file("GetUser", framed(field(1, self.id.encode())))
        create = self.peers.file("CreateUser", framed(field(1, user(0))))

        def run():
            before = self.service.cpu_seconds()
            result = printed([program, authority, get, create, str(writes_of_ten), str(connections), str(streams), str(SECONDS)])
            result.cpu_seconds = (self.service.cpu_seconds() - before) / (result.per_second * SECONDS)
            return result

        return run

    def inserts(self, clients):
        """What pgbench does in place of CreateUser, by its number of connections."""
        insert = self.peers.file("create.sql", (
            "INSERT INTO users VALUES (gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid()::text, 'Ada King-Byron',"
            " '{\"team\": \"platform\", \"office\": \"platform\"}', now(), now(), NULL, NULL, 1)"
            f" RETURNING {COLUMNS};\n").encode())
        return {f"pgbench -M prepared, {count} connections": lambda count=count: pgbench(self.url, insert, {}, count, SECONDS)
                for count in clients}

    def create(self):
        cases = {OURS: self.load(10), **self.inserts([16, 64])}
        return self.run("CreateUser, 64 in flight; the database does not wait for the disk", cases)

    def mix(self):
        return self.run("Nine GetUser to one CreateUser, 64 in flight", {OURS: self.load(1)})


class DiskDatabase(Database):
    """A Postgres that waits for its disk, and whose commits take 5 ms more, as those of a slow disk do."""

    URL = "BENCH_DISK_DATABASE_URL"

    def __init__(self, peers):
        super().__init__(peers)
        for setting in ("commit_delay = 5000", "commit_siblings = 0"):
            psql(self.url, f"ALTER SYSTEM SET {setting}")
        psql(self.url, "SELECT pg_reload_conf()")

    def create_disk(self):
        cases = {OURS: self.load(10, streams=50), **self.inserts([16, 40, 64])}
        return self.run("CreateUser, 400 in flight; a commit takes 5 ms and the disk", cases)
