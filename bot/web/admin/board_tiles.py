"""The board's large figures, with what is said about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.web.admin.behind_choice import to
from bot.web.admin.board_choice import Choice
from bot.web.admin.board_shown import Shown
from bot.web.admin.door import Visit
from core.insight.behind import Of
from core.insight.figures import Board, Recoveries
from core.insight.tallies import Mean, Share
from core.models.responses import Band


@dataclass(frozen=True, slots=True)
class Tile:
    """One large figure: `figure.<key>` is its name and `figure.<key>_means` what it is. `behind` are its tickets,
    `about_behind` those of the first of what is said about it.
    """

    key: str
    value: str
    about: Sequence[str] = field(default_factory=tuple)
    change: str = ""
    mood: str = ""
    behind: str = ""
    about_behind: str = ""


def of(board: Board, visit: Visit, choice: Choice) -> list[Tile]:
    every = [*_said_tiles(board, visit), *_recovery_tiles(board, visit)]
    leads, about = _tiles_behind(board, choice.query)
    return [replace(one, behind=leads.get(one.key, ""), about_behind=about.get(one.key, "")) for one in every]


def _tiles_behind(board: Board, query: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Where the figures lead, and where what is said about them first does."""
    total, found = board.total, board.recoveries
    leads = {
        "overall": (total.rated, to(query, Of.RATED)),
        "participation": (total.answered, to(query, Of.ANSWERED)),
        "negative": (total.negative, to(query, band=Band.NEGATIVE)),
        "commented": (total.commented, to(query, comment="1")),
        "open": (found.open, to(query, Of.OPEN)),
        "rate": (found.again.judged, to(query, Of.AGAIN)),
    }
    about = {
        "open": (found.overdue, to(query, Of.OVERDUE)),
        "taken_within": (found.opened, to(query, Of.OPENED)),
        "closed_within": (found.resolved, to(query, Of.RESOLVED)),
    }
    some, other = ({key: path for key, (count, path) in all_.items() if count} for all_ in (leads, about))
    return some, other


def _said_tiles(board: Board, visit: Visit) -> list[Tile]:
    shown, total, before, say = Shown(visit), board.total, board.before, visit.say
    negative, participation = total.bands["negative"], total.participation
    overall = Tile(
        "overall",
        shown.of(total.score),
        _about(
            say("board.of_five"),
            shown.sure(total.score.interval),
            say("board.answers", count=total.rated),
            _few(total.rated, visit),
        ),
        *_change(visit, total.score, before.score, more_is="good"),
    )
    return [
        overall,
        Tile(
            "participation",
            shown.of(participation),
            _about(
                say("board.of_delivered", count=participation.count, of=participation.of),
                _few(participation.of, visit),
            ),
            *_change(visit, participation, before.participation, more_is="good"),
        ),
        Tile(
            "negative",
            shown.of(negative),
            _about(
                shown.sure(negative.interval),
                say("board.negative_of", count=negative.count, of=negative.of),
                _few(negative.of, visit),
            ),
            *_change(visit, negative, before.bands["negative"], more_is="bad"),
        ),
        Tile(
            "commented",
            shown.of(total.commented),
            _about(say("board.of_answers", of=total.written), _few(total.written, visit)),
        ),
    ]


def _recovery_tiles(board: Board, visit: Visit) -> list[Tile]:
    shown, found, say = Shown(visit), board.recoveries, visit.say
    late = say("board.overdue", count=found.overdue)
    return [
        Tile("open", shown.of(found.open), (late,), mood="bad" if found.overdue else ""),
        Tile("taken_within", shown.of(found.taken_within), (say("board.opened", count=found.opened),)),
        Tile("closed_within", shown.of(found.closed_within), _closed(found, visit)),
        Tile(
            "rate",
            shown.of(found.rate),
            _about(
                say("board.again", count=found.again.judged),
                say("board.recovered_score", score=shown.of(found.again.score)) if found.again.rated else "",
                _few(found.again.judged, visit),
            ),
        ),
    ]


def _closed(found: Recoveries, visit: Visit) -> list[str]:
    dismissed = visit.say("board.dismissed", count=found.dismissed) if found.dismissed else ""
    return _about(visit.say("board.resolved", count=found.resolved), dismissed)


def _about(*parts: str) -> list[str]:
    return [part for part in parts if part]


def _few(count: int, visit: Visit) -> str:
    """What a figure of so few is worth, on every tile the same."""
    return Shown(visit).words.few(count)


def _change(visit: Visit, now: Mean | Share, before: Mean | Share, *, more_is: str) -> tuple[str, str]:
    """How it differs from the span before, and whether that is good; nothing where one of them is of too few."""
    told, by = Shown(visit).words.change(now, before)
    less_is = {"good": "bad", "bad": "good"}[more_is]
    return told, more_is if by > 0 else less_is if by < 0 else ""
