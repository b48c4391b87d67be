"""Our bot in a Telegram on loopback, where its arrivals go, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from core.ports import Button, Message, RawArrival
from tests.rigs.telegram import TelegramRig

ANN = 7
SECRET = "a-secret-of-more-than-32-characters"
STARS = (tuple(Button("★" * score, f"r:k3x9w2m7qd:s:overall:{score}") for score in range(1, 6)),)


@asynccontextmanager
async def opened(rig: TelegramRig, **more: Any) -> AsyncIterator[TelegramChannel]:
    fields = {"kind": "telegram", "token": rig.token, "api_base": rig.url} | more
    channel = TelegramChannel("support-bot", TelegramSettings(**fields), base_url="https://survey.example.org")
    await channel.open()
    try:
        yield channel
    finally:
        await channel.close()


class Inbox:
    """Where a channel's arrivals go; `door` closed means that the store has not committed yet."""

    def __init__(self) -> None:
        self.arrivals: list[RawArrival] = []
        self.waiting: list[RawArrival] = []
        self.door = asyncio.Event()
        self.door.set()
        self.breaks = 0

    async def take(self, arrivals: Sequence[RawArrival]) -> None:
        self.waiting = list(arrivals)
        await self.door.wait()
        if self.breaks:
            self.breaks -= 1
            raise ConnectionError("the store is away")
        self.arrivals += arrivals


@asynccontextmanager
async def listening(channel: TelegramChannel, inbox: Inbox) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.listen(inbox.take))
    try:
        yield task
    finally:
        assert not task.done(), "listening must not end by itself"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def message(text: str = "How was it, <b>Ann &lt;3</b>?", **more: Any) -> Message:
    fields = {"key": "invite:17", "kind": "invite", "text": text, "plain": "How was it, Ann <3?", "rows": STARS}
    return Message(**(fields | more))


async def eventually(happened: Any) -> None:
    async with asyncio.timeout(5):
        while not happened():
            await asyncio.sleep(0)


# ---------------------------------------------------------------- acknowledging
