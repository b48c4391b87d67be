"""Jobs: what must be done, now or later, committed together with the rows that it is about.

Jobs wake, rows decide. A job says only "look at delivery 17"; it may come too early, late or twice. The engine is
PgQueuer's, over PostgreSQL as it is and over SQLite through a repository of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.ports import RepositoryPort
from tortoise.connection import get_connection

from core import transactions
from core.failpoints import fp
from core.plumbing import jobs_postgres, jobs_sqlite
from core.store import Store, job_tables
from core.store.postgres_asyncpg import PostgresClient
from core.store.sqlite import SqliteClient

Clock = Callable[[], datetime]
Handler = Callable[[int], Awaitable[None]]
Sweep = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=10)
LEASE = timedelta(seconds=15)
_BATCH = 10
_SHORTEST_WAIT = timedelta(milliseconds=20)
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 600.0


async def enqueue(
    kind: str,
    subject: int,
    *,
    due: datetime,
    now: datetime,
    priority: int = 0,
    once: str | None = None,
) -> None:
    """Commits, or not, with the unit of work that it must be part of. A higher priority goes first.

    `once` is a key: while a job with it still waits, no second one is made; the waiting one is due at the earlier of
    the two times. A job that is being worked on does not wait any more.
    """
    if not transactions.inside():
        raise RuntimeError("a job is enqueued in the unit of work whose rows it is about")
    connection = get_connection(transactions.WRITER)
    if isinstance(connection, SqliteClient):
        await jobs_sqlite.enqueue(connection, connection.signals, kind, subject, due, priority, once)
        if due - now < LEASE:  # later ones are found in time: the engine looks more often than that
            transactions.after_commit(connection.signals.work.ring)
    else:
        await jobs_postgres.enqueue(connection, kind, subject, due - now, priority, once)


async def move_on(by: timedelta) -> None:
    """Call it after the clock was moved by `by` (a demonstration, a test): what is due now wakes."""
    connection = get_connection(transactions.WRITER)
    if isinstance(connection, PostgresClient):
        await transactions.run(lambda: jobs_postgres.move_on(get_connection(transactions.WRITER), by))
        transactions.after_commit(connection.signals.moved.ring)
    elif isinstance(connection, SqliteClient):
        transactions.after_commit(connection.signals.work.ring)
        transactions.after_commit(connection.signals.moved.ring)


class Engine:
    """Runs handlers for jobs that are due, and sweeps every so often, until it is stopped.

    A handler that fails is logged and called again after 1 s, 2 s, 4 s, … 10 min. The engine outlives the database:
    what was in hand is repeated, so a handler may run twice. `lease` is how long a worker that died keeps its jobs.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        clock: Clock,
        every: Mapping[str, tuple[timedelta, Sweep]] | None = None,
        *,
        concurrency: int = 50,
        lease: timedelta = LEASE,
        grace: timedelta = GRACE,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._clock = clock
        self._sweeps = dict(every or {})
        self._concurrency = max(concurrency, 2 * _BATCH)
        self._lease = lease
        self._grace = grace
        self._stopping = asyncio.Event()
        self._in_hand: set[asyncio.Task[object]] = set()
        self._manager: QueueManager | None = None

    async def run(self) -> None:
        """Returns when it was stopped and everything in hand is finished or handed back."""
        sweeps = [asyncio.create_task(self._sweep(name, *every)) for name, every in self._sweeps.items()]
        working = asyncio.create_task(self._work())
        try:
            await self._stopping.wait()
            await asyncio.wait({working}, timeout=self._grace.total_seconds())
        finally:
            self.stop()
            await self._hand_back(working)
            await _cancelled(sweeps)

    def stop(self) -> None:
        """Take nothing new; `run` returns within the grace period. May be called from a signal handler of the loop."""
        self._stopping.set()
        if self._manager:
            self._manager.shutdown.set()
            self._manager.queries.driver.shutdown.set()  # results are still written down, but no database is waited for

    # ------------------------------------------------------------ the manager, rebuilt whenever it falls

    async def _work(self) -> None:
        falls = 0
        while not self._stopping.is_set():
            try:
                async with contextlib.AsyncExitStack() as stack:
                    await self._manage(self._repository(stack))
            except Exception:
                logger.exception("the engine fell and is built again")
                falls += 1
                await self._pause(min(0.1 * 2**falls, 2.0))

    async def _manage(self, repository: RepositoryPort) -> None:
        manager = QueueManager(repository, channel=job_tables.settings().channel)
        manager.min_dequeue_poll_interval = _SHORTEST_WAIT
        for kind, handler in self._handlers.items():
            # "hold": PgQueuer otherwise deletes a job whose retry it could not write down.
            manager.entrypoint(kind, accepts_context=False, on_failure="hold")(partial(self._handle, handler))
        self._manager = manager
        if self._stopping.is_set():
            return
        await manager.run(
            dequeue_timeout=min(self._lease, LEASE) * 2 / 3,
            batch_size=_BATCH,
            max_concurrent_tasks=self._concurrency,
            heartbeat_timeout=self._lease,
            log_aggregation_interval=timedelta(0),
        )

    def _repository(self, stack: contextlib.AsyncExitStack) -> RepositoryPort:
        client = self._store.client
        if isinstance(client, SqliteClient):
            on_sqlite = jobs_sqlite.SqliteJobs(self._store, self._clock)
            stack.callback(client.signals.work.listen(on_sqlite.notify))
            # A QueueManager calls a dozen of the port's forty methods; SqliteJobs has those.
            return cast(RepositoryPort, on_sqlite)
        driver = jobs_postgres.MendingDriver(client.connect_apart)
        stack.push_async_callback(driver.close)
        on_postgres = jobs_postgres.repository(driver)
        tidying = self._sweep("pgqueuer", timedelta(minutes=1), partial(jobs_postgres.tidy, on_postgres, self._lease))
        stack.push_async_callback(_cancelled, [asyncio.create_task(tidying)])
        return on_postgres

    # ------------------------------------------------------------ one job

    async def _handle(self, handler: Handler, job: Job) -> None:
        """What a handler raises becomes a retry; so does being cancelled, which PgQueuer takes for "not wanted"."""
        if self._stopping.is_set():  # it was on its way when we were stopped
            raise RetryRequested(timedelta(0), "the engine stopped")
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._in_hand.add(task)
        try:
            await handler(int(job.payload or b"0"))
            fp("job.done", job.entrypoint)
        except asyncio.CancelledError:
            raise RetryRequested(timedelta(0), "the engine stopped") from None
        except Exception as error:
            delay = _delay(job.attempts)
            logger.exception(
                "%s %s failed, try %d; again in %s",
                job.entrypoint,
                (job.payload or b"").decode(),
                job.attempts + 1,
                delay,
            )
            raise RetryRequested(delay, type(error).__name__) from error
        finally:
            self._in_hand.discard(task)

    async def _hand_back(self, working: asyncio.Task[None]) -> None:
        for task in tuple(self._in_hand):
            task.cancel()
        await asyncio.wait({working}, timeout=2)
        await _cancelled([working])

    # ------------------------------------------------------------ sweeps

    async def _sweep(self, name: str, interval: timedelta, sweep: Sweep) -> None:
        moved = asyncio.Event()
        stop_listening = self._store.signals.moved.listen(moved.set)
        try:
            while not self._stopping.is_set():
                moved.clear()
                try:
                    await sweep()
                except Exception:
                    logger.exception("the sweep %s failed; it comes again in %s", name, interval)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(moved.wait(), interval.total_seconds())
        finally:
            stop_listening()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _delay(attempts: int) -> timedelta:
    seconds = min(_FIRST_DELAY * 2.0 ** min(attempts, 20), _LONGEST_DELAY)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
