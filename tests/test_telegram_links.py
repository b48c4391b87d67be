"""Links into a Telegram chat: for somebody whom the bot does not know yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import housekeeping
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact, ContactLink
from core.models.invites import Invite
from core.surveys import tokens
from tests import world
from tests.people import Reader
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN, BOB = 777, 778
BY_MAIL = [("mail", "ann@example.net")]
WANTED = {"contact": {"ref": "c-1", "name": "Ann <3", "locale": "en"}, "channel": "support-bot"}
BOT = "https://t.me/afterword_bot?start="


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig, mail: SmtpRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram, mail, more=world.WEBCHAT) as running:
        yield running


async def link(here: World, **wanted: Any) -> str:
    """What Telegram makes of the link that the API gave: the words that the person says by pressing *Start*."""
    answer = await here.client.post("/api/v1/links", json={**WANTED, **wanted})
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    assert url.startswith(BOT)
    return f"/start {url.removeprefix(BOT)}"


async def test_a_mail_offers_the_chat_beside_its_scores(here: World, telegram: TelegramRig, mail: SmtpRig) -> None:
    await here.resolve(addresses=BY_MAIL)
    question = await mail.mail_to("ann@example.net")
    [url] = [url for words, url in question.links if words == "Rate in Telegram"]
    assert len([url for _, url in question.links if "overall=" in url]) == 5
    assert f"Rate in Telegram: {url}" in question.text
    assert url.startswith(BOT)
    await telegram.write(ANN, f"/start {url.removeprefix(BOT)}")
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])
    await telegram.tap(ANN, "4★")
    await here.until(here.responses)
    assert (await Address.get(address=str(ANN))).contact_id == (await Contact.get(ref="c-1")).id


async def test_the_page_offers_the_chat_until_it_is_answered(here: World, telegram: TelegramRig, mail: SmtpRig) -> None:
    await here.resolve(addresses=BY_MAIL)
    await mail.mail_to("ann@example.net")
    token = tokens.token_for((await Invite.get()).key)
    offered = f'<a href="{BOT}{token}" rel="noopener noreferrer nofollow">Rate in Telegram</a>'
    async with Reader(here) as ann:
        assert offered in (await ann.page(f"/r/{token}")).text
        await ann.answer(f"/r/{token}", overall="4")
    async with Reader(here) as another:
        assert "Rate in Telegram" not in (await another.page(f"/r/{token}")).text


async def test_what_is_asked_in_that_chat_does_not_offer_it_again(here: World, telegram: TelegramRig) -> None:
    await here.resolve(addresses=[("support-bot", str(ANN))])
    await telegram.until(lambda: telegram.shown(ANN))
    async with Reader(here) as ann:
        page = await ann.page(f"/r/{tokens.token_for((await Invite.get()).key)}")
    assert "Rate in Telegram" not in page.text


async def test_a_link_makes_a_stranger_a_known_contact_who_is_asked_there(here: World, telegram: TelegramRig) -> None:
    await telegram.write(ANN, await link(here))
    await telegram.until(lambda: "This chat is now connected with your requests" in telegram.screen(ANN))
    contact = await Contact.get(ref="c-1")
    assert (await Address.get(channel="support-bot")).contact_id == contact.id
    lines = await AuditLine.filter(action__startswith="contact.link").order_by("id")
    assert [(one.action, one.subject) for one in lines] == [
        ("contact.link_made", f"contact:{contact.id}"),
        ("contact.link_used", f"contact:{contact.id}"),
    ]
    assert lines[0].actor.startswith("test-")  # the token's name
    assert lines[1].actor == "customer"
    assert str(ANN) not in str([one.after for one in lines])
    await here.resolve(addresses=[])
    await telegram.until(lambda: telegram.buttons(ANN)[:5] == ["1★", "2★", "3★", "4★", "5★"])


async def test_a_link_is_opened_once(here: World, telegram: TelegramRig) -> None:
    start = await link(here)
    await telegram.write(ANN, start)
    await telegram.until(lambda: "connected" in telegram.screen(ANN))
    telegram.introduce(BOB, "Bob")
    await telegram.write(BOB, start)
    await telegram.until(lambda: telegram.screen(BOB) == "This link has already been used.")
    await telegram.write(ANN, start)  # pressing Start again harms nobody
    await telegram.until(lambda: len(telegram.shown(ANN)) == 2)
    assert "connected" in telegram.screen(ANN)
    assert await Address.filter(contact__ref="c-1").count() == 1


async def test_of_two_who_open_a_link_at_once_one_is_connected(here: World, telegram: TelegramRig) -> None:
    start = await link(here)
    await asyncio.gather(telegram.write(ANN, start), telegram.write(BOB, start))
    await telegram.until(lambda: telegram.shown(ANN) and telegram.shown(BOB))
    assert await Address.filter(channel="support-bot", contact__ref="c-1").count() == 1


async def test_a_link_opens_nothing_after_a_week(here: World, telegram: TelegramRig) -> None:
    start = await link(here)
    await here.move_on(days=7, seconds=1)
    await telegram.write(ANN, start)
    await telegram.until(lambda: telegram.screen(ANN).startswith("This link does not work."))
    await housekeeping.tidy(now=here.clock())
    assert not await ContactLink.exists()


async def test_no_token_stands_in_the_store(here: World) -> None:
    start = await link(here)
    kept = await ContactLink.get()
    assert kept.token_hash == tokens.hash_of(start.removeprefix("/start "))


async def test_a_link_leads_only_where_links_lead(here: World) -> None:
    async def refused(**wanted: Any) -> tuple[int, str]:
        answer = await here.client.post("/api/v1/links", json={**WANTED, **wanted})
        return answer.status_code, answer.json()["error"]["field"]

    assert await refused(channel="mail") == (422, "channel")
    assert await refused(channel="nowhere") == (422, "channel")
    assert await refused(contact={"name": "Nobody"}) == (422, "contact")
    assert await refused(contact={"addresses": [{"channel": "x", "address": "1"}]}) == (
        422,
        "contact.addresses.0.channel",
    )
    assert await refused(sort="x") == (422, "sort")
    assert not await ContactLink.exists()
