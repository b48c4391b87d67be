"""The installation in the test's own process, for what needs no process to die."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator

import pytest

from tests import world
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.world import World

ANN = 777


@pytest.fixture
def dice() -> random.Random:
    """`AFTERWORD_SEED` makes it fall as it did before."""
    seed = int(os.environ.get("AFTERWORD_SEED") or random.SystemRandom().randrange(10**6))
    print(f"AFTERWORD_SEED={seed}")  # noqa: T201 - shown when the test fails
    return random.Random(seed)


@pytest.fixture
def channels(telegram: TelegramRig, slack: SlackRig) -> dict[str, dict[str, object]]:
    return {"support-bot": world.telegram_table(telegram), "slack": world.slack_table(slack)}


@pytest.fixture
async def here(store_url: str, channels: dict[str, dict[str, object]], telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.running(store_url, channels) as running:
        await telegram.until(lambda: telegram.webhook)
        yield running
