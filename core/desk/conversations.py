"""What staff say to a contact, carried in the contact's own channel."""

from __future__ import annotations

from datetime import datetime

from core import errors, transactions
from core.desk import answering, cards, tickets
from core.models.desk import Ticket, TicketEntry
from core.models.setup import Staff
from core.text import clean


@transactions.atomic
async def reply(
    ticket: Ticket, text: str, *, by: Staff, now: datetime, told: bool = False, alert_id: int | None = None
) -> TicketEntry:
    """Words of the staff for the contact; whoever answers what is nobody's has it. `told`: the card's thread need not
    hear of them. `alert_id`: the alert under which they were written; they go to the contact alone.

    Raises errors.Invalid when there are none, and errors.Conflict when the contact has no address that works.
    """
    words = clean(text)
    if not words:
        raise errors.Invalid("write what the customer shall read", field="text", label="note.nothing_written")
    ticket = await Ticket.get(id=ticket.id).select_related("contact")
    entry = await tickets.message(ticket, words, by=by.name, from_contact=False, now=now)
    payload: dict[str, object] = {"text": words, "actor": {"name": by.name}, "alert": alert_id}
    alone = alert_id is not None
    if not await answering.tell(ticket, f"reply:{entry.id}", answering.BY_HAND, payload, alone=alone, now=now):
        raise errors.Conflict("this contact cannot be reached any more", label="note.reply_impossible")
    await tickets.answered(ticket, entry, by, now=now)
    if not told:
        await cards.tell(ticket, entry, "replied", now=now)
    return entry
