"""The list of tickets behind a figure of the board, and what each line of a list of tickets says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response as Answer

from bot.staff import called, cards
from bot.web.admin import behind_choice
from bot.web.admin.behind_choice import PATH, Narrowing
from bot.web.admin.board_names import Names
from bot.web.admin.board_shown import Shown
from bot.web.admin.desk import Desk
from core.accounts.roles import Right
from core.contacts import zone_named
from core.insight import behind, figures
from core.insight.behind import ANSWERS, NOW, Behind, Cut, Of
from core.insight.spans import Span
from core.models.desk import Priority, Ticket
from core.models.responses import Band, Response
from core.text import shorten

PAGE = 50
EXCERPT = 160
MINE, NOBODYS = "mine", "nobody"


@dataclass(frozen=True, slots=True)
class Row:
    """`band` is said where there is no overall score."""

    number: str
    subject: str
    urgent: bool
    contact: str
    status: str
    owner: str
    team: str
    when: str
    score: int
    band: str
    comment: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that the list is narrowed to, and the address of the list without it."""

    words: str
    without: str


@dataclass(frozen=True, slots=True)
class View:
    key: str
    path: str
    current: bool


async def of_tickets(tickets: Sequence[Ticket], said: Mapping[int, Response], desk: Desk) -> list[Row]:
    """As things stand now; `said` is the last answer about each."""
    who = await called.names((one.contact for one in tickets), desk.place, desk.locale)
    return [
        _row(
            one,
            said.get(one.id),
            desk,
            contact=who[one.contact_id],
            owner=one.assignee.name or one.assignee.key if one.assignee else "",
            team=one.team.name or one.team.key if one.team else "",
            when=desk.when(one.created_at),
        )
        for one in tickets
    ]


def views(desk: Desk, current: str) -> list[View]:
    """Lists that are often wanted."""
    mine = [(MINE, f"{PATH}?whose={MINE}&status=open")] if desk.staff is not None else []
    own = [("all", PATH), *mine, (NOBODYS, behind_choice.NOBODYS)]
    if desk.visit.may(Right.SEE_BOARD):
        own += [
            ("answers", behind_choice.to({"span": "30d"})),
            ("negative", behind_choice.to({"span": "30d"}, band=Band.NEGATIVE)),
            ("commented", behind_choice.to({"span": "30d"}, comment="1")),
        ]
    return [View(key, path, key == (current or "all")) for key, path in own]


async def draw(desk: Desk, narrowed: Narrowing, *, before: int | None) -> Answer:
    names = await Names.read(desk.visit, await figures.slices())
    span = narrowed.span(zone=zone_named(desk.visit.site.timezone), now=desk.now)
    cut = narrowed.cut(span, names.teams)
    found = await behind.listed(cut, PAGE + 1, before=before, now=desk.now)
    more = {**narrowed.given, "before": str(found.lines[PAGE - 1].key)} if len(found.lines) > PAGE else {}
    return desk.visit.draw(
        "tickets_behind",
        rows=await _rows(found, names, desk),
        count=desk.say(f"admin.behind.count.{_kind(cut.of)}", count=found.count),
        kind=_kind(cut.of),
        chips=_chips(narrowed, cut, span, names),
        unnamed=found.unnamed,
        board=f"/admin/board?{urlencode(narrowed.choice.query)}",
        views=views(desk, _view(cut)),
        following=urlencode(more),
    )


def _kind(of: Of) -> str:
    if of in ANSWERS:
        return "answers"
    if of == Of.NOT_ASKED:
        return "decisions"
    return "recoveries" if of in (*NOW, Of.OPENED, Of.RESOLVED, Of.DISMISSED) else "questions"


def _view(cut: Cut) -> str:
    """Under which of the `views` it stands, whatever else it is narrowed to."""
    if cut.of not in ANSWERS:
        return "none"
    return "negative" if cut.band == Band.NEGATIVE else "commented" if cut.commented else "answers"


async def _rows(found: Behind, names: Names, desk: Desk) -> list[Row]:
    lines = found.lines[:PAGE]
    who = await called.names((one.ticket.contact for one in lines), desk.place, desk.locale)
    return [
        _row(
            one.ticket,
            one.response,
            desk,
            contact=who[one.ticket.contact_id],
            owner=names.of("agent", one.slice.agent_id) if one.slice.agent_id else "",
            team=names.of("team", one.slice.team_id) if one.slice.team_id else "",
            when=desk.when(one.at),
        )
        for one in lines
    ]


def _row(ticket: Ticket, said: Response | None, desk: Desk, *, contact: str, owner: str, team: str, when: str) -> Row:
    return Row(
        ticket.number,
        ticket.subject,
        ticket.priority == Priority.URGENT,
        contact,
        cards.status_of(ticket, desk.place, desk.locale),
        owner,
        team,
        when,
        score=(said.overall or 0) if said else 0,
        band=desk.say(f"board.band.{said.band.value}") if said and said.band else "",
        comment=shorten(said.comment, EXCERPT) if said else "",
    )


def _chips(narrowed: Narrowing, cut: Cut, span: Span | None, names: Names) -> list[Chip]:
    say = names.visit.say
    chips = []
    if span is not None and cut.of not in NOW:
        chips.append(Chip(Shown(names.visit).days(span.first, span.last), narrowed.without("span", "first", "last")))
    if cut.of != Of.WRITTEN:
        chips.append(Chip(say(f"admin.behind.of.{cut.of}"), narrowed.without("of", "reason")))
    if cut.of in ANSWERS:
        chips += _said(narrowed, cut, names)
    if cut.of == Of.NOT_ASKED and cut.reason:
        chips.append(Chip(names.reason(cut.reason), narrowed.without("reason")))
    for part in cut.filters.__slots__:
        value = getattr(cut.filters, part)
        if value is not None:
            words = say("admin.behind.part", part=say(f"board.filter.{part}"), value=names.of(part, value))
            chips.append(Chip(words, narrowed.without(part)))
    return chips


def _said(narrowed: Narrowing, cut: Cut, names: Names) -> list[Chip]:
    say = names.visit.say
    band = say(f"admin.behind.band.{cut.band}") if cut.band else ""
    score = say("admin.behind.score", score=cut.score) if cut.score and not cut.dimension else ""
    comment = say("admin.behind.commented") if cut.commented else ""
    all_ = (("band", band), ("score", score), ("comment", comment))
    chips = [Chip(words, narrowed.without(name)) for name, words in all_ if words]
    if cut.dimension:
        named = names.dimension(cut.dimension)
        words = say("admin.behind.dimension_score", name=named, score=cut.score) if cut.score else ""
        chips.append(Chip(words or say("admin.behind.dimension", name=named), narrowed.without("dimension", "score")))
    return chips
