"""The typing hint of the web chat is true, or it is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import arrivals
from core.ports import Person
from core.store import Store
from tests.rigs.webchat import Visitor, serving
from tests.rigs.webchat_desk import Desk


@asynccontextmanager
async def open_page(desk: Desk) -> AsyncIterator[tuple[Visitor, AsyncIterator[tuple[str, Any, str]]]]:
    async with serving(desk.app) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        ann = await Visitor(client).arrive()
        async with ann.listening() as events:
            assert (await anext(events))[0] == "entries"
            yield ann, events
        desk.channel.hub.close()


async def next_hint(events: AsyncIterator[tuple[str, Any, str]]) -> bool:
    async with asyncio.timeout(10):
        async for name, data, _ in events:
            if name == "typing":
                return bool(data["typing"])
    raise AssertionError("the stream ended")


async def hints(ann: Visitor) -> bool:
    answer = await ann.client.get("/chat/webchat/messages", headers=ann.headers)
    return bool(answer.json()["typing"])


async def test_an_answer_that_leaves_is_announced_until_it_is_there(sqlite_store: Store) -> None:
    desk = Desk()
    async with open_page(desk) as (ann, events):
        row = {"kind": "reply", "channel": "webchat", "target": ann.id, "due_at": desk.now, "created_at": desk.now}
        waiting = await Delivery.create(key="reply:1", state=DeliveryState.SENDING, **row)
        desk.channel.hub.nudge(ann.id)
        assert await next_hint(events)
        assert await hints(ann)
        await Delivery.filter(id=waiting.id).update(state=DeliveryState.SENT, sent_at=desk.now, receipt="r")
        desk.channel.hub.nudge(ann.id)
        assert not await next_hint(events)
        assert not await hints(ann)


async def test_what_a_visitor_wrote_is_being_answered_until_it_is_handled(sqlite_store: Store) -> None:
    desk = Desk()
    async with open_page(desk) as (ann, events):
        waits = desk.channel.text_arrival(Person(ann.id), "abcdefgh", "Hello")
        await arrivals.store("webchat", [waits], now=desk.now)
        desk.channel.hub.nudge(ann.id)
        assert await next_hint(events)
        await arrivals.claim(arrivals.key_of("webchat", waits))
        desk.channel.hub.nudge(ann.id)
        assert not await next_hint(events)


async def test_what_is_stuck_or_due_later_is_no_typing(sqlite_store: Store) -> None:
    desk = Desk()
    async with open_page(desk) as (ann, _):
        row = {"kind": "invite", "channel": "webchat", "target": ann.id, "created_at": desk.now}
        await Delivery.create(key="later", due_at=desk.now + timedelta(minutes=5), **row)
        await Delivery.create(key="stuck", due_at=desk.now - timedelta(minutes=5), **row)
        await Delivery.create(key="failed", due_at=desk.now, attempts=1, **row)
        await Delivery.create(key="anothers", due_at=desk.now, **(row | {"target": "w_somebody_else"}))
        assert not await hints(ann)


async def test_staff_who_write_are_seen_by_that_visitor_alone_and_not_for_long(sqlite_store: Store) -> None:
    desk = Desk()
    async with open_page(desk) as (ann, events), open_page(desk) as (eve, _):
        desk.channel.hub.typing(ann.id)
        assert await next_hint(events)
        assert not await hints(eve)
        desk.channel.hub.typing(ann.id, seconds=0)
        assert not await next_hint(events)


def test_nobody_is_remembered_who_is_not_there() -> None:
    hub = Desk().channel.hub
    hub.typing("w_nobody")
    assert not hub.is_typing("w_nobody")
