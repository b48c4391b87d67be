"""PgQueuer's repository over SQLite.

One process has the file, so what is in hand is remembered in memory: taking a job writes nothing, and after a crash
every job that was not finished is simply still there. Whoever enqueues a key that is in hand raises the row's revision;
a finished job is deleted only at the revision it was taken at, so no wake-up is lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pgqueuer.adapters.inmemory.driver import InMemoryDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain import models
from pgqueuer.domain.types import JOB_STATUS, HealthCheckId, JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from core import transactions
from core.store import Store, job_tables
from core.store.signals import Signals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RETRY_AFTER = timedelta(seconds=10)  # when even writing down the retry failed

_ENQUEUE = """
INSERT INTO job_queue (kind, subject, due, priority, once) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (once) DO UPDATE SET
    due = CASE WHEN revision = ? THEN excluded.due ELSE min(due, excluded.due) END,
    priority = max(priority, excluded.priority), revision = revision + 1
"""
_LEVELS = "SELECT max(priority) FROM job_queue WHERE priority < ?"
_DUE = """
SELECT id, kind, subject, due, priority, once, revision, attempts FROM job_queue
WHERE priority = ? AND due <= ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY due, id LIMIT ?
"""
_NEXT = "SELECT min(due) AS soonest FROM job_queue WHERE due > ?"
_RETRY = "UPDATE job_queue SET due = ?, attempts = attempts + 1 WHERE id = ? AND revision = ?"
_HIGHEST = 2**31


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


async def enqueue(
    connection: BaseDBAsyncClient,
    signals: Signals,
    kind: str,
    subject: int,
    due: datetime,
    priority: int,
    once: str | None,
) -> None:
    taken_at = signals.taken.get(once, -1) if once else -1
    await connection.execute_insert(_ENQUEUE, [kind, subject, microseconds(due), priority, once, taken_at])


class SqliteJobs:
    """The part of PgQueuer's RepositoryPort that its QueueManager calls; made anew for each manager."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._in_hand: dict[int, tuple[int, str | None]] = {}
        self._limit: int | None = None
        self._rung = False
        self.driver = InMemoryDriver()
        store.signals.taken.clear()
        self.qbe = QueryBuilderEnvironment(job_tables.settings())

    # ------------------------------------------------------------ taking

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[models.Job]:
        self._limit = global_concurrency_limit
        self._rung = False
        room = batch_size if self._limit is None else min(batch_size, self._limit - len(self._in_hand))
        if room < 1:
            return []
        return [self._take(row, queue_manager_id) for row in await self._due(list(entrypoints), room)]

    async def _due(self, kinds: list[QueueEntrypoint], room: int) -> list[sqlite3.Row]:
        now, known, hidden = microseconds(self._clock()), json.dumps(kinds), len(self._in_hand)

        def look(raw: sqlite3.Connection) -> list[sqlite3.Row]:
            """Level by level, because an index has either the priority or the due time in front."""
            found: list[sqlite3.Row] = []
            level = raw.execute(_LEVELS, (_HIGHEST,)).fetchone()[0]
            while level is not None and len(found) < room + hidden:
                found += raw.execute(_DUE, (level, now, known, room + hidden - len(found))).fetchall()
                level = raw.execute(_LEVELS, (level,)).fetchone()[0]
            return found

        rows = await self._store.sqlite_reader.apart(look)
        return [row for row in rows if row["id"] not in self._in_hand][:room]

    def _take(self, row: sqlite3.Row, taker: QueueManagerId) -> models.Job:
        self._in_hand[row["id"]] = (row["revision"], row["once"])
        if row["once"]:
            self._store.signals.taken[row["once"]] = row["revision"]
        due = _EPOCH + timedelta(microseconds=row["due"])
        return models.Job.model_construct(
            id=JobId(row["id"]),
            priority=row["priority"],
            created=due,
            updated=due,
            heartbeat=due,
            execute_after=due,
            status="picked",
            entrypoint=QueueEntrypoint(row["kind"]),
            payload=str(row["subject"]).encode(),
            attempts=row["attempts"],
            queue_manager_id=taker,
            slot=None,
            headers=None,
        )

    # ------------------------------------------------------------ finishing

    async def log_jobs(self, job_status: list[tuple[models.Job, JOB_STATUS, models.TracebackRecord | None]]) -> None:
        done = [(job.id, self._revision(job)) for job, status, _ in job_status if status == "successful"]
        again = [job for job, status, _ in job_status if status != "successful"]
        await transactions.run(lambda: self._write_down(done, again))
        for job, _, _ in job_status:
            self._let_go(job)
        self.notify()

    async def _write_down(self, done: list[tuple[JobId, int]], again: list[models.Job]) -> None:
        connection = get_connection(transactions.WRITER)
        for job_id, revision in done:
            await connection.execute_query("DELETE FROM job_queue WHERE id = ? AND revision = ?", [job_id, revision])
        for job in again:
            await self._postpone(job, _RETRY_AFTER)

    async def retry_job(
        self, job: models.Job, delay: timedelta, traceback_record: models.TracebackRecord | None
    ) -> None:
        await transactions.run(lambda: self._postpone(job, delay))
        self._let_go(job)
        self.notify()

    async def _postpone(self, job: models.Job, delay: timedelta) -> None:
        values = [microseconds(self._clock() + delay), job.id, self._revision(job)]
        await get_connection(transactions.WRITER).execute_query(_RETRY, values)

    def _revision(self, job: models.Job) -> int:
        return self._in_hand[job.id][0]

    def _let_go(self, job: models.Job) -> None:
        _, once = self._in_hand.pop(job.id)
        if once:
            self._store.signals.taken.pop(once, None)

    # ------------------------------------------------------------ waiting

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        if self._limit is not None and len(self._in_hand) >= self._limit:
            return 0  # whoever finishes rings
        return len(await self._due(entrypoints, 1))

    async def queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        return await self.eligible_queued_work(entrypoints)

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        now = microseconds(self._clock())
        _, rows = await self._store.sqlite_reader.execute_query(_NEXT, [now])
        soonest = next(iter(rows))["soonest"]
        return None if soonest is None else timedelta(microseconds=soonest - now)

    def notify(self) -> None:
        """Once per look at the table: PgQueuer queues every event, and would look again for each."""
        if self._rung:
            return
        self._rung = True
        event = models.TableChangedEvent(
            channel=self.qbe.settings.channel,
            sent_at=models.utc_now(),
            type="table_changed_event",
            operation="insert",
            table="job_queue",
        )
        self._tell(event)

    async def notify_health_check(self, health_check_event_id: HealthCheckId) -> None:
        self._tell(
            models.HealthCheckEvent(
                channel=self.qbe.settings.channel,
                sent_at=models.utc_now(),
                type="health_check_event",
                id=health_check_event_id,
            )
        )

    def _tell(self, event: models.Event) -> None:
        for listener in self.driver._listeners[self.qbe.settings.channel]:
            listener(event.model_dump_json())

    async def update_heartbeat(self, job_ids: list[JobId]) -> None:
        """Nobody else could take them over."""

    # ------------------------------------------------------------ PgQueuer asks whether its tables are there

    async def has_table(self, table: str) -> bool:
        return True

    async def table_has_column(self, table: str, column: str) -> bool:
        return True

    async def table_has_index(self, table: str, index: str) -> bool:
        return True

    async def has_user_defined_enum(self, key: str, enum: str) -> bool:
        return True
