"""Fixtures for the stand-in networks, with the people who are in them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ports import free_port
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramRig]:
    async with TelegramRig() as rig:
        rig.introduce(777, "Ann <3")
        rig.introduce(778, "Bob & Co", "zh-hans")
        yield rig


@pytest.fixture
async def slack() -> AsyncIterator[SlackRig]:
    """Kim is of the staff, Ann and Eve are customers, and Li is who a test makes of her."""
    async with SlackRig() as rig:
        for user, name in (("U0KIM", "Kim"), ("U0LI", "Li"), ("U0ANN", "Ann <3"), ("U0EVE", "Eve")):
            rig.person(user, name=name, email=f"{user[2:].lower()}@example.org")
        yield rig


@pytest.fixture
async def mail() -> AsyncIterator[SmtpRig]:
    async with SmtpRig() as rig:
        yield rig


@pytest.fixture
def listening() -> int:
    """The port where the product takes mail in."""
    return free_port()
