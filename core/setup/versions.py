"""Every state of own words is kept, whoever published it: the browser or a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.models.wordings import WordingVersion
from core.setup.changes import Values
from core.wordings import asking

AS_IT_WAS = "as it was"
"""The note of words that stood in the store before versions were kept."""


async def add(
    scope: Mapping[str, Any], words: Values | None, *, before: Values | None, actor: str, now: datetime
) -> None:
    """These words are published from now on; None: they are taken away. Within the unit of work that does it.

    `before` is what stood there: where no version tells of it, it becomes the first. An A/B test against what stood
    there ends.
    """
    last = await WordingVersion.filter(**scope).order_by("-number").first()
    number = last.number if last is not None else 0
    if last is None and before is not None:
        number = 1
        await WordingVersion.create(
            **scope,
            number=number,
            subject=before["subject"],
            source=before["source"],
            author="",
            note=AS_IT_WAS,
            published_at=now,
        )
    await WordingVersion.create(
        **scope,
        number=number + 1,
        subject=words["subject"] if words else "",
        source=words["source"] if words else "",
        author=actor[:254],
        published_at=now,
    )
    await asking.words_changed(scope, by=actor, now=now)
