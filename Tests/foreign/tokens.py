"""Keys and access tokens, by user-service and by PyJWT."""

import json
import os
import subprocess
import time

import jwt

ISSUER = AUDIENCE = "user-service"


class Keys:
    """A directory of keys, as `user-service keys` makes it."""

    def __init__(self, directory, algorithm="HS256"):
        self.directory = directory
        self.run("keys", "new", "--algorithm", algorithm)

    def _run(self, *arguments, text=None):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("USER_SERVICE_")}
        return subprocess.run(
            [os.environ["USER_SERVICE"], *arguments], env={**clean, "USER_SERVICE_KEYS": str(self.directory)}, input=text,
            capture_output=True, text=True, timeout=60, check=False)

    def run(self, *arguments):
        """What a command answers that must succeed."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def failing(self, *arguments):
        """What a command says that must end with 69."""
        done = self._run(*arguments)
        assert done.returncode == 69, done.stdout + done.stderr
        return done.stderr.strip()

    @property
    def jwks(self):
        """All keys by their ids, as JSON."""
        return {path.stem: json.loads(path.read_text()) for path in self.directory.glob("*.jwk")}

    def token(self, *scopes, subject="tester", lifetime=900):
        arguments = [part for scope in scopes for part in ("--scope", scope)]
        return self.run("token", "--subject", subject, "--lifetime", str(lifetime), *arguments)

    def refusal(self, token):
        """Why the service refuses a token; None if it takes it."""
        done = self._run("token", "check", text=token)
        assert done.returncode in (0, 1), done.stderr
        return None if done.returncode == 0 else done.stdout.strip().removeprefix("refused: ")


def claims(**changes):
    """The claims of a good token, with changes; None leaves a claim out."""
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "tester", "iat": now, "nbf": now, "exp": now + 600, "jti": "1",
            "scope": "admin", **changes}
    return {name: value for name, value in made.items() if value is not None}


def forge(key, algorithm, payload, **header):
    """A token that PyJWT signs."""
    header = {"typ": "at+jwt", **header}
    return jwt.encode(payload, key, algorithm=algorithm, headers={k: v for k, v in header.items() if v is not None})
