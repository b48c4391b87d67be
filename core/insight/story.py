"""Everything that happened to a ticket, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.desk import attachments
from core.models.deliveries import Delivery
from core.models.desk import Attachment, Ticket, TicketEntry
from core.models.reactions import Reaction
from core.models.responses import ResponseRevision

_UNTOLD = ("home",)
"""Deliveries that are drawn for a person, not for a ticket."""


@dataclass(frozen=True, slots=True)
class Story:
    """The latest of each, the oldest first. `files` by line of the history; `cut`: there is more than that."""

    entries: Sequence[TicketEntry]
    files: Mapping[int, list[Attachment]]
    deliveries: Sequence[Delivery]
    revisions: Sequence[ResponseRevision]
    unfired: Sequence[Reaction]
    cut: bool


async def of(ticket: Ticket, *, most: int) -> Story:
    entries = await TicketEntry.filter(ticket_id=ticket.id).order_by("-id").limit(most + 1)
    sent = Delivery.filter(ticket_id=ticket.id).exclude(kind__in=_UNTOLD)
    sent = sent.only(
        "id", "kind", "channel", "state", "problem", "attempts", "due_at", "sent_at", "created_at", "screen"
    )
    own = {"response__invite__ticket_id": ticket.id}
    shown = entries[:most][::-1]
    return Story(
        entries=shown,
        files=await attachments.of_entries([one.id for one in shown]),
        deliveries=(await sent.order_by("-id").limit(most))[::-1],
        revisions=await ResponseRevision.filter(**own).order_by("id").limit(most),
        unfired=await Reaction.filter(**own, fired=False).order_by("id").limit(most),
        cut=len(entries) > most,
    )
