"""The board's figures as tables: the same rows for the page and for CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bot.web.admin.behind_choice import to
from bot.web.admin.board_choice import OWN, Choice, value_of
from bot.web.admin.board_names import Names
from bot.web.admin.board_shown import Shown, Value
from core.insight import statistics
from core.insight.behind import Of
from core.insight.figures import Board, Details, Group
from core.insight.tallies import Distribution, Share, Tally
from core.models.responses import Band


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
        ("lapsed", total.lapsed, "asked"),
        ("delivered", total.delivered, "asked"),
        ("answered", total.answered, "delivered"),
        ("partial", total.partial, "delivered"),
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
