"""How often the store is asked."""

from __future__ import annotations

import pytest

from core.store.sqlite import SqliteClient


class Counting:
    """Counts the statements that SQLite gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        for name in ("execute_query", "execute_query_dict"):
            asked = getattr(SqliteClient, name)

            async def counting(client, query, *args, _asked=asked, **kwargs):  # type: ignore[no-untyped-def]
                self.seen.append(query)
                return await _asked(client, query, *args, **kwargs)

            monkeypatch.setattr(SqliteClient, name, counting)

    async def of(self, work) -> int:  # type: ignore[no-untyped-def]
        self.seen.clear()
        await work
        return len(self.seen)
