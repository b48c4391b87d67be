"""Addresses that get nothing more: how they get on the list, and off it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import contacts, suppressions
from core.models.contacts import Address, Reach, SuppressionReason
from core.ports import BounceKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = "Ann@example.net"

pytestmark = pytest.mark.usefixtures("store")


async def ann() -> Address:
    facts = contacts.ContactFacts(name="Ann", addresses=(contacts.AddressFacts("mail", ANN),))
    await contacts.learn(facts, now=NOW)
    return await Address.get(address=ANN)


async def bounce(kind: BounceKind, *, at: datetime = NOW) -> bool:
    return await suppressions.count_bounce("mail", ANN, kind, reason="5.0.0 no", delivery_id=None, now=at)


async def test_a_suppressed_address_is_not_reached_however_it_is_written() -> None:
    await ann()
    await suppressions.suppress("mail", "ANN@example.net", reason=SuppressionReason.MANUAL, now=NOW)
    assert await suppressions.is_suppressed("mail", "ann@Example.net")
    assert not await suppressions.is_suppressed("other-mail", ANN)
    address = await Address.get(address=ANN)
    assert (address.reach, address.reach_reason) == (Reach.UNREACHABLE, "suppressed: manual")


async def test_taken_off_the_list_it_is_reached_again_and_its_bounces_are_forgotten() -> None:
    await ann()
    for _ in range(3):
        await bounce(BounceKind.SOFT)
    assert await suppressions.unsuppress("mail", "ann@EXAMPLE.net")
    assert (await Address.get(address=ANN)).reach == Reach.OK
    assert not await bounce(BounceKind.SOFT)
    assert not await suppressions.unsuppress("mail", ANN)


async def test_an_address_that_a_relay_refused_is_reached_again_too() -> None:
    await contacts.mark_unreachable((await ann()).id, "550 5.1.1")
    assert await suppressions.unsuppress("mail", ANN)
    assert (await Address.get(address=ANN)).reach == Reach.OK


async def test_the_first_reason_stays() -> None:
    await suppressions.suppress("mail", ANN, reason=SuppressionReason.COMPLAINT, evidence="abuse@", now=NOW)
    await suppressions.suppress("mail", ANN, reason=SuppressionReason.MANUAL, now=NOW + timedelta(days=1))
    [row] = await suppressions.listed()
    assert (row.reason, row.evidence) == (SuppressionReason.COMPLAINT, "abuse@")


async def test_a_mailbox_that_does_not_exist_is_given_up_at_once() -> None:
    assert await bounce(BounceKind.HARD)
    assert [one.reason for one in await suppressions.listed(channel="mail")] == [SuppressionReason.HARD_BOUNCE]


async def test_three_soft_bounces_in_thirty_days_are_enough() -> None:
    assert not await bounce(BounceKind.SOFT, at=NOW - timedelta(days=31))
    assert not await bounce(BounceKind.SOFT, at=NOW - timedelta(days=29))
    assert not await bounce(BounceKind.SOFT, at=NOW - timedelta(days=1))
    assert await bounce(BounceKind.SOFT)


async def test_a_refusal_by_policy_suppresses_nobody() -> None:
    for _ in range(5):
        assert not await bounce(BounceKind.POLICY)
    assert await suppressions.listed() == []
