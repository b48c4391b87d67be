"""Spans of whole days in a time zone, and their parts. A day is as long as the clocks there make it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.errors import Invalid

LONGEST = 3660
_DAILY, _WEEKLY = 45, 184
_A_MOMENT = timedelta(microseconds=1)


class Preset(StrEnum):
    """The spans that are offered; each ends with the present day."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "year"


DAYS = {Preset.TODAY: 1, Preset.WEEK: 7, Preset.MONTH: 30, Preset.QUARTER: 90, Preset.YEAR: 365}


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Part:
    """From `first` to `last`, both included; as moments from `since` until before `until`."""

    first: date
    last: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Span(Part):
    zone: ZoneInfo

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def step(self) -> Step:
        """How long one point of a chart is."""
        return Step.DAY if self.days <= _DAILY else Step.WEEK if self.days <= _WEEKLY else Step.MONTH

    def before(self) -> Span:
        """As many days, directly before; of a span that is not over yet, only as much as has passed of it."""
        back = timedelta(days=self.days)
        first, last = self.first - back, self.last - back
        until = (self.until.astimezone(self.zone).replace(tzinfo=None) - back).replace(tzinfo=self.zone)
        return Span(first, last, _midnight(first, self.zone), min(until.astimezone(UTC), self.since), self.zone)

    def parts(self) -> list[Part]:
        """Days, weeks (from Monday) or months; the first and the last may be shorter."""
        return [part for part in self._parts() if part.since < part.until]

    def _parts(self) -> Iterator[Part]:
        first = self.first
        while first <= self.last:
            following = min(_following(first, self.step), self.last + timedelta(days=1))
            until = min(_midnight(following, self.zone), self.until)
            yield Part(first, following - timedelta(days=1), _midnight(first, self.zone), until)
            first = following


def preset(which: Preset, *, zone: ZoneInfo, now: datetime) -> Span:
    today = now.astimezone(zone).date()
    return between(today - timedelta(days=DAYS[which] - 1), today, zone=zone, now=now)


def between(first: date, last: date, *, zone: ZoneInfo, now: datetime) -> Span:
    """From that day to that day, until now at most. Raises errors.Invalid for what is no span."""
    if last < first:
        raise Invalid("the last day is before the first", field="last", label="board.last_before_first")
    if (last - first).days >= LONGEST or first.year < 2000 or last.year > 2200:
        raise Invalid(f"at most {LONGEST} days", field="first", label="board.too_long")
    since, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    return Span(first, last, since, max(since, min(end, now.astimezone(UTC) + _A_MOMENT)), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Where the clocks jump over midnight, the moment at which they jump."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _following(day: date, step: Step) -> date:
    match step:
        case Step.DAY:
            return day + timedelta(days=1)
        case Step.WEEK:
            return day + timedelta(days=7 - day.weekday())
        case Step.MONTH:
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
