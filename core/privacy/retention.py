"""How long each kind of data is kept, and letting go of what is older (SEC-55)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.models import Model
from tortoise.queryset import QuerySet

from core import transactions
from core.models.contacts import Bounce
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.desk import OPEN_STATUSES, Attachment, Ticket, TicketEntry
from core.models.reactions import Alert, AlertState, Recovery
from core.models.responses import HeldAnswer, PageVisit, Response, ResponseRevision
from core.models.setup import Kind, Retention
from core.reactions.recoveries import UNDER_WAY

FOR_EVER = 0
USUAL: Mapping[Kind, int] = {
    Kind.ARRIVALS: 30,
    Kind.DELIVERIES: 365,
    Kind.VISITS: 30,
    Kind.HELD: 365,
    Kind.ATTACHMENTS: 1095,
    Kind.MESSAGES: 1095,
    Kind.SUBJECTS: 1095,
    Kind.CLOSING_NOTES: 1095,
    Kind.COMMENTS: 1095,
    Kind.RESPONSES: FOR_EVER,
    Kind.BOUNCES: 365,
}
"""Days. Scores without words name nobody, and before and after can be compared over years."""
BATCH = 200
"""So many rows in one unit of work: it takes milliseconds, and others write in between."""

_IN_THE_END = (DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.CANCELLED, DeliveryState.SUPERSEDED)
_ONLY_WORDS = (
    "history.commented",
    "desk.reopen_note",
    "desk.reopen_note_of_dimension",
    "history.change_held",
    "history.not_staff",
    "history.unproven",
)
"""Lines of a ticket that have words or an address among their values, and without those nothing to say."""
_WORDED = frozenset({"address", "reason"})
"""Of the values of a line that stays, what may be anybody's words."""
_BY_HAND, _BY_HAND_PLAIN = "history.sent_by_hand", "history.sent_by_hand_plain"  # the first says why
_RESOLVED, _RESOLVED_PLAIN = ("history.resolved", "history.resolved_inside"), "history.resolved_plain"
"""The first two repeat the ticket's result."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which rows are too old, and what is done to some of them, by their keys."""

    old: Callable[[datetime], QuerySet[Any]]
    let_go: Callable[[list[Any]], Awaitable[None]]


async def days() -> dict[Kind, int]:
    """What holds now, for each kind; 0 is for ever."""
    chosen = {row.key: row.days for row in await Retention.all()}
    return {kind: chosen.get(kind, usual) for kind, usual in USUAL.items()}


async def too_old(kind: Kind, kept: int, *, now: datetime) -> int:
    """How many rows would go if that kind were kept for so many days."""
    return await _RULES[kind].old(now - timedelta(days=kept)).count() if kept != FOR_EVER else 0


async def let_go(*, now: datetime) -> dict[Kind, int]:
    """Take away what is older than it may be, a few rows at a time. How many, by kind; nothing where it was nothing."""
    gone = {}
    for kind, kept in (await days()).items():
        if kept != FOR_EVER and (count := await _let_go(_RULES[kind], now - timedelta(days=kept))):
            gone[kind] = count
    return gone


async def _let_go(rule: _Rule, before: datetime) -> int:
    count = 0
    rows = rule.old(before)
    key = rows.model._meta.pk_attr
    while keys := await rows.order_by(key).limit(BATCH).values_list(key, flat=True):
        batch = list(keys)
        await transactions.run(lambda batch=batch: rule.let_go(batch))  # type: ignore[misc]
        count += len(batch)
        await asyncio.sleep(0)
    return count


def _over(before: datetime) -> QuerySet[Ticket]:
    """Said by which they are not: asked for those that are resolved, SQLite would look in the index by status and read
    nearly every ticket.
    """
    return Ticket.filter(resolved_at__lt=before).exclude(status__in=OPEN_STATUSES)


def _closed(before: datetime) -> Subquery:
    return Subquery(_over(before).values("id"))


def _old_arrivals(before: datetime) -> QuerySet[Any]:
    return Arrival.filter(state__in=(ArrivalState.HANDLED, ArrivalState.QUARANTINED), received_at__lt=before)


def _old_deliveries(before: datetime) -> QuerySet[Any]:
    """Their rows stay, so that nothing is ever sent twice; to whom and what does not."""
    said = Q(target__not="") | Q(drawn__isnull=False)
    return Delivery.filter(said, state__in=_IN_THE_END, created_at__lt=before)


def _old_messages(before: datetime) -> QuerySet[Any]:
    worded = Q(text__not="") | Q(label__in=(*_ONLY_WORDS, _BY_HAND))
    return TicketEntry.filter(worded, ticket_id__in=_closed(before))


def _old_subjects(before: datetime) -> QuerySet[Any]:
    told = Subquery(TicketEntry.filter(label__in=_RESOLVED, ticket_id__in=_closed(before)).values("ticket_id"))
    said = Q(subject__not="") | Q(result__not="") | Q(id__in=told)
    return _over(before).filter(said)


def _old_closing_notes(before: datetime) -> QuerySet[Any]:
    return Recovery.filter(closed_at__lt=before).exclude(closing_note="")


def _old_responses(before: datetime) -> QuerySet[Any]:
    """But for those that somebody still has to see to: with them their recovery and their alert would go."""
    owed = Recovery.filter(state__in=UNDER_WAY).values("response_id")
    alerted = Alert.exclude(state=AlertState.CLOSED).values("response_id")
    old = Response.filter(changed_at__lt=before)
    return old.exclude(Q(id__in=Subquery(owed)) | Q(id__in=Subquery(alerted)))


def _old_comments(before: datetime) -> QuerySet[Any]:
    before_that = ResponseRevision.exclude(comment="").filter(at__lt=before).values("response_id")
    return Response.filter(Q(comment__not="") | Q(id__in=Subquery(before_that)), changed_at__lt=before)


async def _empty_deliveries(keys: list[Any]) -> None:
    await Delivery.filter(id__in=keys).update(target="", payload={}, drawn=None, problem="", receipt="")


async def _empty_messages(keys: list[Any]) -> None:
    await TicketEntry.filter(id__in=keys, label__in=_ONLY_WORDS).delete()
    for line in await TicketEntry.filter(id__in=keys):
        said = {name: value for name, value in line.values.items() if name not in _WORDED}
        label = _BY_HAND_PLAIN if line.label == _BY_HAND else line.label
        await TicketEntry.filter(id=line.id).update(text="", label=label, values=said)


async def _empty_subjects(keys: list[Any]) -> None:
    await Ticket.filter(id__in=keys).update(subject="", result="")
    for line in await TicketEntry.filter(ticket_id__in=keys, label__in=(*_RESOLVED, _RESOLVED_PLAIN)):
        await TicketEntry.filter(id=line.id).update(label=_RESOLVED_PLAIN, values={**line.values, "result": ""})


async def _empty_closing_notes(keys: list[Any]) -> None:
    await Recovery.filter(id__in=keys).update(closing_note="")


async def _empty_comments(keys: list[Any]) -> None:
    await Response.filter(id__in=keys).update(comment="")
    await ResponseRevision.filter(response_id__in=keys).update(comment="")


def _deletes(model: type[Model], old: Callable[[datetime], QuerySet[Any]]) -> _Rule:
    async def delete(keys: list[Any]) -> None:
        await model.filter(pk__in=keys).delete()

    return _Rule(old, delete)


_RULES: Mapping[Kind, _Rule] = {
    Kind.ARRIVALS: _deletes(Arrival, _old_arrivals),
    Kind.DELIVERIES: _Rule(_old_deliveries, _empty_deliveries),
    Kind.VISITS: _deletes(PageVisit, lambda before: PageVisit.filter(opened_at__lt=before)),
    Kind.HELD: _deletes(HeldAnswer, lambda before: HeldAnswer.filter(at__lt=before)),
    Kind.ATTACHMENTS: _deletes(Attachment, lambda before: Attachment.filter(ticket_id__in=_closed(before))),
    Kind.MESSAGES: _Rule(_old_messages, _empty_messages),
    Kind.SUBJECTS: _Rule(_old_subjects, _empty_subjects),
    Kind.CLOSING_NOTES: _Rule(_old_closing_notes, _empty_closing_notes),
    Kind.COMMENTS: _Rule(_old_comments, _empty_comments),
    Kind.RESPONSES: _deletes(Response, _old_responses),
    Kind.BOUNCES: _deletes(Bounce, lambda before: Bounce.filter(at__lt=before)),
}
