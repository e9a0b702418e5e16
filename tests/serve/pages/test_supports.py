"""Supports in the card and on their page, and what changed since somebody last looked."""

import asyncio
import json
from typing import Any

from serve.conftest import API, Client
from serve.gradebook import settle
from serve.pages.test_card import html

HOSTILE = "O'Brien</script><img src=x onerror=broken()>"


async def test_a_note_is_text_in_the_card_and_on_its_page(client: Client, tool: Any) -> None:
    await tool.execute(
        "update supports set note = $1, kind = $1, closed_at = now(), outcome = $1", HOSTILE
    )
    for address in ("/students/1/card", "/supports?show=closed"):
        page = await html(client, address)
        assert "O&#39;Brien&lt;/script&gt;" in page, address
        assert "<img src=x" not in page, address
    assert "Of Bob" not in await html(client, "/supports")


async def test_the_page_lists_open_due_and_closed(client: Client, tool: Any) -> None:
    await tool.execute("update supports set review_on = '2020-01-01' where id = 1")
    assert "Of section 1" in await html(client, "/supports")
    assert "Of section 1" in await html(client, "/supports?show=due")
    assert "No supports here." in await html(client, "/supports?show=closed")
    assert (await client.http.get("/supports?show=all", headers=client.as_(1))).status_code == 400


async def test_one_who_teaches_another_section_reads_the_note_and_not_where(
    client: Client,
) -> None:
    page = await html(client, "/students/1/card", 2)
    assert "Of section 1" in page
    assert "in another section" in page
    assert "10-A" not in page


async def test_what_changed_is_told_old_to_new(client: Client, tool: Any) -> None:
    await settle(tool)
    while not (await client.http.get("/readyz")).json()["live"]:
        await asyncio.sleep(0.05)
    start = (await client.read("/overview"))["as_of"]
    answer = await client.http.request(
        "PUT", API + "/changes/mark", content=json.dumps({"id": start}),
        headers=client.as_(1) | {"content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200
    await tool.execute("update grades set score = 77 where student_id = 2 and exam_id = 1")
    await settle(tool)
    page = await html(client, "/changes")
    assert '<s><span class="visually-hidden">before </span>40</s>' in page
    assert "<strong>77 of 100 (C+)</strong>" in page
    assert "I have read this" in page
    assert "/changes" in await html(client, "/")
