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

    def stands_before(self, other: Scope) -> bool:
        """Whether messages that could be of both take their words from here."""
        if self == other or not self.overlaps(other):
            return False
        order = list(self._shared_with(other).chain())
        return order.index(self) < order.index(replace(other, kind=self.kind))

    def between(self, other: Scope) -> set[Scope]:
        """The scopes whose words would take from both what they share; this one is among them, the other not."""
        order = list(self._shared_with(other).chain())
        return set(order[: order.index(replace(other, kind=self.kind))])

    def _shared_with(self, other: Scope) -> Scope:
        locale, team, channel = self.locale or other.locale, self.team or other.team, self.channel or other.channel
        return replace(self, locale=locale, team=team, channel=channel)

    def chain(self) -> Iterator[Scope]:
        """This one, and then the wider ones in the order in which words are looked for; the shipped ones come after."""
        for locale in dict.fromkeys((self.locale, "")):
            pairs = ((self.team, self.channel), (self.team, ""), ("", self.channel), ("", ""))
            for team, channel in dict.fromkeys(pairs):
                yield replace(self, locale=locale, team=team, channel=channel)
