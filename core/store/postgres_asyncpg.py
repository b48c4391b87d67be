"""Tortoise's asyncpg backend, made to give every connection back and to call a lost one by its name.

The stock transaction keeps its pooled connection for ever when BEGIN fails or is cancelled; after a restart of
PostgreSQL the pool would run dry. ("asyncpg" in this module's name is how Tortoise's migrations know the dialect.)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, cast

import asyncpg
from tortoise.backends.asyncpg import client as stock
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import DBConnectionError

from core.store.safety import assert_postgres_safe
from core.store.signals import Signals

LOST_STATES = ("57P01", "57P02", "57P03", "25P03")  # shut down, crashed, still starting; idle for too long
IDLE_IN_TRANSACTION = "15s"
"""A process that is frozen in a unit of work (a paused machine) keeps its locks no longer than this."""


def is_lost(error: BaseException) -> bool:
    """The connection is gone, or none could be had; the same again on a new one may well work."""
    if isinstance(error, asyncpg.InternalClientError):
        return True  # asyncpg itself lost track of what the connection is doing, as happens when the server shuts down
    if isinstance(error, asyncpg.InterfaceError):
        # A pool takes a connection back as soon as it knows that it is lost, also from whoever is using it.
        return any(words in str(error) for words in ("clos", "released back to the pool"))
    if isinstance(error, asyncpg.PostgresError):
        return isinstance(error, asyncpg.PostgresConnectionError) or error.sqlstate in LOST_STATES
    return isinstance(error, (OSError, asyncio.TimeoutError, DBConnectionError))


@contextlib.contextmanager
def our_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_lost(error) and not isinstance(error, DBConnectionError):
            raise DBConnectionError(f"PostgreSQL cannot be reached: {error}") from error
        raise


class CleanConnection(asyncpg.Connection):
    """Goes back to the pool without a round trip: nothing of ours changes a session. Open transactions still end."""

    def get_reset_query(self) -> str:
        return ""


class PostgresClient(stock.AsyncpgDBClient):
    """The pool, for reading and writing alike."""

    connection_class = cast(Any, CleanConnection)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.server_settings["idle_in_transaction_session_timeout"] = IDLE_IN_TRANSACTION
        self.signals = Signals()

    async def create_connection(self, with_db: bool) -> None:
        if self._pool is None:
            with our_errors():
                await super().create_connection(with_db)

    async def assert_safe(self) -> None:
        async with self.acquire_connection() as connection:
            await assert_postgres_safe(connection)

    async def connect_apart(self) -> asyncpg.Connection:
        """A connection of its own with the pool's settings, for what must not share: LISTEN, session locks."""
        of_a_pool = ("min_size", "max_size", "connection_class", "max_queries", "max_inactive_connection_lifetime")
        settings = {name: value for name, value in self._template.items() if name not in of_a_pool}
        password = cast(str | None, self.password)
        return await asyncpg.connect(password=password, **settings)

    def acquire_connection(self) -> Pooled:
        return Pooled(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return PooledTransaction(PostgresTransaction(self))

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, list[dict[Any, Any]]]:
        """A SELECT that lost its connection is asked once more: the pool hands out dead ones after a restart."""
        try:
            return await self._queried(query, values)
        except DBConnectionError:
            if not query.startswith("SELECT") or isinstance(self, PostgresTransaction):
                raise
        return await self._queried(query, values)

    async def _queried(self, query: str, values: list[Any] | None) -> tuple[int, list[dict[Any, Any]]]:
        found: tuple[int, list[dict[Any, Any]]] = await super().execute_query(query, values)
        return found

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        """Every statement of Tortoise's passes through here."""
        with our_errors():
            return await super()._translate_exceptions(func, *args, **kwargs)


class Pooled(PoolConnectionWrapper[asyncpg.Connection]):
    """A pooled connection for one statement."""

    async def __aenter__(self) -> asyncpg.Connection:
        with our_errors():
            return await super().__aenter__()


class PostgresTransaction(PostgresClient, stock.TransactionWrapper):
    """A connection while a unit of work has it; for a task that outlived its unit of work, it is the pool again."""

    def __init__(self, parent: PostgresClient) -> None:
        stock.TransactionWrapper.__init__(self, parent)
        self.signals = parent.signals

    async def create_connection(self, with_db: bool) -> None:
        await self._parent.create_connection(with_db)

    def acquire_connection(self) -> Any:
        if self._finalized:
            return self._parent.acquire_connection()
        return ConnectionWrapper(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        if self._finalized:
            return self._parent._in_transaction()
        return NestedTransactionContext(PostgresTransaction(self))

    async def execute_many(self, query: str, values: list[Any]) -> None:
        with our_errors():
            async with self.acquire_connection() as connection:
                await connection.executemany(query, values)

    async def begin(self) -> None:
        with our_errors():
            await stock.TransactionWrapper.begin(self)

    async def commit(self) -> None:
        with our_errors():
            await stock.TransactionWrapper.commit(self)


class PooledTransaction(TransactionContext):
    """Gives its connection back on every way out. The pool rolls back what is still open in it."""

    def __init__(self, client: PostgresTransaction) -> None:
        self.client = client
        self.connection_name = client.connection_name
        self._token: ConnectionToken | None = None

    async def __aenter__(self) -> TransactionalDBClient:
        await self.client._parent.create_connection(with_db=True)
        with our_errors():
            self.client._connection = await self._pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await self._give_back()
            raise
        self._token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            if exc_type is None and not self.client._finalized:
                await self.client.commit()
            elif not self.client._finalized:
                with contextlib.suppress(Exception):  # the pool throws away a connection that cannot even do this
                    await self.client.rollback()
        finally:
            get_connections().reset(self._token)
            await self._give_back()

    async def _give_back(self) -> None:
        self.client._finalized = True
        # What was committed is committed, and the pool throws away a connection that cannot even be given back.
        with contextlib.suppress(Exception):
            await self._pool.release(self.client._connection)

    @property
    def _pool(self) -> asyncpg.Pool:
        pool: asyncpg.Pool | None = self.client._parent._pool
        if pool is None:
            raise DBConnectionError("The store is closed.")
        return pool


client_class = PostgresClient
