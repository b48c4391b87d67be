"""Which figure of the board a list of tickets is about, as it stands in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bot.web.admin import board_choice
from bot.web.admin.board_choice import PARTS, Choice
from core.errors import Refusal
from core.insight.behind import NOW, Cut, Of
from core.insight.spans import Span
from core.models.responses import Band
from core.models.setup import Team

PATH = "/admin/tickets"
NOBODYS = f"{PATH}?whose=nobody&status=open"
_SPAN = ("span", "first", "last", "zone")
_OWN = ("of", "band", "score", "comment", "dimension", "reason")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TELLING = ("span", *_OWN, *(part for part in PARTS if part != "team"))
"""By these one knows that an address means the board's cut: by a team alone those are found that are with it now."""


def to(query: Mapping[str, str], of: Of = Of.WRITTEN, **more: str) -> str:
    """The address of what stands behind a figure; `query` is the choice on the board."""
    kept = {name: value for name, value in query.items() if of not in NOW or name not in _SPAN}
    return f"{PATH}?{urlencode({**kept, 'of': of.value, **more})}"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """`given` are the parts of the address that mean something."""

    given: Mapping[str, str]
    choice: Choice
    of: Of
    band: Band | None
    score: int | None
    commented: bool
    dimension: str
    reason: str

    def without(self, *names: str) -> str:
        """The same list with that taken off."""
        left = {name: value for name, value in self.given.items() if name not in names}
        return f"{PATH}?{urlencode(left if _means_a_cut(left) else {**left, 'of': Of.WRITTEN.value})}"

    def span(self, *, zone: ZoneInfo, now: datetime) -> Span | None:
        """None is "of all times", and so is what is no span: an address that was typed must not fail."""
        if "span" not in self.given:
            return None
        try:
            return self.choice.span(zone=zone, now=now)
        except Refusal:
            return None

    def cut(self, span: Span | None, teams: Mapping[int, Team]) -> Cut:
        filters = self.choice.filters
        if named := next((one.id for one in teams.values() if one.key == self.given.get("team")), None):
            filters = replace(filters, team=named)
        return Cut(span, filters, self.of, self.band, self.score, self.commented, self.dimension, self.reason)


def of(query: Mapping[str, str]) -> Narrowing | None:
    """None when the address does not ask for it. What makes no sense in it is left out."""
    given = {name: query[name][:100] for name in (*_SPAN, *PARTS, *_OWN) if query.get(name)}
    if not _means_a_cut(given):
        return None
    score = int(given["score"]) if given.get("score") in {"1", "2", "3", "4", "5"} else None
    band = Band(given["band"]) if given.get("band") in list(Band) else None
    which = Of(given["of"]) if given.get("of") in list(Of) else Of.WRITTEN
    dimension, reason = (_code(given.get(name, "")) for name in ("dimension", "reason"))
    return Narrowing(given, board_choice.of(given), which, band, score, "comment" in given, dimension, reason)


def _code(text: str) -> str:
    return text if _CODE.fullmatch(text) else ""


def _means_a_cut(given: Mapping[str, str]) -> bool:
    return any(name in given for name in _TELLING)
