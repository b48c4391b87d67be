"""What a rule as it is written now would have done to what has happened. It writes nothing."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.queryset import QuerySet

from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.invites import Invite, InviteState
from core.models.reactions import Recovery
from core.models.responses import Band, Response, ResponseRevision, Score
from core.reactions import rules
from core.reactions.acting import Case
from core.reactions.conditions import Facts, unmet
from core.reactions.settings import Event, Repeat, RuleSettings

MOST = 2000
"""So many of the newest are looked at, and no more: the page must come up."""
_REOPENED_BY_US = ("history.reopened_by_rating", "history.reopened_by_rating_of_dimension", "history.reopened_by_rule")
_TICKET = ("ticket__team", "ticket__contact")


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that happened. `why` is the condition that did not hold, or "again"; `values` are for its words."""

    number: str
    at: datetime
    fires: bool
    why: str = ""
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """The newest first. `cut`: there was more than could be looked at."""

    tried: Sequence[Tried]
    cut: bool = False

    @property
    def fires(self) -> int:
        return sum(one.fires for one in self.tried)


@dataclass(frozen=True, slots=True)
class _Past:
    at: datetime
    ticket: Ticket
    facts: Facts
    response_id: int = 0


async def try_out(settings: RuleSettings, since: datetime, until: datetime) -> Trial:
    """Judge each thing from `since` to `until`, oldest first; the answer has the newest first.

    Tickets and contacts are taken as they are now; answers as they were when they were judged.
    """
    past, cut = await _past(settings.event, since, until)
    negatives = await _negatives(settings.when.repeat, {one.ticket.contact_id for one in past}, since, until)
    fired: dict[int, bool] = {}
    tried: list[Tried] = []
    for one in past:
        count = _count(settings.when.repeat, negatives.get(one.ticket.contact_id, ()), one.at)
        found = unmet(settings.when, dataclasses.replace(one.facts, negatives=count))
        again = found is None and one.response_id > 0 and fired.get(one.response_id, False)
        fired[one.response_id] = found is None
        why = found.name if found else rules.AGAIN if again else ""
        tried.append(Tried(one.ticket.number, one.at, not why, why, found.values if found else {}))
    return Trial(tried[::-1], cut)


async def _past(event: Event, since: datetime, until: datetime) -> tuple[list[_Past], bool]:
    found = await _FIND[event](since, until)
    return sorted(found[:MOST], key=lambda one: one.at), len(found) > MOST


async def _settled(since: datetime, until: datetime) -> list[_Past]:
    rows = (
        ResponseRevision.filter(at__gte=since, at__lte=until)
        .order_by("-id")
        .limit(MOST + 1)
        .select_related(*(f"response__invite__{one}" for one in _TICKET))
    )
    return [_revision(row) for row in await rows]


def _revision(row: ResponseRevision) -> _Past:
    invite: Invite = row.response.invite
    facts = rules.facts_of(Case(Event.SETTLED, "", invite.ticket, invite))
    judged = dataclasses.replace(
        facts, band=row.band.value, scores=row.scores, reasons=tuple(row.reasons), comment=row.comment
    )
    return _Past(row.at, invite.ticket, judged, row.response_id)


async def _overdue(since: datetime, until: datetime) -> list[_Past]:
    rows: QuerySet[Recovery] = (
        Recovery.filter(due_at__gte=since, due_at__lte=until)
        .order_by("-id")
        .limit(MOST + 1)
        .select_related("response__invite", *_TICKET)
    )
    late = [row for row in await rows if row.closed_at is None or row.closed_at > row.due_at]
    scores: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for score in await Score.filter(response_id__in=[row.response_id for row in late]):
        scores[score.response_id][score.dimension] = score.value
    return [
        _Past(
            row.due_at,
            row.ticket,
            rules.facts_of(
                Case(Event.OVERDUE, "", row.ticket, row.response.invite, row.response, scores[row.response_id])
            ),
        )
        for row in late
    ]


async def _expired(since: datetime, until: datetime) -> list[_Past]:
    rows = Invite.filter(state=InviteState.EXPIRED, expires_at__gte=since, expires_at__lte=until)
    found = await rows.order_by("-id").limit(MOST + 1).select_related(*_TICKET)
    return [_of_invite(Event.EXPIRED, row, row.expires_at) for row in found]


async def _undeliverable(since: datetime, until: datetime) -> list[_Past]:
    rows = Invite.filter(state=InviteState.UNDELIVERABLE, due_at__gte=since, due_at__lte=until)
    found = await rows.order_by("-id").limit(MOST + 1).select_related(*_TICKET)
    return [_of_invite(Event.UNDELIVERABLE, row, row.due_at) for row in found]


def _of_invite(event: Event, row: Invite, at: datetime) -> _Past:
    return _Past(at, row.ticket, rules.facts_of(Case(event, "", row.ticket, row)))


async def _reopened(since: datetime, until: datetime) -> list[_Past]:
    rows = TicketEntry.filter(kind=EntryKind.REOPENED, at__gte=since, at__lte=until, label__not_in=_REOPENED_BY_US)
    found = await rows.order_by("-id").limit(MOST + 1).select_related(*_TICKET)
    return [_Past(row.at, row.ticket, rules.facts_of(Case(Event.REOPENED, "", row.ticket))) for row in found]


_FIND = {
    Event.SETTLED: _settled,
    Event.OVERDUE: _overdue,
    Event.UNDELIVERABLE: _undeliverable,
    Event.EXPIRED: _expired,
    Event.REOPENED: _reopened,
}


async def _negatives(
    repeat: Repeat | None, people: Collection[int], since: datetime, until: datetime
) -> Mapping[int, Sequence[datetime]]:
    """When each of these contacts was unhappy, as far back as `repeat` looks."""
    found: defaultdict[int, list[datetime]] = defaultdict(list)
    if repeat is None or not people:
        return found
    rows = Response.filter(
        invite__contact_id__in=list(people),
        band=Band.NEGATIVE,
        created_at__gte=since - repeat.span,
        created_at__lte=until,
    )
    for contact, at in await rows.values_list("invite__contact_id", "created_at"):
        found[contact].append(at)
    return found


def _count(repeat: Repeat | None, moments: Sequence[datetime], at: datetime) -> int:
    return sum(at - repeat.span < one <= at for one in moments) if repeat is not None else 0
