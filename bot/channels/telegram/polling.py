"""Updates by long polling: needs no public address, and there can be only one poller to a bot."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiogram.methods import DeleteWebhook

from bot.channels.telegram import errors
from bot.channels.telegram.api import Api, RawUpdates
from bot.channels.telegram.hooks import ALLOWED_UPDATES, chat_of
from core.ports import RawArrival, Take

LONG_POLL_SECONDS = 25
_GRACE_SECONDS = 10

logger = logging.getLogger(__name__)


async def poll(name: str, api: Api, take: Take, prepare: Callable[[], Awaitable[None]]) -> None:
    """Runs until cancelled: neither Telegram nor the store can end it.

    The offset, by which Telegram forgets, moves on only when `take` has returned. After a failure a webhook that
    somebody may have set is removed again, for with one there is no polling.
    """
    offset, ready, failures = 0, False, 0
    while True:
        try:
            if not ready:
                await prepare()
                await api.call(DeleteWebhook())
                ready = True
            updates = await _fetch(api, offset)
            if updates:
                await take(_arrivals(updates))
                offset = max(update["update_id"] for update in updates) + 1
            failures = 0
        except Exception as error:  # whatever it was, the next update must still be heard
            ready, failures = False, failures + 1
            rest = errors.pause(error, failures)
            logger.warning("%s: polling rests for %.1f s: %s: %s", name, rest, type(error).__name__, error)
            await asyncio.sleep(rest)


async def _fetch(api: Api, offset: int) -> list[dict[str, Any]]:
    request = RawUpdates(offset=offset, timeout=LONG_POLL_SECONDS, allowed_updates=ALLOWED_UPDATES)
    updates = await api.call(request, timeout=LONG_POLL_SECONDS + _GRACE_SECONDS)
    return [update for update in updates if type(update.get("update_id")) is int]


def _arrivals(updates: Sequence[dict[str, Any]]) -> list[RawArrival]:
    return [
        RawArrival(external_id=str(update["update_id"]), body=json.dumps(update).encode(), chat=chat_of(update))
        for update in updates
    ]
