"""How figures are shown: aligned, with the goal beside them, and no verdict that the reader cannot check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

MET, MISSED, NO_GOAL = "met", "MISSED", ""


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    value: str
    goal: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return NO_GOAL if self.met is None else MET if self.met else MISSED


def show(title: str, rows: Sequence[Row]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*map(_cells, rows), strict=True)]
    print(f"\n{title}")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(_cells(row), widths, strict=True)]
        print("  " + "  ".join(cells).rstrip())
    print(flush=True)


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.what, row.value, row.goal, row.verdict


def tell(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"  … {text}\n")


def ratio(value: float, floor: float, *, goal: float, of: str) -> Row:
    return Row(f"  ratio to {of}", f"{value / floor:.2f}", f"≥ {goal:g}", value / floor >= goal)
