import gzip
import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from classpulse.assets import folder
from classpulse.serve.pages.rendering import static_files
from classpulse.serve.pages.static_files import StaticFiles


def client_of(files: StaticFiles) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=Starlette(routes=[files.route]))
    return httpx2.AsyncClient(transport=transport, base_url="http://school.example")


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    tmp_path.joinpath("css").mkdir()
    tmp_path.joinpath("css/page.css").write_text("body { margin: 0 }")
    tmp_path.joinpath(".secret").write_text("not to be served")
    return StaticFiles(tmp_path)


async def test_a_file_is_kept_for_good_under_the_hash_of_what_it_holds(files: StaticFiles) -> None:
    async with client_of(files) as client:
        answer = await client.get(files.address("css/page.css"))
    assert answer.text == "body { margin: 0 }"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_another_releases_address_is_answered_but_not_kept(files: StaticFiles) -> None:
    async with client_of(files) as client:
        answer = await client.get("/static/0123456789ab/css/page.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_file_that_is_there_already_is_not_sent_again(files: StaticFiles) -> None:
    address = files.address("css/page.css")
    async with client_of(files) as client:
        etag = (await client.get(address)).headers["etag"]
        again = await client.get(address, headers={"if-none-match": f'"other", {etag}'})
        other = await client.get(address, headers={"if-none-match": '"other"'})
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["", ".secret", "css", "%2e%2e/pyproject.toml"])
async def test_nothing_else_is_served(files: StaticFiles, path: str) -> None:
    async with client_of(files) as client:
        assert (await client.get(f"/static/{files.version}/{path}")).status_code == 404


def test_a_changed_file_changes_every_address(files: StaticFiles, tmp_path: Path) -> None:
    tmp_path.joinpath("css/page.css").write_text("body { margin: 1px }")
    assert StaticFiles(tmp_path).version != files.version


async def test_files_are_served_one_after_the_other_as_one(tmp_path: Path) -> None:
    tmp_path.joinpath("a.css").write_text("a {}")
    tmp_path.joinpath("b.css").write_text("b {}")
    files = StaticFiles(tmp_path, {"all.css": ["b.css", "a.css"]})
    async with client_of(files) as client:
        assert (await client.get(files.address("all.css"))).text == "b {}a {}"


def test_every_style_sheet_is_in_the_one_that_pages_load() -> None:
    loaded = next(
        part for name, part in static_files()._files.items() if name == "css/all.css"
    ).body.decode()
    for path in folder("static").joinpath("css").glob("*.css"):
        assert path.read_text() in loaded, path.name


def test_scripts_and_styles_stay_small() -> None:
    """As a browser gets them: 60 KB in all."""
    scripts = [gzip.compress(path.read_bytes()) for path in folder("static").rglob("*.js")]
    styles = "".join(path.read_text() for path in folder("static").rglob("*.css"))
    assert 0 < sum(map(len, scripts)) + len(gzip.compress(styles.encode())) < 60_000


def test_no_script_writes_markup_and_no_template_holds_script_or_style() -> None:
    for path in folder("static").rglob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()
        ), path.name
    for path in folder("templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|\|\s*safe", text), path.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path.name
