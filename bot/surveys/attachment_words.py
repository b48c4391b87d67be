"""What people are told about files that are not kept."""

from __future__ import annotations

from collections.abc import Sequence

from bot.rendering import Templates
from core.desk.attachments import MOST_BYTES, MOST_FILES
from core.text import shorten

_NAMED = 3


def refusal(templates: Templates, locale: str, refused: Sequence[str]) -> str:
    """Which files were not kept, or the first of them and how many more, and how many and how large they may be."""
    named = [shorten(name, 60) for name in refused[:_NAMED]]
    if more := len(refused) - len(named):
        named.append(templates.label("note.more_files", locale, count=more))
    return templates.label(
        "note.files_refused", locale, names=tuple(named), megabytes=MOST_BYTES // 2**20, count=MOST_FILES
    )
