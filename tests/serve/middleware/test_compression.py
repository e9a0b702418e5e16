"""What is compressed, for whom, and what can't be told from the length."""

import asyncio
import gzip
import time
from typing import Any

import httpx2
import pytest

from classpulse.serve.auth import tokens
from classpulse.serve.auth.caller import COOKIE
from classpulse.serve.middleware.compression import Compression, gzipped, takes_gzip
from serve.conftest import API, SECRET, Client
from serve.live import listening, token


async def sent(client: Client, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
    request = client.http.build_request(
        method, path, headers={"Accept-Encoding": "gzip", **client.as_(1), **headers}
    )
    return await client.http.send(request)


@pytest.mark.parametrize("path", ["/", "/students?q=student", "/sections/1", f"{API}/students"])
async def test_text_and_json_are_a_fraction_on_the_wire(reader: Client, path: str) -> None:
    plain = await sent(reader, path, **{"Accept-Encoding": "identity"})
    packed = await sent(reader, path)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    size = int(packed.headers["content-length"])
    assert size < len(plain.content) / 3
    assert packed.num_bytes_downloaded == size
    assert packed.headers["content-type"] == plain.headers["content-type"]
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()
    if path.startswith("/api/"):
        assert packed.json()["items"] == plain.json()["items"]


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/terms",
        "/api/v1/auth/me",
        f"{API}/nothing",
        f"{API}/reports/download?format=csv",
        f"{API}/reports/download?format=xlsx",
        f"{API}/reports/download?format=pdf",
    ],
)
async def test_what_is_small_a_token_or_a_file_is_sent_as_it_is(reader: Client, path: str) -> None:
    answer = await sent(reader, path)
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_stream_is_not_held_back_to_be_packed(school_url: str) -> None:
    async with (
        listening(school_url) as live,
        live.stream(**{"Accept-Encoding": "gzip"}) as feed,
    ):
        assert "content-encoding" not in feed.headers
        await feed.until("ready")


async def test_of_head_the_answer_has_a_head_alone(school_url: str) -> None:
    headers = {"Authorization": f"Bearer {token()}", "Accept-Encoding": "gzip"}
    async with (
        listening(school_url) as live,
        live.request("HEAD", "/students", {**headers, "Connection": "close"}) as feed,
    ):
        assert feed.headers["content-encoding"] == "gzip"
        assert 0 < int(feed.headers["content-length"]) < 20_000
        assert await feed.reader.read() == b""


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["br, GZIP;q=0.5"], True),
        (["br", "x-gzip"], True),
        (["*"], True),
        (["*;q=0"], False),
        (["br;q=1.0, gzip;q=0"], False),
        (["gzip; q=0.000, *"], False),
        (["gzip;q=nonsense"], True),
        (["identity", "deflate"], False),
        (["gzip" + ",gzip" * 500], True),
    ],
)
def test_a_client_says_whether_it_takes_gzip(accepted: list[str], expected: bool) -> None:
    assert takes_gzip(accepted) is expected


@pytest.mark.parametrize("size", [0, 1, 1024, 300_000])
@pytest.mark.parametrize("padding", [0, 1, 2, 255])
def test_padding_is_no_part_of_the_body(size: int, padding: int) -> None:
    body = bytes(n % 251 for n in range(size))
    packed = gzipped(body, padding=padding)
    assert gzip.decompress(packed) == body
    assert len(packed) == len(gzipped(body, padding=0)) + padding


async def test_the_length_does_not_tell_what_was_guessed_right(reader: Client) -> None:
    lengths = {
        int((await sent(reader, f"{API}/students?q=student")).headers["content-length"])
        for _ in range(40)
    }
    assert len(lengths) > 20
    assert max(lengths) - min(lengths) > 100


async def test_no_token_is_in_a_page_twice_alike(reader: Client) -> None:
    bearer = reader.as_(1)["Authorization"].partition(" ")[2]
    own = tokens.csrf(SECRET, tokens.read(SECRET, bearer).jti)
    pages = [
        (await reader.http.get("/students", headers={"Cookie": f"{COOKIE}={bearer}"})).text
        for _ in range(2)
    ]
    shown = [page.partition('name="csrf_token" value="')[2].partition('"')[0] for page in pages]
    assert shown[0] != shown[1]
    for page, one in zip(pages, shown, strict=True):
        assert own not in page
        assert bearer not in page
        assert tokens.is_csrf(SECRET, tokens.read(SECRET, bearer).jti, one)


@pytest.mark.parametrize("sent", ["", "x", "é" * 64, "0" * 128, "z" * 128, "0" * 127, "0" * 64])
def test_another_csrf_token_is_none(sent: str) -> None:
    assert not tokens.is_csrf(SECRET, "jti", sent)


async def test_packing_a_large_answer_leaves_the_loop_to_others(reader: Client) -> None:
    """As of a large list: what takes milliseconds is done in a thread."""
    body = b"".join(f"{n * 7919 % 104729},".encode() for n in range(1_000_000))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def send(message: Any) -> None:
        pass

    scope = {
        "type": "http", "path": "/", "headers": [(b"accept-encoding", b"gzip")]
    }  # fmt: skip
    packing = asyncio.create_task(Compression(app)(scope, None, send))  # type: ignore[arg-type]
    ticks, begun = 0, time.monotonic()
    while not packing.done():
        await asyncio.sleep(0.001)
        ticks += 1
    await packing
    assert ticks > 5, time.monotonic() - begun
