"""The board's figures as tables: the same rows for the page and for CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from babel.dates import format_skeleton

from bot.figure_words import FigureWords
from bot.web.admin.behind_choice import to
from bot.web.admin.board_choice import OWN, Choice, value_of
from bot.web.admin.board_names import Names
from bot.web.admin.door import Visit
from core.insight import statistics
from core.insight.behind import Of
from core.insight.figures import Board, Details, Group, Recoveries
from core.insight.spans import Step
from core.insight.statistics import Interval
from core.insight.tallies import Distribution, Mean, Share, Tally
from core.models.responses import Band

Value = str | int | float | Share | Mean | Interval | timedelta | date | None


@dataclass(frozen=True, slots=True)
class Row:
    """`values` stand under the table's columns after its name. `board` and `tickets` are addresses that lead on;
    `behind` has, by the name of a column, the address of the tickets behind its value.
    """

    name: str
    values: Sequence[Value]
    board: str = ""
    tickets: str = ""
    behind: Mapping[str, str] = field(default_factory=dict)
    too_few: bool = False
    bar: float | None = None  # from 0 to 1
    base: str = ""  # of what its share is one: a label under `board.base`


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are labels under `board.column`; the first is the name's."""

    key: str
    columns: Sequence[str]
    rows: Sequence[Row]
    bars: str = "share"
    """What the bars under the names show: a label under `board.bars`."""


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


def of(board: Board, names: Names, choice: Choice) -> dict[str, Table]:
    tables = [
        _series(board, Shown(names.visit), choice),
        _bands(board, names, choice),
        _recoveries(board, names, choice),
    ]
    return {table.key: table for table in tables}


def of_details(details: Details, names: Names, choice: Choice) -> dict[str, Table]:
    tables = (
        _distribution(details, choice),
        _dimensions(details, names, choice),
        _participation(details, names, choice),
    )
    return {table.key: table for table in tables}


def of_groups(found: Mapping[str, Iterable[Group]], names: Names, choice: Choice) -> dict[str, Table]:
    return {facet: _groups(facet, groups, names, choice) for facet, groups in found.items()}


# ---------------------------------------------------------------- one table each

_MEASURED = ("answers", "score", "interval", "negative", "delivered", "participation")


def _measured(tally: Tally, *, hidden: bool = False) -> list[Value]:
    score: list[Value] = [None, None, None] if hidden else [tally.score, tally.score.interval, tally.bands["negative"]]
    return [tally.rated, *score, tally.delivered, tally.participation]


def _measured_behind(tally: Tally, query: Mapping[str, str], *, hidden: bool = False) -> dict[str, str]:
    """Where the measured values lead; nothing stands behind 0."""
    leads = {
        "answers": (tally.rated, to(query, Of.RATED)),
        "negative": (0 if hidden else tally.negative, to(query, band=Band.NEGATIVE)),
        "delivered": (tally.delivered, to(query, Of.DELIVERED)),
        "open": (tally.open, to(query, Of.OPEN)),
    }
    return {column: address for column, (count, address) in leads.items() if count}


def _series(board: Board, shown: Shown, choice: Choice) -> Table:
    rows = []
    for point in reversed(board.points):
        first, last = point.part.first, point.part.last
        query = {**choice.query, "span": OWN, "first": first.isoformat(), "last": last.isoformat()}
        behind = _measured_behind(point.tally, query)
        rows.append(Row(shown.days(first, last), [first, *_measured(point.tally)], behind=behind))
    return Table("series", (str(board.span.step), "from", *_MEASURED), rows)


def _distribution(details: Details, choice: Choice) -> Table:
    overall = details.dimensions.get("overall", Distribution())
    rows = [
        Row(
            str(score),
            [share.count, share],
            bar=share.value or 0.0,
            behind=_if(share.count, answers=to(choice.query, score=str(score))),
        )
        for score, share in reversed(overall.shares.items())
    ]
    return Table("distribution", ("score", "answers", "share"), rows)


def _dimensions(details: Details, names: Names, choice: Choice) -> Table:
    """In the order of the surveys, and at the end those that none asks for any more."""
    known = [key for key in ("overall", *names.asked.dimensions()) if key in details.dimensions]
    found = {key: details.dimensions[key] for key in (*known, *details.dimensions)}
    rows = [
        Row(
            names.dimension(key),
            [one.mean.count, one.mean, one.mean.interval, *(one.counts[score] for score in range(5, 0, -1))],
            bar=((one.mean.value or 1) - 1) / 4,
            behind=_dimension_behind(key, one, choice),
        )
        for key, one in found.items()
    ]
    return Table(
        "dimensions", ("dimension", "answers", "score", "interval", "s5", "s4", "s3", "s2", "s1"), rows, bars="score"
    )


def _dimension_behind(key: str, found: Distribution, choice: Choice) -> dict[str, str]:
    scores = {
        f"s{score}": to(choice.query, dimension=key, score=str(score)) for score, count in found.counts.items() if count
    }
    return {"answers": to(choice.query, dimension=key), **scores}


def _if(some: int, /, **behind: str) -> dict[str, str]:
    return behind if some else {}


def _bands(board: Board, names: Names, choice: Choice) -> Table:
    rows = [
        Row(
            names.visit.say(f"board.band.{band}"),
            [share.count, share, share.interval],
            bar=share.value or 0.0,
            behind=_if(share.count, answers=to(choice.query, band=band)),
        )
        for band, share in reversed(board.total.bands.items())
    ]
    return Table("bands", ("band", "answers", "share", "interval"), rows)


def _participation(details: Details, names: Names, choice: Choice) -> Table:
    total, say = details.steps, names.visit.say
    bases = {"": 0, "asked": total.asked, "delivered": total.delivered, "written": total.written}
    steps = [
        ("asked", total.asked, ""),
        ("scheduled", total.scheduled, "asked"),
        ("undeliverable", total.undeliverable, "asked"),
        ("cancelled", total.cancelled, "asked"),
        ("delivered", total.delivered, "asked"),
        ("answered", total.answered, "delivered"),
        ("partial", total.answered - total.finished, "delivered"),
        ("commented", total.commented, "written"),
        ("waiting", total.waiting, "delivered"),
        ("expired", total.expired, "delivered"),
        ("withdrawn", total.withdrawn, "delivered"),
    ]
    rows = [
        Row(
            say(f"board.step.{key}"),
            [count, Share(count, bases[base]) if bases[base] else None],
            bar=count / bases[base] if bases[base] else None,
            base=base,
            behind=_if(count, count=_step(key, choice)),
        )
        for key, count, base in steps
    ]
    rows += [
        Row(
            say("board.step.not_asked", reason=names.reason(reason)),
            [count, None],
            behind=_if(count, count=to(choice.query, Of.NOT_ASKED, reason=reason)),
        )
        for reason, count in details.not_asked.items()
    ]
    return Table("participation", ("step", "count", "share"), rows)


def _step(key: str, choice: Choice) -> str:
    return to(choice.query, comment="1") if key == "commented" else to(choice.query, Of(key))


def _recoveries(board: Board, names: Names, choice: Choice) -> Table:
    found = board.recoveries
    rows: list[tuple[str, Value]] = [
        ("open", found.open),
        ("overdue", found.overdue),
        ("opened", found.opened),
        ("resolved", found.resolved),
        ("dismissed", found.dismissed),
        ("taken_within", found.taken_within),
        ("closed_within", found.closed_within),
        ("again", found.again.judged),
        ("rate", found.rate),
        ("recovered_score", found.again.score),
    ]
    leads = {key: to(choice.query, Of(key)) for key, value in rows if key in list(Of) and value}
    return Table(
        "recoveries",
        ("figure", "value"),
        [
            Row(names.visit.say(f"figure.{key}"), [value], behind={"value": leads[key]} if key in leads else {})
            for key, value in rows
        ],
    )


def _groups(facet: str, groups: Iterable[Group], names: Names, choice: Choice) -> Table:
    return Table(
        facet, (facet, *_MEASURED, "open"), [_group(facet, one, names, choice) for one in groups], bars="score"
    )


def _group(facet: str, group: Group, names: Names, choice: Choice) -> Row:
    too_few = group.tally.rated < statistics.TOO_FEW
    query = {**choice.query, facet: value_of(group.value)}
    return Row(
        names.of(facet, group.value),
        [*_measured(group.tally, hidden=too_few), group.tally.open],
        board=f"/admin/board?{urlencode(query)}",
        tickets=to(query),
        behind=_measured_behind(group.tally, query, hidden=too_few),
        too_few=too_few,
        bar=None if too_few else ((group.tally.score.value or 1) - 1) / 4,
    )


# ---------------------------------------------------------------- large figures


def tiles(board: Board, visit: Visit, choice: Choice) -> list[Tile]:
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


# ---------------------------------------------------------------- how values look


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

    def is_number(self, value: Value) -> bool:
        return not isinstance(value, (str, date))

    def days(self, first: date, last: date) -> str:
        return self.words.days(first, last)

    def short(self, day: date, step: Step) -> str:
        """For the axis of a chart, where there is little room."""
        skeleton = "yMMM" if step == Step.MONTH else "MMMd"
        return format_skeleton(skeleton, day, locale=self.visit.locale.replace("-", "_"))

    def day(self, day: date) -> str:
        return self.words.day(day)
