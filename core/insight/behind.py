"""The tickets behind a figure of the board: one line for each answer, question, decision or recovery that it counts.

What is anonymous is behind no line: neither an answer that has been cut nor one that may still be, nor how far a
question has come whose answer would be. A figure may therefore be greater than the number of its lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.insight import figures, statements
from core.insight.figures import Filters
from core.insight.spans import Part
from core.models.desk import Ticket
from core.models.invites import UNCOUNTED, UNNAMED, InvitePurpose, Slice
from core.models.responses import Band, Response
from core.surveys.anonymity import SHOWN


class Of(StrEnum):
    """Whose figure it is."""

    WRITTEN = "written"  # answers, scores or words
    RATED = "rated"  # with an overall score
    AGAIN = "again"  # to "is it right now?"
    ASKED = "asked"
    SCHEDULED = "scheduled"
    UNDELIVERABLE = "undeliverable"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"  # before they were delivered
    DELIVERED = "delivered"
    ANSWERED = "answered"
    PARTIAL = "partial"
    WAITING = "waiting"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    NOT_ASKED = "not_asked"  # decisions
    OPEN = "open"  # recoveries; this and the next as of now, whenever they were opened
    OVERDUE = "overdue"
    OPENED = "opened"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


ANSWERS = (Of.WRITTEN, Of.RATED, Of.AGAIN)
NOW = (Of.OPEN, Of.OVERDUE)
_NOBODYS = (UNNAMED, UNCOUNTED)
_TELLING = "NOT i.anonymous"
"""How far an anonymous question has come is nobody's business but its contact's."""
_AS_FAR_AS = {
    Of.PARTIAL: statements.PARTIAL,
    **{of: statements.WAYS[of] for of in (Of.ANSWERED, Of.WAITING, Of.EXPIRED, Of.WITHDRAWN)},
}
_OF_QUESTIONS = {
    Of.ASKED: "i.asked_at IS NOT NULL",
    Of.DELIVERED: statements.DELIVERED,
    **{of: statements.WAYS[of] for of in (Of.SCHEDULED, Of.UNDELIVERABLE, Of.CANCELLED, Of.LAPSED)},
    **{of: f"{condition} AND {_TELLING}" for of, condition in _AS_FAR_AS.items()},
}
_OF_RECOVERIES = {
    Of.OPEN: "v.state IN ('open', 'taken')",
    Of.OVERDUE: "v.state IN ('open', 'taken')",
    Of.OPENED: "v.opened_at IS NOT NULL",
    Of.RESOLVED: "v.state = 'resolved'",
    Of.DISMISSED: f"v.state = 'dismissed' AND {statements.BY_STAFF}",
}
_TABLES = {"r": "responses", "i": "invites", "d": "decisions", "v": "recoveries"}
_NAMED = "(r.band IS NOT NULL OR EXISTS (SELECT 1 FROM invites n WHERE n.id = r.invite_id AND NOT n.anonymous))"
"""What has been judged stays with its invite only when it has a name; of the rest the question tells. An index says
which have been judged.
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """What to list. Without a span of all times. `band`, `score`, `dimension` and `commented` narrow answers."""

    span: Part | None = None
    filters: Filters = field(default_factory=Filters)
    of: Of = Of.WRITTEN
    band: Band | None = None
    score: int | None = None
    commented: bool = False
    dimension: str = ""
    """Only answers that score it; then `score` is of this one, else of all in all."""
    reason: str = ""
    """Why it was decided not to ask: only these."""


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is when it was answered, asked, decided or opened; team and agent are those of then, in `slice`."""

    key: int
    at: datetime
    ticket: Ticket
    slice: Slice
    response: Response | None


@dataclass(frozen=True, slots=True)
class Behind:
    """The newest lines first; `count` is of all of them. `unnamed`: anonymous answers may be in the figure as well."""

    lines: Sequence[Line]
    count: int
    unnamed: bool


async def listed(cut: Cut, most: int, *, before: int | None = None, now: datetime) -> Behind:
    """`before`: only those that come after the line of this key."""
    known = await figures.slices()
    chosen = _chosen(cut, known)
    source = _source(cut, now)
    after = await _after(source, before) if before is not None else []
    [counted] = await statements.rows(source.count, chosen)
    rows = await statements.rows(source.listed(most, *after), chosen)
    said = {} if cut.of == Of.NOT_ASKED else await _said(rows)
    lines = await _whole(rows, said, {one.id: one for one in known})
    return Behind(lines, int(counted["n"]), any(one.purpose in _NOBODYS for one in cut.filters.taken(known)))


async def latest(tickets: Collection[int]) -> dict[int, Response]:
    """By ticket: the last answer about the service that staff may see beside it."""
    if not tickets:
        return {}
    rows = Response.filter(SHOWN, invite__ticket_id__in=list(tickets), settled_version__gt=0)
    service = rows.exclude(invite__purpose=InvitePurpose.RECOVERY)
    return {one.invite.ticket_id: one for one in await service.order_by("id").select_related("invite")}


def _chosen(cut: Cut, known: Sequence[Slice]) -> list[int]:
    """Only what has a name."""
    purposes: Collection[str] = (InvitePurpose.SERVICE, InvitePurpose.MANUAL)
    if cut.of == Of.AGAIN:
        purposes = (InvitePurpose.RECOVERY,)
    elif cut.of in _OF_RECOVERIES:
        purposes = tuple(InvitePurpose)
    return [one.id for one in cut.filters.taken(known) if one.purpose in purposes]


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class _Source:
    """From where the lines come. `key` is the table's alias whose rows they are; `counted` counts them as well."""

    key: str
    tables: str
    where: Sequence[str]
    moment: str
    ticket: str
    response: str
    slice: str
    counted: str

    @property
    def count(self) -> str:
        return f"SELECT COUNT(*) AS n FROM {self.counted}"

    def listed(self, most: int, *after: str) -> str:
        return f"""SELECT {self.key}.id AS number, {self.moment} AS moment, {self.ticket} AS ticket,
                {self.response} AS response, {self.slice} AS slice
            FROM {self.tables} WHERE {_all(*self.where, *after)}
            ORDER BY {self.moment} DESC, {self.key}.id DESC LIMIT {int(most)}"""


def _source(cut: Cut, now: datetime) -> _Source:
    if cut.of in ANSWERS:
        return _answers(cut)
    if cut.of == Of.NOT_ASKED:
        return _decisions(cut)
    return _questions(cut) if cut.of in _OF_QUESTIONS else _recoveries(cut, now)


def _answers(cut: Cut) -> _Source:
    tables = "responses r CROSS JOIN invites i"
    where = [statements.chosen("r.slice_id"), *_within("r.created_at", cut), *_narrowed(cut), _NAMED]
    counted = f"responses r WHERE {_all(*where, *_scored('r.judged', cut))}"
    where += ["i.id = r.invite_id", *_scored(statements.by_time("r.judged"), cut)]
    return _Source("r", tables, where, "r.created_at", "i.ticket_id", "r.id", "r.slice_id", counted)


def _narrowed(cut: Cut) -> list[str]:
    of = {Of.RATED: ["r.overall IS NOT NULL"], Of.AGAIN: ["r.band IS NOT NULL"]}.get(cut.of, [])
    band = [f"r.band = '{cut.band.value}'"] if cut.band is not None else []
    score = [f"r.overall = {int(cut.score)}"] if cut.score is not None and not cut.dimension else []
    return [*of, *band, *score, *(["r.commented"] if cut.commented else [])]


def _scored(column: str, cut: Cut) -> list[str]:
    return [statements.scored(column, cut.dimension, cut.score)] if cut.dimension else []


def _decisions(cut: Cut) -> _Source:
    tables = "slices s CROSS JOIN decisions d"
    why = [f"d.reason = {statements.quoted(cut.reason)}"] if cut.reason else []
    where = ("d.slice_id = s.id", statements.chosen("s.id"), *_within("d.at", cut), *why)
    counted = f"{tables} WHERE {_all(*where)}"
    return _Source("d", tables, where, "d.at", "d.ticket_id", "NULL", "d.slice_id", counted)


def _questions(cut: Cut) -> _Source:
    where = (statements.chosen("i.slice_id"), *_within("i.asked_at", cut), _OF_QUESTIONS[cut.of])
    counted = f"invites i WHERE {_all(*where)}"
    return _Source("i", "invites i", where, "i.asked_at", "i.ticket_id", "NULL", "i.slice_id", counted)


def _recoveries(cut: Cut, now: datetime) -> _Source:
    tables = "recoveries v JOIN responses r ON r.id = v.response_id"
    when = [] if cut.of in NOW else _within("v.opened_at", cut)
    late = [f"v.due_at < {statements.moment(now)}"] if cut.of == Of.OVERDUE else []
    where = (statements.chosen("r.slice_id"), _OF_RECOVERIES[cut.of], *when, *late)
    counted = f"{tables} WHERE {_all(*where)}"
    return _Source("v", tables, where, "v.opened_at", "v.ticket_id", "r.id", "r.slice_id", counted)


def _within(column: str, cut: Cut) -> list[str]:
    return [statements.within(column, cut.span) if cut.span is not None else f"{column} IS NOT NULL"]


def _all(*conditions: str) -> str:
    return " AND ".join(conditions)


async def _after(source: _Source, key: int) -> list[str]:
    """Beyond the line of that key; where it is gone, from the first line on."""
    table = _TABLES[source.key]
    column = source.moment.partition(".")[2]
    found = await statements.rows(f"SELECT {column} AS moment FROM {table} WHERE id = {int(key)}")
    return [f"({source.moment}, {source.key}.id) < ({statements.moment(_at(one))}, {int(key)})" for one in found]


def _at(row: Mapping[str, Any]) -> datetime:
    found: datetime | str = row["moment"]
    return datetime.fromisoformat(found) if isinstance(found, str) else found


# ---------------------------------------------------------------- whole lines


async def _whole(
    rows: Sequence[Mapping[str, Any]], said: Mapping[int, Response], slices: Mapping[int, Slice]
) -> list[Line]:
    tickets = Ticket.filter(id__in={row["ticket"] for row in rows}).select_related("contact", "team", "assignee")
    found = {one.id: one for one in (await tickets if rows else [])}
    return [
        Line(row["number"], _at(row), found[row["ticket"]], slices[row["slice"]], said.get(row["number"]))
        for row in rows
        if row["ticket"] in found
    ]


async def _said(rows: Sequence[Mapping[str, Any]]) -> dict[int, Response]:
    """By line, what was answered there, if staff may see it beside its ticket."""
    if not rows:
        return {}
    if rows[0]["response"] is None:
        asked = Response.filter(SHOWN, invite_id__in=[row["number"] for row in rows])
        return {one.invite_id: one for one in await asked if one.invite_id is not None}
    found = await Response.filter(SHOWN, id__in=[row["response"] for row in rows])
    responses = {one.id: one for one in found}
    return {row["number"]: responses[row["response"]] for row in rows if row["response"] in responses}
