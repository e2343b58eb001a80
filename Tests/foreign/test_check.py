"""`user-service check`: a line for each thing that `serve` needs."""

import os

from database import psql
from test_cli import run
from tokens import Keys


def lines(done):
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


def test_all_is_well(administrator, tmp_path, certificates):
    keys = Keys(tmp_path / "keys")
    with administrator.database() as url:
        assert run("migrate", DATABASE_URL=url).returncode == 0
        done = run("check", "--keys", str(keys.directory), *certificates.flags, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr
        said = lines(done)
        assert set(said) == {"keys", "certificates", "database", "encoding", "schema", "privileges", "clock"}
        assert all(line == "ok" or line.startswith("ok (") for line in said.values()), said


def test_what_is_wrong_is_told(administrator, tmp_path):
    keys = Keys(tmp_path / "keys")
    (path,) = keys.directory.iterdir()
    os.chmod(path, 0o644)
    with administrator.database() as url:
        done = run("check", "--keys", str(keys.directory), "--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem", DATABASE_URL=url)
        said = lines(done)
        assert done.returncode == 69 and "see above" in done.stderr
        assert "chmod 600" in said["keys"] and "nowhere.pem" in said["certificates"]
        assert "user-service migrate" in said["schema"] and "privileges" not in said
        assert psql(url, "SELECT to_regclass('users')") == ""  # it changes nothing
    said = lines(run("check", "--startup-timeout", "0", DATABASE_URL="postgresql://postgres@127.0.0.1:1/none"))
    assert "--keys" in said["keys"] and "could not be reached" in said["database"] and "schema" not in said
