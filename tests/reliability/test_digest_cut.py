"""A power cut while a digest is being sent loses none, and none is sent twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime

import pytest

from core import failpoints
from core import store as stores
from core.digests import sending
from core.models.deliveries import Delivery
from core.models.setup import Digest

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
PLACES = [{"channel": "slack", "address": address} for address in ("C0ONE", "C0TWO")]
LOOKS = """
import asyncio, sys
from datetime import datetime
from core import store as stores
from core.digests import sending

async def main(url, now):
    opened = await stores.open_store(url)
    await sending.look({"slack": "slack"}, now=datetime.fromisoformat(now))
    await opened.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def looks(url: str, *, dying_at: str) -> int:
    """In a process of its own; its exit code."""
    armed = {failpoints.VARIABLE: dying_at} if dying_at else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOOKS, url, MONDAY.isoformat()),
        env={**os.environ, "PYTHONPATH": os.getcwd(), **armed},
    )
    return await process.wait()


@pytest.mark.parametrize("step", ["digest.claimed", "delivery.planned.digest:2", "delivery.committed.digest"])
async def test_a_kill_while_it_is_sent_sends_it_to_everybody_once(store_url: str, step: str) -> None:
    opened = await stores.open_store(store_url)
    await Digest.create(key="weekly", settings={"recipients": PLACES}, after=datetime(2026, 11, 22, tzinfo=UTC))
    await opened.close()
    assert await looks(store_url, dying_at=step) == -signal.SIGKILL
    assert await looks(store_url, dying_at="") == 0

    opened = await stores.open_store(store_url)
    try:
        await sending.look({"slack": "slack"}, now=MONDAY)
        assert sorted(one.target for one in await Delivery.all()) == ["C0ONE", "C0TWO"]
    finally:
        await opened.close()
