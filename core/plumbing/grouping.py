"""Group commit: what waits together shares one transaction, and with it one sync of the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from core import transactions

Item = TypeVar("Item")


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
