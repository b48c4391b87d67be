"""Where a ticket is talked about when that is not its contact's own chat: a group, under the message that opened it.

A ticket's `thread` then reads "-1001 55": the group's number, which is below zero, and the message's. Other channels
keep there what their own threads are called, and a mail's sender can write anything into it: no address is a group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core import transactions
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket
from core.models.setup import Team

_ASIDE = " aside"
_GROUP = re.compile(r"(-[0-9]{1,19}) ([0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class Place:
    """A group, and the message in it to answer under ("": none any more)."""

    channel: str
    target: str
    message: str


def written(target: str, message: str) -> str:
    """As a ticket's `thread`."""
    return f"{target} {message}"


def of(ticket: Ticket) -> Place | None:
    """The group in which a ticket is talked about; None: with its contact alone."""
    found = _GROUP.fullmatch(ticket.thread)
    return Place(ticket.channel, found[1], found[2]) if found else None


def aside(thread: str) -> str:
    """The same thread, known but left: its contact went on in their own chat, and is answered there."""
    return thread if not thread or thread.endswith(_ASIDE) else thread + _ASIDE


def is_aside(thread: str) -> bool:
    return thread.endswith(_ASIDE)


@transactions.atomic
async def move(ticket: Ticket, thread: str) -> None:
    """Answers go where the contact wrote last; "" is their own chat."""
    if ticket.thread != thread:
        await Ticket.filter(id=ticket.id).update(thread=thread)
        ticket.thread = thread


@transactions.atomic
async def moved(channel: str, old: str, new: str) -> None:
    """A group has a new address: what is said in it, and alerts for the staff, go there. Its old messages have no
    number there that we know.
    """
    await Ticket.filter(channel=channel, thread__startswith=f"{old} ").update(thread=written(new, ""))
    await Delivery.filter(channel=channel, target=old, state=DeliveryState.WAITING).update(target=new)
    await Team.filter(alert_channel=channel, alert_to=old).update(alert_to=new)
