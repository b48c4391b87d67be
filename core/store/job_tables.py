"""The tables that jobs wait in: our own on SQLite, PgQueuer's on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from core import transactions
from core.store.postgres_asyncpg import PostgresClient

if TYPE_CHECKING:
    from core.store.opening import Store

SQLITE = """
CREATE TABLE IF NOT EXISTS job_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    due INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    once TEXT UNIQUE,
    revision INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS job_queue_by_priority ON job_queue (priority, due);
CREATE INDEX IF NOT EXISTS job_queue_by_due ON job_queue (due);
"""

# PgQueuer holds on to a key until the job is finished. Whoever asks again while it runs may mean something that the
# running job has already looked past, so we let go of the key in the statement that takes the job.
_LET_GO_OF_KEY = """
CREATE OR REPLACE FUNCTION afterword_job_taken() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.dedupe_key := NULL; RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER afterword_job_taken BEFORE UPDATE OF status ON pgqueuer FOR EACH ROW
WHEN (NEW.status = 'picked' AND NEW.dedupe_key IS NOT NULL) EXECUTE FUNCTION afterword_job_taken();
"""
_IS_INSTALLED = "SELECT to_regclass('pgqueuer') IS NOT NULL AND to_regproc('afterword_job_taken') IS NOT NULL AS found"
LOG_KEPT = timedelta(days=1)


@cache
def settings() -> DBSettings:
    """Every name given, so that an environment variable that happens to be called CHANNEL or TRIGGER renames nothing.

    Only the log of what ran may be lost in a crash of PostgreSQL ("balanced"); the jobs may not.
    """
    return DBSettings(
        prefix="",
        db_schema=None,
        channel=Channel("ch_pgqueuer"),
        function="fn_pgqueuer_changed",
        trigger="tg_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        schedules_table="pgqueuer_schedules",
        durability=Durability.balanced,
    )


@cache
def _builders() -> tuple[QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder]:
    known = settings()
    return QueryBuilderEnvironment(known), QueryQueueBuilder(known), QuerySchedulerBuilder(known)


def queries(driver: Driver) -> Queries:
    environment, queue, scheduler = _builders()
    return Queries(driver, environment, queue, scheduler)


async def install_postgres(connection: BaseDBAsyncClient) -> None:
    """In the transaction that makes our own tables. What is there already is left to `converge_postgres`."""
    _, rows = await connection.execute_query("SELECT to_regclass('pgqueuer') IS NULL AS missing")
    if rows[0]["missing"]:
        await connection.execute_script(_builders()[0].build_install_query())
        await connection.execute_script(_builders()[0].build_optimize_autovacuum_query())
    await connection.execute_script(_LET_GO_OF_KEY)


async def converge_postgres(store: Store) -> None:
    """PgQueuer's own upgrade; each step can be repeated, and it takes a lock of its own."""
    if not isinstance(store.client, PostgresClient):
        raise TypeError("only PostgreSQL has PgQueuer's tables")
    connection = await store.client.connect_apart()
    try:
        await queries(AsyncpgDriver(connection)).upgrade()
    finally:
        await connection.close()


async def are_there(store: Store) -> bool:
    ask = (
        _IS_INSTALLED
        if isinstance(store.client, PostgresClient)
        else ("SELECT count(*) > 0 AS found FROM sqlite_master WHERE name = 'job_queue'")
    )
    _, rows = await get_connection(transactions.WRITER).execute_query(ask)
    return bool(rows[0]["found"])
