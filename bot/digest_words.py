"""What a digest says: the board's figures as its template gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.figure_words import FigureWords
from bot.wording import SurveysWording
from core.insight import statistics
from core.insight.figures import Board, Details
from core.insight.tallies import Distribution

MOST_REASONS = 3
Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Counted:
    """All that is counted of one period. `reasons` have the most frequent first."""

    board: Board
    details: Details
    reasons: Mapping[str, int]


def context(counted: Counted, asked: SurveysWording) -> Values:
    """In the language of `asked`, which says what was scored and for which reasons."""
    words, board = FigureWords(asked.templates, asked.locale), counted.board
    earlier, recoveries = board.span.before(), board.recoveries
    return {
        "period": words.days(board.span.first, board.span.last),
        "compared": words.days(earlier.first, earlier.last),
        "answers": board.total.judged,
        "overall": _overall(board, words),
        "participation": _participation(board, words),
        "negative": _negative(board, words),
        "bands": [
            {"name": words.say(f"board.band.{band}"), "count": share.count, "share": words.percent(share.value)}
            for band, share in reversed(board.total.bands.items())
        ],
        "recoveries": {name: getattr(recoveries, name) for name in ("opened", "resolved", "open", "overdue")},
        "reasons": [
            {"name": asked.reason(key), "count": count} for key, count in list(counted.reasons.items())[:MOST_REASONS]
        ],
        "lowest": _lowest(counted.details, words, asked),
    }


def _overall(board: Board, words: FigureWords) -> Values:
    score = board.total.score
    return {
        "score": words.mean(score),
        "interval": words.between(score.interval) if score.interval else "",
        "answers": score.count,
        "note": words.few(score.count),
        "change": words.change(score, board.before.score)[0],
    }


def _participation(board: Board, words: FigureWords) -> Values:
    share = board.total.participation
    return {
        "share": words.percent(share.value),
        "answered": share.count,
        "delivered": share.of,
        "change": words.change(share, board.before.participation)[0],
    }


def _negative(board: Board, words: FigureWords) -> Values:
    share = board.total.bands["negative"]
    return {
        "count": share.count,
        "share": words.percent(share.value),
        "change": words.change(share, board.before.bands["negative"])[0],
    }


def _lowest(details: Details, words: FigureWords, asked: SurveysWording) -> Values:
    """Only what enough have scored."""
    enough: dict[str, Distribution] = {
        key: one for key, one in details.dimensions.items() if key != "overall" and one.mean.count >= statistics.TOO_FEW
    }
    if not enough:
        return {}
    key = min(enough, key=lambda one: (enough[one].mean.value or 0.0, one))
    return {"name": asked.dimension(key), "score": words.mean(enough[key].mean), "answers": enough[key].mean.count}
