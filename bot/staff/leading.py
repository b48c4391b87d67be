"""Mails to the staff have nothing that can be pressed but links: they lead to where it can be done, in the browser."""

from __future__ import annotations

from dataclasses import replace

from bot.site import Site
from bot.staff import cards, rule_alerts
from core.models.desk import Ticket
from core.ports import Button, Channel, Message, Tone
from core.reactions import floods

_ABOUT_ONE = frozenset(
    {"alert", "alert_taken", "alert_update", "alert_overdue", *cards.KINDS, *rule_alerts.KINDS},
)


async def leading(message: Message, ticket_id: int | None, channel: Channel, site: Site) -> Message:
    """The same with the way to the ticket's own page, or from a list of many to the inbox; elsewhere it is enough to
    press what the message has.
    """
    if channel.has_buttons:
        return message
    if message.kind == floods.KIND:
        return _with(message, "button.open_inbox", "inbox", site)
    if message.kind not in _ABOUT_ONE or ticket_id is None:
        return message
    ticket = await Ticket.get(id=ticket_id)
    return _with(message, "button.open_ticket", f"tickets/{ticket.number}", site)


def _with(message: Message, label: str, page: str, site: Site) -> Message:
    words = site.templates.label(label, message.locale)
    return replace(message, rows=((Button(words, url=f"{site.base_url}/admin/{page}", tone=Tone.PRIMARY),),))
