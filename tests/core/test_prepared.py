"""Queries that are written once say the same as those that Tortoise writes each time."""

from __future__ import annotations

import pytest
from tortoise.exceptions import IntegrityError

from core import transactions
from core.models.contacts import Address, Contact, Reach
from core.models.deliveries import Delivery, DeliveryState
from core.models.reactions import Reaction
from core.plumbing import deliveries
from core.store import Store
from core.store.prepared import Prepared, insert_all, update
from tests.core.builders import NOON, at

WITH_CONTACT = Prepared(
    Address,
    lambda channel, address: Address.filter(channel=channel, address=address).select_related("contact"),
    str,
    str,
)
IN_ORDER = Prepared(Address, lambda contact_id: Address.filter(contact_id=contact_id).order_by("rank"), int)


async def ann() -> Contact:
    contact = await Contact.create(name="Ann <3", created_at=NOON)
    for rank, address in enumerate(("7'7", "?0")):
        await Address.create(contact=contact, channel="support-bot", address=address, rank=-rank, created_at=NOON)
    return contact


async def test_it_finds_what_is_meant_and_nothing_else(store: Store) -> None:
    contact = await ann()
    for _ in range(2):
        found = await WITH_CONTACT.first("support-bot", "7'7")
        assert found is not None
        assert (found.address, found.contact.name, found.created_at) == ("7'7", "Ann <3", NOON)
        assert await WITH_CONTACT.first("support-bot", "7") is None
        assert [one.address for one in await IN_ORDER.all(contact.id)] == ["?0", "7'7"]
        assert await IN_ORDER.all(contact.id + 1) == []


async def test_inside_a_unit_of_work_it_sees_what_was_just_written(store: Store) -> None:
    async def unit() -> int:
        return len(await IN_ORDER.all((await ann()).id))

    assert await transactions.run(unit) == 2


async def test_a_missing_value_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="argument"):
        await WITH_CONTACT.first("support-bot")


async def test_an_update_changes_only_what_is_named(store: Store) -> None:
    contact = await ann()
    where = {"contact_id": contact.id, "address": "?0"}
    assert await update(Address, where, reach=Reach.UNREACHABLE, reach_reason="blocked") == 1
    assert await update(Address, {"contact_id": contact.id + 1}, reach_reason="nobody") == 0
    assert [one.reach for one in await IN_ORDER.all(contact.id)] == [Reach.UNREACHABLE, Reach.OK]


async def test_an_update_writes_moments_and_json_as_tortoise_does(store: Store) -> None:
    draft = deliveries.Draft("k", "note", "support-bot", "7", payload={"text": "Ann's"})
    delivery = await deliveries.hand_over(draft, worker="w", now=NOON)
    await update(
        Delivery,
        {"id": delivery.id},
        state=DeliveryState.SENT,
        sent_at=at(seconds=1),
        drawn={"text": "★ '?'"},
        payload={},
    )
    await delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at, delivery.drawn) == (DeliveryState.SENT, at(seconds=1), {"text": "★ '?'"})
    assert delivery.payload == {}
    assert await Delivery.filter(sent_at=at(seconds=1)).exists()


async def test_several_rows_are_written_in_one_statement_as_tortoise_does(store: Store) -> None:
    seen = {"fired": False, "values": {"has": ["Ann's ★"]}, "at": at(seconds=1)}
    await insert_all(Reaction, [{"rule": f"r'{number}", **seen} for number in range(3)])
    await insert_all(Reaction, [])
    rows = await Reaction.all().order_by("id")
    assert [one.rule for one in rows] == ["r'0", "r'1", "r'2"]
    assert all(
        (one.values, one.at, one.failed, one.why) == ({"has": ["Ann's ★"]}, at(seconds=1), [], "") for one in rows
    )
    assert len({one.id for one in rows}) == 3
    with pytest.raises(IntegrityError):
        await insert_all(Reaction, [{"rule": "r", "response_id": 4711, **seen}])
