"""What was looked at, part by part, for the person at the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from bot.commands.shared import FAILED, say

if TYPE_CHECKING:
    from core.ports import Finding

_MARKS = {"ok": "✓", "warning": "! warning:", "problem": "✗ problem:", "not looked at": "? not looked at:"}
_NAMES = {"problem": ("problem", "problems"), "warning": ("warning", "warnings")}


class Report:
    """Lines as they come, under the name of their part; at the end how many of which there were."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def tell(self, part: str, findings: Sequence[Finding]) -> None:
        say(part)
        for one in findings:
            say(f"  {_MARKS[one.verdict]} {one.what}")
            if one.remedy:
                say(f"      {one.remedy[0].upper()}{one.remedy[1:]}")
            self._count[one.verdict] += 1

    def end(self) -> None:
        """Only a problem makes the command fail."""
        say()
        say(self._sum())
        if self._count["problem"]:
            raise typer.Exit(FAILED)

    def _sum(self) -> str:
        told = [f"{count} {_NAMES[name][count > 1]}" for name in _NAMES if (count := self._count[name])]
        if unseen := self._count["not looked at"]:
            told.append(f"{unseen} not looked at")
        return ", ".join(told) or "All is well."
