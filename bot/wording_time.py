"""How a moment and a length of time are said: "today 14:30", "25 Nov 14:30", "Sat 28 Nov 14:30", "1 hour"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_time

from bot.labels import Labels

_NEARBY = {-1: "time.yesterday", 0: "time.today", 1: "time.tomorrow"}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
NO_BREAK_SPACE, WORD_JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"
_TORN = re.compile(r"(?<=[\u2e80-\u9fff])(?=\S)|(?<=\S)(?=[\u2e80-\u9fff])")
"""Where a row may end in Chinese: on both sides of every character."""
_MINUTES = 2  # the first unit that is said alone


def when(
    moment: datetime,
    labels: Labels,
    *,
    tz: str | tzinfo,
    now: datetime,
    lasting: bool = False,
    zoned: bool = False,
) -> str:
    """A moment as somebody in `tz` says it at `now`; the year is said only when it is not the present one.

    `lasting` is for what stays on somebody's screen: tomorrow, "today" would be wrong, so the day is named. `zoned` is
    for people who may be anywhere: "Sat 28 Nov 14:30 (UTC+1)".
    """
    if moment.tzinfo is None or now.tzinfo is None:
        raise ValueError("a moment must be aware of its time zone")
    zone = zone_of(tz)
    words = _when(moment.astimezone(zone), now.astimezone(zone), zone, labels, lasting=lasting)
    return labels.say("time.zoned", {"when": words, "zone": zone_name(moment, zone)}) if zoned else words


def zone_name(moment: datetime, tz: str | tzinfo) -> str:
    """ "UTC+1": the same in every language, and never letters: "CST" is Chicago's, Shanghai's and Havana's."""
    minutes = round((moment.astimezone(zone_of(tz)).utcoffset() or timedelta(0)).total_seconds() / 60)
    hours, left = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return "UTC" + (f"{sign}{hours}" if minutes else "") + (f":{left:02}" if left else "")


def _when(there: datetime, here: datetime, zone: tzinfo, labels: Labels, *, lasting: bool) -> str:
    locale = Locale.parse(labels.locale, sep="-")
    clock = format_time(there, labels.say("time.clock", {}), tzinfo=zone, locale=locale)
    nearby = _NEARBY.get((there.date() - here.date()).days)
    if nearby and not lasting:
        return labels.say(nearby, {"clock": clock})
    pattern = "time.day_and_year" if there.year != here.year else "time.lasting_day" if lasting else "time.day"
    day = format_date(there, labels.say(pattern, {}), locale=locale)
    return labels.say("time.other_day", {"day": day, "clock": clock})


def unbroken(moment: str) -> str:
    """The same for a page: at most its clock stands in the next row, and neither the day nor the clock is torn."""
    day, between, clock = moment.rpartition(" ")
    return f"{_TORN.sub(WORD_JOINER, day.replace(' ', NO_BREAK_SPACE))}{between}{clock}"


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
