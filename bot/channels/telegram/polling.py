"""Updates by long polling: needs no public address, and there can be only one poller to a bot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from aiogram.methods import DeleteWebhook, GetWebhookInfo

from bot.channels.hearing import Hearing
from bot.channels.telegram import errors
from bot.channels.telegram.api import Api, RawUpdates
from bot.channels.telegram.hooks import ALLOWED_UPDATES, chat_of
from bot.channels.telegram.shift import Shift
from core.ports import RawArrival, Take

LONG_POLL_SECONDS = 25
_GRACE_SECONDS = 10
_STAND_BY_SECONDS = 5
_LEAVING_SECONDS = 2
_WAY = "polling"
_TOLD_EVERY = 20  # conflicts; with the pause between them that is some twenty minutes

logger = logging.getLogger(__name__)


async def poll(
    name: str, api: Api, take: Take, prepare: Callable[[], Awaitable[None]], shift: Shift, hearing: Hearing
) -> None:
    """Runs until cancelled: neither Telegram nor the store can end it.

    The offset, by which Telegram forgets, moves on only when `take` has returned. After a failure a webhook that
    somebody may have set is removed again, for with one there is no polling.
    """
    poller = _Poller(name, api, take, prepare, shift, hearing)
    try:
        while True:
            try:
                await poller.once()
            except Exception as error:  # whatever it was, the next update must still be heard
                await poller.rest(error)
    finally:
        await _leave(shift)


class _Poller:
    def __init__(
        self, name: str, api: Api, take: Take, prepare: Callable[[], Awaitable[None]], shift: Shift, hearing: Hearing
    ) -> None:
        self._name, self._api, self._take, self._prepare, self._shift = name, api, take, prepare, shift
        self._hearing = hearing
        self._offset, self._ready, self._failures = 0, False, 0
        self._rivalries = 0  # polls in which another program cut in, less those in which none did
        self._stands_by = False

    async def once(self) -> None:
        if not await self._on_duty():
            await self._prepare()  # who stands by must know the bot's name too, for its links
            await asyncio.sleep(_STAND_BY_SECONDS)
            return
        if not self._ready:
            await self._prepare()
            await self._take_back()
            self._ready = True
        is_back = (
            self._failures > 0 and not self._rivalries
        )  # then it shows at once that it works, not after a long poll
        updates = await _fetch(self._api, self._offset, patience=0 if is_back else LONG_POLL_SECONDS)
        if updates:
            await self._take(_arrivals(updates))
            self._offset = max(update["update_id"] for update in updates) + 1
        self._failures, self._rivalries = 0, max(0, self._rivalries - 1)
        self._hearing.works(_WAY)

    async def rest(self, error: Exception) -> None:
        self._ready, self._failures = False, self._failures + 1
        if errors.is_rival(error):
            self._rivalries += 1
            self._tell_rival()
        rest = errors.pause(error, max(self._failures, self._rivalries))
        self._hearing.failed(_WAY, errors.in_words(error), rest=rest)
        await asyncio.sleep(rest)

    async def _on_duty(self) -> bool:
        other = await self._shift.begin(now=datetime.now(UTC))
        if other is not None and not self._stands_by:
            logger.warning("%s: %s polls this bot already; this process stands by", self._name, other)
        if other is None and self._stands_by:
            logger.info("%s: this process polls now", self._name)
        self._stands_by = other is not None
        if self._stands_by:
            self._hearing.works(_WAY)  # by the other one
        return not self._stands_by

    async def _take_back(self) -> None:
        """Says whose webhook it was: whoever set it will miss the updates, and may set it again."""
        info = await self._api.call(GetWebhookInfo())
        if info.url:
            where = self._api.scrub(info.url)
            logger.warning("%s: a webhook to %r was set; removed, because this bot is polled", self._name, where)
        await self._api.call(DeleteWebhook())

    def _tell_rival(self) -> None:
        """Once is a restart that overlaps; twice is a second program, and each gets only a part of what people say."""
        if self._rivalries % _TOLD_EVERY == 2:
            logger.error(
                "%s: another program polls this bot with the same token, and each hears only a part. Telegram does not "
                "say who. Stop the other one, or ask @BotFather for a new token.",
                self._name,
            )


async def _leave(shift: Shift) -> None:
    """The store may be away; then the shift ends by itself."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_LEAVING_SECONDS):
            await shift.end()


async def _fetch(api: Api, offset: int, *, patience: int) -> list[dict[str, Any]]:
    request = RawUpdates(offset=offset, timeout=patience, allowed_updates=ALLOWED_UPDATES)
    updates = await api.call(request, timeout=patience + _GRACE_SECONDS)
    return [update for update in updates if type(update.get("update_id")) is int]


def _arrivals(updates: Sequence[dict[str, Any]]) -> list[RawArrival]:
    return [
        RawArrival(external_id=str(update["update_id"]), body=json.dumps(update).encode(), chat=chat_of(update))
        for update in updates
    ]
