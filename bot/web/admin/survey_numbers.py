"""A dry run as a table and as bars: what happened to how many, with the surveys of now and with the new settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.surveys.dry_run import DryRun
from core.surveys.what_if import Compared

_SENT = ("sent", "postponed")


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome: how many now and then, each with its share of all in a hundred for the bar."""

    reason: str
    now: int
    then: int
    now_share: float
    then_share: float
    such_as: tuple[str, ...]  # numbers of tickets


def lines(compared: Compared) -> list[Line]:
    """What is asked first, then what is not, the most frequent first. Numbers of a part stand for the whole."""
    now, then = compared.now.reasons, compared.then.reasons
    total = max(now.total(), then.total(), 1)
    names = sorted({*now, *then, "sent"}, key=lambda name: (name not in _SENT, -then[name] - now[name], name))
    return [
        Line(
            name,
            now[name] * compared.one_in,
            then[name] * compared.one_in,
            _share(now, name, total),
            _share(then, name, total),
            tuple(_examples(compared.then, name) or _examples(compared.now, name)),
        )
        for name in names
    ]


def _share(reasons: Mapping[str, int], name: str, total: int) -> float:
    return round(100 * reasons.get(name, 0) / total, 1)


def _examples(run: DryRun, name: str) -> list[str]:
    return run.examples.get(name, [])
