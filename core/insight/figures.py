"""The board: what people said, how many answered, and what is being put right, for a span and a choice of slices."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from core.insight import counting
from core.insight.spans import Part, Span
from core.insight.tallies import Distribution, Share, Steps, Tally, added
from core.models.invites import UNCOUNTED, UNNAMED, InvitePurpose, Slice
from core.models.responses import Response
from core.store.prepared import Prepared

MOST_SAID = 50
FACETS = ("team", "type", "channel", "agent")
_COLUMNS = {
    "team": "team_id", "type": "type", "channel": "channel", "agent": "agent_id", "survey": "survey_key",
    "locale": "locale",
}  # fmt: skip
_SLICES = Prepared(Slice, lambda: Slice.all().order_by("id"))
_SERVICE = (InvitePurpose.SERVICE, InvitePurpose.MANUAL, UNNAMED)
_NOBODYS = (UNNAMED, UNCOUNTED)
_PERSONAL = ("channel", "agent", "locale")
"""What an anonymous answer has none of."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Only these; None is "all", 0 and "" are "those that have none"."""

    team: int | None = None
    type: str | None = None
    channel: str | None = None
    agent: int | None = None
    survey: str | None = None
    locale: str | None = None

    def taken(self, known: Iterable[Slice]) -> list[Slice]:
        """Those of them that are meant."""
        wanted = {part.name: value for part in fields(self) if (value := getattr(self, part.name)) is not None}
        return [one for one in known if all(_is(one, part, value) for part, value in wanted.items())]


def _is(one: Slice, part: str, value: int | str) -> bool:
    return has(one, part) and getattr(one, _COLUMNS[part]) == value


def has(one: Slice, part: str) -> bool:
    """Whether it can be cut by that: an anonymous answer is in no channel's, agent's or language's group."""
    return one.purpose not in _NOBODYS or part not in _PERSONAL


@dataclass(frozen=True, slots=True)
class Recoveries:
    """`open` and `overdue` are of now; all others are of the recoveries opened in the span."""

    open: int
    overdue: int
    opened: int
    resolved: int
    dismissed: int
    taken_within: timedelta | None
    closed_within: timedelta | None
    again: Tally  # what was said to "is it right now?"

    @property
    def rate(self) -> Share:
        return Share(self.again.positive, self.again.judged)


@dataclass(frozen=True, slots=True)
class Group:
    """One team, type, channel or agent (`value`; 0 or "" is "none")."""

    value: int | str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Said:
    """Words of an anonymous answer that counts, and its score if it has one."""

    overall: int | None
    comment: str


@dataclass(frozen=True, slots=True)
class Point:
    part: Part
    tally: Tally


@dataclass(frozen=True, slots=True)
class Board:
    span: Span
    total: Tally
    before: Tally
    points: Sequence[Point]
    recoveries: Recoveries
    said: Sequence[Said]  # anonymously, in no order
    uncounted: int  # anonymous answers that are in no figure yet, for there are too few alike


@dataclass(frozen=True, slots=True)
class Details:
    dimensions: Mapping[str, Distribution]  # `overall` first
    steps: Steps
    not_asked: Mapping[str, int]  # by reason


async def slices() -> list[Slice]:
    """By what figures can be cut: every combination that ever occurred."""
    return await _SLICES.all()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The slices that the filters take, by number. `service` are of questions how it went."""

    every: Mapping[int, Slice]
    service: Collection[int]

    @classmethod
    async def of(cls, filters: Filters, known: Sequence[Slice] | None) -> _Chosen:
        every = {one.id: one for one in filters.taken(await slices() if known is None else known)}
        service = [one.id for one in every.values() if one.purpose in _SERVICE]
        return cls(every, service)

    def of_purpose(self, purpose: str) -> list[int]:
        return [one.id for one in self.every.values() if one.purpose == purpose]


async def board(span: Span, filters: Filters, *, now: datetime, known: Sequence[Slice] | None = None) -> Board:
    """`known` are the slices, for who has read them already. The statements run side by side where the store can."""
    chosen = await _Chosen.of(filters, known)
    parts = span.parts()
    over_time, [earlier], recoveries, (said, uncounted) = await asyncio.gather(
        counting.over_time(chosen.service, parts),
        counting.over_time(chosen.service, [span.before()]),
        _recoveries(chosen, span, now=now),
        _anonymous(chosen, span),
    )
    return Board(
        span=span,
        total=added([*over_time, Tally(open=recoveries.open, overdue=recoveries.overdue)]),
        before=earlier,
        points=[Point(part, tally) for part, tally in zip(parts, over_time, strict=True)],
        recoveries=recoveries,
        said=said,
        uncounted=uncounted,
    )


async def details(span: Span, filters: Filters) -> Details:
    """How often each score was given, and what became of the questions."""
    chosen = await _Chosen.of(filters, None)
    scores, steps, not_asked = await asyncio.gather(
        counting.scores(chosen.service, span),
        counting.steps(chosen.service, span),
        counting.not_asked(chosen.service, span),
    )
    return Details(_dimensions(scores), steps, not_asked)


async def reasons(span: Span, filters: Filters, *, known: Sequence[Slice] | None = None) -> dict[str, int]:
    """How many answers gave each reason, the most frequent first."""
    chosen = await _Chosen.of(filters, known)
    return await counting.reasons(chosen.service, span)


async def groups(
    span: Span, filters: Filters, *, now: datetime, known: Sequence[Slice] | None = None
) -> dict[str, list[Group]]:
    """For each facet its groups, those with the most answers first.

    A recovery is to be worked on whichever answer opened it; all else is of questions about the service.
    """
    chosen = await _Chosen.of(filters, known)
    counted = await asyncio.gather(
        counting.ratings(chosen.service, span),
        counting.questions(chosen.service, span),
        counting.open_recoveries(chosen.every, now),
    )
    by_slice = {one: added(found[one] for found in counted if one in found) for one in set().union(*counted)}
    return {facet: _grouped(facet, chosen.every, by_slice) for facet in FACETS}


async def _recoveries(chosen: _Chosen, span: Span, *, now: datetime) -> Recoveries:
    opened = await counting.recoveries(chosen.every, span)
    unfinished = added((await counting.open_recoveries(chosen.every, now)).values())
    return Recoveries(
        open=unfinished.open,
        overdue=unfinished.overdue,
        opened=opened.count,
        resolved=opened.resolved,
        dismissed=opened.dismissed,
        taken_within=_median(opened.taken),
        closed_within=_median(opened.closed),
        again=added((await counting.ratings(chosen.of_purpose(InvitePurpose.RECOVERY), span)).values()),
    )


async def _anonymous(chosen: _Chosen, span: Span) -> tuple[list[Said], int]:
    """What they said, and how many wait to be counted. They come by fives at least, as the scores do."""
    uncounted = await counting.uncounted(chosen.of_purpose(UNCOUNTED))
    if not (unnamed := chosen.of_purpose(UNNAMED)):
        return [], uncounted
    rows = Response.filter(slice_id__in=unnamed, created_at__gte=span.since, created_at__lt=span.until)
    said = await rows.exclude(comment="").order_by("id").limit(MOST_SAID)
    return [Said(row.overall, row.comment) for row in said], uncounted


def _dimensions(together: Iterable[tuple[Mapping[str, int], int]]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = defaultdict(Distribution)
    for scores, count in together:
        for dimension, value in scores.items():
            found[dimension].counts[value] += count
    return {key: found[key] for key in sorted(found, key=lambda key: (key != "overall", key))}


def _grouped(facet: str, slices: Mapping[int, Slice], by_slice: Mapping[int, Tally]) -> list[Group]:
    found: dict[int | str, list[Tally]] = defaultdict(list)
    for slice_id, tally in by_slice.items():
        if not has(slices[slice_id], facet):
            continue
        found[getattr(slices[slice_id], _COLUMNS[facet])].append(tally)
    cut = [Group(value, added(tallies)) for value, tallies in found.items()]
    return sorted(cut, key=lambda one: (-one.tally.rated, -one.tally.delivered, str(one.value)))


def _median(seconds: Sequence[float]) -> timedelta | None:
    return timedelta(seconds=round(statistics.median(seconds))) if seconds else None
