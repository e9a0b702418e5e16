import base64
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from classpulse.serve.auth import tokens

SECRET = "a secret for tests, of more than 32 bytes"
HOUR = timedelta(hours=1)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"sub": "7", "role": "educator", "iat": now, "exp": now + 60, "jti": "j"} | changes
    return {name: value for name, value in whole.items() if value is not None}


def test_a_token_says_who_until_when_and_is_one_of_a_kind() -> None:
    first, second = (tokens.read(SECRET, tokens.issue(SECRET, 7, "admin", HOUR)) for _ in "ab")
    assert (first.educator_id, first.role) == (7, "admin")
    assert first.expires_at - first.issued_at == 3600
    assert first.jti != second.jti


def test_a_token_ends() -> None:
    old = tokens.issue(SECRET, 7, "admin", HOUR, now=time.time() - 3601)
    with pytest.raises(tokens.TokenError, match="expired"):
        tokens.read(SECRET, old)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    token = jwt.encode(claims(), SECRET * 3, algorithm)
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET * 3, token)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_a_token_without_signature_is_refused(algorithm: str) -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    unsigned = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims())}."
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET, unsigned)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET, tokens.issue(SECRET[::-1], 7, "admin", HOUR))


@pytest.mark.parametrize("claim", ["sub", "role", "iat", "exp", "jti"])
def test_a_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET, jwt.encode(claims(**{claim: None}), SECRET, "HS256"))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "seven"},
        {"sub": "-1"},
        {"sub": "٧"},
        {"sub": "9" * 30},
        {"sub": "9223372036854775808"},
        {"role": 5},
        {"jti": ""},
        {"jti": "a\0b"},
        {"jti": "j" * 300},
        {"iat": "yesterday"},
        {"exp": "never"},
        {"exp": float("inf")},
    ],
)
def test_a_signed_token_with_nonsense_in_it_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET, jwt.encode(claims(**changes), SECRET, "HS256"))


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "é.é.é", "\0", "x" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(tokens.TokenError):
        tokens.read(SECRET, token)


def test_a_csrf_token_belongs_to_one_token_and_one_secret() -> None:
    assert tokens.csrf(SECRET, "a") == tokens.csrf(SECRET, "a")
    assert tokens.csrf(SECRET, "a") != tokens.csrf(SECRET, "b")
    assert tokens.csrf(SECRET, "a") != tokens.csrf(SECRET[::-1], "a")


def test_a_token_that_was_read_once_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.issue(SECRET, 7, "admin", HOUR)
    assert tokens.read(SECRET, token).educator_id == 7
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(tokens.time, "time", lambda: now + 3601)
        with pytest.raises(tokens.TokenError, match="expired"):
            tokens.read(SECRET, token)
    with pytest.raises(tokens.TokenError, match="not valid"):
        tokens.read(SECRET[::-1], token)


def test_a_session_ends_for_a_token_that_was_read_before_too() -> None:
    token = tokens.issue(SECRET, 7, "admin", HOUR, auth_time=time.time() - 3 * 86_400)
    assert tokens.read(SECRET, token, session_days=4).educator_id == 7
    with pytest.raises(tokens.TokenError, match="A session ends after 2 days"):
        tokens.read(SECRET, token, session_days=2)
