"""Durations as people write them: "90s", "5m", "24h", "7d", and together "1h30m"."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from core.phrases import Unusable, phrase

_PART = re.compile(r"(\d+)([dhms])")
_WHOLE = re.compile(r"(?:\d+[dhms])+")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST = timedelta(days=3650)


def parse(text: object) -> timedelta:
    """Read "1h30m"; a timedelta passes. Raises ValueError that says how to write it."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _WHOLE.fullmatch(text.strip()):
        raise Unusable('a duration is written as "90s", "5m", "24h", "7d" or "1h30m"', phrase("problem.span"))
    seconds = sum(int(number.lstrip("0")[:12] or 0) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise Unusable("a duration is at most 3650d", phrase("problem.at_most", limit=LONGEST))
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


Span = Annotated[timedelta, BeforeValidator(parse), PlainSerializer(write, return_type=str)]
