"""Access tokens: JWT, HS256 alone, with ``sub``, ``role``, ``iat``, ``exp`` and ``jti``."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

LIFETIME = timedelta(hours=12)
_ALGORITHM = "HS256"
_CLAIMS = ("sub", "role", "iat", "exp", "jti")
_BIGINT = 2**63 - 1


class TokenError(Exception):
    """The token is not one of ours, or its time is over; the message may be shown."""


@dataclass(frozen=True)
class Claims:
    """What a valid token says. Times are unix seconds."""

    educator_id: int
    role: str
    issued_at: float
    expires_at: float
    jti: str


def issue(
    secret: str, educator_id: int, role: str, ttl: timedelta, *, now: float | None = None
) -> str:
    """A token for an educator; ``now`` in unix seconds is for tests."""
    issued_at = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "sub": str(educator_id),
        "role": role,
        "iat": issued_at,
        "exp": issued_at + int(ttl.total_seconds()),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, secret, _ALGORITHM)


def read(secret: str, token: str) -> Claims:
    """The claims of a token that holds now; everything else raises :class:`TokenError`."""
    try:
        # `iat` is not compared with the clock: another machine's may be ahead of this one's.
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={"require": list(_CLAIMS), "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenError("The token has expired: log in again.") from None
    # A payload that is no JSON object, or holds numbers that no float can, escapes the library's
    # own error as a ValueError or an OverflowError.
    except (jwt.InvalidTokenError, ValueError, OverflowError, TypeError):
        raise TokenError("The token is not valid: log in again.") from None
    return _checked(claims)


def csrf(secret: str, jti: str) -> str:
    """The token that a cookie-borne write must repeat: derived, so that no process stores it."""
    return hmac.new(secret.encode(), b"csrf:" + jti.encode(), hashlib.sha256).hexdigest()


def _checked(claims: dict[str, Any]) -> Claims:
    subject, role, jti = claims["sub"], claims["role"], claims["jti"]
    issued_at, expires_at = claims["iat"], claims["exp"]
    if (
        not (isinstance(subject, str) and subject.isascii() and subject.isdigit())
        or len(subject) > 19
        or int(subject) > _BIGINT
        or not isinstance(role, str)
        or not (isinstance(jti, str) and jti and len(jti) <= 200 and "\0" not in jti)
        or type(issued_at) not in (int, float)
        or type(expires_at) not in (int, float)
    ):
        raise TokenError("The token is not valid: log in again.")
    return Claims(int(subject), role, float(issued_at), float(expires_at), jti)
