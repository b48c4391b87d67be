"""Ticket numbers: one for each ticket, in order, whoever opens them at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core import contacts, transactions
from core.desk import numbering, tickets
from core.models.contacts import Contact
from core.models.desk import Ticket, TicketCounter
from core.store import Store

NOW = datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 23, tzinfo=UTC)


async def a_contact() -> Contact:
    return await Contact.create(name="Ann <3", created_at=NOW)


async def opened(contact: Contact, *, now: datetime = NOW) -> str:
    ticket = await tickets.open_ticket(contact=contact, subject="Router & <cable>", now=now)
    return ticket.number


async def test_fifty_tickets_that_are_opened_at_once_get_fifty_numbers_without_a_gap(store: Store) -> None:
    ann = await a_contact()

    numbers = await asyncio.gather(*(opened(ann) for _ in range(50)))

    assert sorted(numbers) == [f"CS20261122{number:04d}" for number in range(1, 51)]
    assert await Ticket.all().count() == 50


async def test_every_day_begins_with_the_first_number(store: Store) -> None:
    ann = await a_contact()

    assert [await opened(ann), await opened(ann), await opened(ann, now=NEXT_DAY), await opened(ann)] == [
        "CS202611220001",
        "CS202611220002",
        "CS202611230001",
        "CS202611220003",
    ]


@pytest.fixture
def in_shanghai() -> Iterator[None]:
    contacts.use_zone("Asia/Shanghai")
    yield
    contacts.use_zone("UTC")


@pytest.mark.usefixtures("in_shanghai")
async def test_a_day_begins_at_midnight_where_the_site_is(store: Store) -> None:
    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
    ann = await a_contact()
    assert await opened(ann, now=midnight - timedelta(seconds=1)) == "CS202611220001"
    assert await opened(ann, now=midnight) == "CS202611230001"


async def test_the_ten_thousandth_ticket_of_a_day_has_a_longer_number(store: Store) -> None:
    await TicketCounter.create(day="20261122", given=9_998)
    ann = await a_contact()

    assert [await opened(ann), await opened(ann)] == ["CS202611229999", "CS2026112210000"]


async def test_a_ticket_that_could_not_be_opened_leaves_no_gap(store: Store) -> None:
    @transactions.atomic
    async def fails() -> None:
        assert await numbering.next_number(NOW) == "CS202611220001"
        raise ConnectionError("the store is gone")

    with pytest.raises(ConnectionError):
        await fails()

    assert await opened(await a_contact()) == "CS202611220001"


def test_a_small_button_says_as_little_of_a_number_as_tells_it_from_the_others() -> None:
    assert numbering.endings(["CS202611220001", "CS202611220002", "CS202611220002"]) == {
        "CS202611220001": "…0001",
        "CS202611220002": "…0002",
    }
    assert numbering.endings(["CS202611210001", "CS202611220001"]) == {
        "CS202611210001": "…10001",
        "CS202611220001": "…20001",
    }
    assert numbering.endings(["CS2026112210001", "CS202611220001"])["CS202611220001"] == "…20001"
    assert numbering.endings([]) == {}
