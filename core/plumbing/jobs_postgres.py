"""PgQueuer over PostgreSQL: enqueueing in our transactions, and a connection for the engine that mends itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Self, TypeVar

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, Relay
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain import models
from pgqueuer.domain.types import QueueEntrypoint
from pgqueuer.ports.driver import Driver, NotifyCallback
from pgqueuer.queries import Queries
from tortoise.backends.base.client import BaseDBAsyncClient

from core.store import job_tables
from core.store.postgres_asyncpg import is_lost

T = TypeVar("T")
Connect = Callable[[], Awaitable[asyncpg.Connection]]

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_PULL_FORWARD = (
    "UPDATE pgqueuer SET execute_after = least(execute_after, now() + $2) WHERE dedupe_key = $1 AND status = 'queued'"
)
_NEXT = """
SELECT min(waiting.execute_after) - now() AS eta FROM unnest($1::text[]) AS kind CROSS JOIN LATERAL (
    SELECT execute_after FROM pgqueuer WHERE entrypoint = kind AND status = 'queued' AND execute_after > now()
    ORDER BY execute_after LIMIT 1
) AS waiting
"""
_MOVE_ON = "UPDATE pgqueuer SET execute_after = execute_after - $1::interval WHERE status = 'queued'"
_PRUNE = "DELETE FROM pgqueuer_log WHERE created < now() - $1::interval"
_FAILED = "SELECT id FROM pgqueuer WHERE status = 'failed' AND updated < now() - $1::interval"


async def enqueue(
    connection: BaseDBAsyncClient, kind: str, subject: int, wait: timedelta, priority: int, once: str | None
) -> None:
    """A key that waits already is touched, not skipped: nobody can take that job before this transaction is through."""
    async with connection.acquire_connection() as raw:
        await job_tables.queries(AsyncpgDriver(raw)).enqueue(
            kind, str(subject).encode(), priority, wait, once, on_conflict="update_priority" if once else "raise"
        )
        if once:
            await raw.execute(_PULL_FORWARD, once, wait)


async def move_on(connection: BaseDBAsyncClient, by: timedelta) -> None:
    """PgQueuer's trigger says nothing about an UPDATE, so we do."""
    await connection.execute_query(_MOVE_ON, [by])
    channel = job_tables.settings().channel
    await connection.execute_query("SELECT pg_notify($1, $2)", [channel, _something_changed()])


async def tidy(queries: Queries, patience: timedelta) -> None:
    """PgQueuer keeps a log of every step of every job for ever, and parks a job whose retry it could not write down."""
    await queries.driver.execute(_PRUNE, job_tables.LOG_KEPT)
    parked = await queries.driver.fetch(_FAILED, patience)
    if parked:
        await queries.requeue_jobs([row["id"] for row in parked])  # type: ignore[misc]  # rows are typed as object


class PostgresJobs(Queries):
    """PgQueuer's own, but for two things that it does too late or too slowly."""

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        """From the index, kind by kind; PgQueuer's query reads every waiting job of 100,000, at every wake."""
        soonest = (await self.driver.fetch(_NEXT, entrypoints))[0]["eta"]
        return soonest if isinstance(soonest, timedelta) else None

    async def retry_job(
        self, job: models.Job, delay: timedelta, traceback_record: models.TracebackRecord | None
    ) -> None:
        """PgQueuer would leave it until it next looks by itself: its trigger says nothing about an UPDATE."""
        await super().retry_job(job, delay, traceback_record)
        if isinstance(self.driver, MendingDriver):
            self.driver.ring()


def repository(driver: MendingDriver) -> PostgresJobs:
    plain = job_tables.queries(driver)
    return PostgresJobs(driver, plain.qbe, plain.qbq, plain.qbs)


class MendingDriver(Driver):
    """One connection that is replaced when it is lost; its listeners move with it and are told to look.

    A statement that was under way is repeated. That is safe: PgQueuer's statements name what they change, and a job
    that was taken without our hearing of it is handed over when its heartbeat is missed.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection | None = None
        self._listeners: list[tuple[str, Relay]] = []
        self._turn = asyncio.Lock()
        self._shutdown = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None
        self._rung = False

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        self._rung = False
        return [dict(row) for row in await self._on_connection(lambda live: live.fetch(query, *args))]

    async def execute(self, query: str, *args: object) -> str:
        return await self._on_connection(lambda live: live.execute(query, *args))

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        relay = Relay(self._once_per_look(callback))
        self._listeners.append((channel, relay))
        await self._on_connection(lambda live: live.add_listener(channel, relay))

    def ring(self) -> None:
        for _, relay in self._listeners:
            relay.callback(_something_changed())

    def _once_per_look(self, callback: NotifyCallback) -> NotifyCallback:
        """PgQueuer queues every event and looks again for each; one is enough until it has looked."""

        def pass_on(payload: str | bytes | bytearray) -> None:
            if "table_changed_event" not in str(payload):
                callback(payload)
            elif not self._rung:
                self._rung = True
                callback(payload)

        return pass_on

    async def _on_connection(self, act: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        async with self._turn:
            while True:
                live = await self._live()
                try:
                    return await act(live)
                except Exception as error:
                    if not is_lost(error):
                        raise
                    logger.warning("the engine lost its connection to PostgreSQL: %s", error)
                    live.terminate()

    async def _live(self) -> asyncpg.Connection:
        pause = _FIRST_PAUSE
        while self._connection is None or self._connection.is_closed():
            if self._shutdown.is_set():
                raise ConnectionError("the engine stops, and PostgreSQL is away")
            try:
                self._connection = await self._opened()
            except Exception as error:
                if not is_lost(error):
                    raise
                logger.warning("PostgreSQL is away, the engine tries again in %.2f s: %s", pause, error)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._shutdown.wait(), pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        return self._connection

    async def _opened(self) -> asyncpg.Connection:
        connection = await self._connect()
        for channel, relay in self._listeners:
            await connection.add_listener(channel, relay)
        connection.add_termination_listener(self._mend)
        asyncio.get_running_loop().call_soon(self.ring)
        return connection

    def _mend(self, lost: object) -> None:
        """At once, not at the next statement: a connection that is gone hears no NOTIFY."""
        if not self._shutdown.is_set() and (self._mending is None or self._mending.done()):
            self._mending = asyncio.create_task(self._mended())

    async def _mended(self) -> None:
        with contextlib.suppress(ConnectionError):
            async with self._turn:
                await self._live()

    async def close(self) -> None:
        self._shutdown.set()
        if self._mending:
            await asyncio.wait({self._mending})
        if self._connection and not self._connection.is_closed():
            self._connection.terminate()

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return TaskManager()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """The engine closes it, after the last result is written down."""


def _something_changed() -> str:
    return models.TableChangedEvent(
        channel=job_tables.settings().channel,
        sent_at=models.utc_now(),
        type="table_changed_event",
        operation="update",
        table="pgqueuer",
    ).model_dump_json()
