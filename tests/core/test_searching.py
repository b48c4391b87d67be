"""Finding tickets, and how the store goes about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tortoise.queryset import QuerySet

from core.desk import searching, tickets
from core.desk.searching import Wanted
from core.models.contacts import Contact
from core.models.desk import Attachment, Priority, Ticket, TicketEntry
from core.models.reactions import Alert, AlertState
from core.models.responses import HeldAnswer
from core.store import Store
from tests.core.builders import at, company


async def opened(subject: str, *, name: str = "Ann", day: int = 0, text: str = "") -> Ticket:
    contact, _ = await Contact.get_or_create(ref=name, defaults={"name": name, "created_at": at()})
    return await tickets.open_ticket(contact=contact, subject=subject, text=text, now=at(days=day))


async def found(wanted: Wanted, **page: int) -> list[str]:
    return [one.subject for one in await searching.search(wanted, page.pop("most", 50), **page)]  # type: ignore[arg-type]


async def test_words_numbers_names_times_and_states(store: Store) -> None:
    await company()
    first = await opened("Router", day=0, text="It blinks")
    second = await opened("50% off_", name="Zoë", day=1)
    await tickets.resolve(second, by="Kim", ask=False, now=at(days=1))
    assert await found(Wanted()) == ["50% off_", "Router"]
    assert await found(Wanted(words="ROUT")) == ["Router"]
    assert await found(Wanted(words="50%")) == ["50% off_"]
    assert await found(Wanted(words="%")) == ["50% off_"]
    for name in ("zoë", "ZOË", "Zoë", "oË"):
        assert await found(Wanted(words=name)) == ["50% off_"], name
    assert await found(Wanted(words=first.number.lower())) == ["Router"]
    assert await found(Wanted(words=first.number[:8])) == ["50% off_", "Router"]
    assert await found(Wanted(words="blinks")) == []
    assert await found(Wanted(words="blinks", in_messages=True)) == ["Router"]
    assert await found(Wanted(status="open")) == ["Router"]
    assert await found(Wanted(status="resolved")) == ["50% off_"]
    assert await found(Wanted(since=at(days=1))) == ["50% off_"]
    assert await found(Wanted(until=at(days=1))) == ["Router"]
    assert await found(Wanted(since=at(days=1), until=at(days=1) + timedelta(seconds=1))) == ["50% off_"]
    assert await found(Wanted(), before=second.id) == ["Router"]
    assert await found(Wanted(), most=1) == ["50% off_"]


@pytest.mark.parametrize("latest", [1, 2, 3, 2_000])
async def test_old_tickets_are_found_as_the_latest_are_and_none_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch, latest: int
) -> None:
    monkeypatch.setattr(searching, "_LATEST", latest)
    await company()
    for day, (subject, name, text) in enumerate(
        [("Old tea", "Ann", ""), ("Nothing", "Tea Lover", ""), ("Cup", "Ann", "no tea"), ("Tea", "Tea Lover", "tea")]
    ):
        await opened(subject, name=name, day=day, text=text)
    assert await found(Wanted(words="tea")) == ["Tea", "Nothing", "Old tea"]
    everywhere = Wanted(words="tea", in_messages=True)
    assert await found(everywhere) == ["Tea", "Cup", "Nothing", "Old tea"]
    assert await found(everywhere, most=2) == ["Tea", "Cup"]
    assert await found(everywhere, most=3, before=(await Ticket.get(subject="Tea")).id) == ["Cup", "Nothing", "Old tea"]
    assert await found(Wanted(words="tea", since=at(days=1), until=at(days=3))) == ["Nothing"]
    assert await found(Wanted(words="Tea Lover")) == ["Tea", "Nothing"]


@pytest.mark.parametrize(
    "build",
    [
        lambda: TicketEntry.filter(ticket_id=7).order_by("-id").limit(5),
        lambda: Attachment.filter(entry_id__in=[1, 2, 3]).order_by("id"),
        lambda: Alert.filter(state__in=(AlertState.OPEN, AlertState.ACKNOWLEDGED)),
        lambda: Alert.filter(ticket_id=7).exclude(state=AlertState.CLOSED).order_by("-id"),
        lambda: Ticket.filter(contact_id=7).order_by("-id").limit(5),
        lambda: Ticket.filter(number__gte="CS2026", number__lt="CS2026:").order_by("-id").limit(5),
        lambda: Ticket.filter(id__lt=7).order_by("-id").limit(5),
        lambda: HeldAnswer.filter(confirmed_at__isnull=True).order_by("-id").limit(5),
    ],
)
async def test_none_of_what_pages_ask_reads_a_whole_table(
    sqlite_store: Store, build: Callable[[], QuerySet[Ticket]]
) -> None:
    rows = build()
    plan = await sqlite_store.client.execute_query_dict(f"EXPLAIN QUERY PLAN {rows.sql(params_inline=True)}")
    table = str(rows.model._meta.db_table)
    steps = [str(one["detail"]) for one in plan if table in str(one["detail"])]
    assert steps
    assert all("SEARCH" in one for one in steps), steps


async def test_a_priority_that_is_so_already_is_no_news(store: Store) -> None:
    await company()
    ticket = await opened("Router")
    for _ in range(2):
        await tickets.set_priority(ticket, Priority.URGENT, by="Kim", now=at())
    [line] = await TicketEntry.filter(ticket_id=ticket.id, kind="priority")
    assert line.values == {"old": "medium", "new": "urgent"}
    assert (await Ticket.get(id=ticket.id)).priority == Priority.URGENT
