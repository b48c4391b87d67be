"""A table of the board for a spreadsheet: plain numbers, and no cell that a spreadsheet would run (SEC-11)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from bot.web.admin.board_shown import Value
from bot.web.admin.board_tables import Row, Table
from core.insight.statistics import Interval
from core.insight.tallies import Mean, Share

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide ones are formulas to an Excel of East Asia."""
_TWO = {"interval": ("interval_low", "interval_high")}


def written(table: Table, say: Callable[[str], str]) -> bytes:
    """UTF-8 with a byte order mark: without one, Excel takes 质量 for Latin letters."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    columns = [name for column in table.columns for name in _TWO.get(column, (column,))]
    writer.writerow([safe(say(f"board.column.{name}")) for name in columns])
    writer.writerows(list(_cells(table, row)) for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def safe(text: str) -> str:
    """A text that begins as a formula does gets a quote in front, and stays text."""
    runs = text.lstrip(" ").startswith(_RUNS) or text.lstrip().startswith(_RUNS)
    return f"'{text}" if runs else text


def _cells(table: Table, row: Row) -> Iterator[str]:
    yield safe(row.name)
    for column, value in zip(table.columns[1:], row.values, strict=True):
        if column in _TWO:
            yield from _interval(value)
        else:
            yield _cell(value)


def _interval(value: Value) -> tuple[str, str]:
    return (_number(value.low), _number(value.high)) if isinstance(value, Interval) else ("", "")


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case Mean() | Share():
            return _number(value.value)
        case timedelta():
            return str(round(value.total_seconds()))
        case date():
            return value.isoformat()
        case str():
            return safe(value)
    return str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
