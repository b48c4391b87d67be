"""Keeps one channel account busy: takes what is due, at the channel's pace, and has it carried."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from bot.courier import Courier
from core.plumbing import lanes
from core.ports import Channel

logger = logging.getLogger(__name__)

_AFTER_A_FAILURE = 1.0


class LaneRunner:
    """One per channel and process. `wake` makes it look at once; otherwise it sleeps until the next message is due."""

    def __init__(self, channel: Channel, courier: Courier, worker: str, clock: Callable[[], datetime]) -> None:
        self._channel = channel
        self._courier = courier
        self._worker = worker
        self._clock = clock
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Take nothing more; what is under way is finished."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. A store that is away is waited for."""
        while not self._stopping:
            self._wake.clear()
            try:
                rest = await self._round()
            except Exception:
                logger.exception("Lane %s could not look for messages", self._channel.name)
                rest = _AFTER_A_FAILURE
            await self._sleep(rest)
        await self._finish()

    async def _finish(self) -> None:
        """Wait for what is under way; when that takes too long for somebody, let go of it before the channel closes."""
        under_way = list(self._under_way)
        try:
            await asyncio.gather(*under_way, return_exceptions=True)
        except asyncio.CancelledError:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            raise

    async def _round(self) -> float:
        """Take and hand on; answers how many seconds to rest."""
        room = self._channel.limits.concurrency - len(self._under_way)
        if room <= 0:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            return 0.0
        now = self._clock()
        taken = await lanes.take(self._channel.name, self._channel.limits, worker=self._worker, most=room, now=now)
        self._courier.hear_of(self._channel.name, taken)
        for delivery in taken.deliveries:
            task = asyncio.create_task(self._courier.deliver(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._finished)
        return max(0.0, (taken.look_again - now).total_seconds())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._wake.set()  # The target is free again, and there is room.

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
