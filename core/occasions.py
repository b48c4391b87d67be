"""What happened that rules look at, beside answers: a row where a rule is about it, and a job that lets them look."""

from __future__ import annotations

from datetime import datetime

from tortoise.exceptions import IntegrityError

from core import transactions
from core.failpoints import fp
from core.models.desk import Ticket
from core.models.reactions import Occasion
from core.models.setup import Rule
from core.plumbing import jobs
from core.store.prepared import Prepared, insert

JOB = "occasion"
ENABLED = Prepared(Rule, lambda: Rule.filter(enabled=True).order_by("position", "id"))
"""Every rule that is on, in order."""


@transactions.atomic
async def happened(event: str, key: str, ticket: Ticket, *, invite_id: int | None = None, now: datetime) -> None:
    """In the unit of work in which it happened; the same `key` means that it is the same, and changes nothing."""
    if not any(rule.settings.get("event") == event for rule in await ENABLED.all()):
        return
    try:
        async with transactions.savepoint():
            row = await insert(
                Occasion, key=f"{event}:{key}"[:120], event=event, ticket_id=ticket.id, invite_id=invite_id, at=now
            )
    except IntegrityError:
        return
    await jobs.enqueue(JOB, row.id, due=now, now=now)
    fp("occasion.planned")
