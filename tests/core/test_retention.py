"""How long data is kept: by its kind, as the company says, on a clock that the tests move (SEC-55)."""

from __future__ import annotations

from datetime import datetime

import pytest
from tortoise.expressions import Q

from core import housekeeping, store, transactions
from core import setup as setups
from core.desk import attachments, tickets
from core.insight import today
from core.models.accounts import AuditLine
from core.models.contacts import Bounce
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import Attachment, Ticket, TicketEntry
from core.models.reactions import Recovery, RecoveryState
from core.models.responses import HeldAnswer, PageVisit, Response, ResponseRevision, Score
from core.models.setup import Kind
from core.plumbing import deliveries
from core.ports import File
from core.privacy import retention
from core.setup import RetentionSetup
from core.surveys import responses
from tests.core.builders import NOON, asked, at, company, whole

pytestmark = pytest.mark.usefixtures("store")
LEE = "lee@kestrel.example"


async def something_of_each(now: datetime = NOON) -> Ticket:
    """One row of every kind, on a ticket that is resolved."""
    await company()
    invite = await whole(await asked(now=now, result="A new router"))
    ticket: Ticket = invite.ticket
    entry = await tickets.message(ticket, "Thank you", by="Ann", from_contact=True, now=now)
    await attachments.keep(ticket, entry, "mail", [File(name="a.png", media_type="image/png", data=b"x")], now=now)
    await Ticket.filter(id=ticket.id).update(status="resolved", resolved_at=now)
    await responses.give_score(invite, "overall", 5, now=now)
    await responses.give_comment(await whole(invite), "Quick", now=now)
    row = await Response.get()
    assert row.settle_at is not None
    await responses.settle(row.id, now=row.settle_at)
    closed = {"state": RecoveryState.RESOLVED, "outcome": "solved", "closing_note": "Called Ann", "closed_at": now}
    await Recovery.create(ticket=ticket, response=row, due_at=now, opened_at=now, **closed)
    await HeldAnswer.create(invite=invite, answer={"comment": "Hm"}, evidence={}, at=now)
    await PageVisit.create(invite=invite, nonce_hash="n", session_hash="s", opened_at=now)
    await Bounce.create(channel="mail", address="ann@example.net", kind="soft", at=now)
    for state in ArrivalState:
        await Arrival.create(key=f"mail:{state}", channel="mail", body=b"raw", state=state, received_at=now)
    for key in ("reply:1", "reply:2"):
        draft = deliveries.Draft(key, "reply", "mail", "ann@example.net", payload={"text": "Hi"})
        await _schedule(draft, now=now)
    await Delivery.all().update(state=DeliveryState.SENT, drawn={"text": "Hi"})
    await Delivery.filter(key="reply:2").update(state=DeliveryState.CANCELLED, drawn=None)
    return ticket


@transactions.atomic
async def _schedule(draft: deliveries.Draft, *, now: datetime) -> None:
    await deliveries.schedule(draft, due=now, now=now)


async def keep(**days: int) -> None:
    parts = tuple(RetentionSetup(key=Kind(kind), days=count) for kind, count in days.items())
    await setups.apply(setups.Setup(retention=parts), actor=LEE, now=NOON)


async def left() -> dict[str, int]:
    return {
        "arrivals": await Arrival.filter(state__not=ArrivalState.NEW).count(),
        "deliveries": await Delivery.exclude(target="").count(),
        "visits": await PageVisit.all().count(),
        "held": await HeldAnswer.all().count(),
        "attachments": await Attachment.all().count(),
        "messages": await TicketEntry.exclude(text="").count(),
        "subjects": await Ticket.filter(Q(subject__not="") | Q(result__not="")).count(),
        "closing_notes": await Recovery.exclude(closing_note="").count(),
        "comments": await Response.exclude(comment="").count() + await ResponseRevision.exclude(comment="").count(),
        "responses": await Response.all().count(),
        "bounces": await Bounce.all().count(),
    }


async def test_each_kind_goes_when_its_usual_time_is_over_and_not_before() -> None:
    await something_of_each()
    whole_of_it = await left()
    assert all(whole_of_it.values())
    for kind, days in sorted(retention.USUAL.items(), key=lambda one: one[1]):
        if days:
            await housekeeping.tidy(now=at(days=days, minutes=-1))
            assert (await left())[kind] == whole_of_it[kind], kind
    await housekeeping.tidy(now=at(days=1096))
    assert await left() == {kind: 1 if kind == "responses" else 0 for kind in whole_of_it}
    assert await Score.all().count() == 1
    assert await Arrival.filter(state=ArrivalState.NEW).exists(), "nobody has handled it yet"


@pytest.mark.parametrize("kind", list(Kind))
async def test_the_company_says_how_long_and_the_page_says_how_many(kind: Kind) -> None:
    await something_of_each()
    before = await left()
    assert await retention.too_old(kind, 2, now=at(days=2)) == 0
    expected = await retention.too_old(kind, 2, now=at(days=3))
    assert expected > 0
    await keep(**{other.value: 0 for other in Kind if other != kind} | {kind.value: 2})
    gone = await retention.let_go(now=at(days=3))
    assert gone == {kind: expected}
    after = await left()
    touched = {kind.value} | ({"comments", "closing_notes"} if kind == Kind.RESPONSES else set())
    assert {name for name in before if after[name] != before[name]} == touched
    assert after[kind] == 0
    assert await retention.let_go(now=at(days=3)) == {}, "what is gone is not gone again"


async def test_for_ever_is_for_ever() -> None:
    await something_of_each()
    before = await left()
    await keep(**{kind.value: 0 for kind in Kind})
    await housekeeping.tidy(now=at(days=36_000))
    assert await left() == before


async def test_words_of_an_open_ticket_stay() -> None:
    ticket = await something_of_each()
    await Ticket.filter(id=ticket.id).update(status="in_progress")
    await housekeeping.tidy(now=at(days=2000))
    assert (await left())["messages"] > 0
    assert (await left())["attachments"] == 1
    assert (await left())["subjects"] == 1


async def test_what_was_done_goes_from_the_history_too_and_the_figures_stay() -> None:
    ticket = await something_of_each()
    before = await today.figures(zone="UTC", now=at(hours=1))
    assert await TicketEntry.filter(label="history.resolved").exists()
    assert await retention.let_go(now=at(days=1100))
    assert await today.figures(zone="UTC", now=at(hours=1)) == before
    row = await Ticket.get(id=ticket.id)
    assert (row.number, row.type, row.close_reason, row.resolved_at) == (ticket.number, "inquiry", "solved", NOON)
    assert (await Recovery.get()).outcome == "solved"
    for line in await TicketEntry.filter(ticket_id=ticket.id):
        assert "router" not in f"{line.text} {line.values}".lower()
        assert line.label != "history.resolved"


async def test_no_word_stays_among_the_values_of_a_line(store: store.Store) -> None:
    ticket = await something_of_each()
    words: dict[str, dict[str, object]] = {
        "desk.reopen_note": {"value": 1, "comment": "Never again"},
        "history.resolved_inside": {"name": "Kim", "result": "Never again"},
        "history.sent_by_hand": {"name": "Kim", "reason": "Never again"},
        "history.change_held": {"value": 1, "text": "Never again"},
        "history.not_staff": {"address": "never again"},
        "": {"address": "never again"},
    }
    for label, values in words.items():
        text = "" if label else "Never again"
        await TicketEntry.create(ticket=ticket, kind="note", label=label, values=values, text=text, cycle=1, at=NOON)
    stays = {"label": "history.assigned", "values": {"name": "Kim"}}
    await TicketEntry.create(ticket=ticket, kind="assigned", cycle=1, at=NOON, **stays)
    await housekeeping.tidy(now=at(days=1100))
    lines = await TicketEntry.filter(ticket_id=ticket.id)
    assert not [line for line in lines if "never again" in f"{line.text} {line.values}".lower()]
    assert {"history.sent_by_hand_plain", "history.resolved_plain", "history.assigned"} <= {one.label for one in lines}
    assert await retention.let_go(now=at(days=1100)) == {}


@pytest.mark.parametrize("state", ["open", "taken"])
async def test_an_answer_that_somebody_still_sees_to_stays(store: store.Store, state: str) -> None:
    await something_of_each()
    await Recovery.all().update(state=state)
    await keep(responses=5)
    await housekeeping.tidy(now=at(days=100))
    assert await Response.all().count() == await Recovery.all().count() == 1
    await Recovery.all().update(state="resolved")
    await housekeeping.tidy(now=at(days=100))
    assert not await Response.exists()


async def test_many_go_in_small_batches_between_which_others_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    rows = [Bounce(channel="mail", address=f"a{n}@x.example", kind="soft", at=NOON) for n in range(10)]
    await Bounce.bulk_create(rows)
    assert await retention.let_go(now=at(days=400)) == {Kind.BOUNCES: 10}


async def test_it_is_part_of_the_set_up_and_audited() -> None:
    text = '[[retention]]\nkey = "comments"\ndays = 90\n'
    await setups.apply(setups.parse(text), actor=LEE, now=NOON)
    assert (await retention.days())[Kind.COMMENTS] == 90
    exported = setups.to_toml(await setups.export())
    assert text in exported
    assert await setups.apply(setups.parse(exported), actor=LEE, now=NOON) == []
    [line] = await AuditLine.filter(action="retention.added")
    assert (line.subject, line.after) == ("retention:comments", {"days": 90})


async def test_a_kind_that_is_not_there_is_named(store: store.Store) -> None:
    with pytest.raises(setups.SetupError, match="retention"):
        setups.parse('[[retention]]\nkey = "everything"\ndays = 1\n')
    with pytest.raises(setups.SetupError, match="days"):
        setups.parse('[[retention]]\nkey = "comments"\ndays = -1\n')
