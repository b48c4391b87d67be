"""Which period a digest is about, and when it is due. Each day of the calendar comes once, whatever the clocks do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.digests.settings import DigestSettings, Every
from core.reactions.team_settings import DAYS

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `first` to `last`, told at `due` (UTC)."""

    every: Every
    first: date
    last: date
    due: datetime

    @property
    def code(self) -> str:
        """What no other period has: "week:2026-11-16"."""
        return f"{self.every}:{self.first}"


def days_of(code: str) -> tuple[date, date]:
    """The first and the last day of a period by its code. Raises ValueError for what is none."""
    every, _, day = code.partition(":")
    first = date.fromisoformat(day)
    match Every(every):
        case Every.DAY:
            return first, first
        case Every.WEEK:
            return first, first + timedelta(days=6)
        case Every.MONTH:
            return first, (first + timedelta(days=32)).replace(day=1) - _DAY


def latest(settings: DigestSettings, zone: ZoneInfo, *, now: datetime) -> Period:
    """The one that was due last, at this moment or before."""
    day = now.astimezone(zone).date()
    while not _is_due_on(settings, day) or _moment(settings, day, zone) > now:
        day -= _DAY
    return _told_on(settings, day, zone)


def whole(settings: DigestSettings, zone: ZoneInfo, *, now: datetime) -> Period:
    """The last one that is over, whether or not its digest is due."""
    at_once = settings.model_copy(update={"at": time(), "weekday": DAYS[0]})
    return latest(at_once, zone, now=now)


def following(settings: DigestSettings, zone: ZoneInfo, *, now: datetime) -> Period:
    """The next one that is due, after this moment."""
    day = now.astimezone(zone).date()
    while not _is_due_on(settings, day) or _moment(settings, day, zone) <= now:
        day += _DAY
    return _told_on(settings, day, zone)


def _is_due_on(settings: DigestSettings, day: date) -> bool:
    match settings.every:
        case Every.DAY:
            return True
        case Every.WEEK:
            return DAYS[day.weekday()] == settings.weekday
        case Every.MONTH:
            return day.day == 1


def _told_on(settings: DigestSettings, day: date, zone: ZoneInfo) -> Period:
    due = _moment(settings, day, zone)
    match settings.every:
        case Every.DAY:
            return Period(Every.DAY, day - _DAY, day - _DAY, due)
        case Every.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Period(Every.WEEK, monday - timedelta(days=7), monday - _DAY, due)
        case Every.MONTH:
            last = day - _DAY
            return Period(Every.MONTH, last.replace(day=1), last, due)


def _moment(settings: DigestSettings, day: date, zone: ZoneInfo) -> datetime:
    """A time that the clocks skip is as much later; one that comes twice is meant the first time."""
    return datetime.combine(day, settings.at, zone).astimezone(UTC)
