"""Keeps the webhook ours: sets it, and looks again every few minutes whether somebody else moved it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiogram.methods import GetWebhookInfo, SetWebhook
from aiogram.types import WebhookInfo

from bot.channels.hearing import Hearing
from bot.channels.telegram import errors
from bot.channels.telegram.api import Api
from bot.channels.telegram.hooks import ALLOWED_UPDATES

_CONNECTIONS = 40
_SETTING, _HOOK = "setting the webhook", "the webhook"

logger = logging.getLogger(__name__)


def wanted(url: str, secret: str) -> SetWebhook:
    return SetWebhook(url=url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, max_connections=_CONNECTIONS)


def is_ours(info: WebhookInfo, hook: SetWebhook) -> bool:
    return info.url == hook.url and set(info.allowed_updates or ()) == set(hook.allowed_updates or ())


async def keep(
    name: str,
    api: Api,
    hook: SetWebhook,
    prepare: Callable[[], Awaitable[None]],
    hearing: Hearing,
    *,
    every: float,
) -> None:
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
            told = await _look(name, api, hook, hearing, told, every=every)
            hearing.works(_SETTING)
            failures = 0
        except Exception as error:  # whatever it was, the hook must be looked after
            failures += 1
            rest = min(every, errors.pause(error, failures))
            hearing.failed(_SETTING, errors.in_words(error), rest=rest)
        await asyncio.sleep(rest)


async def _look(
    name: str, api: Api, hook: SetWebhook, hearing: Hearing, told: datetime | None, *, every: float
) -> datetime | None:
    """An error of which nothing waits any more is over: Telegram remembers it for ever."""
    info = await api.call(GetWebhookInfo())
    if not is_ours(info, hook):
        logger.warning("%s: the webhook was moved by somebody else, to %r; taken back", name, api.scrub(info.url))
        await api.call(hook)
    is_new = info.last_error_date not in (None, told)
    trouble = f"Telegram could not deliver: {api.scrub(info.last_error_message or '')}"
    if is_new and info.pending_update_count:
        hearing.failed(_HOOK, trouble, rest=every)
    elif is_new:
        logger.warning("%s: %s", name, trouble)
    if not info.pending_update_count:
        hearing.works(_HOOK)
    return info.last_error_date
