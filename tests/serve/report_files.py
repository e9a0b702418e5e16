"""What tests of reports share: fetching one, and reading it back."""

import csv
import io
from typing import Any

import httpx2
import openpyxl
from pypdf import PdfReader

from serve.conftest import Client

DOWNLOAD = "/reports/download"
HOSTILE = (
    ("O'Brien</script>", "<b>Bold</b> & Sons"),
    ("=1+1", "Formula"),
    ("  @SUM(A1)", "Blank"),
    ("محمد", "عبد الله"),
    ("שלום", "כהן"),
    ("😀", "Emoji 👩\u200d🎓"),
    ("Nguyễn", "Thị Ánh"),
    ("Ελένη", "Ёжик"),
    ("L" * 200, "x"),
    ("王", "小明"),
    ("http://a.test", "Link"),
    ("-2", "\u202eOverride\u0001\ufffe"),
)


async def report(client: Client, query: str, educator_id: int = 1) -> httpx2.Response:
    """A report that was made."""
    response = await client.get(f"{DOWNLOAD}?{query}", educator_id)
    assert response.status_code == 200, response.text
    return response


async def rows_of_csv(client: Client, query: str, educator_id: int = 1) -> list[dict[str, str]]:
    """The rows of a report as CSV, by the names of its columns."""
    response = await report(client, f"format=csv&{query}", educator_id)
    return read_csv(response.content)


def read_csv(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def workbook(client: Client, query: str, educator_id: int = 1) -> Any:
    """A report as a workbook."""
    response = await report(client, f"format=xlsx&{query}", educator_id)
    return openpyxl.load_workbook(io.BytesIO(response.content))


async def pages(client: Client, query: str, educator_id: int = 1) -> list[str]:
    """The text of each page of a report as PDF."""
    response = await report(client, f"format=pdf&{query}", educator_id)
    return [page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages]


async def hostile_names(tool: Any) -> None:
    """Every student of section 1 has a name that somebody might not have thought of."""
    for number, (first, last) in enumerate(HOSTILE, 1):
        await tool.execute(
            "update students set first_name = $1, last_name = $2 where id = $3", first, last, number
        )
    await tool.execute("call performance_wait(timeout => '10 s')")
