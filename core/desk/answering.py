"""Where a contact reads what the staff say about a ticket."""

from __future__ import annotations

from datetime import datetime

from core import contacts, places, transactions
from core.models.contacts import Address
from core.models.desk import Ticket
from core.plumbing import deliveries
from core.plumbing.deliveries import REPLY, Draft

BY_HAND = "reply"
"""What staff wrote themselves; everything else goes out by itself."""


@transactions.atomic
async def tell(
    ticket: Ticket,
    key: str,
    kind: str,
    payload: dict[str, object],
    *,
    channel: str = "",
    alone: bool = False,
    now: datetime,
) -> bool:
    """A message about the ticket for its contact (fetched with it). False: the contact has no address that works.

    `alone`: also when they asked in a group, for what a bad mark brings about is nobody else's business.
    """
    make = draft_alone if alone else draft
    made = await make(ticket, key, kind, payload | {"alone": True} if alone else payload, channel=channel)
    if made is None:
        return False
    await deliveries.schedule(made, due=now, now=now)
    return True


async def draft(ticket: Ticket, key: str, kind: str, payload: dict[str, object], *, channel: str = "") -> Draft | None:
    """A message about the ticket for its contact (fetched with it): in the group in which they asked, under their
    message, else in a chat of their own. None: they have no address that works.
    """
    if place := places.of(ticket):
        said = {**payload, "thread": place.message}
        return _draft(ticket, key, kind, said, channel=place.channel, target=place.target)
    return await draft_alone(ticket, key, kind, payload, channel=channel)


async def draft_alone(
    ticket: Ticket, key: str, kind: str, payload: dict[str, object], *, channel: str = ""
) -> Draft | None:
    """The same in a chat of their own, wherever they asked."""
    ways = await contacts.reachable(ticket.contact, first=channel or ticket.channel, by_hand=kind == BY_HAND)
    return addressed(ways[0], ticket, key, kind, payload) if ways else None


def addressed(to: Address, ticket: Ticket, key: str, kind: str, payload: dict[str, object]) -> Draft:
    """The same to one of the contact's own addresses, wherever they asked."""
    return _draft(ticket, key, kind, payload, channel=to.channel, target=to.address, address_id=to.id)


def _draft(
    ticket: Ticket,
    key: str,
    kind: str,
    payload: dict[str, object],
    *,
    channel: str,
    target: str,
    address_id: int | None = None,
) -> Draft:
    return Draft(
        key=key,
        kind=kind,
        channel=channel,
        target=target,
        priority=REPLY,
        contact_id=ticket.contact_id,
        address_id=address_id,
        ticket_id=ticket.id,
        subject_id=ticket.id,
        payload=payload,
    )
