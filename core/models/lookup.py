"""Rows by a key that somebody outside said, which may be anything."""

from __future__ import annotations

from typing import TypeVar

from tortoise.models import Model

M = TypeVar("M", bound=Model)


async def by_key(model: type[M], key: str) -> M | None:
    """The row with that key; None also for what can be no key: longer than the column, or with a NUL in it."""
    longest = model._meta.fields_map["key"].constraints["max_length"]
    return await model.get_or_none(key=key) if key and len(key) <= longest and "\x00" not in key else None
