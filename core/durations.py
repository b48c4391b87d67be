"""Durations as people write them: "90s", "5m", "24h", "7d", and together "1h30m"."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from core.phrases import Unusable, phrase

_PART = re.compile(r"(\d+)([dhms])")
_WHOLE = re.compile(r"(?:\d+[dhms])+")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST = timedelta(days=3650)


def parse(text: object, *, most: timedelta = LONGEST) -> timedelta:
    """Read "1h30m"; a timedelta passes. Raises ValueError that says how to write it, or what is the `most`."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        raise Unusable('a duration is written as "90s", "5m", "24h", "7d" or "1h30m"', phrase("problem.span"))
    seconds = sum(int(number.lstrip("0")[:12] or 0) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > most.total_seconds():
        raise Unusable(
            f"a duration is at most {write(most)}" + (" here" if most < LONGEST else ""),
            phrase("problem.at_most", limit=most),
        )
    return timedelta(seconds=seconds)


def write(span: timedelta) -> str:
    """The shortest way to write it: 90 s is "1m30s", nothing is "0s"."""
    left = int(span.total_seconds())
    parts: list[str] = []
    for unit, size in _UNITS.items():
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts) or "0s"


WRITTEN = PlainSerializer(write, return_type=str)
Span = Annotated[timedelta, BeforeValidator(parse), WRITTEN]


def up_to(most: timedelta) -> BeforeValidator:
    """For a span that may not be as long as others: `Annotated[timedelta, up_to(timedelta(days=30)), WRITTEN]`."""
    return BeforeValidator(partial(parse, most=most))
