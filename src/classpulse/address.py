"""The address of a database: everything a connection URL asks for, read in one place."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

EXAMPLE = "postgresql://user:password@host:5432/database"

_URL = re.compile(
    r"postgres(?:ql)?://(?P<authority>[^/?]*)(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"(?P<name>\[[^\]]+\]|[^\[\]:]*)(?::(?P<port>\d*))?")
_SETTING = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.]*)\s*=")

_TLS = {"sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword"}
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
#: what the driver takes as it stands
_PASSED = _TLS | {
    *("user", "password", "dbname", "passfile", "service", "krbsrvname", "gsslib"),
    *("sslmode", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
}
_SOCKET = {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
_OURS = _SOCKET | {
    *("host", "port", "application_name", "fallback_application_name", "connect_timeout"),
    *("options", "target_session_attrs", "tcp_user_timeout"),
}
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        *("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
    ),
    "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "gsslib": ("gssapi", "sspi"),
}
#: options of libpq that the driver lacks, with the values that ask for nothing it can't do
_IDLE = {
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
    "client_encoding": ("utf8", "utf-8", "auto"),
}
_NUMBERS = (*sorted(_SOCKET), "tcp_user_timeout", "connect_timeout")


class AddressError(ValueError):
    """A URL that can't be followed to the letter; the message says what was expected instead."""


@dataclass(frozen=True)
class Address:
    """Where the database is, and how each connection to it is made.

    ``hosts`` are tried in this order; none: the driver's own default. ``connect_seconds`` counts
    for each host. ``options`` are those that the driver takes as they stand, ``socket`` those of
    the connection below it.
    """

    hosts: tuple[tuple[str, str], ...]
    options: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str]
    target_session_attrs: str | None
    connect_seconds: float | None
    socket: Mapping[str, int]

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read ``url`` as libpq does, or raise :class:`AddressError`."""
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressError(f"an address like {EXAMPLE}")
        given = _options(match)
        _check(given)
        return cls(
            hosts=_hosts(given),
            options={name: value for name, value in given.items() if name in _PASSED},
            settings=_settings(given),
            target_session_attrs=given.get("target_session_attrs"),
            connect_seconds=float(given.get("connect_timeout", 0)) or None,
            socket={
                name: int(given[name]) for name in (*_SOCKET, "tcp_user_timeout") if name in given
            },
        )

    @property
    def chosen(self) -> frozenset[str]:
        """The settings of the session that the address itself makes."""
        return frozenset(_SETTING.findall(self.settings.get("options", "")))

    def each(self, attributes: str | None) -> Iterator[str]:
        """The driver's URL of each host, asking it to be of a kind."""
        wanted = {"target_session_attrs": attributes or ""}
        for host, port in self.hosts or (("", ""),):
            place = {"host": host, "port": port} if host else {"port": port}
            options = {
                name: value for name, value in {**place, **self.options, **wanted}.items() if value
            }
            yield "postgresql://?" + "&".join(
                f"{name}={quote(value, safe='')}" for name, value in options.items()
            )

    def __str__(self) -> str:
        """For messages and logs: no user, no password, no options."""
        database = self.options.get("dbname") or "(default)"
        hosts = [
            host if host.startswith("/") else f"{host}:{port or 5432}" for host, port in self.hosts
        ]
        return f"the database {database} on {', '.join(hosts) or 'localhost:5432'}"


def _options(match: "re.Match[str]") -> dict[str, str]:
    """Every option of the address by libpq's name; a later one wins."""
    userinfo, at, hosts = match["authority"].partition("@")
    if not at:
        userinfo, hosts = "", userinfo
    if "@" in hosts:
        raise AddressError("an address with one @ (a password's own is written %40)")
    user, _, password = userinfo.partition(":")
    given = {"user": unquote(user), "password": unquote(password)}
    given["dbname"] = unquote(match["database"] or "")
    if hosts:
        places = [_HOST.fullmatch(host) for host in hosts.split(",")]
        if None in places:
            raise AddressError(f"an address like {EXAMPLE}, with hosts like host:5432")
        found = [place for place in places if place is not None]
        given["host"] = ",".join(unquote(place["name"]) for place in found)
        given["port"] = ",".join(place["port"] or "" for place in found)
    for pair in filter(None, (match["query"] or "").split("&")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise AddressError(f"an address whose options are written name=value, not {name}")
        given[unquote(name)] = unquote(value)
    if given.pop("ssl", None) == "true":
        given.setdefault("sslmode", "require")
    return {name: value for name, value in given.items() if value}


def _check(given: Mapping[str, str]) -> None:
    """Every option is followed by every connection, or the address is refused."""
    for name, value in given.items():
        if name in _IDLE:
            if value.lower() not in _IDLE[name]:
                raise AddressError(
                    f"an address without {name}={value}, which this driver can't keep"
                )
        elif name not in _PASSED | _OURS:
            raise AddressError(
                f"an address without {name}, which is no option of a connection"
                " (a setting of the session is written options=-c%20name%3Dvalue)"
            )
        if name in _CHOICES and value not in _CHOICES[name]:
            raise AddressError(f"an address whose {name} is one of {', '.join(_CHOICES[name])}")
        if name in _NUMBERS and not re.fullmatch(r"\d{1,9}", value):
            raise AddressError(f"an address whose {name} is a whole number")
    if given.get("sslnegotiation") == "direct" and given.get("sslmode") not in (
        *("require", "verify-ca", "verify-full"),
    ):
        raise AddressError("sslmode=require or stricter with sslnegotiation=direct")
    if given.get("sslrootcert") == "system":
        raise AddressError(
            "a file as sslrootcert, not system: /etc/ssl/certs/ca-certificates.crt on Debian"
        )
    for name in _FILES:
        if name in given and not os.access(given[name], os.R_OK):
            raise AddressError(f"a file that can be read as {name}, not {given[name]}")


def _hosts(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    names = given.get("host", "").split(",")
    ports = given.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(names)
    if len(ports) != len(names):
        raise AddressError(f"as many ports as hosts, not {len(ports)} for {len(names)}")
    if len(names) > 1 and not all(names):
        raise AddressError("a name for each host")
    for port in ports:
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise AddressError("ports from 1 to 65535")
    if names == [""] and ports == [""]:
        return ()
    bracketed = (f"[{name}]" if ":" in name and name[0] not in "/[" else name for name in names)
    return tuple(zip(bracketed, ports, strict=True))


def _settings(given: Mapping[str, str]) -> dict[str, str]:
    """What is told to the server as the session begins."""
    settings = {}
    if name := given.get("application_name") or given.get("fallback_application_name"):
        settings["application_name"] = name
    if options := given.get("options"):
        settings["options"] = options
    return settings
