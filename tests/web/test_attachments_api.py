"""Attachments over the API: listed where they were sent, and handed out as bytes that no browser runs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx
import pytest

from bot.web.api.attachments import disposition
from core.desk import tickets
from core.models.desk import Attachment
from core.ports import File
from tests.web.front import NOON, Front

PAGE = b"<script>alert(document.cookie)</script>"


@pytest.fixture
async def reader(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.caller(front.reading) as client:
        yield client


async def sent(*files: File, text: str = "It blinks") -> str:
    said = await tickets.heard_from("support-bot", "777", text, name="Ann <3", files=files, now=NOON)
    return said.ticket.number


async def test_a_tickets_history_names_the_files_where_they_were_sent(reader: httpx.AsyncClient) -> None:
    number = await sent(
        File("../page.html", "text/html", data=PAGE), File("plan.pdf", "application/pdf", size=9, ref="secret-ref")
    )
    await sent(text="Anybody there?")
    lines = (await reader.get(f"/api/v1/tickets/{number}/history")).json()["items"]
    assert [(line["text"], [one["name"] for one in line["attachments"]]) for line in lines] == [
        ("Anybody there?", []),
        ("It blinks", ["page.html", "plan.pdf"]),
        ("", []),
    ]
    ticket = await reader.get(f"/api/v1/tickets/{number}")
    page, plan = ticket.json()["attachments"]
    assert (page["state"], page["size"], page["media_type"]) == ("stored", len(PAGE), "text/html")
    assert (plan["state"], plan["size"], plan["problem"]) == ("waiting", 9, "")
    assert "secret-ref" not in ticket.text


async def test_a_page_that_somebody_sent_comes_back_as_bytes_and_never_as_a_page(reader: httpx.AsyncClient) -> None:
    await sent(File("page.html", "text/html", data=PAGE))
    got = await reader.get(f"/api/v1/attachments/att_{(await Attachment.get()).id}")
    assert (got.status_code, got.content) == (200, PAGE)
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["账单 2026.pdf", "a\u202egpj.exe", "it's; filename=x.txt", 'qu"ote.txt', "100%.txt"])
async def test_a_download_is_called_as_it_was_kept(reader: httpx.AsyncClient, name: str) -> None:
    await sent(File(name, "", data=b"x"))
    row = await Attachment.get()
    header = (await reader.get(f"/api/v1/attachments/att_{row.id}")).headers["content-disposition"]
    assert header.isascii()
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._ -]+"; filename\*=UTF-8\'\'[A-Za-z0-9._~%-]+', header)
    read = EmailMessage()
    read["Content-Disposition"] = header.replace(header.split("; ")[1] + "; ", "")
    assert read.get_filename() == row.name


async def test_what_is_not_here_is_not_found(reader: httpx.AsyncClient) -> None:
    await sent(File("plan.pdf", "application/pdf", ref="file-17"))
    for name in (f"att_{(await Attachment.get()).id}", "att_4711", "..%2f..%2fetc%2fpasswd"):
        assert (await reader.get(f"/api/v1/attachments/{name}")).status_code == 404


async def test_without_a_token_that_may_read_nobody_gets_a_file(front: Front) -> None:
    await sent(File("page.html", "text/html", data=PAGE))
    path = f"/api/v1/attachments/att_{(await Attachment.get()).id}"
    async with front.client() as stranger, front.caller() as teller:
        assert (await stranger.get(path)).status_code == 401
        assert (await teller.get(path)).status_code == 403


def test_a_name_cannot_add_a_header() -> None:
    assert "\n" not in disposition("a\r\nSet-Cookie: x")
