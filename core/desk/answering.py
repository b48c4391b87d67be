"""Where a contact reads what the staff say about a ticket."""

from __future__ import annotations

from core import contacts, places
from core.models.desk import Ticket
from core.plumbing.deliveries import REPLY, Draft


async def draft(ticket: Ticket, key: str, kind: str, payload: dict[str, object], *, channel: str = "") -> Draft | None:
    """A message about the ticket for its contact (fetched with it): in the group in which they asked, under their
    message, else in a chat of their own. None: they have no address that works.
    """
    common = {"key": key, "kind": kind, "priority": REPLY, "contact_id": ticket.contact_id, "ticket_id": ticket.id}
    if place := places.of(ticket):
        said = {**payload, "thread": place.message}
        return Draft(**common, channel=place.channel, target=place.target, subject_id=ticket.id, payload=said)
    ways = await contacts.reachable(ticket.contact, first=channel or ticket.channel)
    if not ways:
        return None
    to = ways[0]
    return Draft(
        **common,
        channel=to.channel,
        target=to.address,
        address_id=to.id,
        subject_id=ticket.id,
        payload=payload,
    )
