"""The unit of work: what a use case writes is all there or not at all, whatever happens to its caller.

Every unit runs in a task of its own that the caller waits for through `asyncio.shield`: a caller that is cancelled (a
browser that went away, a timeout) never leaves a transaction half-way. A unit that loses a race is run again. That is
also done when the answer to COMMIT was lost and the work may in fact be stored: every effect has a unique key, so doing
it again finds it done. For the same reason "failed" never means "not done" to the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from enum import Enum
from typing import ParamSpec, TypeVar

from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError

P = ParamSpec("P")
T = TypeVar("T")

WRITER = "default"
RETRIES = 5
PATIENCE = 4.5  # seconds for a store that is away to come back; SQLite waits longer than that for a lock by itself

logger = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """The store cannot be reached, is locked, or has no room. Try again later; it may even have been done."""


class _Unit:
    __slots__ = ("callbacks", "open")

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], object]] = []
        self.open = True


_refusal = ""
_current: ContextVar[_Unit | None] = ContextVar("unit_of_work", default=None)
_running: set[asyncio.Task[object]] = set()


def atomic(use_case: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run the use case as one unit of work, or as part of the one that is running."""

    @functools.wraps(use_case)
    async def unit(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run(lambda: use_case(*args, **kwargs))

    return unit


async def run(work: Callable[[], Awaitable[T]]) -> T:
    """`work` may be called several times: it must leave nothing behind but rows.

    Raises what `work` raises, or StoreUnavailable.
    """
    if inside():
        return await work()
    task: asyncio.Task[T] = asyncio.create_task(_until_committed(work, copy_context()))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


def inside() -> bool:
    unit = _current.get()
    return unit is not None and unit.open


def after_commit(callback: Callable[[], object]) -> None:
    """Call it once what was written is stored, and never if it is not. Outside a unit of work: now."""
    unit = _current.get()
    if unit is None or not unit.open:
        callback()
    else:
        unit.callbacks.append(callback)


@contextlib.asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """An error inside undoes the block alone; the unit of work can go on."""
    if not inside():
        raise RuntimeError("a savepoint needs a unit of work around it")
    async with get_connection(WRITER)._in_transaction():
        yield


async def all_done() -> None:
    """Wait for the units that run, also for those whose callers have gone."""
    while _running:
        await asyncio.wait(_running)


def refusal() -> str:
    """Why the store did not take something (no room, not writable), until `take_back_refusal`."""
    return _refusal


def take_back_refusal() -> None:
    """It takes what is written again. Not every commit says so: a full disk has room for small ones now and then."""
    global _refusal
    _refusal = ""


def is_unavailable(error: BaseException) -> bool:
    return isinstance(error, StoreUnavailable) or _fault_of(error) is not _Fault.OTHER


@contextlib.contextmanager
def store_errors() -> Iterator[None]:
    """Errors of the store become StoreUnavailable, all others pass."""
    try:
        yield
    except Exception as error:
        if isinstance(error, StoreUnavailable) or _fault_of(error) is _Fault.OTHER:
            raise
        raise StoreUnavailable(f"The store cannot do that now: {error}") from error


async def _until_committed(work: Callable[[], Awaitable[T]], outside: Context) -> T:
    global _refusal
    started = time.monotonic()
    for retry in range(RETRIES + 1):
        with store_errors():
            try:
                result, callbacks = await _attempt(work)
            except Exception as error:
                if _fault_of(error) is _Fault.LATER:
                    _refusal = str(error)
                if retry == RETRIES or not _worth_another_try(error, started):
                    raise
                logger.info("a unit of work is tried again: %s", error)
            else:
                _call_all(callbacks, outside)
                return result
        await asyncio.sleep(random.uniform(0.5, 1.0) * 0.02 * 3**retry)  # noqa: S311 - jitter
    raise AssertionError("unreachable")


def _worth_another_try(error: Exception, started: float) -> bool:
    if _lost_the_race_for_a_key(error):
        return True
    fault = _fault_of(error)
    return fault is _Fault.CONFLICT or (fault is _Fault.AWAY and time.monotonic() - started < PATIENCE)


async def _attempt(work: Callable[[], Awaitable[T]]) -> tuple[T, list[Callable[[], object]]]:
    unit = _Unit()
    token = _current.set(unit)
    try:
        async with get_connection(WRITER)._in_transaction():
            result = await work()
    finally:
        unit.open = False
        _current.reset(token)
    return result, unit.callbacks


def _call_all(callbacks: list[Callable[[], object]], outside: Context) -> None:
    """In the caller's context: a task that a callback starts must not think that it is inside."""
    for callback in callbacks:
        try:
            outside.run(callback)
        except Exception:
            logger.exception("what should have followed a commit failed; the commit stands")


# ---------------------------------------------------------------- what an error of a database means

_BUSY, _LOCKED = 5, 6
_READ_ONLY, _IO_ERROR, _FULL, _CANNOT_OPEN = 8, 10, 13, 14
_LOST_RACE = ("40001", "40P01")
_TAKEN = "23505"
_GONE = ("08", "57P01", "57P02", "57P03", "25P03")
_NO_ROOM = ("53", "55P03", "25006", "58")  # out of disk, memory or connections; lock timeout; read-only; its own disk


class _Fault(Enum):
    CONFLICT = "conflict"  # somebody else was first: again at once
    AWAY = "away"  # locked or not reachable: again, as long as a caller has patience
    LATER = "later"  # no room, not writable: not before something changes
    OTHER = "other"  # not the store's fault


def _fault_of(error: BaseException) -> _Fault:
    """Drivers' errors arrive wrapped, by Tortoise or by an `except` on the way: the whole chain is looked at."""
    for link in _chain(error):
        found = _sqlite(link) if isinstance(link, sqlite3.Error) else _postgres(link)
        if found is not _Fault.OTHER:
            return found
    return _Fault.OTHER


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _sqlite(error: sqlite3.Error) -> _Fault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_BUSY, _LOCKED):
        return _Fault.AWAY
    return _Fault.LATER if code in (_READ_ONLY, _IO_ERROR, _FULL, _CANNOT_OPEN) else _Fault.OTHER


def _lost_the_race_for_a_key(error: BaseException) -> bool:
    """Two units inserted one unique key at once (not on SQLite, with its one writer). The next try finds the row."""
    return any(getattr(link, "sqlstate", None) == _TAKEN for link in _chain(error))


def _postgres(error: BaseException) -> _Fault:
    if isinstance(error, DBConnectionError):
        return _Fault.AWAY
    state = getattr(error, "sqlstate", None)
    if not isinstance(state, str):
        return _Fault.OTHER
    if state in _LOST_RACE:
        return _Fault.CONFLICT
    if state.startswith(_GONE):
        return _Fault.AWAY
    return _Fault.LATER if state.startswith(_NO_ROOM) else _Fault.OTHER
