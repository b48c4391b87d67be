"""How a moment and a length of time are said: "today 14:30", "25 Nov 14:30", "Sat 28 Nov 14:30", "1 hour"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time

from bot.labels import Labels

_NEARBY = {-1: "time.yesterday", 0: "time.today", 1: "time.tomorrow"}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_MINUTES = 2  # the first unit that is said alone


def when(
    moment: datetime, labels: Labels, *, tz: str | tzinfo, now: datetime, lasting: bool = False, named: bool = False
) -> str:
    """A moment as somebody in `tz` says it at `now`; the year is said only when it is not the present one.

    `lasting` is for what stays on somebody's screen: tomorrow, "today" would be wrong, so the day is named.
    `named` says the zone too, for a reader who may live in another one.
    """
    if moment.tzinfo is None or now.tzinfo is None:
        raise ValueError("a moment must be aware of its time zone")
    zone = zone_of(tz)
    there = moment.astimezone(zone)
    said = _said(there, now.astimezone(zone), zone, labels, lasting=lasting)
    return labels.say("time.in_zone", {"time": said, "zone": _zone_name(there)}) if named else said


def _said(there: datetime, here: datetime, zone: tzinfo, labels: Labels, *, lasting: bool) -> str:
    locale = Locale.parse(labels.locale, sep="-")
    clock = format_time(there, labels.say("time.clock", {}), tzinfo=zone, locale=locale)
    nearby = _NEARBY.get((there.date() - here.date()).days)
    if nearby and not lasting:
        return labels.say(nearby, {"clock": clock})
    pattern = "time.day_and_year" if there.year != here.year else "time.lasting_day" if lasting else "time.day"
    day = format_date(there, labels.say(pattern, {}), locale=locale)
    return labels.say("time.other_day", {"day": day, "clock": clock})


def _zone_name(there: datetime) -> str:
    """ "UTC+5:30", which everybody can reckon with: "CST" is the time of Chicago, of Shanghai and of Havana."""
    offset = there.utcoffset() or timedelta()
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def span(length: timedelta, labels: Labels) -> str:
    """A length of time in its largest unit and the next smaller one, rounded to that; a negative one as its length."""
    seconds = abs(length.total_seconds())
    smallest = _said_in(seconds)[-1][1]
    left = int(seconds + smallest / 2) // smallest * smallest
    units = _said_in(left)  # 59:40 has become an hour
    parts: list[str] = []
    for unit, size in units:
        count, left = divmod(left, size)
        if count or not parts:
            parts.append(labels.say(f"duration.{unit}", {"count": count}))
    return labels.say("time.between_units", {}).join(parts)


def _said_in(seconds: float) -> tuple[tuple[str, int], ...]:
    first = next((index for index, (_, size) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
    return _UNITS[first : first + 2] if first < _MINUTES else _UNITS[first : first + 1]


def zone_of(name: str | tzinfo) -> tzinfo:
    """The time zone of that name; UTC for an unknown one, since somebody's typing error must not stop a message."""
    if isinstance(name, tzinfo):
        return name
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
