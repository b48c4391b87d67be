"""Bringing a store's tables to this program's: all of it in one transaction, so that a crash leaves old or new."""

from __future__ import annotations

from tortoise.connection import get_connection

from core import transactions
from core.errors import StoreUnsafe
from core.store import files, job_tables, migrating, opening, urls
from core.store.config import Schema
from core.store.opening import Store
from core.store.sqlite import SqliteClient

_UPGRADE_LOCK = 0x6166746572776F72  # "afterwor"


async def upgrade(url: str, *, schema: Schema | None = None) -> None:
    """Make the store if there is none, then apply what is missing. Doing it again changes nothing."""
    address = urls.parse(url)
    if address.kind == urls.SQLITE:
        files.create_if_missing(address.path)
    store = await opening.open_unchecked(url, schema=schema)
    try:
        if isinstance(store.client, SqliteClient):
            await _upgrade_sqlite(store)
        else:
            await transactions.run(lambda: _upgrade_postgres(store))
            await job_tables.converge_postgres(store)
    finally:
        await store.close()


async def _upgrade_sqlite(store: Store) -> None:
    """Without foreign keys: rebuilding a table drops the old one, and that would delete whatever points to it."""
    await store.client.execute_query("PRAGMA foreign_keys = OFF")
    await transactions.run(lambda: _migrate_and_check(store))


async def _migrate_and_check(store: Store) -> None:
    await migrating.migrate(store)
    connection = get_connection(transactions.WRITER)
    await connection.execute_script(job_tables.SQLITE)
    if (await connection.execute_query("PRAGMA foreign_key_check"))[1]:
        raise StoreUnsafe("After the migration some rows would point to rows that are gone; nothing was changed.")


async def _upgrade_postgres(store: Store) -> None:
    connection = get_connection(transactions.WRITER)
    await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [_UPGRADE_LOCK])
    await migrating.migrate(store)
    await job_tables.install_postgres(connection)
