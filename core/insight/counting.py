"""Counts from the store, a few statements for any span and any choice of slices; each is answered by an index alone.

Slices are a small table, so they are chosen here and named by number. Moments and numbers are written into the
statements: they are our own, and both databases then see one text that needs no types said. A plus before a column
keeps it from being looked up in another index than the one that has everything.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tortoise.router import router

from core.insight.spans import Part
from core.insight.tallies import Tally, added
from core.models.invites import Invite
from core.store.dialect import is_sqlite

_RATED = """COUNT(overall) AS rated, SUM(overall) AS total, SUM(overall * overall) AS squares,
    COUNT(*) FILTER (WHERE band = 'negative') AS negative,
    COUNT(*) FILTER (WHERE band = 'neutral') AS neutral,
    COUNT(*) FILTER (WHERE band = 'positive') AS positive"""
_WORTH_SORTING = timedelta(days=45)
_IS_ANSWERED = "state IN ('answered', 'finished')"
_IS_DELIVERED = f"(delivered_at IS NOT NULL OR {_IS_ANSWERED})"
_ASKED = f"""COUNT(*) AS asked,
    COUNT(*) FILTER (WHERE {_IS_DELIVERED}) AS delivered,
    COUNT(*) FILTER (WHERE {_IS_ANSWERED}) AS answered,
    COUNT(*) FILTER (WHERE state = 'finished') AS finished,
    COUNT(*) FILTER (WHERE state = 'delivered') AS waiting,
    COUNT(*) FILTER (WHERE state = 'expired') AS expired,
    COUNT(*) FILTER (WHERE state = 'undeliverable') AS undeliverable,
    COUNT(*) FILTER (WHERE state = 'cancelled') AS cancelled,
    COUNT(*) FILTER (WHERE state = 'scheduled') AS scheduled"""


async def ratings(slices: Collection[int], part: Part) -> dict[int, Tally]:
    """By slice: what was judged of the answers that were begun then."""
    return await _by_slice("responses", "created_at", _RATED, slices, part)


async def questions(slices: Collection[int], part: Part) -> dict[int, Tally]:
    """By slice: what became of the questions that were asked then."""
    return await _by_slice("invites", "asked_at", _ASKED, slices, part)


async def over_time(slices: Collection[int], parts: Sequence[Part]) -> list[Tally]:
    """For each part, what was answered in it and what became of its questions."""
    rated = f"{_RATED}, COUNT(*) AS written, COUNT(*) FILTER (WHERE commented) AS commented"
    found, asked = await asyncio.gather(
        _by_part("responses", "created_at", rated, slices, parts),
        _by_part("invites", "asked_at", _ASKED, slices, parts),
    )
    return [added(both) for both in zip(found, asked, strict=True)]


async def scores(slices: Collection[int], part: Part) -> list[tuple[Mapping[str, int], int]]:
    """Which scores were given together, and how often. Of a long span it is faster to read the index that has them in
    order than to sort.
    """
    is_long = part.until - part.since > _WORTH_SORTING
    column = "+created_at" if is_long and is_sqlite() else "created_at"
    rows = await _rows(
        f"""SELECT judged, band, COUNT(*) AS n FROM responses
            WHERE judged IS NOT NULL AND {_within(column, part)} AND +slice_id IN {_set(slices)}
            GROUP BY judged, band"""
    )
    return [(json.loads(row["judged"]), row["n"]) for row in rows]


async def uncounted(slices: Collection[int]) -> int:
    """How many answers wait there, whenever they came."""
    rows = await _rows(f"SELECT COUNT(*) AS n FROM responses WHERE slice_id IN {_set(slices)}") if slices else []
    return sum(row["n"] for row in rows)


async def not_asked(slices: Collection[int], part: Part) -> dict[str, int]:
    """By reason: how often it was decided not to ask."""
    rows = await _rows(
        f"""SELECT reason, COUNT(*) AS n FROM slices s CROSS JOIN decisions d
            WHERE d.slice_id = s.id AND s.id IN {_set(slices)} AND {_within("d.at", part)}
            GROUP BY reason ORDER BY 2 DESC, 1"""
    )
    return {row["reason"]: row["n"] for row in rows}


async def open_recoveries(slices: Collection[int], now: datetime) -> dict[int, Tally]:
    """By slice: those that nobody has finished, and those of them that are late."""
    rows = await _rows(
        f"""SELECT r.slice_id AS slice, COUNT(*) AS open,
                COUNT(*) FILTER (WHERE v.due_at < {_moment(now)}) AS overdue
            FROM recoveries v JOIN responses r ON r.id = v.response_id
            WHERE v.state IN ('open', 'taken') AND r.slice_id IN {_set(slices)} GROUP BY r.slice_id"""
    )
    return _tallies(rows)


async def recoveries(slices: Collection[int], part: Part) -> list[tuple[str, float | None, float | None]]:
    """Of those that were opened then: state, and the seconds until somebody took it and until it was closed."""
    rows = await _rows(
        f"""SELECT v.state AS state, {_seconds("v.opened_at", "v.taken_at")} AS take,
                {_seconds("v.opened_at", "v.closed_at")} AS close
            FROM recoveries v JOIN responses r ON r.id = v.response_id
            WHERE {_within("v.opened_at", part)} AND +r.slice_id IN {_set(slices)}"""
    )
    return [(row["state"], _number(row["take"]), _number(row["close"])) for row in rows]


# ---------------------------------------------------------------- statements


async def _by_slice(table: str, moment: str, what: str, slices: Collection[int], part: Part) -> dict[int, Tally]:
    """Slice by slice through the index that begins with it. CROSS JOIN keeps SQLite to that order, and from sorting."""
    rows = await _rows(
        f"""SELECT s.id AS slice, {what} FROM slices s CROSS JOIN {table} r
            WHERE r.slice_id = s.id AND s.id IN {_set(slices)} AND {_within(moment, part)} GROUP BY s.id"""
    )
    return _tallies(rows)


async def _by_part(table: str, moment: str, what: str, slices: Collection[int], parts: Sequence[Part]) -> list[Tally]:
    """One stretch of the index by time for each part: a day is what the clocks there say, which no SQL knows."""
    if not parts:
        return []
    chosen = _set(slices)
    each = (
        f"SELECT {number} AS n, {what} FROM {table} WHERE {_within(moment, part)} AND +slice_id IN {chosen}"
        for number, part in enumerate(parts)
    )
    found = {row["n"]: _tally(row) for row in await _rows(" UNION ALL ".join(each))}
    return [found[number] for number in range(len(parts))]


async def _rows(statement: str) -> Sequence[Mapping[str, Any]]:
    client = _client()
    _, rows = await client.execute_query(statement)
    return cast(Sequence[Mapping[str, Any]], rows)


def _client() -> Any:
    return router.db_for_read(Invite) or Invite._meta.db


def _moment(moment: datetime) -> str:
    text = f"'{moment.astimezone(UTC).isoformat(' ')}'"
    return text if is_sqlite() else f"TIMESTAMPTZ {text}"


def _within(column: str, part: Part) -> str:
    return f"{column} >= {_moment(part.since)} AND {column} < {_moment(part.until)}"


def _seconds(since: str, until: str) -> str:
    if is_sqlite():
        return f"(julianday({until}) - julianday({since})) * 86400.0"
    return f"EXTRACT(EPOCH FROM {until} - {since})"


def _set(numbers: Iterable[int]) -> str:
    """In SQL. No row has the number 0."""
    return f"({', '.join(str(int(one)) for one in sorted(numbers)) or '0'})"


def _tallies(rows: Iterable[Mapping[str, Any]]) -> dict[int, Tally]:
    return {row["slice"]: _tally(row) for row in rows}


def _tally(row: Mapping[str, Any]) -> Tally:
    return Tally(**{name: int(row[name] or 0) for name in row.keys() if name not in ("slice", "n")})  # noqa: SIM118


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
