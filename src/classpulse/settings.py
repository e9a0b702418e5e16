"""Settings, read from the environment once, at the start of a command."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from classpulse.address import Address, AddressError
from classpulse.errors import SettingError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 31_557_600}
_DURATION = re.compile(r"(\d{1,6})([smhdy])")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per environment variable; ``docs`` in the README."""

    database_url: str | None = None
    listen_url: str | None = None
    data_dir: Path
    jwt_secret: str | None = None
    origins: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    session_days: int = 30
    port: int = 8000
    workers: int = 1
    # whether a server projects where nobody else does, or leaves it to `classpulse project`
    projector: Literal["inside", "apart"] = "inside"
    event_retention: timedelta = timedelta(days=7)
    # who changed which grade, from what to what
    history_retention: timedelta = timedelta(seconds=5 * _SECONDS["y"])
    log: Literal["text", "json"] = "text"
    # failed sign-ins in 15 minutes: per account, per address; 0 switches a limit off
    login_limit: tuple[int, int] = (10, 50)
    # requests in a minute: per educator, per address
    request_limit: tuple[int, int] = (600, 1200)
    # open streams and sockets per educator
    stream_limit: int = 100
    # addresses and networks of proxies whose X-Forwarded-* is believed
    forwarded_allow: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check every setting; a wrong value raises :class:`SettingError`."""
        return cls(
            database_url=_postgres_url(environ, "DATABASE_URL"),
            listen_url=_postgres_url(environ, "CLASSPULSE_LISTEN_URL"),
            data_dir=Path(environ.get("CLASSPULSE_DATA_DIR") or _user_data_dir(environ)),
            jwt_secret=_secret(environ),
            origins=_origins(environ, "CLASSPULSE_ORIGIN"),
            cors_origins=_origins(environ, "CLASSPULSE_CORS_ORIGINS"),
            session_days=_whole_number(environ, "CLASSPULSE_SESSION_DAYS", 30, 1, 365),
            port=_whole_number(environ, "PORT", 8000, 0, 65535),
            workers=_whole_number(environ, "WEB_CONCURRENCY", 1, 1, 256),
            projector=_projector(environ),
            event_retention=_retention(environ, "CLASSPULSE_EVENT_RETENTION", "7d"),
            history_retention=_retention(environ, "CLASSPULSE_HISTORY_RETENTION", "5y"),
            log=_log(environ),
            login_limit=_limits(environ, "CLASSPULSE_LOGIN_LIMIT", (10, 50)),
            request_limit=_limits(environ, "CLASSPULSE_REQUEST_LIMIT", (600, 1200)),
            stream_limit=_whole_number(environ, "CLASSPULSE_STREAM_LIMIT", 100, 0, 1_000_000),
            forwarded_allow=_networks(environ, "CLASSPULSE_FORWARDED_ALLOW"),
        )


def duration(text: str) -> timedelta | None:
    """``90s``, ``15m``, ``12h``, ``7d`` or ``5y``; ``None`` for anything else or for nothing."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        return None
    try:
        return timedelta(seconds=_SECONDS[match[2]] * int(match[1]))
    except OverflowError:
        return None


def _postgres_url(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name) or None
    if value is not None:
        try:
            Address.parse(value)
        except AddressError as error:
            raise SettingError(name, str(error)) from None
    return value


def _user_data_dir(environ: Mapping[str, str]) -> Path:
    home = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or Path.home(), ".local/share")
    return Path(home, "classpulse")


def _secret(environ: Mapping[str, str]) -> str | None:
    value = environ.get("CLASSPULSE_JWT_SECRET") or None
    if value is not None and len(value.encode()) < 32:
        raise SettingError("CLASSPULSE_JWT_SECRET", "at least 32 bytes")
    return value


def _origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = (environ.get(name) or "").lower().replace(",", " ").split()
    if not all(re.fullmatch(r"https?://[^/\s*]+", origin) for origin in origins):
        raise SettingError(name, "origins like https://example.org, separated by commas")
    # as browsers write them
    return tuple(re.sub(r"^(http://.+):80$|^(https://.+):443$", r"\1\2", each) for each in origins)


def _whole_number(
    environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int
) -> int:
    value = environ.get(name) or str(default)
    if not re.fullmatch(r"\d{1,9}", value) or not lowest <= int(value) <= highest:
        raise SettingError(name, f"a whole number from {lowest} to {highest}")
    return int(value)


def _projector(environ: Mapping[str, str]) -> Literal["inside", "apart"]:
    match environ.get("CLASSPULSE_PROJECTOR") or "inside":
        case "inside":
            return "inside"
        case "apart":
            return "apart"
        case _:
            raise SettingError("CLASSPULSE_PROJECTOR", "inside or apart")


def _retention(environ: Mapping[str, str], name: str, default: str) -> timedelta:
    value = duration(environ.get(name) or default)
    if value is None:
        raise SettingError(name, f"a duration like 12h or {default}")
    return value


def _log(environ: Mapping[str, str]) -> Literal["text", "json"]:
    match environ.get("CLASSPULSE_LOG") or "text":
        case "text":
            return "text"
        case "json":
            return "json"
        case _:
            raise SettingError("CLASSPULSE_LOG", "text or json")


def _limits(environ: Mapping[str, str], name: str, default: tuple[int, int]) -> tuple[int, int]:
    value = (environ.get(name) or "").strip()
    if not value:
        return default
    match = re.fullmatch(r"(\d{1,7})(?:\s*,\s*(\d{1,7}))?", value)
    if match is None:
        first, second = default
        raise SettingError(
            name,
            f"two whole numbers like {first},{second} (the first per account, the second per"
            " address), or one for both; 0 switches a limit off",
        )
    return int(match[1]), int(match[2] or match[1])


def _networks(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    given = (environ.get(name) or "").replace(",", " ").split()
    try:
        return tuple(str(ipaddress.ip_network(one, strict=False)) for one in given)
    except ValueError:
        raise SettingError(
            name, "addresses or networks like 10.0.0.5 or 10.0.0.0/8, separated by commas"
        ) from None
