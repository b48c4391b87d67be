"""What staff say to a contact, carried in the contact's own channel."""

from __future__ import annotations

from datetime import datetime

from core import errors, transactions
from core.desk import answering, cards, tickets
from core.models.desk import Ticket, TicketEntry
from core.models.setup import Staff
from core.plumbing import deliveries
from core.text import clean


@transactions.atomic
async def reply(
    ticket: Ticket, text: str, *, by: Staff, now: datetime, told: bool = False, alone: bool = False
) -> TicketEntry:
    """Words of the staff for the contact. `told`: the card's thread need not hear of them. `alone`: as `to_contact`.

    Raises errors.Invalid when there are none, and errors.Conflict when the contact has no address that works.
    """
    words = clean(text)
    if not words:
        raise errors.Invalid("write what the customer shall read", field="text", label="note.nothing_written")
    ticket = await Ticket.get(id=ticket.id).select_related("contact")
    entry = await tickets.message(ticket, words, by=by.name, from_contact=False, now=now)
    payload: dict[str, object] = {"text": words, "actor": {"name": by.name}}
    if not await to_contact(ticket, f"reply:{entry.id}", "reply", payload, alone=alone, now=now):
        raise errors.Conflict("this contact cannot be reached any more", label="note.reply_impossible")
    if not told:
        await cards.tell(ticket, entry, "replied", now=now)
    return entry


async def to_contact(
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
    make = answering.draft_alone if alone else answering.draft
    draft = await make(ticket, key, kind, payload | {"alone": True} if alone else payload, channel=channel)
    if draft is None:
        return False
    await deliveries.schedule(draft, due=now, now=now)
    return True
