"""Who a visitor is: signed by the host site in any language, and what becomes of what a stranger said."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.channels.webchat.identity import read_visitor_token, visitor_token
from core.ports import Button, Person, Tapped
from core.store import Store
from tests.rigs.webchat import Visitor
from tests.rigs.webchat_desk import HOST_SECRET, START, Desk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "webchat.md"
ANN = "ann@example.org"
RUNS = {
    "python": [sys.executable, "-c"],
    "js": [shutil.which("node") or "", "--input-type=module", "-e"],
    "php": [shutil.which("php") or "", "-r"],
}


@pytest.fixture
async def desk(sqlite_store: Store) -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(desk.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def example(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"the page has no example in {language}"
    return found[1].removeprefix("<?php\n")


@pytest.mark.parametrize("language", RUNS)
def test_the_example_of_each_language_writes_a_token_that_is_read(language: str) -> None:
    assert RUNS[language][0], f"install what runs {language} (Debian: nodejs, php-cli)"
    script = example(language)
    environment = {"WEBCHAT_SECRET": HOST_SECRET}
    told = subprocess.run([*RUNS[language], script], capture_output=True, check=True, env=environment, timeout=30)
    token = told.stdout.decode().strip()
    assert read_visitor_token(HOST_SECRET, token, now=START) == Person("customer-17", "Ann <3 Müller", "en")
    assert not read_visitor_token(HOST_SECRET + "x", token, now=START)


async def identified(visitor: Visitor, who: str = ANN) -> None:
    """The page is loaded again, and the host names its visitor."""
    visitor.identity = visitor_token(HOST_SECRET, who, "Ann")
    await visitor.arrive()


async def test_a_stranger_who_signs_in_keeps_the_conversation(desk: Desk, client: httpx.AsyncClient) -> None:
    ann = await Visitor(client).arrive()
    stranger = ann.id
    await ann.write("Where is my parcel?")
    await desk.write(stranger, "We are looking", key="reply:1")
    await identified(ann)
    assert ann.id == ANN
    await desk.write(stranger, "It is in Bremen", key="reply:2")
    await desk.write(ANN, "Welcome back", key="reply:3")
    await ann.look()
    assert set(ann.texts()) == {"Where is my parcel?", "We are looking", "It is in Bremen", "Welcome back"}


async def test_it_stays_so_with_the_next_page(desk: Desk, client: httpx.AsyncClient) -> None:
    ann = await Visitor(client).arrive()
    await ann.write("Where is my parcel?")
    for _ in range(3):
        await identified(ann)
    await ann.look()
    assert ann.texts() == ["Where is my parcel?"]


async def test_what_is_written_from_then_on_is_the_known_persons(desk: Desk, client: httpx.AsyncClient) -> None:
    ann = await Visitor(client).arrive()
    await identified(ann)
    await ann.write("It is me")
    assert desk.heard[-1].person == Person(ANN, "Ann", "en")


async def test_a_question_to_the_stranger_is_answered_by_the_stranger(desk: Desk, client: httpx.AsyncClient) -> None:
    ann = await Visitor(client).arrive()
    stranger = ann.id
    await desk.write(stranger, "How was it?", key="invite:1", rows=[[Button("4★", "r:k3x9:s:overall:4")]])
    await identified(ann)
    await ann.look()
    await ann.tap("4★")
    tap = desk.heard[-1]
    assert isinstance(tap, Tapped)
    assert (tap.person.address, tap.target) == (stranger, stranger)


async def test_a_receipt_of_somebody_else_makes_nobody_that_person(desk: Desk, client: httpx.AsyncClient) -> None:
    eve, ann = await Visitor(client).arrive(), await Visitor(client).arrive()
    await desk.write(ann.id, "How was it?", key="invite:1", rows=[[Button("4★", "r:k3x9:s:overall:4")]])
    await identified(eve, "eve@example.org")
    asked = {"action": "r:k3x9:s:overall:1", "receipt": "invite:1", "id": "abcdefgh"}
    await client.post("/chat/webchat/tap", json=asked, headers=eve.headers)
    assert desk.heard[-1].person.address == "eve@example.org"


async def test_the_next_person_at_the_same_browser_sees_nothing_of_it(desk: Desk, client: httpx.AsyncClient) -> None:
    ann = await Visitor(client).arrive()
    await ann.write("My secret")
    await identified(ann)
    await ann.write("Another one")
    await identified(ann, "eve@example.org")
    await ann.look()
    assert ann.texts() == []
    ann.identity = ""
    await ann.arrive()
    await ann.look()
    assert ann.texts() == []
