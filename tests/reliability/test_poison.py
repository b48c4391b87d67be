"""What cannot be understood is put aside with its reason, and keeps nobody waiting. What comes twice counts once."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import httpx
import pytest

from core.models.deliveries import Arrival, ArrivalState
from core.models.desk import Ticket
from core.models.invites import Decision, Invite
from core.models.responses import Response, Score
from tests.rigs.telegram import TelegramRig
from tests.world import HOOK_SECRET, World

COPIES = 50
HOOK = {"X-Telegram-Bot-Api-Secret-Token": HOOK_SECRET, "Content-Type": "application/json"}
_CHAT = {"id": 5, "type": "private"}
_FROM = {"id": 5, "is_bot": False, "first_name": "Eve"}
POISON: tuple[dict[str, Any], ...] = (
    {"message": "not a message"},
    {"message": {"message_id": "x", "date": 0, "chat": _CHAT}},
    {"message": {"message_id": 1, "date": 0, "chat": {"id": "nobody"}}},
    {"callback_query": {"id": 5}},
    {"callback_query": {"id": "5", "from": "Eve", "chat_instance": "1", "data": "r:x"}},
    {"my_chat_member": []},
    {"my_chat_member": {"chat": _CHAT, "from": _FROM, "date": 0, "old_chat_member": {}, "new_chat_member": {}}},
    {"message": {"message_id": 1, "date": 10**30, "chat": _CHAT, "from": _FROM, "text": "late"}},
    {"message": {"message_id": 1, "date": 0, "chat": _CHAT, "from": _FROM, "text": "half a sign \ud800"}},
)
ODD: tuple[dict[str, Any], ...] = (
    {"a_kind_of_next_year": {"id": 1}},
    {},
    {"message": {"message_id": 1, "date": 0, "chat": _CHAT, "from": _FROM, "text": "NUL \x00 and \x1b[2J"}},
    {"message": {"message_id": 1, "date": 0, "chat": _CHAT, "from": _FROM, "text": "long " * 5000}},
    {
        "message": {
            "message_id": 1,
            "date": 0,
            "chat": _CHAT,
            "from": {**_FROM, "first_name": "\x00"},
            "text": "/start \x00",
        }
    },
)


async def test_poison_is_put_aside_while_good_taps_pass(here: World, telegram: TelegramRig) -> None:
    people = range(100, 120)
    await asyncio.gather(*(_asked(here, telegram, person) for person in people))
    poisonous = [{"update_id": 100 + number, **one} for number, one in enumerate(POISON * 3)]
    answers = asyncio.gather(*(_post(here, one) for one in poisonous))
    await asyncio.gather(*(telegram.tap(person, "4★") for person in people))
    assert set(await answers) == {200}
    for person in people:
        await telegram.until(partial(_sees, telegram, person, "★★★★☆"), 10)
    await here.until(lambda: _nothing_new())
    put_aside = await Arrival.filter(state=ArrivalState.QUARANTINED)
    assert {row.key for row in put_aside} == {f"support-bot:{one['update_id']}" for one in poisonous}
    assert all(row.problem for row in put_aside)
    assert await Score.all().count() == len(people)


async def test_what_is_odd_but_readable_harms_nobody(here: World, telegram: TelegramRig) -> None:
    for number, one in enumerate(ODD):
        assert await _post(here, {"update_id": 500 + number, **one}) in (200, 400)
    await here.until(lambda: _nothing_new())
    assert await Arrival.filter(state=ArrivalState.QUARANTINED).values_list("problem", flat=True) == []
    await _asked(here, telegram, 100)
    await telegram.tap(100, "5★")
    await telegram.until(lambda: "★★★★★" in telegram.screen(100))


async def test_fifty_copies_of_a_tap_at_once_are_one_answer(here: World, telegram: TelegramRig) -> None:
    await _asked(here, telegram, 100)
    hook, telegram.webhook = telegram.webhook, {}
    await telegram.tap(100, "2★")
    telegram.webhook = hook
    [update] = telegram.pending
    telegram.pending.clear()
    assert set(await asyncio.gather(*(_post(here, update) for _ in range(COPIES)))) == {200}
    await telegram.until(lambda: "★★☆☆☆" in telegram.screen(100))
    await here.until(lambda: _nothing_new())
    assert (await Score.get()).value == 2
    assert (await Response.get()).version == 1


@pytest.mark.parametrize("key", ["", "the-same"])
async def test_fifty_copies_of_an_event_at_once_are_one_question(here: World, telegram: TelegramRig, key: str) -> None:
    event = {
        "type": "ticket.resolved",
        "ticket": {
            "ref": "T-1",
            "subject": "Router",
            "team": "new team",
            "agent": {"name": "Li", "email": "li@example.org"},
        },
        "contact": {"ref": "c-1", "name": "Ann", "addresses": [{"channel": "support-bot", "address": "100"}]},
    }
    headers = {"Idempotency-Key": key} if key else {}
    answers = await asyncio.gather(
        *(here.client.post("/api/v1/events", json=event, headers=headers) for _ in range(COPIES))
    )
    assert {answer.status_code for answer in answers} == {202}, {answer.text for answer in answers}
    assert len({answer.json()["invite"]["id"] for answer in answers}) == 1
    await telegram.until(lambda: "1★" in telegram.buttons(100))
    assert (await Ticket.all().count(), await Decision.all().count(), await Invite.all().count()) == (1, 1, 1)
    assert len(telegram.shown(100)) == 1


def _sees(telegram: TelegramRig, person: int, stars: str) -> bool:
    return stars in telegram.screen(person)


async def _asked(here: World, telegram: TelegramRig, person: int) -> None:
    await here.resolve(f"T-{person}", contact=f"c-{person}", addresses=[("support-bot", str(person))])
    await telegram.until(lambda: "1★" in telegram.buttons(person), 10)


async def _post(here: World, update: dict[str, Any]) -> int:
    body = json.dumps(update).encode()
    answer = await here.client.post("/hooks/support-bot", content=body, headers=HOOK)
    assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
    return answer.status_code


async def _nothing_new() -> bool:
    return not await Arrival.filter(state=ArrivalState.NEW).exists()
