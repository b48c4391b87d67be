"""Counts from the store, a few statements for any span and any choice of slices; each is answered by an index alone.

Slices are a small table, so they are chosen here; each statement has the choice as its one value. Moments are written
into the statements: they are our own, and both databases then see one text that needs no types said.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.insight import statements
from core.insight.spans import Part
from core.insight.tallies import Steps, Tally
from core.store.dialect import is_sqlite

_RATED = """COUNT(overall) AS rated, SUM(overall) AS total, SUM(overall * overall) AS squares,
    COUNT(*) FILTER (WHERE band = 'negative') AS negative,
    COUNT(*) FILTER (WHERE band = 'neutral') AS neutral,
    COUNT(*) FILTER (WHERE band = 'positive') AS positive"""
_WORTH_SORTING = timedelta(days=45)
_ASKED = f"""COUNT(*) AS asked,
    COUNT(*) FILTER (WHERE {statements.DELIVERED}) AS delivered,
    COUNT(*) FILTER (WHERE {statements.ANSWERED}) AS answered"""
_WRITTEN = "COUNT(*) AS written, COUNT(*) FILTER (WHERE commented) AS commented"
_WAYS = ", ".join(f"COUNT(*) FILTER (WHERE {condition}) AS {way}" for way, condition in statements.WAYS.items())
_STEPS = f"""COUNT(*) AS asked, COUNT(*) FILTER (WHERE {statements.DELIVERED}) AS delivered,
    COUNT(*) FILTER (WHERE {statements.PARTIAL}) AS partial, {_WAYS}"""


async def ratings(slices: Collection[int], part: Part) -> dict[int, Tally]:
    """By slice: what was judged of the answers that were begun then."""
    return await _by_slice("responses", "created_at", _RATED, slices, part)


async def questions(slices: Collection[int], part: Part) -> dict[int, Tally]:
    """By slice: what became of the questions that were asked then."""
    return await _by_slice("invites", "asked_at", _ASKED, slices, part)


async def over_time(slices: Collection[int], parts: Sequence[Part]) -> list[Tally]:
    """For each part, what was answered in it and what became of its questions."""
    found, asked = await asyncio.gather(
        _by_part("responses", "created_at", f"{_RATED}, {_WRITTEN}", slices, parts),
        _by_part("invites", "asked_at", _ASKED, slices, parts),
    )
    return [Tally(**rated, **were) for rated, were in zip(found, asked, strict=True)]


async def steps(slices: Collection[int], part: Part) -> Steps:
    """What became of the questions that were asked then, one by one of the ways that they can go."""
    [asked], [written] = await asyncio.gather(
        _by_part("invites", "asked_at", _STEPS, slices, [part]),
        _by_part("responses", "created_at", _WRITTEN, slices, [part]),
    )
    return Steps(**asked, **written)


async def scores(slices: Collection[int], part: Part) -> list[tuple[Mapping[str, int], int]]:
    """Which scores were given together, and how often. Of a long span it is faster to read the index that has them in
    order than to sort.
    """
    is_long = part.until - part.since > _WORTH_SORTING
    column = "+created_at" if is_long and is_sqlite() else "created_at"
    rows = await statements.rows(
        f"""SELECT judged, band, COUNT(*) AS n FROM responses
            WHERE judged IS NOT NULL AND {statements.within(column, part)} AND {statements.chosen("slice_id")}
            GROUP BY judged, band""",
        slices,
    )
    return [(json.loads(row["judged"]), row["n"]) for row in rows]


async def reasons(slices: Collection[int], part: Part) -> dict[str, int]:
    """How many answers, of those that were judged, gave each reason: the most frequent first. Anonymous answers have
    none.
    """
    each = "json_each(r.reasons) AS reason" if is_sqlite() else "jsonb_array_elements_text(r.reasons) AS reason(value)"
    rows = await statements.rows(
        f"""SELECT reason.value AS reason, COUNT(*) AS n FROM responses r, {each}
            WHERE r.band IS NOT NULL AND {statements.within("r.created_at", part)}
            AND {statements.chosen("r.slice_id")}
            GROUP BY reason.value ORDER BY 2 DESC, 1""",
        slices,
    )
    return {row["reason"]: row["n"] for row in rows}


async def uncounted(slices: Collection[int]) -> int:
    """How many answers wait there, whenever they came."""
    if not slices:
        return 0
    [row] = await statements.rows(
        f"""SELECT COUNT(*) AS n FROM slices s CROSS JOIN responses r
            WHERE r.slice_id = s.id AND {statements.chosen("s.id")}""",
        slices,
    )
    return int(row["n"])


async def not_asked(slices: Collection[int], part: Part) -> dict[str, int]:
    """By reason: how often it was decided not to ask."""
    rows = await statements.rows(
        f"""SELECT reason, COUNT(*) AS n FROM slices s CROSS JOIN decisions d
            WHERE d.slice_id = s.id AND {statements.chosen("s.id")} AND {statements.within("d.at", part)}
            GROUP BY reason ORDER BY 2 DESC, 1""",
        slices,
    )
    return {row["reason"]: row["n"] for row in rows}


async def open_recoveries(slices: Collection[int], now: datetime) -> dict[int, Tally]:
    """By slice: those that nobody has finished, and those of them that are late."""
    rows = await statements.rows(
        f"""SELECT r.slice_id AS slice, COUNT(*) AS open,
                COUNT(*) FILTER (WHERE v.due_at < {statements.moment(now)}) AS overdue
            FROM recoveries v JOIN responses r ON r.id = v.response_id
            WHERE v.state IN ('open', 'taken') AND {statements.chosen("r.slice_id")} GROUP BY r.slice_id""",
        slices,
    )
    return _tallies(rows)


@dataclass(frozen=True, slots=True)
class Opened:
    """Recoveries of one span. `taken` and `closed` are the seconds until then, of those that were taken or closed."""

    count: int
    resolved: int
    dismissed: int
    taken: Sequence[float]
    closed: Sequence[float]


async def recoveries(slices: Collection[int], part: Part) -> Opened:
    """Of those that were opened then: how many, how they ended, and the seconds until somebody took and closed them.

    What ended because the contact was erased was dismissed and closed by nobody.
    """
    [row] = await statements.rows(
        f"""SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE v.state = 'resolved') AS resolved,
                COUNT(*) FILTER (WHERE v.state = 'dismissed' AND {statements.BY_STAFF}) AS dismissed,
                {_seconds("v.opened_at", "v.taken_at")} AS taken,
                {_seconds("v.opened_at", "v.closed_at", statements.BY_STAFF)} AS closed
            FROM recoveries v JOIN responses r ON r.id = v.response_id
            WHERE {statements.within("v.opened_at", part)} AND {statements.chosen("r.slice_id")}""",
        slices,
    )
    taken, closed = (json.loads(row[name] or "[]") for name in ("taken", "closed"))
    return Opened(row["n"], row["resolved"], row["dismissed"], taken, closed)


# ---------------------------------------------------------------- statements


async def _by_slice(table: str, moment: str, what: str, slices: Collection[int], part: Part) -> dict[int, Tally]:
    """Slice by slice through the index that begins with it. CROSS JOIN keeps SQLite to that order, and from sorting."""
    rows = await statements.rows(
        f"""SELECT s.id AS slice, {what} FROM slices s CROSS JOIN {table} r
            WHERE r.slice_id = s.id AND {statements.chosen("s.id")} AND {statements.within(moment, part)}
            GROUP BY s.id""",
        slices,
    )
    return _tallies(rows)


async def _by_part(
    table: str, moment: str, what: str, slices: Collection[int], parts: Sequence[Part]
) -> list[dict[str, int]]:
    """One stretch of the index by time for each part: a day is what the clocks there say, which no SQL knows."""
    if not parts:
        return []
    each = (
        f"""SELECT {number} AS n, {what} FROM {table}
            WHERE {statements.within(moment, part)} AND {statements.chosen("slice_id")}"""
        for number, part in enumerate(parts)
    )
    found = {row["n"]: _counts(row) for row in await statements.rows(" UNION ALL ".join(each), slices)}
    return [found[number] for number in range(len(parts))]


def _seconds(since: str, until: str, only: str = "TRUE") -> str:
    """All of them that are known, as one JSON list: thousands of rows would keep everybody else waiting."""
    if is_sqlite():
        every = f"json_group_array((julianday({until}) - julianday({since})) * 86400.0)"
    else:
        every = f"json_agg(EXTRACT(EPOCH FROM {until} - {since}))"
    return f"{every} FILTER (WHERE {until} IS NOT NULL AND {only})"


def _tallies(rows: Iterable[Mapping[str, Any]]) -> dict[int, Tally]:
    return {row["slice"]: Tally(**_counts(row)) for row in rows}


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name] or 0) for name in row.keys() if name not in ("slice", "n")}  # noqa: SIM118
