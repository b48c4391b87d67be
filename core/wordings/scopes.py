"""For whom own words hold, and whose words they get where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    """Messages of one kind, in a language, for a team, in a kind of channel; "" is any."""

    kind: str
    locale: str = ""
    team: str = ""
    channel: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def key(self) -> str:
        """What the audit calls it."""
        narrowed = (("locale", self.locale), ("team", self.team), ("channel", self.channel))
        return " ".join([self.kind, *(f"{name}={value}" for name, value in narrowed if value)])

    def overlaps(self, other: Scope) -> bool:
        """Whether somebody's message could be of both, whatever their kinds."""
        both = ((self.locale, other.locale), (self.team, other.team), (self.channel, other.channel))
        return all(one == two or "" in (one, two) for one, two in both)

    def chain(self) -> Iterator[Scope]:
        """This one, and then the wider ones in the order in which words are looked for; the shipped ones come after."""
        for locale in dict.fromkeys((self.locale, "")):
            pairs = ((self.team, self.channel), (self.team, ""), ("", self.channel), ("", ""))
            for team, channel in dict.fromkeys(pairs):
                yield replace(self, locale=locale, team=team, channel=channel)
