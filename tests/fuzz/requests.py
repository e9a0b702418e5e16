"""Requests that nobody should send: every route with values, headers and bodies of all kinds."""

import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from matrix.routes import MATRIX, NOUNS

_NAMES = [
    "limit", "cursor", "term", "section_id", "subject_id", "student_id", "student", "status", "q",
    "min_average", "max_average", "attendance_below", "sort", "order", "basis", "from", "to",
    "before", "types", "since", "lastEventId", "format", "report", "next", "unknown", "limit[]",
]  # fmt: skip
_PLAIN = [
    "1", "2", "0", "-1", "999999", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "9" * 200, "1e3", "1.5", "NaN", "Infinity", "0x10", "٣", " 1", "true",
    "null", "name", "last_name", "average", "asc", "desc", "pass", "no_data", "subject", "csv",
    "pdf", "xlsx", "message", "grade_update", "heartbeat", "_canary", "2025-10-20", "2025-13-40",
    "99999-01-01", "abc-1", "abc-", "-", "a" * 199, "a" * 5000, "", "O'Brien</script>", "=1+1",
    "%", "_", "\\", "%00", "\0", "\u2028", "é", "e\u0301", "🙂", "'; drop table grades; --",
    "../../etc/passwd", "//evil.example", "{{7*7}}", "${jndi:ldap://x}", "\r\nX-Injected: 1",
]  # fmt: skip
_HEADERS = {
    "Accept": ["text/html", "application/json", "*/*;q=0", "text/event-stream", ",,,", "é"],
    "Accept-Encoding": ["gzip", "br;q=1.0, gzip;q=0", "identity;q=0", "gzip" + ",gzip" * 500],
    "Range": ["bytes=0-10", "bytes=-1", "bytes=9-1", "items=1"],
    "If-None-Match": ["*", 'W/"x"', '"' + "x" * 3000 + '"'],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "Last-Event-ID": ["abc-1", "0", "-1", "x" * 4000, "é", "a b", "abc-99999999999999999999999"],
    "Origin": ["http://[", "http://[::1", "null", "https://evil.example", "javascript:alert(1)"],
    "Host": ["evil.example", "[::1", "a b", "x" * 500, "localhost:99999"],
    "Cookie": ["classpulse_token=x", "classpulse_token", "=;=;=", "a=" + "b" * 3000, '"\\'],
    "Referer": ["http://[", "x" * 2000],
    "Content-Type": ["text/plain", "application/json; charset=utf-16", "multipart/form-data", ";"],
    "X-CSRF-Token": ["", "x", "é"],
    "X-Forwarded-For": ["1.2.3.4", "not an address", "::1", "1.2.3.4, " * 50],
    "X-Forwarded-Proto": ["https", "javascript", ","],
    "Forwarded": ["for=1.2.3.4;proto=https"],
    "Sec-Fetch-Site": ["cross-site", "same-site", "same-origin", "x"],
    "Upgrade": ["websocket", "h2c"],
    "Expect": ["100-continue"],
    "Access-Control-Request-Method": ["POST", "TRACE"],
    "Authorization": ["Bearer", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 4000, "é"],
}
_METHODS = ["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]


@dataclass
class Attempt:
    """One request; ``is_stream``: its answer may have no end."""

    method: str
    address: str
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    body: bytes | None = None
    is_stream: bool = False


class Attempts:
    """Requests drawn by a seed: the same seed draws the same ones."""

    def __init__(self, seed: int, token: Callable[[], str]) -> None:
        self._draw = random.Random(seed)
        # a new one for each: some of them sign it out
        self._token = token
        self._routes = [route for route in MATRIX if route[0] != "WS"]

    def next(self) -> Attempt:
        draw = self._draw
        method, template = draw.choice(self._routes)
        if draw.random() < 0.15:
            method = draw.choice(_METHODS)
        headers = self._headers()
        # every second one gets past the door with its own values
        is_tame = draw.random() < 0.5
        address = self._tame(template, method) if is_tame else self._address(template)
        attempt = Attempt(method, address, headers)
        attempt.is_stream = template.endswith("/stream")
        if method in ("POST", "PUT", "PATCH"):
            attempt.body = self._body(template)
            if draw.random() < 0.85:
                form = "application/x-www-form-urlencoded"
                kind = form if template in ("/login", "/logout") else "application/json"
                headers.append(("Content-Type", kind.encode()))
        return attempt

    def _tame(self, template: str, method: str) -> str:
        """An address that exists, with a parameter that its route knows."""
        asked = MATRIX.get((method, template))
        ids = {noun: self._draw.randint(1, 4) for noun in NOUNS}
        queries = [asked.query, *(query.format(**ids) for query in asked.keyed)] if asked else [""]
        query = self._draw.choice(queries)
        address = template.replace("{path:path}", "nothing.css")
        for noun, id_ in ids.items():
            address = address.replace(f"{{{noun}_id}}", str(id_))
        return address + (f"?{query}" if query else "")

    def _address(self, template: str) -> str:
        address = template
        while "{" in address:
            before, _, rest = address.partition("{")
            _, _, after = rest.partition("}")
            address = before + quote(self._value(), safe="/.%") + after
        names = self._draw.sample(_NAMES, self._draw.choice([0, 0, 1, 1, 2, 3]))
        query = "&".join(f"{quote(name)}={quote(self._value())}" for name in names)
        return address + (f"?{query}" if query else "")

    def _headers(self) -> list[tuple[str, bytes]]:
        headers = []
        if self._draw.random() < 0.8:
            headers.append(("Authorization", f"Bearer {self._token()}".encode()))
        for name in self._draw.sample(sorted(_HEADERS), self._draw.choice([0, 0, 1, 2])):
            headers.append((name, self._draw.choice(_HEADERS[name]).encode()))
        return headers

    def _value(self) -> str:
        draw = self._draw
        if draw.random() < 0.7:
            return draw.choice(_PLAIN)
        if draw.random() < 0.5:
            return "".join(draw.choices(string.printable, k=draw.randint(0, 40)))
        return "".join(chr(draw.randrange(1, 0xD800)) for _ in range(draw.randint(1, 20)))

    def _body(self, template: str) -> bytes:
        draw = self._draw
        kind = draw.randrange(10)
        if kind == 0:
            return draw.randbytes(draw.randint(0, 300))
        if kind == 1:
            depth = draw.choice([100, 2_000, 50_000])
            return draw.choice([b"[", b'{"a":']) * depth
        if kind == 2:
            return b'{"q": "' + b"x" * draw.choice([10, 10_000, 1_200_000]) + b'"}'
        if template in ("/login", "/logout"):
            names = ["email", "password", "next", "csrf_token", "unknown"]
            return "&".join(f"{n}={quote(self._value())}" for n in names).encode()
        names = ["section_ids", "subject_ids", "performance_threshold", "sort_by", "sort_order",
                 "top_count", "low_count", "limit", "cursor", "q", "email", "password",
                 "everywhere", "status"]  # fmt: skip
        value = {name: self._json() for name in draw.sample(names, draw.randint(0, 4))}
        return json.dumps(value).encode()

    def _json(self, depth: int = 0) -> object:
        draw = self._draw
        match draw.randrange(9):
            case 0:
                return draw.choice([0, 1, -1, 2**53 + 1, 2**63, 10**400, 1.5, 1e308])
            case 1:
                return draw.choice([None, True, False])
            case 2 | 3 if depth < 4:
                return [self._json(depth + 1) for _ in range(draw.randint(0, 3))]
            case 4 if depth < 4:
                return {self._value(): self._json(depth + 1) for _ in range(draw.randint(0, 2))}
            case _:
                return self._value()
