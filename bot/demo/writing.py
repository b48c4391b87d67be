"""That somebody of the staff is writing to a customer, told to the customer's chat: only while they really write."""

from __future__ import annotations

from typing import Protocol, cast

from bot.demo.company import CHAT
from bot.demo.stage import Stage
from core.models.contacts import Address
from core.reactions import alerts

_REPLY = "reply"


class _Hub(Protocol):
    def typing(self, visitor: str) -> None: ...


class _Chat(Protocol):
    hub: _Hub


async def tell(stage: Stage, action: str) -> None:
    """`action` is that of the form in which they write; every other form than a reply's is nobody's business."""
    _, _, rest = action.partition(":")
    key, _, verb = rest.partition(":")
    alert = await alerts.by_key(key) if verb == _REPLY else None
    if alert is None:
        return
    chat = cast("_Chat", stage.app.channels[CHAT])
    for address in await Address.filter(contact_id=alert.ticket.contact_id, channel=CHAT):
        chat.hub.typing(address.address)
