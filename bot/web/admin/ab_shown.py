"""The figures of an A/B test as the reader sees them: numbers in words, and the small drawing."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bot.web.admin.board_names import Names
from bot.web.admin.board_shown import Shown
from bot.web.admin.door import Visit
from core.insight import statistics
from core.insight.statistics import Interval
from core.models.wordings import Variant
from core.wordings.ab_tests import Figures, Standing

_LEFT, _RIGHT, _WIDE = 24, 348, 360
"""The drawing's units: where its scale begins and ends, and how wide it is."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One variant in the drawing, its figures in words."""

    name: str
    value: str
    y: int
    x: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Drawing:
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    label: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One dimension: the means of A and B as text, and their difference where it may be said."""

    name: str
    means: list[str]
    difference: str


async def of(visit: Visit, stands: Standing) -> dict[str, object]:
    """What the page draws from."""
    shown, figures = Shown(visit), stands.figures
    return {
        "rows": _rows(shown, stands),
        "drawing": drawing(shown, figures),
        "verdict": verdict(visit, figures) if stands.was_met else "",
        "scores": await _scores(visit, shown, stands),
        "few": min(figures.a.participation.of, figures.b.participation.of) < statistics.FEW,
    }


def verdict(visit: Visit, figures: Figures) -> str:
    """Which is better, in one sentence."""
    apart = figures.difference
    if apart is None:
        return visit.say("ab.nobody_asked")
    points = {"low": f"{apart.low * 100:+.1f}", "high": f"{apart.high * 100:+.1f}"}
    if figures.better is None:
        return visit.say("ab.no_difference", **points)
    b, a = figures.b.participation.value or 0.0, figures.a.participation.value or 0.0
    return visit.say(f"ab.{figures.better}_is_better", points=f"{abs(b - a) * 100:.1f}", **points)


def drawing(shown: Shown, figures: Figures) -> Drawing | None:
    """Both participations with their intervals on one scale from 0; None before there is something to draw."""
    found = [(one, figures.arms[one].participation) for one in Variant]
    between = {one: share.interval for one, share in found}
    tops = [interval.high for interval in between.values() if interval]
    if not tops:
        return None
    top = min(1.0, ceil(max(tops) * 10) / 10)

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * value / top, 1)

    bars = [
        Bar(
            one.upper(),
            _value(shown, share.value, interval),
            34 + 46 * at,
            x(share.value or 0.0),
            x(interval.low),
            x(interval.high),
        )
        for at, (one, share) in enumerate(found)
        if (interval := between[one])
    ]
    said = [
        shown.visit.say("ab.said", name=one.upper(), value=shown.percent(share.value), interval=shown.between(interval))
        for one, share in found
        if (interval := between[one])
    ]
    scale = [(x(top * part / 2), shown.per_cent(f"{top * part * 50:.0f}")) for part in range(3)]
    return Drawing(bars, scale, shown.visit.listed(said, long=True))


def _value(shown: Shown, share: float | None, interval: Interval) -> str:
    return shown.visit.say("ab.within", value=shown.percent(share), interval=shown.between(interval))


def _rows(shown: Shown, stands: Standing) -> list[dict[str, object]]:
    sizes = {Variant.A: stands.test.size_a, Variant.B: stands.test.size_b}
    return [
        {
            "name": one.upper(),
            "asked": arm.asked,
            "size": sizes[one],
            "waiting": arm.waiting,
            "due": arm.participation.of,
            "answered": arm.participation.count,
            "participation": shown.percent(arm.participation.value),
            "interval": _between(shown, arm.participation.interval),
        }
        for one, arm in stands.figures.arms.items()
    ]


async def _scores(visit: Visit, shown: Shown, stands: Standing) -> list[Scored]:
    figures, names = stands.figures, await Names.of_asked(visit)
    found = []
    for dimension in figures.dimensions:
        means = []
        for variant in Variant:
            mean = figures.score(variant, dimension)
            value = shown.of(mean)
            if mean.interval:
                value = visit.say("ab.within", value=value, interval=shown.between(mean.interval))
            elif mean.count:
                value = visit.say("ab.within", value=value, interval=visit.say("ab.all_alike"))
            means.append(f"{value} · {visit.say('ab.answers', count=mean.count)}")
        difference = _score_difference(visit, figures, dimension) if stands.was_met else ""
        found.append(Scored(names.dimension(dimension), means, difference))
    return found


def _score_difference(visit: Visit, figures: Figures, dimension: str) -> str:
    apart = figures.score_difference(dimension)
    a, b = figures.score(Variant.A, dimension).value, figures.score(Variant.B, dimension).value
    if apart is None or a is None or b is None:
        return visit.say("ab.cannot_tell")
    said = visit.say("ab.apart", by=f"{b - a:+.2f}", low=f"{apart.low:+.2f}", high=f"{apart.high:+.2f}")
    return f"{said} · {visit.say('ab.scores_differ' if figures.scores_differ(dimension) else 'ab.scores_alike')}"


def _between(shown: Shown, interval: Interval | None) -> str:
    return shown.between(interval) if interval else "–"
