"""What somebody wants to see on the board, as it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.contacts import is_zone, zone_named
from core.errors import Invalid
from core.insight import spans
from core.insight.figures import Filters
from core.insight.spans import Preset, Span

OWN = "own"
NONE = "-"
"""In the address: those that have none. An empty value is "all"."""
PARTS = ("team", "type", "channel", "agent", "survey", "locale")
_NUMBERS = ("team", "agent")


@dataclass(frozen=True, slots=True)
class Choice:
    which: str = Preset.MONTH.value
    first: str = ""
    last: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    """Whose days they are, where not the site's."""

    @property
    def query(self) -> dict[str, str]:
        """The address of this choice."""
        own = {"first": self.first, "last": self.last} if self.which == OWN else {}
        own |= {"zone": self.zone} if self.zone else {}
        return {"span": self.which, **own, **{part: value for part, value in self.given.items() if value}}

    @property
    def filters(self) -> Filters:
        return Filters(**{part: _wanted(part, value) for part, value in self.given.items()})  # type: ignore[arg-type]

    def span(self, *, zone: ZoneInfo, now: datetime) -> Span:
        """Raises errors.Invalid, with its field, for what is no span."""
        zone = zone_named(self.zone) if self.zone else zone
        if self.which != OWN:
            return spans.preset(Preset(self.which), zone=zone, now=now)
        return spans.between(_day(self.first, "first"), _day(self.last, "last"), zone=zone, now=now)


def of(query: Mapping[str, str]) -> Choice:
    """An unknown span is the usual one."""
    which = query.get("span", "")
    known = which in {*map(str, Preset), OWN}
    given = {part: query.get(part, "")[:100] for part in PARTS}
    first, last = (query.get(name, "")[:20] for name in ("first", "last"))
    zone = query.get("zone", "")[:60]
    return Choice(which if known else Preset.MONTH.value, first, last, given, zone if zone and is_zone(zone) else "")


def value_of(value: int | str) -> str:
    """How a value of a slice stands in an address."""
    return str(value) if value else NONE


def _wanted(part: str, value: str) -> int | str | None:
    if not value:
        return None
    if part in _NUMBERS:
        return 0 if value == NONE else int(value) if value.isdecimal() and len(value) < 19 else -1
    return "" if value == NONE else value


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("this is no date", field=name, label="board.no_date") from error
