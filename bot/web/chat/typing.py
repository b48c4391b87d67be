"""Whether an answer is on its way: never a guess. Something of the visitor's is being handled, words are about to
leave, or somebody of the staff said that they are writing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import chat_log
from bot.web.chat.port import Chat
from core.models.deliveries import Delivery, DeliveryState

_ON_ITS_WAY = (DeliveryState.WAITING, DeliveryState.SENDING)
_PATIENCE = timedelta(minutes=1)
"""What takes longer is stuck, and a hint would be a lie."""


async def is_coming(chat: Chat, visitors: Sequence[str], now: datetime) -> bool:
    for visitor in visitors:
        if chat.hub.is_typing(visitor) or await _is_answered(chat, visitor, now):
            return True
    return False


async def _is_answered(chat: Chat, visitor: str, now: datetime) -> bool:
    since = now - _PATIENCE
    return await chat_log.is_being_handled(chat.name, visitor, since=since) or await _is_leaving(chat, visitor, now)


async def _is_leaving(chat: Chat, visitor: str, now: datetime) -> bool:
    waiting = Delivery.filter(channel=chat.name, target=visitor, state__in=_ON_ITS_WAY)
    return await waiting.filter(due_at__lte=now, due_at__gt=now - _PATIENCE, attempts=0).exists()
