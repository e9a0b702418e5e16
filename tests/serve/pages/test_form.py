import pytest
from starlette.requests import Request

from classpulse.serve.pages.form import form, local_path


@pytest.mark.parametrize("target", ["/", "/?term=3", "/sections/4?x=%2F%2Fevil", "/students/é"])
def test_a_path_of_this_site_is_gone_on_to(target: str) -> None:
    assert local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example",
        "javascript:alert(1)",
        "sections",
        "/login?next=/login",
        "/logout",
        "/" + "a" * 3000,
    ],
)
def test_no_other_place_is_gone_on_to(target: str | None) -> None:
    assert local_path(target) == "/"


def request_with(body: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_a_form_is_read_as_browsers_send_it() -> None:
    body = b"email=zo%C3%AB%2Bx%40school.example&password=a%26b+c&next="
    assert await form(request_with(body)) == {
        "email": "zoë+x@school.example",
        "password": "a&b c",
        "next": "",
    }


@pytest.mark.parametrize("body", [b"a=" + b"x" * 20_000, b"a=1&" * 100, b"\xff\xfe=1"])
async def test_what_is_no_form_of_ours_has_no_fields(body: bytes) -> None:
    assert await form(request_with(body)) == {}
