"""An A/B test of the question in Telegram, from end to end: who gets B, her reminder, and B that cannot be written."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.wordings import ABInvite, ABTest, Outcome, Variant
from core.wordings import ab_tests, split
from core.wordings.ab_tests import Plan
from core.wordings.drafts import Words
from core.wordings.scopes import Scope
from tests import world
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN, BOB = 777, 778
PEOPLE = {"c-1": ANN, "c-2": BOB}
A = Words("", "unused")


@pytest.fixture
async def here(store_url: str, telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.between(store_url, telegram) as running:
        yield running


async def known(here: World, telegram: TelegramRig) -> dict[str, int]:
    """Both have been asked before, so that it can be said who will get B."""
    for ref, chat in PEOPLE.items():
        await here.resolve(f"T-{ref}", addresses=[("support-bot", str(chat))], contact=ref)
        await telegram.until(lambda chat=chat: telegram.buttons(chat))
    return {ref: (await Contact.get(ref=ref)).id for ref in PEOPLE}


async def start(here: World, contacts: dict[str, int], b: dict[str, Words]) -> ABTest:
    """With a key under which Ann gets B and Bob gets A."""
    plan = Plan(share=50, base=50, difference=50, days=14)
    kinds = dict.fromkeys(b, A)
    test = await ab_tests.start(
        Scope("invite", "en"), plan, a=kinds, b=b, seen="0.0.0", actor="lee@example.org", now=here.clock()
    )
    wanted = {"c-1": Variant.B, "c-2": Variant.A}
    key = next(
        key
        for key in map(str, range(1000))
        if all(split.variant_of(key, contacts[ref], 50) == variant for ref, variant in wanted.items())
    )
    await ABTest.filter(id=test.id).update(key=key)
    return test


async def ask_both(here: World, telegram: TelegramRig) -> None:
    for ref, chat in PEOPLE.items():
        before = len(telegram.messages)
        await here.resolve(f"again-{ref}", addresses=[("support-bot", str(chat))], contact=ref)
        await telegram.until(lambda before=before: len(telegram.messages) > before)


async def test_ann_gets_b_with_its_reminder_and_bob_gets_a_with_his(here: World, telegram: TelegramRig) -> None:
    contacts = await known(here, telegram)
    b = {
        "invite": Words("", "Well, {{ contact.name }}? {{ question }}"),
        "reminder": Words("", "Still: {{ question }}"),
    }
    await start(here, contacts, b)
    await ask_both(here, telegram)
    assert telegram.screen(ANN).startswith("Well, Ann <3? How satisfied")
    assert "is resolved" in telegram.screen(BOB)
    assert telegram.buttons(ANN)[:5] == telegram.buttons(BOB)[:5] == ["1★", "2★", "3★", "4★", "5★"]
    await telegram.tap(BOB, "5★")
    await here.move_on(hours=25)
    await telegram.until(lambda: telegram.screen(ANN).startswith("Still: How satisfied"))
    assert {(row.variant, row.invite.contact_id) for row in await ABInvite.all().select_related("invite")} == {
        (Variant.B, contacts["c-1"]), (Variant.A, contacts["c-2"]),
    }  # fmt: skip


async def test_a_message_that_was_postponed_has_the_same_words_later(here: World, telegram: TelegramRig) -> None:
    contacts = await known(here, telegram)
    await start(here, contacts, {"invite": Words("", "B: {{ question }}")})
    telegram.refuse("sendMessage", 502, "Bad Gateway")
    await here.resolve("again", addresses=[("support-bot", str(ANN))], contact="c-1")

    async def postponed() -> bool:
        return await Delivery.filter(attempts=1, state="waiting").exists()

    await here.until(postponed)
    assert await ABInvite.all().count() == 1
    await here.move_on(minutes=10)
    await telegram.until(lambda: telegram.screen(ANN).startswith("B: "))
    assert await ABInvite.all().count() == 1


async def test_b_that_cannot_be_written_ends_the_test_and_ann_is_asked_all_the_same(
    here: World, telegram: TelegramRig
) -> None:
    contacts = await known(here, telegram)
    test = await start(here, contacts, {"invite": Words("", "{% if not contact.name %}{{ question }}{% endif %}")})
    await ask_both(here, telegram)
    assert "is resolved" in telegram.screen(ANN)
    ended = await ABTest.get(id=test.id)
    assert (ended.outcome, ended.why) == (Outcome.FAILED, "the text is empty")
    assert not await ABInvite.filter(variant=Variant.B).exists()
