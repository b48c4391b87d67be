"""Group commit: what waits together shares one transaction, and with it one sync of the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from core import transactions
from core.store.dialect import is_sqlite

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item]):
    """Collects items while a transaction is under way and writes them in the next one, at most `most` at a time.

    `add` returns when its item is committed, or raises what the transaction raised; nobody waits longer than for the
    transaction that is running plus their own.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[None]], *, most: int = 200) -> None:
        self._write = write
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> None:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._commit(batch)
        finally:
            self._task = None

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[None]]]) -> None:
        items = [item for item, _ in batch]
        try:
            await transactions.run(lambda: self._write(items))
        except Exception as error:
            _tell(batch, error)
        else:
            _tell(batch, None)


def _tell(batch: list[tuple[Item, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in batch:
        if done.done():
            continue  # Its waiter was cancelled; the row is written all the same.
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


class _Work(Generic[Result]):
    """One caller's unit of work, and what came of it at the last attempt."""

    def __init__(self, work: Callable[[], Awaitable[Result]]) -> None:
        self._work = work
        self._outcome: Callable[[], Result] | None = None

    async def attempt(self) -> None:
        """What the work raises is undone alone and is its caller's; when the store fails, it fails for all."""
        try:
            async with transactions.savepoint():
                result = await self._work()
        except Exception as error:
            if transactions.is_unavailable(error):
                raise
            self._outcome = partial(_raise, error)
        else:
            self._outcome = lambda: result

    def outcome(self) -> Result:
        if self._outcome is None:
            raise RuntimeError("nobody has done that work")
        return self._outcome()


class Together:
    """Units of work of several callers, done one after another in one transaction.

    Only on SQLite, where they would wait for each other anyway; PostgreSQL does each in its own, at the same time.
    """

    def __init__(self, *, most: int = 10) -> None:
        self._group: GroupCommit[_Work[Any]] = GroupCommit(_attempt_all, most=most)

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Like transactions.run, which see; must not be called inside a unit of work."""
        if not is_sqlite():
            return await transactions.run(work)
        one = _Work(work)
        await self._group.add(one)
        return one.outcome()


async def _attempt_all(batch: Sequence[_Work[Any]]) -> None:
    for one in batch:
        await one.attempt()


def _raise(error: Exception) -> NoReturn:
    raise error
