"""The board: what people said, how many answered, and what is being put right, for a span and a choice of slices."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from core.insight import counting
from core.insight.spans import Part, Span
from core.insight.tallies import Distribution, Share, Tally, added
from core.models.invites import UNCOUNTED, UNNAMED, InvitePurpose, Slice
from core.models.reactions import RecoveryState
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

    def take(self, one: Slice) -> bool:
        if not all(has(one, part.name) for part in fields(self) if getattr(self, part.name) is not None):
            return False
        wanted = ((_COLUMNS[part.name], getattr(self, part.name)) for part in fields(self))
        return all(value is None or getattr(one, column) == value for column, value in wanted)


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
    dimensions: Mapping[str, Distribution]  # `overall` first
    points: Sequence[Point]
    groups: Mapping[str, Sequence[Group]]
    not_asked: Mapping[str, int]
    recoveries: Recoveries
    said: Sequence[Said]  # anonymously, in no order
    uncounted: int  # anonymous answers that are in no figure yet, for there are too few alike


async def slices() -> list[Slice]:
    """By what figures can be cut: every combination that ever occurred."""
    return await _SLICES.all()


async def board(span: Span, filters: Filters, *, now: datetime, known: Sequence[Slice] | None = None) -> Board:
    """`known` are the slices, for who has read them already."""
    chosen = [one for one in (await slices() if known is None else known) if filters.take(one)]
    service = {one.id: one for one in chosen if one.purpose in _SERVICE}
    again = {one.id for one in chosen if one.purpose == InvitePurpose.RECOVERY}
    every = {one.id: one for one in chosen}
    by_slice = await _by_slice(service.keys(), every.keys(), span, now=now)
    parts = span.parts()
    over_time = await counting.over_time(service.keys(), parts)
    total = added(by_slice.values())
    total.commented = sum(one.commented for one in over_time)
    before = span.before()
    [earlier] = await counting.over_time(service.keys(), [before])
    return Board(
        span=span,
        total=total,
        before=earlier,
        dimensions=_dimensions(await counting.scores(service.keys(), span)),
        points=[Point(part, tally) for part, tally in zip(parts, over_time, strict=True)],
        groups={facet: _grouped(facet, every, by_slice) for facet in FACETS},
        not_asked=await counting.not_asked(service.keys(), span),
        recoveries=await _recoveries(every.keys(), again, total, span),
        said=await _said([one.id for one in chosen if one.purpose == UNNAMED], span),
        uncounted=await counting.uncounted([one.id for one in chosen if one.purpose == UNCOUNTED]),
    )


async def _by_slice(service: Collection[int], every: Collection[int], span: Span, *, now: datetime) -> dict[int, Tally]:
    """A recovery is to be worked on whichever answer opened it; all else is of questions about the service."""
    counted = (
        await counting.ratings(service, span),
        await counting.questions(service, span),
        await counting.open_recoveries(every, now),
    )
    return {one: added(found[one] for found in counted if one in found) for one in set().union(*counted)}


async def _recoveries(slices: Collection[int], again: Collection[int], total: Tally, span: Span) -> Recoveries:
    rows = await counting.recoveries(slices, span)
    return Recoveries(
        open=total.open,
        overdue=total.overdue,
        opened=len(rows),
        resolved=sum(state == RecoveryState.RESOLVED for state, _, _ in rows),
        dismissed=sum(state == RecoveryState.DISMISSED for state, _, _ in rows),
        taken_within=_median(take for _, take, _ in rows),
        closed_within=_median(close for _, _, close in rows),
        again=added((await counting.ratings(again, span)).values()),
    )


async def _said(slices: Collection[int], span: Span) -> list[Said]:
    """They come by fives at least, as the scores do."""
    if not slices:
        return []
    rows = Response.filter(slice_id__in=list(slices), created_at__gte=span.since, created_at__lt=span.until)
    return [Said(row.overall, row.comment) for row in await rows.exclude(comment="").order_by("id").limit(MOST_SAID)]


def _dimensions(together: Iterable[tuple[Mapping[str, int], int]]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = defaultdict(Distribution)
    for scores, count in together:
        for dimension, value in scores.items():
            found[dimension].counts[value] += count
    return {key: found[key] for key in sorted(found, key=lambda key: (key != "overall", key))}


def _grouped(facet: str, slices: Mapping[int, Slice], by_slice: Mapping[int, Tally]) -> list[Group]:
    """Those with the most answers first."""
    found: dict[int | str, list[Tally]] = defaultdict(list)
    for slice_id, tally in by_slice.items():
        if not has(slices[slice_id], facet):
            continue
        found[getattr(slices[slice_id], _COLUMNS[facet])].append(tally)
    groups = [Group(value, added(tallies)) for value, tallies in found.items()]
    return sorted(groups, key=lambda one: (-one.tally.rated, -one.tally.delivered, str(one.value)))


def _median(seconds: Iterable[float | None]) -> timedelta | None:
    known = [one for one in seconds if one is not None]
    return timedelta(seconds=round(statistics.median(known))) if known else None
