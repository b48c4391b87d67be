"""Tortoise's SQLite backend, made safe: one writer that begins IMMEDIATE, and readers that cannot write.

A statement of a unit of work runs on the event loop itself: it takes microseconds, and a hop to a thread and back takes
more than the statement. What may wait for another process or for the disk (BEGIN, COMMIT, scripts, everything outside a
unit of work), and what brings a large value along, runs in the connection's own thread.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite import client as stock
from tortoise.connection import ConnectionToken, get_connection, get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from core import transactions
from core.store import sqlite_raw
from core.store.signals import Signals

T = TypeVar("T")

_LARGE = 256 * 1024
"""A value of more bytes or characters takes milliseconds to write: a file, or what came in with one."""
_SAVEPOINTS = itertools.count()
_READING = ("SELECT", "WITH", "PRAGMA", "EXPLAIN")


class SqliteClient(stock.SqliteClient):
    """One connection to the file, which must exist: the writer."""

    query_only = False

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.signals = Signals()

    async def create_connection(self, with_db: bool) -> None:
        if self._connection:
            return
        self._connection = await self._opened()
        await self._post_connect()

    async def _opened(self) -> aiosqlite.Connection:
        uri = f"{Path(self.filename).as_uri()}?mode=rw"
        connection = aiosqlite.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        # A process that dies without closing its store must not hang on this thread.
        connection._thread.daemon = True
        await connection
        try:
            await self.in_thread(connection, sqlite_raw.set_up, self.query_only)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def in_thread(self, connection: aiosqlite.Connection, work: Callable[..., T], *args: Any) -> T:
        """Run `work(raw connection, …)` in the connection's thread; cancelling waits until it is over."""
        try:
            return cast(T, await sqlite_raw.execute(connection, work, connection._conn, *args))
        except asyncio.CancelledError:
            await sqlite_raw.emptied(connection)  # the thread cannot be called back half-way
            raise

    async def apart(self, work: Callable[..., T], *args: Any) -> T:
        """Several statements in one visit to the thread, outside a unit of work."""
        async with self.acquire_connection():
            return await self.in_thread(self.live, work, *args)

    async def execute_in_thread(self, query: str, values: list[Any]) -> tuple[int, Sequence[Any]]:
        """As `execute_query`, also in a unit of work never on the event loop."""
        with sqlite_raw.our_errors():
            return await self.apart(sqlite_raw.fetch, query, values)

    @property
    def live(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise OperationalError("The store is closed.")
        return self._connection

    @property
    def every(self) -> Sequence[aiosqlite.Connection]:
        """All its connections."""
        return (self.live,)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransaction(SqliteTransaction(self), self._lock)

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return await self._translated(sqlite_raw.insert, query, values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[dict[Any, Any]]]:
        return await self._translated(sqlite_raw.fetch, query, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[Any, Any]]:
        return [dict(row) for row in (await self._translated(sqlite_raw.fetch, query, values))[1]]

    async def _translated(self, work: Callable[..., T], query: str, values: list[Any] | None) -> T:
        with sqlite_raw.our_errors():
            return await self.apart(work, query.replace("\x00", "'||CHAR(0)||'"), values or ())


class SqliteReader(SqliteClient):
    """Two connections that cannot write; what must not be asked of them goes on to the writer.

    There are two so that nothing else waits behind a long look at many rows, and so that a page can have two such looks
    at once. Tortoise binds a query to a connection when it is begun: `Ticket.filter(…)` is bound for reading before it
    becomes an `.update()`, and one that was begun outside a unit of work may be awaited inside.
    """

    query_only = True

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self._second: aiosqlite.Connection | None = None
        self._room = asyncio.Semaphore(2)
        self._idle: list[aiosqlite.Connection] = []

    async def create_connection(self, with_db: bool) -> None:
        if self._connection:
            return
        await super().create_connection(with_db)
        try:
            self._second = await self._opened()
        except BaseException:
            await self.close()
            raise
        self._idle = [self._second, self.live]

    async def close(self) -> None:
        second, self._second, self._idle = self._second, None, []
        if second is not None:
            await second.close()
        await super().close()

    @property
    def every(self) -> Sequence[aiosqlite.Connection]:
        return (self.live, *((self._second,) if self._second else ()))

    async def apart(self, work: Callable[..., T], *args: Any) -> T:
        """On whichever of the two has nothing to do."""
        async with self._room:
            connection = self._idle.pop() if self._idle else self.live
            try:
                return await self.in_thread(connection, work, *args)
            finally:
                if self._second is not None:
                    self._idle.append(connection)

    async def _translated(self, work: Callable[..., T], query: str, values: list[Any] | None) -> T:
        if transactions.inside() or not query.startswith(_READING):
            writer = cast(SqliteClient, get_connection(transactions.WRITER))
            return await writer._translated(work, query, values)
        return await super()._translated(work, query, values)


class SqliteTransaction(SqliteClient, stock.SqliteTransactionWrapper):
    """The writer while a unit of work has it; for a task that outlived its unit of work, the writer like any other."""

    def __init__(self, parent: SqliteClient) -> None:
        stock.SqliteTransactionWrapper.__init__(self, parent)
        self.signals = parent.signals
        if isinstance(parent, SqliteTransaction):
            self._lock = parent._lock  # inside a savepoint statements stand in the same queue

    def _check_loop(self) -> bool:
        """A unit of work lives in one loop; Tortoise would ask the system which one at every statement."""
        return True

    def _in_transaction(self) -> TransactionContext:
        if self._finalized:
            return self._parent._in_transaction()
        return NestedTransactionContext(SqliteTransaction(self))

    async def begin(self) -> None:
        with sqlite_raw.our_errors():
            if not sqlite_raw.begun_at_once(self.live._conn):
                await self.in_thread(self.live, sqlite_raw.begin)

    async def commit(self) -> None:
        self._must_be_open()
        with sqlite_raw.our_errors():
            await self.in_thread(self.live, sqlite_raw.commit)
        self._finalized = True

    async def rollback(self) -> None:
        self._must_be_open()
        self._finalized = True
        self.live._conn.rollback()

    async def savepoint(self) -> None:
        self._savepoint = f"ours_{next(_SAVEPOINTS)}"
        self._at_once("SAVEPOINT")

    async def savepoint_rollback(self) -> None:
        self._at_once("ROLLBACK TO")
        self._savepoint = None

    async def release_savepoint(self) -> None:
        self._at_once("RELEASE")

    def _at_once(self, verb: str) -> None:
        """Savepoints touch no disk: no reason to go to the thread."""
        self._must_be_open()
        if self._savepoint is None:
            raise TransactionManagementError("There is no savepoint")
        with sqlite_raw.our_errors():
            self.live._conn.execute(f"{verb} {self._savepoint}")

    def _must_be_open(self) -> None:
        if self._finalized:
            raise TransactionManagementError("Transaction already finalised")

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        with sqlite_raw.our_errors():
            await self.apart(sqlite_raw.many, query, values)

    async def execute_script(self, query: str) -> None:
        """Statement by statement: sqlite3's own executescript would commit what came before."""
        for statement in sqlite_raw.statements(query):
            await self.execute_query(statement)

    async def _translated(self, work: Callable[..., T], query: str, values: list[Any] | None) -> T:
        if self._finalized:
            return await self._parent._translated(work, query, values)  # type: ignore[attr-defined,no-any-return]  # Tortoise types _parent too widely
        with sqlite_raw.our_errors():
            async with self._lock:  # held meanwhile: one statement follows the other, wherever each runs
                query, given = query.replace("\x00", "'||CHAR(0)||'"), values or ()
                if any(isinstance(one, bytes | str) and len(one) > _LARGE for one in given):
                    return await self.in_thread(self.live, work, query, given)
                return work(self.live._conn, query, given)


class ImmediateTransaction(TransactionContext):
    """Takes the write lock at its start, so that nothing overtakes what it read; gives all back on any error."""

    def __init__(self, connection: SqliteTransaction, lock: asyncio.Lock) -> None:
        self.connection = connection
        self.connection_name = connection.connection_name
        self._lock = lock
        self._token: ConnectionToken | None = None

    async def __aenter__(self) -> SqliteTransaction:
        await self._lock.acquire()
        try:
            await self._begin()
        except BaseException:
            self._roll_back()
            self._lock.release()
            raise
        self._token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def _begin(self) -> None:
        parent = self.connection._parent
        await parent.create_connection(with_db=True)
        self.connection._connection = parent._connection
        await self.connection.begin()

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            if exc_type is None and not self.connection._finalized:
                await self.connection.commit()
        finally:
            self._roll_back()
            get_connections().reset(self._token)
            self._lock.release()

    def _roll_back(self) -> None:
        """Whatever is still open; at once, so that no cancellation can come between."""
        self.connection._finalized = True
        connection = self.connection._connection
        if connection is not None and connection._connection is not None and connection._conn.in_transaction:
            connection._conn.rollback()


def get_client_class(db_info: dict[str, Any]) -> type[SqliteClient]:
    """How Tortoise finds the class: by the connection's settings."""
    return SqliteReader if db_info["credentials"].get("reader") else SqliteClient
