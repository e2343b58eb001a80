"""Access tokens and their keys: PyJWT and joserfc take ours, we take theirs, and refuse what they refuse."""

import base64
import json
import stat
import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt as jose
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from tokens import AUDIENCE, ISSUER, Keys, claims, forge

ALGORITHMS = ["HS256", "ES256", "EdDSA"]
JOSE_NAMES = {"EdDSA": ["EdDSA", "Ed25519"]}


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


@pytest.fixture
def keys(tmp_path, algorithm):
    return Keys(tmp_path / "keys", algorithm)


def only(keys):
    (jwk,) = keys.jwks.values()
    return jwk


def pyjwt(jwk):
    """The key as PyJWT has it; the secret half, if it is there."""
    return jwt.PyJWK(jwk).key


def decode_by_pyjwt(jwk, algorithm, token, **options):
    key = pyjwt({k: v for k, v in jwk.items() if k != "d"})
    arguments = {"audience": AUDIENCE, "issuer": ISSUER, "options": {"require": ["exp", "iss", "aud", "sub"]}, **options}
    return jwt.decode(token, key, algorithms=[algorithm], **arguments)


def decode_by_joserfc(jwk, algorithm, token):
    decoded = jose.decode(token, import_key(jwk), algorithms=JOSE_NAMES.get(algorithm, [algorithm]))
    jose.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True}, sub={"essential": True}).validate(decoded.claims)
    return decoded.claims


def test_others_take_our_tokens(keys, algorithm):
    jwk, token = only(keys), keys.token("users.read", "users.write", subject="billing", lifetime=60)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": algorithm, "kid": jwk["kid"], "typ": "at+jwt"}
    for decode in (decode_by_pyjwt, decode_by_joserfc):
        said = decode(jwk, algorithm, token)
        assert said["sub"] == "billing" and said["scope"] == "users.read users.write" and said["jti"]
        assert said["exp"] - said["iat"] == 60 and said["nbf"] == said["iat"] and abs(said["iat"] - time.time()) < 300


def test_we_take_the_tokens_of_others(keys, algorithm):
    jwk = only(keys)
    payload = claims()
    by_pyjwt = forge(pyjwt(jwk), algorithm, payload, kid=jwk["kid"])
    by_joserfc = jose.encode(
        {"alg": algorithm, "kid": jwk["kid"], "typ": "at+jwt"}, payload, import_key(jwk),
        algorithms=JOSE_NAMES.get(algorithm, [algorithm]))
    for token in (by_pyjwt, by_joserfc):
        assert keys.refusal(token) is None
    for payload in (claims(aud=["other", AUDIENCE]), claims(iat=None, nbf=None, jti=None, scope=None),
                    claims(exp=time.time() + 60.5), claims(extra={"deep": [1, 2, None]}), claims(sub="\u00e4\"\\\U0001f600")):
        assert keys.refusal(forge(pyjwt(jwk), algorithm, payload, kid=jwk["kid"])) is None


@pytest.mark.parametrize("changes,reason", [
    ({"exp": 1}, "EXPIRED"), ({"exp": None}, "BAD_CLAIMS"), ({"aud": "other"}, "WRONG_AUDIENCE"),
    ({"aud": None}, "WRONG_AUDIENCE"), ({"aud": []}, "WRONG_AUDIENCE"), ({"iss": "other"}, "WRONG_ISSUER"),
    ({"iss": None}, "WRONG_ISSUER"), ({"nbf": time.time() + 3600}, "TOO_EARLY"), ({"sub": None}, "BAD_CLAIMS")])
def test_claims_that_all_refuse(keys, algorithm, changes, reason):
    jwk = only(keys)
    token = forge(pyjwt(jwk), algorithm, claims(**changes), kid=jwk["kid"])
    with pytest.raises(jwt.PyJWTError):
        decode_by_pyjwt(jwk, algorithm, token)
    with pytest.raises(JoseError):
        decode_by_joserfc(jwk, algorithm, token)
    assert keys.refusal(token) == reason


def part(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def test_no_algorithm_is_none(keys, algorithm):
    jwk = only(keys)
    for name in ("none", "None", "NONE", ""):
        token = f'{part({"alg": name, "kid": jwk["kid"], "typ": "at+jwt"})}.{part(claims())}.'
        with pytest.raises(jwt.PyJWTError):
            decode_by_pyjwt(jwk, algorithm, token)
        assert keys.refusal(token) == "WRONG_ALGORITHM"


def test_the_key_decides_the_algorithm(tmp_path):
    """The public half of a key, taken for the secret of HMAC, in each form in which people keep it."""
    import hashlib
    import hmac

    for algorithm in ("ES256", "EdDSA"):
        keys = Keys(tmp_path / algorithm, algorithm)
        jwk = only(keys)
        public = pyjwt({k: v for k, v in jwk.items() if k != "d"})
        for secret in (public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
                       public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                       base64.urlsafe_b64decode(jwk["x"] + "=")):
            for name in ("HS256", algorithm):
                text = f'{part({"alg": name, "kid": jwk["kid"], "typ": "at+jwt"})}.{part(claims())}'
                token = f"{text}.{part(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"
                with pytest.raises((jwt.PyJWTError, ValueError)):
                    decode_by_pyjwt(jwk, algorithm, token)
                assert keys.refusal(token) == ("WRONG_ALGORITHM" if name == "HS256" else "WRONG_SIGNATURE")


def test_headers_that_we_refuse(keys, algorithm):
    jwk = only(keys)
    key = pyjwt(jwk)
    assert keys.refusal(forge(key, algorithm, claims())) == "UNKNOWN_KEY"
    assert keys.refusal(forge(key, algorithm, claims(), kid="other")) == "UNKNOWN_KEY"
    # An ID token, say, or whatever else this issuer signs.
    assert keys.refusal(forge(key, algorithm, claims(), kid=jwk["kid"], typ="JWT")) == "WRONG_TYPE"
    text = f'{part({"alg": algorithm, "kid": jwk["kid"], "typ": "at+jwt", "crit": ["x"], "x": 1})}.{part(claims())}'
    assert keys.refusal(f"{text}.{part(jwt.get_algorithm_by_name(algorithm).sign(text.encode(), key))}") == "EXTENDED"


def test_a_signature_by_another_key(keys, algorithm, tmp_path):
    other = only(Keys(tmp_path / "others", algorithm))
    assert keys.refusal(forge(pyjwt(other), algorithm, claims(), kid=only(keys)["kid"])) == "WRONG_SIGNATURE"


# Keys.


def test_files_of_keys(keys):
    for path in keys.directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.directory.stat().st_mode) == 0o700


def test_rotation(keys, algorithm):
    (old,) = keys.jwks
    token = keys.token()
    assert "signs from" in keys.run("keys", "rotate")
    (new,) = set(keys.jwks) - {old}
    assert keys.jwks[new]["alg"] == algorithm and keys.jwks[new]["not_before"] > time.time() + 30
    # The old one signs until then, and is the only one that does.
    assert jwt.get_unverified_header(keys.token())["kid"] == old
    assert [line.split()[2].rstrip(",") for line in keys.run("keys", "list").splitlines()] == ["signs", "will"]
    assert "--force" in keys.failing("keys", "retire", old)
    keys.run("keys", "new", "--algorithm", algorithm, "--delay", "0")
    assert keys.refusal(token) is None
    keys.run("keys", "retire", old)
    assert keys.refusal(token) == "UNKNOWN_KEY" and old not in keys.jwks
    assert "No such file" in keys.failing("keys", "retire", old)


def test_without_keys_there_are_no_tokens(tmp_path):
    keys = Keys(tmp_path / "keys")
    (only_one,) = keys.jwks
    keys.run("keys", "retire", "--force", only_one)
    for arguments in (["token", "--subject", "x"], ["keys", "rotate"]):
        assert "user-service keys new" in keys.failing(*arguments)


def test_a_damaged_key_is_named(keys):
    (keys.directory / "bad.jwk").write_text('{"kid": "bad", "k": "c2VzYW1l"}')
    said = keys.failing("keys", "list")
    assert "bad.jwk" in said and "alg" in said and "c2VzYW1l" not in said
