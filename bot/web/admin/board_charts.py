"""What the charts draw: plain lists for board.js. The same figures stand in the tables."""

from __future__ import annotations

from typing import Any

from bot.web.admin.board_names import Names
from bot.web.admin.board_shown import Shown
from core.insight.figures import Board, Details
from core.insight.tallies import SCORES, Distribution


def of(board: Board, names: Names) -> dict[str, dict[str, Any]]:
    shown = Shown(names.visit)
    days = [shown.days(point.part.first, point.part.last) for point in board.points]
    short = [shown.short(point.part.first, board.span.step) for point in board.points]
    axis = {"x": days, "short": short, "name": names.visit.say(f"board.column.{board.span.step}")}
    return {
        "score": {**axis, **_score(board, names)},
        "answers": {**axis, **_answers(board, names)},
    }


def _score(board: Board, names: Names) -> dict[str, Any]:
    means = [point.tally.score for point in board.points]
    between = [mean.interval for mean in means]
    return {
        "kind": "score",
        "lines": [
            [_rounded(mean.value) for mean in means],
            [_rounded(one.low) if one else None for one in between],
            [_rounded(one.high) if one else None for one in between],
        ],
        "names": [names.visit.say("figure.overall"), names.visit.say("figure.interval")],
        "counts": [mean.count for mean in means],
    }


def _answers(board: Board, names: Names) -> dict[str, Any]:
    bands = ("positive", "neutral", "negative")
    return {
        "kind": "answers",
        "lines": [[getattr(point.tally, band) for point in board.points] for band in bands],
        "names": [names.visit.say(f"board.band.{band}") for band in bands],
    }


def spread(details: Details, names: Names) -> dict[str, Any]:
    counts = details.dimensions.get("overall", Distribution()).counts
    return {
        "kind": "spread",
        "x": [str(score) for score in SCORES],
        "short": [str(score) for score in SCORES],
        "name": names.visit.say("board.column.score"),
        "lines": [[counts[score] for score in SCORES]],
        "names": [names.visit.say("board.column.answers")],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
