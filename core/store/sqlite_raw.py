"""What is done to a raw sqlite3 connection, here or in its thread."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import aiosqlite
from tortoise.exceptions import IntegrityError, OperationalError

from core.store.safety import BUSY_MILLISECONDS, assert_safe, make_safe


async def execute(connection: aiosqlite.Connection, work: Callable[..., Any], *args: Any) -> Any:
    return await connection._execute(work, *args)  # type: ignore[no-untyped-call]  # aiosqlite left it untyped


async def emptied(connection: aiosqlite.Connection) -> None:
    """Wait until the thread has done all it was given, however often we are cancelled meanwhile."""
    last = asyncio.ensure_future(execute(connection, int))
    while not last.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({last})


@contextlib.contextmanager
def our_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error
    except sqlite3.DatabaseError as error:
        raise OperationalError(error) from error


def statements(script: str) -> list[str]:
    """The single statements of a script; a semicolon inside a string or a trigger does not end one."""
    found, pending = [], ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            found.append(pending.strip())
            pending = ""
    found.append(pending.strip())
    return [statement for statement in found if statement.strip("; \n\t")]


def set_up(raw: sqlite3.Connection, query_only: bool) -> None:
    raw.row_factory = sqlite3.Row
    make_safe(raw, query_only=query_only)
    assert_safe(raw, query_only=query_only)


def begun_at_once(raw: sqlite3.Connection) -> bool:
    """Nearly always nobody else holds the lock, and asking costs less than going to the thread."""
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    return True


def begin(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")


def commit(raw: sqlite3.Connection) -> None:
    raw.execute("COMMIT")


def insert(raw: sqlite3.Connection, query: str, values: Sequence[Any]) -> int:
    cursor = raw.execute(query, values)
    cursor.fetchall()
    return cursor.lastrowid or 0


def fetch(raw: sqlite3.Connection, query: str, values: Sequence[Any]) -> tuple[int, Sequence[Any]]:
    before = raw.total_changes
    rows: Sequence[Any] = raw.execute(query, values).fetchall()
    if query.startswith("PRAGMA"):
        rows = [dict(row) for row in rows]  # Tortoise's migrations call .get() on these, which sqlite3.Row has not
    return (raw.total_changes - before) or len(rows), rows


def many(raw: sqlite3.Connection, query: str, values: Sequence[Sequence[Any]]) -> None:
    raw.executemany(query, values)
