"""How figures are said: on the board, and in what is sent of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from bot.words import Words
from core.insight import statistics
from core.insight.statistics import Interval
from core.insight.tallies import Mean, Share

POINTS, PERCENT_POINTS = "board.points", "board.percent_points"
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class FigureWords:
    """In one language."""

    templates: Words
    locale: str

    def say(self, key: str, **values: object) -> str:
        return self.templates.label(key, self.locale, **values)

    def mean(self, value: Mean) -> str:
        return f"{value.value:.2f}" if value.value is not None else NOTHING

    def percent(self, value: float | None) -> str:
        if value is None:
            return NOTHING
        return self.per_cent(f"{value * 100:.0f}" if value in (0, 1) else f"{value * 100:.1f}")

    def per_cent(self, number: object) -> str:
        return self.say("number.percent", number=number)

    def between(self, found: Interval) -> str:
        """A share is at most 1, a mean of scores at least."""
        if found.high <= 1:
            return self.per_cent(f"{found.low * 100:.1f}–{found.high * 100:.1f}")
        return f"{found.low:.2f}–{found.high:.2f}"

    def sure(self, found: Interval | None) -> str:
        return self.say("board.sure", interval=self.between(found)) if found else ""

    def few(self, count: int) -> str:
        """What a figure of so few is worth."""
        if not 0 < count < statistics.FEW:
            return ""
        return self.say("board.too_few_answers" if count < statistics.TOO_FEW else "board.few")

    def change(self, now: Mean | Share, before: Mean | Share) -> tuple[str, float]:
        """How it differs from the span before, and by how much; nothing where one of them is of too few."""
        if now.value is None or before.value is None or min(_of(now), _of(before)) < statistics.TOO_FEW:
            return "", 0.0
        unit, scale, digits = (PERCENT_POINTS, 100, 1) if isinstance(now, Share) else (POINTS, 1, 2)
        by = round((now.value - before.value) * scale, digits)
        if by == 0:
            return self.say("board.same"), 0.0
        return f"{'▲' if by > 0 else '▼'}\u00a0{self.say(unit, by=f'{abs(by):.{digits}f}')}", by

    def days(self, first: date, last: date) -> str:
        return self.day(first) if first == last else f"{self.day(first)} – {self.day(last)}"

    def day(self, day: date) -> str:
        return format_date(day, self.say("time.day_and_year"), locale=self.locale.replace("-", "_"))


def _of(figure: Mean | Share) -> int:
    return figure.of if isinstance(figure, Share) else figure.count
