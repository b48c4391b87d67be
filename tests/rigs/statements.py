"""What is asked of the store while a page is made: SQLite itself tells every statement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from core.store import Store


@contextlib.contextmanager
def told(store: Store) -> Iterator[list[str]]:
    """The statements of the block, as they are run; of a SQLite store."""
    found: list[str] = []
    connections = [one._conn for client in (store.client, store.sqlite_reader) for one in client.every]  # type: ignore[union-attr]
    for one in connections:
        one.set_trace_callback(found.append)
    try:
        yield found
    finally:
        for one in connections:
            one.set_trace_callback(None)
