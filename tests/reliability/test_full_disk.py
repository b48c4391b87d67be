"""A disk without room turns us away politely, loses nothing that was acknowledged, and heals by itself (FLT-16)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests import world
from tests.rigs.slack import SlackRig
from tests.rigs.telegram import TelegramRig
from tests.world import World

ALERTS = "C0ALERTS"


@pytest.fixture
async def here(sqlite_url: str, channels: dict[str, dict[str, Any]], telegram: TelegramRig) -> AsyncIterator[World]:
    async with world.running(sqlite_url, channels) as running:
        await telegram.until(lambda: telegram.webhook)
        yield running


async def test_a_full_disk_turns_events_away_shows_itself_and_heals(
    here: World, telegram: TelegramRig, slack: SlackRig
) -> None:
    await here.resolve(addresses=[("support-bot", "777")])
    await telegram.until(lambda: "1★" in telegram.buttons(777))
    await _leave_room(here, pages=0)
    refused = await here.until(partial(_turned_away, here))
    assert int(refused.headers["Retry-After"]) > 0
    ill = await here.client.get("/readyz")
    assert (ill.status_code, ill.json()["components"]["store"]) == (503, "down")
    assert (await here.client.get("/healthz")).status_code == 200

    await _leave_room(here, pages=100_000)
    well = await here.client.get("/readyz")
    assert (well.status_code, well.json()["components"]["store"]) == (200, "ok")
    await telegram.tap(777, "1★")
    await here.move_on(seconds=5)
    await slack.until(lambda: slack.screen(ALERTS))
    [response] = await here.responses()
    assert response["scores"] == {"overall": 1}


async def _leave_room(here: World, *, pages: int) -> None:
    """SQLite's own way to be full: the file may not grow beyond so many pages more than it has."""
    store = here.app.store.client
    _, [found] = await store.execute_query("PRAGMA page_count")
    await store.execute_query(f"PRAGMA max_page_count = {found['page_count'] + pages}")


async def _turned_away(here: World) -> httpx.Response | None:
    """The answer to an event, once there is no room for it; before that, one is taken and fills what was left."""
    event = {
        "type": "ticket.resolved",
        "ticket": {"ref": f"full-{secrets.token_hex(4)}", "subject": "Full " * 30, "result": "x" * 3000},
        "contact": {"ref": "c-full", "addresses": [{"channel": "support-bot", "address": "778"}]},
    }
    answer = await here.client.post("/api/v1/events", json=event)
    assert answer.status_code in (202, 503), answer.text
    return answer if answer.status_code == 503 else None
