"""The agent's column: what is open, what was resolved and what was decided about asking, and the month in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tortoise.functions import Count
from tortoise.queryset import QuerySet

from bot import telling
from bot.demo.sight import Sight
from core import errors
from core.desk import tickets
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket, TicketEntry
from core.models.responses import Score
from core.models.setup import Staff
from core.ports import FieldKind, Form, FormField, Option
from core.reactions import requests

_LATELY = 6


@dataclass(frozen=True, slots=True)
class Card:
    """One ticket. `reopened` says why it is open again; `decided` whether its resolution is asked about."""

    number: str
    subject: str
    words: str
    contact: str
    contact_key: str
    team: str
    assignee: str
    priority: str
    opened: str
    resolved: str = ""
    reopened: str = ""
    decided: str = ""
    known: str = ""
    scores: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Month:
    tickets: int
    rated: int
    average: str
    spread: tuple[int, ...]  # how many answers of 1, 2, 3, 4, 5


async def open_cards(sight: Sight) -> list[Card]:
    """Of the customer that one plays first, then the newest."""
    rows = await _whole().filter(status__in=OPEN_STATUSES).order_by("-id").limit(30)
    mine = sight.customer.id
    return [await _card(row, sight) for row in sorted(rows, key=lambda row: row.contact_id != mine)]


async def resolved_cards(sight: Sight) -> list[Card]:
    """What was resolved since the curtain rose, and before that as much as fits."""
    rows = await _whole().exclude(status__in=OPEN_STATUSES).order_by("-resolved_at").limit(_LATELY)
    return [await _card(row, sight) for row in rows]


async def month(sight: Sight) -> Month:
    since = sight.now - timedelta(days=30)
    counted = await (
        Score.filter(dimension="overall", given_at__gt=since, response__invite__purpose="service")
        .annotate(given=Count("id"))
        .group_by("value")
        .values_list("value", "given")
    )
    by_score = {int(value): int(given) for value, given in counted}
    spread = tuple(by_score.get(value, 0) for value in range(1, 6))
    rated = sum(spread)
    average = sum(value * given for value, given in by_score.items()) / rated if rated else 0
    return Month(await Ticket.filter(created_at__gt=since).count(), rated, f"{average:.1f}", spread)


def _whole() -> QuerySet[Ticket]:
    return Ticket.all().select_related("contact", "team", "assignee")


async def _card(row: Ticket, sight: Sight) -> Card:
    entries = await TicketEntry.filter(ticket_id=row.id).order_by("id")
    said = [one.text for one in entries if one.kind == EntryKind.MESSAGE and one.values.get("from_contact")]
    again = [one for one in entries if one.kind == EntryKind.REOPENED and one.cycle == row.cycle]
    decided = [one for one in entries if one.kind == EntryKind.DECISION and one.cycle == row.cycle]
    asked = await telling.asked_about(decided)
    return Card(
        number=row.number,
        subject=row.subject,
        words=said[-1] if said else "",
        contact=row.contact.name,
        contact_key=row.contact.ref or "",
        team=sight.team(row.team),
        assignee=row.assignee.name if row.assignee else "",
        priority=row.priority.value,
        opened=sight.when(row.created_at),
        resolved=sight.when(row.resolved_at) if row.resolved_at else "",
        reopened=telling.words_of(again[-1], sight, asked) if again else "",
        decided=telling.words_of(decided[-1], sight, asked) if decided else "",
        known=await _known(row, sight),
        scores=await _scores(row),
    )


async def _scores(row: Ticket) -> tuple[int, ...]:
    """What `overall` was, each time that it was asked."""
    given = Score.filter(dimension="overall", response__invite__ticket_id=row.id).order_by("id")
    return tuple(int(value) for value in await given.values_list("value", flat=True))  # type: ignore[call-overload]


async def _known(row: Ticket, sight: Sight) -> str:
    earlier = await Ticket.filter(contact_id=row.contact_id, id__lt=row.id).count()
    if not earlier:
        return sight.say("alert.first_time")
    overall = Score.filter(dimension="overall", response__invite__contact_id=row.contact_id)
    overall = overall.filter(response__invite__ticket_id__lt=row.id)
    values = [int(value) for value in await overall.values_list("value", flat=True)]  # type: ignore[call-overload]
    if not values:
        return sight.say("alert.history_unrated", count=earlier)
    return sight.say("alert.history_line", count=earlier, average=f"{sum(values) / len(values):.1f}")


# ---------------------------------------------------------------- what the agent does


async def form(sight: Sight, number: str, verb: str) -> Form:
    """The questions behind *Resolve…* and *Assign…*. Raises errors.NotFound."""
    ticket = await tickets.find(number)
    if verb == "assign":
        return _form(sight, ticket, verb, await _who(sight, ticket))
    if verb == "resolve":
        return _form(sight, ticket, verb, *_how(sight, ticket))
    raise errors.NotFound("there is no such button")


async def _who(sight: Sight, ticket: Ticket) -> FormField:
    people = await Staff.filter(active=True).order_by("id")
    options = tuple(Option(one.key, one.name) for one in people)
    now = (ticket.assignee.key,) if ticket.assignee else ()
    return FormField("assignee", sight.say("form.assignee"), FieldKind.CHOICE, options, now, required=True)


def _how(sight: Sight, ticket: Ticket) -> tuple[FormField, FormField]:
    reasons = tuple(Option(one, sight.say(f"close_reason.{one}")) for one in tickets.CLOSE_REASONS)
    result = sight.say("demo.result_again" if ticket.cycle > 1 else "demo.result_first")
    return (
        FormField("reason", sight.say("form.close_reason"), FieldKind.CHOICE, reasons, ("solved",), required=True),
        FormField("result", sight.say("form.result"), FieldKind.TEXT, (), (result,), max_length=2000),
    )


async def act(sight: Sight, number: str, verb: str, values: Mapping[str, Sequence[str]]) -> str:
    """Do it; answers with the words that pass by. Raises errors.Refusal."""
    ticket = await tickets.find(number)
    if verb == "assign":
        return await _assign(sight, ticket, _one(values, "assignee"))
    if verb == "resolve":
        return await _resolve(sight, ticket, _one(values, "reason"), _one(values, "result"))
    raise errors.NotFound("there is no such button")


async def _assign(sight: Sight, ticket: Ticket, key: str) -> str:
    to = await Staff.get_or_none(key=key, active=True)
    if to is None:
        raise errors.NotFound("nobody of that name works here", label="note.unknown_person")
    await requests.assign(ticket, to, by=sight.staff, now=sight.now)
    return sight.say("note.assigned", name=to.name)


async def _resolve(sight: Sight, ticket: Ticket, reason: str, result: str) -> str:
    """The passing words are the decision: whether the customer is asked, and why not."""
    if reason not in tickets.CLOSE_REASONS:
        raise errors.Invalid("choose a reason", field="reason")
    await requests.resolve(ticket, reason, result, by=ticket.assignee or sight.staff, now=sight.now)
    decided = TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.DECISION, cycle=ticket.cycle)
    entry = await decided.order_by("-id").first()
    if entry is None:
        return sight.say("ticket_status.resolved")
    return telling.words_of(entry, sight, await telling.asked_about([entry]))


def _form(sight: Sight, ticket: Ticket, verb: str, *fields: FormField) -> Form:
    return Form(
        action=f"{ticket.number}:{verb}",
        title=sight.say("audit.part", name=sight.say(f"form.{verb}_title"), value=ticket.number),
        submit=sight.say(f"form.{verb}_title"),
        cancel=sight.say("button.cancel"),
        fields=fields,
        intro=ticket.subject,
    )


def _one(values: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(values.get(name, [])), "")
