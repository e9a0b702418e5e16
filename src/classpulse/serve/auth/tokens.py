"""Access tokens: JWT, HS256 alone, with ``sub``, ``role``, ``iat``, ``exp`` and ``jti``.

Those that we issue also carry ``session`` (what ends them all at once) and ``auth_time`` (when
somebody last gave a password).
"""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

import jwt

from classpulse.rights import Bearer

LIFETIME = timedelta(hours=12)
SESSION_DAYS = 30
_ALGORITHM = "HS256"
_CLAIMS = ("sub", "role", "iat", "exp", "jti")
_HEX = re.compile(r"[0-9a-f]+")
_BIGINT = 2**63 - 1
_DAY = 86_400.0
_EXPIRED = "The token has expired: log in again."
_REMEMBERED = 4096
_REMEMBERED_BYTES = 2048


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
    session: str | None
    auth_time: float

    @property
    def bearer(self) -> Bearer:
        """What decides whether the token holds before it expires."""
        return Bearer(self.jti, self.issued_at, self.session)


def issue(
    secret: str,
    educator_id: int,
    role: str,
    ttl: timedelta,
    *,
    session: str | None = None,
    auth_time: float | None = None,
    now: float | None = None,
) -> str:
    """A token for an educator; ``now`` in unix seconds is for tests.

    ``session`` is the educator's of this moment, ``auth_time`` that of the token in whose place
    this one is issued.
    """
    issued_at = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "sub": str(educator_id),
        "role": role,
        "iat": issued_at,
        "exp": issued_at + int(ttl.total_seconds()),
        "jti": secrets.token_urlsafe(16),
        "auth_time": issued_at if auth_time is None else auth_time,
    }
    if session is not None:
        claims["session"] = session
    return jwt.encode(claims, secret, _ALGORITHM)


def read(secret: str, token: str, *, session_days: int = SESSION_DAYS) -> Claims:
    """The claims of a token that has not expired; everything else raises :class:`TokenError`.

    Whatever it says itself, it ends so many days after its ``auth_time``.
    """
    verify = _remembered if len(token) <= _REMEMBERED_BYTES else _verified
    claims, now = verify(secret, token), time.time()
    if int(claims.expires_at) <= now:
        raise TokenError(_EXPIRED)
    end = claims.auth_time + session_days * _DAY
    if end <= now:
        days = "a day" if session_days == 1 else f"{session_days} days"
        raise TokenError(f"A session ends after {days}: log in again.")
    return claims if claims.expires_at <= end else replace(claims, expires_at=end)


def _verified(secret: str, token: str) -> Claims:
    try:
        # `iat` is not compared with the clock: another machine's may be ahead of this one's.
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={"require": list(_CLAIMS), "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenError(_EXPIRED) from None
    # A payload that is no JSON object, or holds numbers that no float can, escapes the library's
    # own error as a ValueError or an OverflowError.
    except (jwt.InvalidTokenError, ValueError, OverflowError, TypeError):
        raise TokenError("The token is not valid: log in again.") from None
    return _checked(claims)


# The limit on requests and the check of rights both read the token of a request, and a browser
# sends the same one for hours: what does not change with time is checked once.
_remembered = lru_cache(maxsize=_REMEMBERED)(_verified)


def csrf(secret: str, jti: str) -> str:
    """The token that a cookie-borne write must repeat: derived, so that no process stores it."""
    return hmac.new(secret.encode(), b"csrf:" + jti.encode(), hashlib.sha256).hexdigest()


def masked(token: str) -> str:
    """A CSRF token as a page shows it: written otherwise each time, so that nothing can be told
    from how well it packs beside other text of the page."""
    text = bytes.fromhex(token)
    pad = secrets.token_bytes(len(text))
    return (pad + bytes(a ^ b for a, b in zip(pad, text, strict=True))).hex()


def is_csrf(secret: str, jti: str, sent: str) -> bool:
    """Whether this is the CSRF token of a session, as it is or masked."""
    expected = csrf(secret, jti)
    if len(sent) == 2 * len(expected) and _HEX.fullmatch(sent):
        both = bytes.fromhex(sent)
        half = len(both) // 2
        sent = bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=True)).hex()
    return hmac.compare_digest(sent.encode(), expected.encode())


def _checked(claims: dict[str, Any]) -> Claims:
    subject, role, jti = claims["sub"], claims["role"], claims["jti"]
    issued_at, expires_at = claims["iat"], claims["exp"]
    session, auth_time = claims.get("session"), claims.get("auth_time", issued_at)
    if (
        not (isinstance(subject, str) and subject.isascii() and subject.isdigit())
        or len(subject) > 19
        or int(subject) > _BIGINT
        or not isinstance(role, str)
        or not (isinstance(jti, str) and jti and len(jti) <= 200 and "\0" not in jti)
        or type(issued_at) not in (int, float)
        or type(expires_at) not in (int, float)
        or not (session is None or isinstance(session, str))
        or type(auth_time) not in (int, float)
    ):
        raise TokenError("The token is not valid: log in again.")
    try:
        times = float(issued_at), float(expires_at), float(auth_time)
    except OverflowError:
        raise TokenError("The token is not valid: log in again.") from None
    if not all(map(isfinite, times)):
        raise TokenError("The token is not valid: log in again.")
    return Claims(int(subject), role, *times[:2], jti, session, times[2])
