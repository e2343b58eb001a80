"""What `migrate` tells before it does something."""

from database import psql
from test_cli import run


def test_status_and_dry_run_change_nothing(administrator):
    with administrator.database() as url:
        status = run("migrate", "--status", DATABASE_URL=url)
        assert status.returncode == 1 and status.stdout.splitlines()[0] == "1 create_users missing"
        dry = run("migrate", "--dry-run", DATABASE_URL=url)
        assert dry.returncode == 0 and "-- Migration 1 create_users\n" in dry.stdout and "CREATE TABLE users (" in dry.stdout
        assert "-- It is code: " in dry.stdout
        assert psql(url, "SELECT to_regclass('users')") == ""
        assert run("migrate", DATABASE_URL=url).returncode == 0
        status = run("migrate", "--status", DATABASE_URL=url)
        assert status.returncode == 0
        assert all(line.endswith(" applied") for line in status.stdout.splitlines()) and len(status.stdout.splitlines()) > 5
        assert run("migrate", "--dry-run", DATABASE_URL=url).stdout == "-- The schema is up to date.\n"
        # What is pasted does what `migrate` does.
    with administrator.database() as url:
        psql(url, dry.stdout.split("-- Migration 2 ")[0])
        assert psql(url, "SELECT count(*) FROM users") == "0"
    assert run("migrate", "--status", "--dry-run", DATABASE_URL="postgresql:///x").returncode == 64
