"""A ticket's history: one line for everything that happened, in words or as a label that becomes words when read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.models.desk import EntryKind, Ticket, TicketEntry
from core.store.prepared import insert
from core.text import clean


async def write(
    ticket: Ticket,
    kind: EntryKind,
    *,
    now: datetime,
    actor: str = "",
    text: str = "",
    label: str = "",
    values: Mapping[str, object] | None = None,
    internal: bool = True,
) -> TicketEntry:
    """Add a line. `values` holds only what JSON can: moments as ISO 8601."""
    return await insert(
        TicketEntry,
        ticket_id=ticket.id,
        cycle=ticket.cycle,
        kind=kind,
        actor=actor,
        internal=internal,
        text=clean(text, limit=20_000),
        label=label,
        values=dict(values or {}),
        at=now,
    )
