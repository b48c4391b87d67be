"""After something was erased: no copy of its bytes stays in the store's files."""

from __future__ import annotations

from typing import cast

from tortoise.connection import get_connection

from core import transactions
from core.store import sqlite_raw
from core.store.sqlite import SqliteClient


async def scrub() -> bool:
    """Empty SQLite's write-ahead log into its file, where `secure_delete` has written over what is gone (D14).

    False: somebody was reading or writing, or another process holds the file; `housekeeping` does it again. PostgreSQL
    keeps old row versions until its own vacuum, and its log as long as it is set up to.
    """
    client = get_connection(transactions.WRITER)
    if not isinstance(client, SqliteClient):
        return True
    _, rows = await client.apart(sqlite_raw.fetch, "PRAGMA wal_checkpoint(TRUNCATE)", ())
    return bool(cast(dict[str, int], rows[0])["busy"] == 0)
