"""How figures look to the reader: on the board, in its lists and in A/B tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from babel.dates import format_skeleton

from bot.figure_words import FigureWords
from bot.web.admin.door import Visit
from core.insight.spans import Step
from core.insight.statistics import Interval
from core.insight.tallies import Mean, Share

Value = str | int | float | Share | Mean | Interval | timedelta | date | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Values as the reader sees them."""

    visit: Visit
    DEFINED: ClassVar = (
        *("overall", "dimensions", "distribution", "bands", "negative", "participation", "asked", "commented"),
        *("recoveries", "open", "opened", "taken_within", "closed_within", "again", "rate", "recovered_score"),
        *("interval", "too_few", "before", "whose"),
    )
    """The figures whose meaning is said, in that order."""

    def of(self, value: Value) -> str:
        match value:
            case None:
                return "–"
            case Mean():
                return self.words.mean(value)
            case Share():
                return self.percent(value.value)
            case Interval():
                return self.between(value)
            case timedelta():
                return self.visit.site.templates.span(value, self.visit.locale)
            case date():
                return value.isoformat()
            case int():
                return f"{value:,}"
        return str(value)

    @property
    def words(self) -> FigureWords:
        return FigureWords(self.visit.site.templates, self.visit.locale)

    def percent(self, value: float | None) -> str:
        return self.words.percent(value)

    def per_cent(self, number: object) -> str:
        return self.words.per_cent(number)

    def between(self, found: Interval) -> str:
        return self.words.between(found)

    def sure(self, found: Interval | None) -> str:
        return self.words.sure(found)

    def days(self, first: date, last: date) -> str:
        return self.words.days(first, last)

    def short(self, day: date, step: Step) -> str:
        """For the axis of a chart, where there is little room."""
        skeleton = "yMMM" if step == Step.MONTH else "MMMd"
        locale = "en_GB" if self.visit.locale == "en" else self.visit.locale.replace("-", "_")
        return format_skeleton(skeleton, day, locale=locale)

    def day(self, day: date) -> str:
        return self.words.day(day)
