"""Ticket numbers as people read them out: CS202611220001."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import F

from core.models.desk import TicketCounter


async def next_number(now: datetime) -> str:
    """The next number of the day (UTC); must run in the unit of work that creates the ticket.

    Four digits until 9999, more after. Two at once wait for each other, so no number is given twice.
    """
    day = f"{now:%Y%m%d}"
    if not await TicketCounter.filter(day=day).update(given=F("given") + 1):
        await TicketCounter.bulk_create([TicketCounter(day=day, given=0)], ignore_conflicts=True)
        await TicketCounter.filter(day=day).update(given=F("given") + 1)
    counter = await TicketCounter.get(day=day)
    return f"CS{day}{counter.given:04d}"
