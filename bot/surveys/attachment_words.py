"""What people are told about files that are not kept."""

from __future__ import annotations

from collections.abc import Sequence

from core.desk.attachments import MOST_BYTES, MOST_FILES
from core.models.desk import Attachment
from core.text import shorten

_NAMED = 3


def refusal(refused: Sequence[Attachment]) -> dict[str, object]:
    """The values of the label `note.files_refused`."""
    named = [shorten(row.name, 60) for row in refused[:_NAMED]]
    return {
        "names": (*named, *(["…"] if len(refused) > _NAMED else [])),
        "megabytes": MOST_BYTES // 2**20,
        "count": MOST_FILES,
    }
