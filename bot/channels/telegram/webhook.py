"""Keeps the webhook ours: sets it, and looks again every few minutes whether somebody else moved it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiogram.methods import GetWebhookInfo, SetWebhook
from aiogram.types import WebhookInfo

from bot.channels.telegram import errors
from bot.channels.telegram.api import Api
from bot.channels.telegram.hooks import ALLOWED_UPDATES

_CONNECTIONS = 40

logger = logging.getLogger(__name__)


def wanted(url: str, secret: str) -> SetWebhook:
    return SetWebhook(url=url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, max_connections=_CONNECTIONS)


def is_ours(info: WebhookInfo, hook: SetWebhook) -> bool:
    return info.url == hook.url and set(info.allowed_updates or ()) == set(hook.allowed_updates or ())


async def keep(name: str, api: Api, hook: SetWebhook, prepare: Callable[[], Awaitable[None]], *, every: float) -> None:
    """Runs until cancelled, looking `every` so many seconds.

    It is set anew at each start whatever Telegram says it has: the secret may have changed, and cannot be asked for.
    """
    is_set, failures = False, 0
    told: datetime | None = None
    while True:
        rest = every
        try:
            if not is_set:
                await prepare()
                await api.call(hook)
                is_set = True
            told = await _look(name, api, hook, told)
            failures = 0
        except Exception as error:  # whatever it was, the hook must be looked after
            failures += 1
            rest = min(every, errors.pause(error, failures))
            logger.warning(
                "%s: the webhook is looked at again in %.1f s: %s: %s", name, rest, type(error).__name__, error
            )
        await asyncio.sleep(rest)


async def _look(name: str, api: Api, hook: SetWebhook, told: datetime | None) -> datetime | None:
    info = await api.call(GetWebhookInfo())
    if not is_ours(info, hook):
        logger.warning("%s: the webhook was moved by somebody else, to %r; taken back", name, api.scrub(info.url))
        await api.call(hook)
    if info.last_error_date is None or info.last_error_date == told:
        return told
    logger.warning(
        "%s: Telegram could not deliver (%d waiting): %s",
        name,
        info.pending_update_count,
        api.scrub(info.last_error_message or ""),
    )
    return info.last_error_date
