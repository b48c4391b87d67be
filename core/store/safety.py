"""The settings without which an acknowledged answer could be lost: set, then read back, or the store stays shut."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StoreUnsafe

if TYPE_CHECKING:
    import asyncpg

logger = logging.getLogger(__name__)

BUSY_MILLISECONDS = 5000
_FULL = 2
_MENDED = (3, 51, 3)  # earlier versions can corrupt a file in WAL mode that two connections checkpoint at the same time

SQLITE_SETTINGS = {
    "journal_mode": ("WAL", "wal", "readers would wait for writers"),
    "synchronous": ("FULL", _FULL, "a power cut would lose answers that were acknowledged"),
    "foreign_keys": ("ON", 1, "rows could point to rows that are gone"),
    "busy_timeout": (BUSY_MILLISECONDS, BUSY_MILLISECONDS, "another process's short lock would be an error"),
    # Not FAST: that leaves the text in pages that become free as a whole.
    "secure_delete": ("ON", 1, "what a person asked us to erase would stay readable in the file"),
}

POSTGRES_SETTINGS = {
    "fsync": "a crash of the machine would lose or corrupt everything",
    "synchronous_commit": "a crash would lose answers that were acknowledged",
    "full_page_writes": "a power cut could corrupt the data",
}


def make_safe(raw: sqlite3.Connection, *, query_only: bool) -> None:
    for name, (value, _, _) in SQLITE_SETTINGS.items():
        raw.execute(f"PRAGMA {name} = {value}").fetchall()
    raw.execute("PRAGMA journal_size_limit = 16777216").fetchall()
    if query_only:  # the reader never checkpoints: one writer, one checkpointer
        raw.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        raw.execute("PRAGMA query_only = ON").fetchall()


def assert_safe(raw: sqlite3.Connection, *, query_only: bool) -> None:
    """Raises StoreUnsafe with the setting's name and what would happen without it."""
    for name, (value, wanted, why) in SQLITE_SETTINGS.items():
        found = raw.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise StoreUnsafe(f"SQLite has {name} = {found} and not {value}: {why}. Is the file on a network disk?")
    if query_only and raw.execute("PRAGMA query_only").fetchone()[0] != 1:
        raise StoreUnsafe("SQLite let the reading connection write.")


def warn_of_second_writers(path: Path, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """An old SQLite is safe as long as only we write; a replicator that checkpoints beside us is the second one."""
    replicated = (path.parent / f".{path.name}-litestream").exists()
    if not replicated or version >= _MENDED:
        return False
    logger.warning(
        "SQLite %s can corrupt a file that two programs checkpoint, as Litestream does with %s; use %s or newer",
        ".".join(map(str, version)),
        path,
        ".".join(map(str, _MENDED)),
    )
    return True


async def assert_postgres_safe(connection: asyncpg.Connection) -> None:
    for name, why in POSTGRES_SETTINGS.items():
        if await connection.fetchval("SELECT current_setting($1)", name) == "off":
            raise StoreUnsafe(f"PostgreSQL has {name} = off: {why}.")
