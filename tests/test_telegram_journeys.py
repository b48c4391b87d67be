"""A customer in Telegram, from end to end: files, groups, links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.desk import attachments
from core.models.desk import Attachment, AttachmentState, Ticket
from tests import world
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN, BOB = 777, 778
ON_TELEGRAM = [("support-bot", str(ANN))]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramRig]:
    async with TelegramRig() as rig:
        rig.introduce(ANN, "Ann <3")
        rig.introduce(BOB, "Bob & Co", "zh-hans")
        yield rig


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.running(store_url, {"support-bot": world.telegram_table(telegram)}) as running:
        await telegram.until(lambda: telegram.webhook)
        yield running


async def history(here: World, number: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = (await here.get(f"/tickets/{number}/history"))["items"]
    return lines


async def stored(here: World, count: int = 1) -> list[Attachment]:
    async def all_here() -> list[Attachment]:
        rows = await Attachment.filter(state=AttachmentState.STORED)
        return rows if len(rows) == count else []

    rows: list[Attachment] = await here.until(all_here)
    return rows


async def rated(here: World, telegram: TelegramRig, score: str) -> None:
    await here.resolve(addresses=ON_TELEGRAM)
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])
    await telegram.tap(ANN, score)


# ---------------------------------------------------------------- files


async def test_a_photo_opens_a_request_and_staff_download_it(here: World, telegram: TelegramRig) -> None:
    await telegram.send_file(ANN, "photo", b"\xff\xd8 a router", caption="It blinks red")
    await telegram.until(lambda: "It blinks red" in telegram.screen(ANN))
    await stored(here)
    ticket = await Ticket.get()
    assert (ticket.subject, ticket.channel) == ("It blinks red", "support-bot")
    [file] = (await here.get(f"/tickets/{ticket.number}"))["attachments"]
    got = await here.client.get(f"/api/v1/attachments/{file['id']}")
    assert (file["name"], got.content) == ("photo.jpg", b"\xff\xd8 a router")


async def test_an_album_becomes_one_request(here: World, telegram: TelegramRig) -> None:
    for number in range(3):
        await telegram.send_file(ANN, "photo", b"%d" % number, caption="" if number else "Both", media_group_id="1")
    await stored(here, 3)
    assert [ticket.subject for ticket in await Ticket.all()] == ["Both"]


async def test_a_file_whose_fetch_fails_first_is_there_later(here: World, telegram: TelegramRig) -> None:
    telegram.refuse("getFile", 502, "Bad Gateway")
    await telegram.send_file(ANN, "voice", b"OggS")
    await telegram.until(lambda: telegram.calls["getfile"])

    async def postponed() -> bool:
        return await Attachment.filter(attempts=1).exists()

    await here.until(postponed)
    await here.move_on(seconds=6)
    assert [row.name for row in await stored(here)] == ["voice.ogg"]


async def test_who_sends_too_much_is_told_at_once(here: World, telegram: TelegramRig) -> None:
    document = telegram.raw_file("document", name="disk image.iso")
    document["document"]["file_size"] = attachments.MOST_BYTES + 1
    await telegram.deliver(telegram.raw_update("message", telegram.raw_message(BOB, **document)))
    await telegram.until(lambda: "未能保存：disk image.iso" in telegram.screen(BOB))
    [file] = (await here.get(f"/tickets/{(await Ticket.get()).number}"))["attachments"]
    assert (file["state"], telegram.calls["getfile"]) == ("refused", 0)


async def test_a_caption_can_be_the_comment_and_its_file_goes_to_the_ticket(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "2★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    for number in range(2):
        await telegram.send_file(ANN, "photo", caption="" if number else "Still broken", media_group_id="1")
    await stored(here, 2)
    [response] = await here.responses()
    assert response["comment"] == "Still broken"
    assert await Ticket.all().count() == 1
    lines = await history(here, (await Ticket.get()).number)
    assert [len(line["attachments"]) for line in lines if line["kind"] == "message"] == [1, 1]


async def test_a_file_alone_is_never_a_comment(here: World, telegram: TelegramRig) -> None:
    await rated(here, telegram, "4★")
    await telegram.until(lambda: "Skip" in telegram.buttons(ANN))
    await telegram.send_file(ANN, "photo")
    await stored(here)
    [response] = await here.responses()
    assert response["comment"] is None
    assert sorted([ticket.subject for ticket in await Ticket.all()]) == ["Router & cable", "photo.jpg"]
