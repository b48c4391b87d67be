from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from tortoise.connection import get_connection

from core import store as stores
from core import transactions
from core.plumbing import jobs
from tests.core.models_for_tests import Account
from tests.core.stores_for_tests import SMALL
from tests.rigs import postgres as rig

on_sqlite = pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
AT_ONCE = 2.0
"""Seconds, on a busy machine: an engine that was not woken looks by itself after ten."""


class Clock:
    """The real time, moved on at will."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def move_on(self, by: timedelta) -> None:
        self.ahead += by
        await jobs.move_on(by)


class Done:
    """Writes down what it was asked to do, and when; can be waited for."""

    def __init__(self) -> None:
        self.subjects: list[int] = []
        self.at: list[float] = []
        self._changed = asyncio.Condition()

    async def __call__(self, subject: int) -> None:
        self.subjects.append(subject)
        self.at.append(time.perf_counter())
        async with self._changed:
            self._changed.notify_all()

    async def wait_for(self, count: int, seconds: float = 10) -> list[int]:
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.subjects) >= count)
        return self.subjects


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def done() -> Done:
    return Done()


@asynccontextmanager
async def running(engine: jobs.Engine) -> AsyncIterator[jobs.Engine]:
    task = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        engine.stop()
        async with asyncio.timeout(15):
            await task


@transactions.atomic
async def ask(
    clock: Clock,
    *subjects: int,
    kind: str = "look",
    wait: timedelta = timedelta(),
    priority: int = 0,
    once: str | None = None,
) -> None:
    now = clock()
    for subject in subjects:
        await jobs.enqueue(kind, subject, due=now + wait, now=now, priority=priority, once=once)


async def waiting() -> int:
    """How many jobs there are, whatever their state."""
    connection = get_connection(transactions.WRITER)
    table = "job_queue" if connection.capabilities.dialect == "sqlite" else "pgqueuer"
    found: int = (await connection.execute_query_dict(f"SELECT count(*) AS n FROM {table}"))[0]["n"]  # noqa: S608
    return found


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


async def none_left() -> bool:
    return await waiting() == 0


# ---------------------------------------------------------------- committed together


async def test_a_job_and_its_row_are_committed_together(small_store: stores.Store, clock: Clock, done: Done) -> None:
    async def look(subject: int) -> None:
        assert await Account.get(id=subject)
        await done(subject)

    @transactions.atomic
    async def open_account() -> Account:
        ann = await Account.create(name="ann")
        await ask(clock, ann.id)
        return ann

    async with running(jobs.Engine(small_store, {"look": look}, clock)):
        ann = await open_account()
        assert await done.wait_for(1) == [ann.id]
        await until(none_left)


async def test_what_is_rolled_back_leaves_no_job(small_store: stores.Store, clock: Clock) -> None:
    @transactions.atomic
    async def fail() -> None:
        await ask(clock, 1, once="a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await waiting() == 0


async def test_a_job_belongs_to_a_unit_of_work(small_store: stores.Store, clock: Clock) -> None:
    with pytest.raises(RuntimeError, match="unit of work"):
        await jobs.enqueue("look", 1, due=clock(), now=clock())


# ---------------------------------------------------------------- when


async def test_a_commit_wakes_the_engine_at_once(small_store: stores.Store, clock: Clock, done: Done) -> None:
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        await ask(clock, 0)
        await done.wait_for(1)
        waits = []
        for subject in range(1, 11):
            began = time.perf_counter()
            await ask(clock, subject)
            await done.wait_for(subject + 1)
            waits.append(done.at[-1] - began)

    assert max(waits) < AT_ONCE


async def test_a_job_in_the_future_runs_when_it_is_due_and_not_before(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        began = time.perf_counter()
        await ask(clock, 1, wait=timedelta(seconds=0.5))
        await done.wait_for(1)
        late = time.perf_counter() - began - 0.5

    assert 0 <= late < AT_ONCE


async def test_moving_the_clock_on_makes_the_future_due(small_store: stores.Store, clock: Clock, done: Done) -> None:
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        await ask(clock, 1, wait=HOUR)
        await ask(clock, 2, wait=3 * HOUR)
        await clock.move_on(timedelta(minutes=5))
        assert done.subjects == []
        await clock.move_on(HOUR)
        assert await done.wait_for(1) == [1]
        await until_waiting(1)


async def until_waiting(count: int) -> None:
    async def reached() -> bool:
        return await waiting() == count

    await until(reached)


async def test_the_more_urgent_goes_first(small_store: stores.Store, clock: Clock, done: Done) -> None:
    await ask(clock, 1, 2)
    await ask(clock, 3, priority=5)
    await ask(clock, 4, priority=-5)
    await ask(clock, 5, priority=9)
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        assert await done.wait_for(5) == [5, 3, 1, 2, 4]


async def test_sweeps_come_at_the_start_again_and_when_the_clock_moves(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    async def sweep() -> None:
        await done(len(done.subjects))
        if len(done.subjects) == 2:
            raise ZeroDivisionError

    async with running(jobs.Engine(small_store, {}, clock, {"tidy": (timedelta(seconds=0.05), sweep)})):
        await done.wait_for(4)
    rare = Done()
    async with running(jobs.Engine(small_store, {}, clock, {"tidy": (HOUR, lambda: rare(1))})):
        await rare.wait_for(1)
        await clock.move_on(HOUR)
        await rare.wait_for(2)


# ---------------------------------------------------------------- once


async def test_the_same_key_waits_only_once_at_the_earlier_time(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    await ask(clock, 1, wait=HOUR, once="lane:a")
    await ask(clock, 1, wait=2 * HOUR, once="lane:a")
    assert await waiting() == 1
    await ask(clock, 1, once="lane:a")
    await ask(clock, 2, wait=HOUR, once="lane:b")
    assert await waiting() == 2
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        assert await done.wait_for(1) == [1]
        await until_waiting(1)
    assert done.subjects == [1]


async def test_asking_while_it_runs_makes_it_run_again(small_store: stores.Store, clock: Clock, done: Done) -> None:
    """The running job may have looked already; its asker must not be forgotten."""
    running_now, go_on = asyncio.Event(), asyncio.Event()

    async def look(subject: int) -> None:
        running_now.set()
        await go_on.wait()
        await done(subject)

    async with running(jobs.Engine(small_store, {"look": look}, clock)):
        await ask(clock, 1, once="lane:a")
        await running_now.wait()
        await ask(clock, 1, once="lane:a")
        go_on.set()
        await done.wait_for(2)
        await until(none_left)


async def test_a_job_can_put_itself_off(small_store: stores.Store, clock: Clock, done: Done) -> None:
    """As a lane does that was told to come back later: under its own key, and without spinning until then."""

    async def look(subject: int) -> None:
        await done(subject)
        if len(done.subjects) == 1:
            await ask(clock, subject, wait=timedelta(seconds=0.4), once="lane:a")

    async with running(jobs.Engine(small_store, {"look": look}, clock)):
        await ask(clock, 1, once="lane:a")
        await done.wait_for(2)
        await until(none_left)

    assert 0.35 < done.at[1] - done.at[0] < 0.8


async def test_a_key_asked_for_in_a_slow_transaction_is_not_overtaken(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    """A waiting job absorbs the second wish; it must not run before what the wish is about is committed."""
    seen: list[int] = []
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def look(subject: int) -> None:
        seen.append(await Account.all().count())
        await done(subject)

    @transactions.atomic
    async def slow() -> None:
        await Account.create(name="ann")
        await ask(clock, 1, once="lane:a")
        asked.set()
        await go_on.wait()

    await ask(clock, 1, once="lane:a")
    asking = asyncio.create_task(slow())
    await asked.wait()
    async with running(jobs.Engine(small_store, {"look": look}, clock)):
        await asyncio.sleep(0.2)
        go_on.set()
        await asking
        await until(none_left)

    assert seen[-1] == 1


# ---------------------------------------------------------------- failing


async def test_a_handler_that_fails_is_called_again(
    small_store: stores.Store, clock: Clock, done: Done, caplog: pytest.LogCaptureFixture
) -> None:
    async def look(subject: int) -> None:
        await done(subject)
        if len(done.subjects) < 3:
            raise ZeroDivisionError

    async with running(jobs.Engine(small_store, {"look": look}, clock)):
        await ask(clock, 7)
        await done.wait_for(3)
        await until(none_left)

    assert done.at[2] - done.at[0] > 2, "1 s, then 2 s"
    assert "look 7 failed, try 1" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_one_that_fails_holds_up_no_other(small_store: stores.Store, clock: Clock, done: Done) -> None:
    async def broken(subject: int) -> None:
        raise ZeroDivisionError

    async with running(jobs.Engine(small_store, {"look": done, "broken": broken}, clock)):
        await ask(clock, *range(30), kind="broken", priority=9)
        await ask(clock, 1)
        await done.wait_for(1)
        await until_waiting(30)


async def test_a_kind_that_nobody_knows_waits_for_the_release_that_does(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    await ask(clock, *range(30), kind="from the future", priority=9)
    await ask(clock, 1)
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        await done.wait_for(1)
        await until_waiting(30)


# ---------------------------------------------------------------- stopping and dying


async def test_stopping_finishes_what_is_in_hand_and_takes_nothing_new(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def look(subject: int) -> None:
        started.set()
        await go_on.wait()
        await done(subject)

    async with running(jobs.Engine(small_store, {"look": look}, clock)) as engine:
        await ask(clock, 1)
        await started.wait()
        engine.stop()
        await ask(clock, 2)
        go_on.set()

    assert done.subjects == [1]
    assert await waiting() == 1


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_what_does_not_finish_in_time_is_handed_back(
    small_store: stores.Store, clock: Clock, done: Done, how: str
) -> None:
    started = asyncio.Event()

    async def endless(subject: int) -> None:
        started.set()
        await asyncio.Event().wait()

    engine = jobs.Engine(small_store, {"look": endless}, clock, grace=timedelta(seconds=0.1))
    task = asyncio.create_task(engine.run())
    await ask(clock, 1)
    await started.wait()
    engine.stop() if how == "stop" else task.cancel()
    with suppress(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task

    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        assert await done.wait_for(1) == [1]
        await until(none_left)


_WORKER = """
import asyncio, sys
from datetime import datetime, timedelta, UTC
from core import store as stores
from core.plumbing import jobs
async def look(subject):
    print(subject, flush=True)
    if sys.argv[2] == "hang":
        await asyncio.Event().wait()
async def main():
    store = await stores.open_store(
        sys.argv[1], schema=stores.Schema(("tests.core.models_for_tests",), "tests.core.migrations_for_tests")
    )
    lease = timedelta(seconds=float(sys.argv[3]))
    await jobs.Engine(store, {"look": look}, lambda: datetime.now(UTC), lease=lease).run()
asyncio.run(main())
"""


async def worker(url: str, mood: str, lease: float) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WORKER, url, mood, str(lease), stdout=asyncio.subprocess.PIPE
    )


async def test_a_worker_that_dies_loses_no_job(small_url: str, clock: Clock, done: Done) -> None:
    store = await stores.open_store(small_url, schema=SMALL)
    await ask(clock, 1, 2, 3)
    await store.close()
    dying = await worker(small_url, "hang", 1)
    assert dying.stdout
    for _ in range(3):
        await dying.stdout.readline()
    dying.kill()
    await dying.wait()

    store = await stores.open_store(small_url, schema=SMALL)
    async with running(jobs.Engine(store, {"look": done}, clock, lease=SECOND)):
        assert sorted(await done.wait_for(3)) == [1, 2, 3]
        await until(none_left)
    await store.close()


def test_the_usual_lease_hands_a_dead_workers_jobs_over_within_half_a_minute() -> None:
    assert timedelta(seconds=30) > jobs.LEASE + jobs.LEASE * 2 / 3


@on_postgres
async def test_two_engines_share_the_work_and_do_each_job_once(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    other = Done()
    async with (
        running(jobs.Engine(small_store, {"look": done}, clock)),
        running(jobs.Engine(small_store, {"look": other}, clock)),
    ):
        for start in range(0, 1000, 100):
            await ask(clock, *range(start, start + 100))
        await until(none_left, 30)

    assert sorted(done.subjects + other.subjects) == list(range(1000))
    assert done.subjects
    assert other.subjects


@on_postgres
@pytest.mark.slow
async def test_workers_killed_one_after_another_lose_nothing(small_store: stores.Store, clock: Clock) -> None:
    total, kills = 2000, 3
    for start in range(0, total, 500):
        await ask(clock, *range(start, start + 500))
    lines: list[bytes] = []

    async def read(process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        while line := await process.stdout.readline():
            lines.append(line)

    workers = [await worker(small_store.url, "fine", 2) for _ in range(3)]
    readers = [asyncio.create_task(read(process)) for process in workers]
    for victim in range(kills):
        mark = len(lines)
        await until(lambda mark=mark: _more_than(lines, mark + 50), 20)
        workers[victim].send_signal(signal.SIGKILL)
        workers.append(await worker(small_store.url, "fine", 2))
        readers.append(asyncio.create_task(read(workers[-1])))
    await until(none_left, 60)
    for process in workers[kills:]:
        process.kill()
    await asyncio.gather(*readers)

    found = [int(line) for line in lines if line.strip()]
    assert set(found) == set(range(total))
    assert len(found) - total <= kills * 50, "twice only what was in a dead worker's hands"


async def _more_than(lines: list[bytes], count: int) -> bool:
    return len(lines) >= count


# ---------------------------------------------------------------- PostgreSQL goes away


@on_postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_the_engine_heals_after_a_restart_of_postgresql(
    small_store: stores.Store, postgres: rig.Server, clock: Clock, done: Done, mode: str
) -> None:
    async with running(jobs.Engine(small_store, {"look": done}, clock, lease=SECOND)):
        await ask(clock, 0)
        await done.wait_for(1)
        for subject in (1, 2, 3):
            await asyncio.to_thread(postgres.restart, mode)
            began = time.monotonic()
            await ask(clock, subject)
            await done.wait_for(subject + 1)
            assert time.monotonic() - began < AT_ONCE
        await until(none_left)

    assert set(done.subjects) == {0, 1, 2, 3}


@on_postgres
async def test_a_killed_connection_is_noticed_at_once(small_store: stores.Store, clock: Clock, done: Done) -> None:
    """A listener whose connection is gone hears nothing, and would not know."""
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        await ask(clock, 0)
        await until(none_left)
        await get_connection(transactions.WRITER).execute_query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND query LIKE '%pgqueuer%'"
        )
        began = time.monotonic()
        await ask(clock, 1)
        await done.wait_for(2)

    assert time.monotonic() - began < AT_ONCE


@on_postgres
async def test_jobs_in_hand_survive_a_restart_of_postgresql(
    small_store: stores.Store, postgres: rig.Server, clock: Clock, done: Done
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def look(subject: int) -> None:
        started.set()
        await go_on.wait()
        await done(subject)
        if done.subjects.count(subject) == 1:
            raise ZeroDivisionError

    async with running(jobs.Engine(small_store, {"look": look}, clock, lease=SECOND)):
        await ask(clock, *range(20))
        await started.wait()
        await asyncio.to_thread(postgres.stop, "immediate")
        go_on.set()
        await done.wait_for(1)
        await asyncio.to_thread(postgres.start)
        await until(none_left, 30)

    assert set(done.subjects) == set(range(20))


async def test_the_engine_stops_even_while_postgresql_is_away(postgres: rig.Server, clock: Clock, done: Done) -> None:
    url = await postgres.create_database()
    await stores.upgrade(url, schema=SMALL)
    store = await stores.open_store(url, schema=SMALL)
    engine = jobs.Engine(store, {"look": done}, clock)
    task = asyncio.create_task(engine.run())
    await ask(clock, 1)
    await done.wait_for(1)
    await asyncio.to_thread(postgres.stop)
    try:
        engine.stop()
        async with asyncio.timeout(2):
            await task
    finally:
        await asyncio.to_thread(postgres.start)
        await store.close()
    await postgres.drop_database(url)


# ---------------------------------------------------------------- many


async def fill(count: int) -> None:
    """So many jobs far in the future."""
    connection = get_connection(transactions.WRITER)
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO job_queue (kind, subject, due, priority) SELECT 'look', i, 4102444800000000 + i, i % 3 FROM n",
            [count],
        )
        return
    await connection.execute_query(
        "INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status) "
        "SELECT i % 3, 'look', convert_to(i::text, 'utf8'), now() + interval '1 hour' * (9000 + i), "
        "'queued' FROM generate_series(1, $1::int) AS i",
        [count],
    )
    await connection.execute_query("ANALYZE pgqueuer")


@pytest.mark.slow
async def test_a_hundred_thousand_jobs_that_are_not_due_cost_nothing(
    small_store: stores.Store, clock: Clock, done: Done
) -> None:
    await fill(100_000)
    process = psutil.Process(os.getpid())
    async with running(jobs.Engine(small_store, {"look": done}, clock)):
        await ask(clock, 1)
        await done.wait_for(1)
        await asyncio.sleep(0.5)  # let the look after the last job pass
        memory, before, began = process.memory_info().rss, sum(process.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(4)
        used = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
        began = time.perf_counter()
        await ask(clock, 2)
        await done.wait_for(2)
        woke_after = time.perf_counter() - began

    assert used < 0.02
    assert process.memory_info().rss - memory < 20_000_000
    assert woke_after < AT_ONCE
    assert await waiting() == 100_000


@on_sqlite
async def test_the_tables_answer_from_their_indexes(small_store: stores.Store) -> None:
    for query in (
        "SELECT id FROM job_queue WHERE priority = 1 AND due <= 5 ORDER BY due, id LIMIT 10",
        "SELECT min(due) FROM job_queue WHERE due > 5",
        "SELECT max(priority) FROM job_queue WHERE priority < 5",
    ):
        rows = (await get_connection(transactions.WRITER).execute_query(f"EXPLAIN QUERY PLAN {query}"))[1]
        plan = " ".join(row["detail"] for row in rows)
        assert "SEARCH job_queue USING COVERING INDEX" in plan
        assert "TEMP B-TREE" not in plan
