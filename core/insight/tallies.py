"""What is counted, and what follows from the counts. No store: rows are put in by `core.insight.counting`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import attrgetter

from core.insight import statistics
from core.insight.statistics import Interval

SCORES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        return statistics.of_share(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Mean:
    """Of so many scores, by their sum and the sum of their squares."""

    count: int = 0
    total: int = 0
    squares: int = 0

    @property
    def value(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def interval(self) -> Interval | None:
        return statistics.of_mean(self.count, self.total, self.squares)


@dataclass(slots=True)
class Tally:
    """Counts of one span, one team, one day."""

    asked: int = 0
    delivered: int = 0
    answered: int = 0
    rated: int = 0
    total: int = 0
    squares: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    written: int = 0  # answers that have come, scores or words
    commented: int = 0
    open: int = 0
    overdue: int = 0

    @property
    def judged(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def score(self) -> Mean:
        return Mean(self.rated, self.total, self.squares)

    @property
    def participation(self) -> Share:
        return Share(self.answered, self.delivered)

    @property
    def bands(self) -> dict[str, Share]:
        return {band: Share(getattr(self, band), self.judged) for band in ("negative", "neutral", "positive")}


_COUNTS = attrgetter(*(one.name for one in fields(Tally)))


def added(tallies: Iterable[Tally]) -> Tally:
    """All of them together. There are many to a board: columns are summed, not fields."""
    return Tally(*map(sum, zip(*map(_COUNTS, tallies), strict=True)))


@dataclass(frozen=True, slots=True)
class Steps:
    """What became of the questions of one span; `written` and `commented` are of the answers that came in it.

    Not delivered are those that are `scheduled`, `undeliverable`, `cancelled` or `lapsed` (their time was over before);
    of the delivered, `withdrawn` ended before an answer (opted out). The parts add up.
    """

    asked: int = 0
    scheduled: int = 0
    undeliverable: int = 0
    cancelled: int = 0
    lapsed: int = 0
    delivered: int = 0
    answered: int = 0
    partial: int = 0
    waiting: int = 0
    expired: int = 0
    withdrawn: int = 0
    written: int = 0
    commented: int = 0


@dataclass(slots=True)
class Distribution:
    """How often each score from 1 to 5 was given."""

    counts: Counter[int] = field(default_factory=Counter)

    @property
    def mean(self) -> Mean:
        return Mean(
            self.counts.total(),
            sum(score * count for score, count in self.counts.items()),
            sum(score * score * count for score, count in self.counts.items()),
        )

    @property
    def shares(self) -> dict[int, Share]:
        return {score: Share(self.counts[score], self.counts.total()) for score in SCORES}
