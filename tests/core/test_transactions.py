from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Coroutine, Generator
from contextlib import closing, suppress
from typing import Any

import asyncpg
import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core import store as stores
from core import transactions
from core.store import urls
from tests.core.models_for_tests import Account, Entry
from tests.rigs import postgres as rig


@transactions.atomic
async def open_account(name: str) -> Account:
    return await Account.create(name=name)


@transactions.atomic
async def pay_in(account: Account, amount: int = 1) -> None:
    await Account.filter(id=account.id).update(balance=F("balance") + amount)
    await Entry.create(account=account)


async def balance(name: str) -> int:
    return (await Account.get(name=name)).balance


@pytest.fixture
def locked(small_store: stores.Store) -> sqlite3.Connection:
    """Another process that holds the write lock of the file."""
    return sqlite3.connect(urls.parse(small_store.url).path, isolation_level=None, check_same_thread=False)


async def test_what_a_use_case_writes_is_there_afterwards(small_store: stores.Store) -> None:
    ann = await open_account("ann")
    await pay_in(ann, 5)

    assert await balance("ann") == 5
    assert await Entry.filter(account=ann).count() == 1


async def test_an_error_takes_everything_back(small_store: stores.Store) -> None:
    @transactions.atomic
    async def half_done() -> None:
        await pay_in(await open_account("ann"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half_done()

    assert await Account.all().count() == 0
    assert await open_account("ann")


async def test_a_use_case_in_another_is_part_of_it(small_store: stores.Store) -> None:
    seen = []

    @transactions.atomic
    async def both() -> None:
        seen.append(transactions.inside())
        await open_account("ann")
        assert (await Account.get(name="ann")).balance == 0, "it sees what it wrote"
        await asyncio.gather(open_account("ben"), open_account("cid"))

    await both()

    assert seen == [True]
    assert not transactions.inside()
    assert await Account.all().count() == 3


async def test_a_savepoint_undoes_itself_alone(small_store: stores.Store) -> None:
    @transactions.atomic
    async def twice_the_same() -> None:
        await Account.create(name="ann")
        with suppress(IntegrityError):
            async with transactions.savepoint():
                await Account.create(name="ben")
                await Account.create(name="ann")
        await Account.create(name="cid")

    await twice_the_same()

    assert await Account.all().order_by("name").values_list("name", flat=True) == ["ann", "cid"]
    with pytest.raises(RuntimeError, match="unit of work"):
        async with transactions.savepoint():
            pass


async def test_what_follows_a_commit_happens_once_and_only_after_it(small_store: stores.Store) -> None:
    told = []

    @transactions.atomic
    async def tell(name: str, fail: bool) -> None:
        await open_account(name)
        transactions.after_commit(lambda: told.append((name, transactions.inside())))
        assert told == []
        if fail:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tell("ann", fail=True)
    assert told == []
    await tell("ben", fail=False)
    assert told == [("ben", False)]
    transactions.after_commit(lambda: told.append(("now", False)))
    assert told[-1] == ("now", False), "outside a unit of work there is nothing to wait for"


async def test_a_broken_follower_does_not_undo_the_commit(
    small_store: stores.Store, caplog: pytest.LogCaptureFixture
) -> None:
    told = []

    @transactions.atomic
    async def tell() -> None:
        await open_account("ann")
        transactions.after_commit(lambda: 1 / 0)
        transactions.after_commit(lambda: told.append("second"))

    await tell()

    assert told == ["second"]
    assert await balance("ann") == 0
    assert "the commit stands" in caplog.text


async def test_a_task_started_after_a_commit_is_outside(small_store: stores.Store) -> None:
    started: list[asyncio.Task[Account]] = []

    @transactions.atomic
    async def start() -> None:
        transactions.after_commit(lambda: started.append(asyncio.create_task(open_account("later"))))

    await start()
    await started[0]

    assert await balance("later") == 0


async def test_a_task_that_outlives_its_unit_of_work_gets_one_of_its_own(small_store: stores.Store) -> None:
    over = asyncio.Event()

    async def linger() -> int:
        await over.wait()
        await Account.filter(name="ann").update(balance=7)
        await pay_in(await Account.get(name="ann"))
        return await balance("ann")

    @transactions.atomic
    async def leave_behind() -> asyncio.Task[int]:
        await open_account("ann")
        return asyncio.create_task(linger())

    left_behind = await leave_behind()
    over.set()

    assert await left_behind == 8


async def test_a_lost_race_is_run_again_and_nobody_notices(small_store: stores.Store) -> None:
    tries, told = [], []

    class DeadlockError(Exception):
        sqlstate = "40P01"

    @transactions.atomic
    async def unlucky() -> str:
        tries.append(1)
        await open_account("ann")
        transactions.after_commit(lambda: told.append(1))
        if len(tries) < 4:
            raise DeadlockError
        return "done"

    assert await unlucky() == "done"
    assert len(tries) == 4
    assert told == [1]
    assert await Account.all().count() == 1


async def test_a_race_that_is_always_lost_ends_in_a_clear_error(small_store: stores.Store) -> None:
    tries = []

    class CannotSerializeError(Exception):
        sqlstate = "40001"

    @transactions.atomic
    async def hopeless() -> None:
        tries.append(1)
        raise CannotSerializeError

    with pytest.raises(transactions.StoreUnavailable):
        await hopeless()
    assert len(tries) == 1 + transactions.RETRIES


async def test_many_at_once_lose_nothing(small_store: stores.Store) -> None:
    ann = await open_account("ann")

    await asyncio.gather(*(pay_in(ann) for _ in range(100)))

    assert await balance("ann") == 100
    assert await Entry.all().count() == 100


async def test_opposite_orders_of_locking_are_sorted_out(small_store: stores.Store) -> None:
    ann, ben = await open_account("ann"), await open_account("ben")

    @transactions.atomic
    async def move(source: Account, target: Account) -> None:
        await Account.filter(id=source.id).update(balance=F("balance") - 1)
        await asyncio.sleep(0)
        await Account.filter(id=target.id).update(balance=F("balance") + 1)

    await asyncio.gather(*(move(*pair) for _ in range(2) for pair in ((ann, ben), (ben, ann))))

    assert (await balance("ann"), await balance("ben")) == (0, 0)


# ---------------------------------------------------------------- cancellation


class Steps:
    """Awaits a coroutine and cancels the task at its k-th pause, however long each of them takes."""

    def __init__(self, work: Coroutine[Any, Any, object], k: int) -> None:
        self._work = work
        self._left = k

    def __await__(self) -> Generator[Any, Any, object]:
        task, error = asyncio.current_task(), None
        assert task
        while True:
            try:
                awaited = self._work.throw(error) if error else self._work.send(None)
            except StopIteration as end:
                return end.value
            error = None
            if self._left == 0:
                asyncio.get_running_loop().call_soon(task.cancel)
            self._left -= 1
            try:
                yield awaited
            except BaseException as thrown:
                error = thrown


async def cancelled_at(work: Coroutine[Any, Any, object], k: int) -> bool:
    """Returns whether it was cancelled before its end."""

    async def steps() -> None:
        await Steps(work, k)

    try:
        await asyncio.create_task(steps())
    except asyncio.CancelledError:
        return True
    return False


async def test_cancelling_the_caller_at_any_moment_wedges_nothing(small_store: stores.Store) -> None:
    ann = await open_account("ann")

    for k in range(1, 121):
        caller = asyncio.create_task(pay_in(ann))
        for _ in range(k):
            await asyncio.sleep(0)
        caller.cancel()
        with suppress(asyncio.CancelledError):
            await caller
    await transactions.all_done()
    await everybody_can_pay_in(ann)

    assert await balance("ann") == await Entry.filter(account=ann).count() == 140, "the work went on without its caller"


async def test_cancelling_tortoises_own_transaction_at_any_pause_wedges_nothing(small_store: stores.Store) -> None:
    """`get_or_create` outside a unit of work, say: no shield protects it."""
    ann = await open_account("ann")

    async def bare() -> None:
        async with get_connection(transactions.WRITER)._in_transaction():
            await Account.filter(id=ann.id).update(balance=F("balance") + 1)
            await Entry.bulk_create([Entry(account=ann)])

    cancelled = 0
    for k in [*range(25)] * 8:
        cancelled += await cancelled_at(bare(), k)
    await everybody_can_pay_in(ann)

    assert cancelled >= 8
    assert await balance("ann") == await Entry.filter(account=ann).count(), "each is there whole or not at all"


async def everybody_can_pay_in(ann: Account) -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*(pay_in(ann) for _ in range(20)))


async def test_a_caller_that_gave_up_does_not_stop_the_work(small_store: stores.Store) -> None:
    halfway, go_on = asyncio.Event(), asyncio.Event()

    @transactions.atomic
    async def slow() -> None:
        await Account.create(name="ann")
        halfway.set()
        await go_on.wait()

    caller = asyncio.create_task(slow())
    await halfway.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await transactions.all_done()

    assert await balance("ann") == 0


# ---------------------------------------------------------------- SQLite: another process has the lock


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_reads_go_on_while_another_process_holds_the_lock(
    small_store: stores.Store, locked: sqlite3.Connection
) -> None:
    await open_account("ann")
    with closing(locked):
        locked.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(open_account("ben"))
        for _ in range(20):
            assert await balance("ann") == 0
        assert not waiting.done()  # it waits five seconds for the lock: nobody who reads waited with it
        locked.execute("COMMIT")
        await waiting

    assert await balance("ben") == 0


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_cancelling_while_another_process_holds_the_lock_wedges_nothing(
    small_store: stores.Store, locked: sqlite3.Connection
) -> None:
    ann = await open_account("ann")

    async def bare() -> None:
        async with get_connection(transactions.WRITER)._in_transaction():
            await Account.filter(id=ann.id).update(balance=5)

    with closing(locked):
        for make in (bare, lambda: pay_in(ann)):
            locked.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(make())
            await asyncio.sleep(0.05)  # it waits in the thread now
            waiting.cancel()
            locked.execute("COMMIT")
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await transactions.all_done()
    await everybody_can_pay_in(ann)

    assert await balance("ann") == 21


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_a_lock_that_stays_is_a_clear_error_after_five_seconds(
    small_store: stores.Store, locked: sqlite3.Connection
) -> None:
    with closing(locked):
        locked.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(transactions.StoreUnavailable, match="locked"):
            await open_account("ann")
        assert 4.5 < time.monotonic() - began < 8
        locked.execute("COMMIT")

    assert await open_account("ann")


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_two_processes_that_read_then_write_never_fail(
    small_store: stores.Store, locked: sqlite3.Connection
) -> None:
    """Each round of ours reads, then writes what it read; theirs as well. Begun deferred, one of them would fail."""
    await open_account("ann")
    rounds = 300

    def other() -> None:
        locked.execute("PRAGMA busy_timeout = 5000")
        for _ in range(rounds):
            locked.execute("BEGIN IMMEDIATE")
            found = locked.execute("SELECT balance FROM account").fetchone()[0]
            locked.execute("UPDATE account SET balance = ?", (found + 1,))
            locked.execute("COMMIT")

    @transactions.atomic
    async def ours() -> None:
        ann = await Account.get(name="ann")
        await Account.filter(id=ann.id).update(balance=ann.balance + 1)

    with closing(locked):
        theirs = asyncio.create_task(asyncio.to_thread(other))
        for _ in range(rounds):
            await ours()
        await theirs

    assert await balance("ann") == 2 * rounds


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_a_full_disk_is_a_clear_error_and_passes(small_store: stores.Store) -> None:
    writer = get_connection(transactions.WRITER)
    pages = (await writer.execute_query("PRAGMA page_count"))[1][0]["page_count"]
    await writer.execute_query(f"PRAGMA max_page_count = {pages}")
    ann = await open_account("ann")

    @transactions.atomic
    async def much() -> None:
        for _ in range(2000):
            await Entry.create(account=ann)

    with pytest.raises(transactions.StoreUnavailable, match="full"):
        await much()
    assert await Entry.all().count() == 0
    assert await balance("ann") == 0

    await writer.execute_query("PRAGMA max_page_count = 1000000")
    await much()
    assert await Entry.all().count() == 2000


# ---------------------------------------------------------------- PostgreSQL goes away


@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgresql_loses_nothing_and_heals(
    small_store: stores.Store, postgres: rig.Server, mode: str
) -> None:
    ann = await open_account("ann")
    acknowledged, failed, stop = 0, 0, asyncio.Event()

    async def client() -> None:
        nonlocal acknowledged, failed
        while not stop.is_set():
            try:
                await pay_in(ann)
            except transactions.StoreUnavailable:
                failed += 1
            else:
                acknowledged += 1

    clients = [asyncio.create_task(client()) for _ in range(8)]
    for _ in range(3):
        before = acknowledged
        await asyncio.to_thread(postgres.restart, mode)
        async with asyncio.timeout(4):
            while acknowledged < before + 20:
                await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*clients)

    assert await Entry.all().count() >= acknowledged, "what was acknowledged is there"
    assert await balance("ann") == await Entry.all().count()


@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
async def test_while_postgresql_is_away_the_error_is_clear(small_store: stores.Store, postgres: rig.Server) -> None:
    await asyncio.to_thread(postgres.stop)
    try:
        with pytest.raises(transactions.StoreUnavailable):
            await open_account("ann")
        with pytest.raises(Exception, match="reached") as failure:
            await balance("ann")
        assert transactions.is_unavailable(failure.value)
    finally:
        await asyncio.to_thread(postgres.start)

    assert await open_account("ann")


@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
async def test_a_connection_that_is_lost_before_many_rows_are_written_is_a_try_of_its_own(
    small_store: stores.Store,
) -> None:
    ann, tries = await open_account("ann"), 0

    @transactions.atomic
    async def pays_much() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            unit = get_connection("default")
            _, [[pid]] = await unit.execute_query("SELECT pg_backend_pid()")
            await _killed(small_store, int(pid))
            await asyncio.sleep(0.3)  # until the connection knows
        await Entry.bulk_create([Entry(account=ann) for _ in range(3)])

    await pays_much()
    assert tries == 2
    assert await Entry.all().count() == 3


async def _killed(store: stores.Store, pid: int) -> None:
    apart = await asyncpg.connect(store.url)
    await apart.execute("SELECT pg_terminate_backend($1)", pid)
    await apart.close()


@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
async def test_who_is_frozen_in_a_unit_of_work_does_not_keep_the_locks(small_store: stores.Store) -> None:
    tries = []

    @transactions.atomic
    async def freezes_at_first() -> None:
        tries.append(1)
        await open_account("ann")
        if len(tries) == 1:
            await get_connection("default").execute_query("SET LOCAL idle_in_transaction_session_timeout = 20")
            await asyncio.sleep(0.3)

    _, [setting] = await get_connection("default").execute_query("SHOW idle_in_transaction_session_timeout")
    assert setting[0] == "15s"
    await freezes_at_first()
    assert len(tries) == 2
    assert await Account.all().count() == 1


@pytest.fixture(autouse=True)
async def nothing_is_left_behind() -> AsyncIterator[None]:
    yield
    left = [task for task in asyncio.all_tasks() if "_until_committed" in repr(task)]
    assert not left


def test_whose_mistake_an_error_is() -> None:
    assert not transactions.is_unavailable(ValueError("ours"))
    assert not transactions.is_unavailable(IntegrityError("a duplicate is an answer"))
    assert transactions.is_unavailable(transactions.StoreUnavailable("away"))
