"""A Telegram on loopback, and our bot in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram.channel import TelegramChannel
from tests.bot.telegram.support_bot import opened
from tests.rigs.telegram import TelegramRig


@pytest.fixture
async def rig() -> AsyncIterator[TelegramRig]:
    async with TelegramRig() as rig:
        yield rig


@pytest.fixture
async def channel(rig: TelegramRig) -> AsyncIterator[TelegramChannel]:
    async with opened(rig) as channel:
        yield channel
