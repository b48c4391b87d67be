"""Opening and closing the one store of a process."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field

from tortoise.apps import Apps
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError

from core import transactions
from core.errors import SchemaOutdated, StoreInUse
from core.store import files, migrating, safety, urls
from core.store.config import READER, Schema, own_schema, tortoise_config
from core.store.postgres_asyncpg import PostgresClient
from core.store.signals import Signals
from core.store.sqlite import SqliteClient, SqliteReader

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Store:
    """An open store. Tortoise finds it from every task, also from those that existed before."""

    kind: str
    url: str = field(repr=False)
    shown: str
    schema: Schema = field(repr=False)
    _context: TortoiseContext = field(repr=False)
    _lock: files.FileLock | None = field(default=None, repr=False)

    @property
    def is_visiting(self) -> bool:
        """Whether another process holds this SQLite file, and we only look in."""
        return self._lock is not None and not self._lock.is_held

    @property
    def signals(self) -> Signals:
        return self.client.signals

    @property
    def client(self) -> SqliteClient | PostgresClient:
        """The writer on SQLite, the pool on PostgreSQL."""
        client = self._context.connections.get(transactions.WRITER)
        root = getattr(client, "_parent", client)  # asked from inside a unit of work
        if not isinstance(root, (SqliteClient, PostgresClient)):
            raise TypeError(f"{root!r} is no client of ours")
        return root

    @property
    def apps(self) -> Apps:
        """The models, as Tortoise knows them."""
        if self._context.apps is None:
            raise TypeError("the store is not open")
        return self._context.apps

    @property
    def sqlite_reader(self) -> SqliteReader:
        reader = self._context.connections.get(READER)
        if not isinstance(reader, SqliteReader):
            raise TypeError("only SQLite has a reader")
        return reader

    async def close(self) -> None:
        """Units of work that still run are waited for; the writer closes last, so that it checkpoints."""
        await transactions.all_done()
        try:
            with contextlib.suppress(ConfigurationError):  # PostgreSQL has no reader, nor has a store that never opened
                await self._context.connections.get(READER).close()
        finally:
            await self._context.close_connections()
            if self._lock:
                self._lock.release()


async def open_store(url: str, *, schema: Schema | None = None, visiting: bool = False) -> Store:
    """Open what `upgrade` made. Never creates anything; asserts the safety settings on every connection.

    `visiting` is for a short command beside a running `serve`: on SQLite it may read and write while another process
    holds the file, and leaves the checkpoints to that one (two that checkpoint at once can damage old SQLite's files).
    Raises SchemaOutdated, StoreInUse, StoreUnsafe, or transactions.StoreUnavailable when PostgreSQL cannot be reached.
    """
    store = await open_unchecked(url, schema=schema, visiting=visiting)
    try:
        await _must_be_current(store)
    except BaseException:
        await store.close()
        raise
    return store


async def _must_be_current(store: Store) -> None:
    with transactions.store_errors():
        if not await migrating.is_current(store):
            raise SchemaOutdated(f"The tables of {store.shown} are older than this program. Run: afterword db upgrade")


async def open_unchecked(url: str, *, schema: Schema | None = None, visiting: bool = False) -> Store:
    """The same, whatever the state of the tables."""
    address, schema = urls.parse(url), schema or own_schema()
    lock = _lock_file(address, visiting=visiting) if address.kind == urls.SQLITE else None
    # Tortoise keeps INSERT statements by table name alone, and the two databases write them differently.
    EXECUTOR_CACHE.clear()
    context = TortoiseContext()
    store = Store(address.kind, url, address.shown, schema, context, lock)
    try:
        with context:  # only while it reads the models; later it is found as the global one
            await context.init(tortoise_config(url, schema), _enable_global_fallback=True)
        await _connect(store)
    except BaseException:
        await store.close()
        raise
    return store


def _lock_file(address: urls.Address, *, visiting: bool) -> files.FileLock:
    lock = files.FileLock(address.path)
    if address.path.is_file():
        with contextlib.suppress(*((StoreInUse,) if visiting else ())):
            lock.take()
    try:
        files.look_at(address.path)
    except BaseException:
        lock.release()
        raise
    safety.warn_of_second_writers(address.path)
    return lock


async def _connect(store: Store) -> None:
    with transactions.store_errors():
        if isinstance(store.client, SqliteClient):
            await store.client.create_connection(with_db=True)
            await store.sqlite_reader.create_connection(with_db=True)
            if store.is_visiting:
                await store.client.execute_script("PRAGMA wal_autocheckpoint=0")
        else:
            await store.client.create_connection(with_db=True)
            await store.client.assert_safe()
