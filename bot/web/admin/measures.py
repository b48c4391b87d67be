"""Durations and hours of the day as anybody can fill them in: a number and its unit; never, or from and until.

What was filled in becomes what `setup.toml` would say, also where it is wrong: it is checked as the file is, and is
shown again as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core import durations

Fields = Mapping[str, Sequence[str]]
UNITS = ("s", "m", "h", "d")
BETWEEN = "between"
"""What the choice of hours says when it is not the one without hours."""
_SIZES = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PLAIN = re.compile(r"\d+[smhd]")


def read_span(fields: Fields, name: str) -> str:
    """ "30m", of `<name>.number` and `<name>.unit`."""
    return f"{typed(fields, f'{name}.number')}{typed(fields, f'{name}.unit')}"


def span_parts(said: str, usual: str = "m") -> tuple[str, str]:
    """The number and the unit of a duration; of "1h30m" in the largest unit of which it is a whole number."""
    if not _PLAIN.fullmatch(said):
        try:
            seconds = int(durations.parse(said).total_seconds())
        except ValueError:
            return (said[:-1], said[-1]) if said.endswith(UNITS) else (said, usual)
        unit = next(unit for unit, size in _SIZES.items() if seconds % size == 0)
        return str(seconds // _SIZES[unit]), unit
    return said[:-1], said[-1]


def read_hours(fields: Fields, name: str, without: str) -> str:
    """ "09:00-21:00", of `<name>.since` and `<name>.until`; `without` unless `<name>.when` says that there are some."""
    if typed(fields, f"{name}.when") != BETWEEN:
        return without
    return f"{typed(fields, f'{name}.since')}-{typed(fields, f'{name}.until')}"


def hours_parts(said: str) -> tuple[str, str]:
    """When they begin and end; twice "" where there are none."""
    since, between, until = said.partition("-")
    return (since, until) if between else ("", "")


def typed(fields: Fields, name: str) -> str:
    """What stands in a field, the last one if there are several; "" where it was not sent."""
    return (fields.get(name) or [""])[-1].strip()
