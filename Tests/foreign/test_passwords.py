"""What operators see of passwords."""

import re

from test_cli import run


def test_the_cost_is_measured():
    done = run("password-cost", "--target", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^cost 10: \d+ ms, ", done.stdout) and "Take --password-cost 10, the lowest" in done.stdout
    assert run("password-cost", "--target", "0").returncode == 64
