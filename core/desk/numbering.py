"""Ticket numbers as people read them out: CS202611220001."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from tortoise.connection import get_connection

from core import contacts, transactions
from core.models.desk import TicketCounter
from core.store.prepared import Prepared

_GIVE = """
INSERT INTO ticket_counters (day, given) VALUES ({}, 1)
ON CONFLICT (day) DO UPDATE SET given = ticket_counters.given + 1
"""
_TYPED = re.compile(r"\s*[#＃]?\s*cs[\s-]*(\d(?:[\s-]?\d){11}\d{0,5})(?!\d)", re.IGNORECASE | re.ASCII)
_ENDING = 4
_OF_DAY = Prepared(TicketCounter, lambda day: TicketCounter.filter(day=day), str)


def read(typed: str) -> tuple[str, str]:
    """A number as people type it ("#cs 20261122 0001"), and what stands behind it; "" and all of it without one."""
    found = _TYPED.match(typed)
    if found is None:
        return "", typed.strip()
    return "CS" + re.sub(r"\D", "", found[1]), typed[found.end() :].strip()


def endings(numbers: Iterable[str]) -> dict[str, str]:
    """What tells these apart on a small button: "…0001"; as many letters of each as that takes."""
    known = set(numbers)
    longest = max(map(len, known), default=0)
    for length in range(_ENDING, longest):
        if len({one[-length:] for one in known}) == len(known):
            return {one: f"…{one[-length:]}" for one in known}
    return {one: one for one in known}


async def next_number(now: datetime) -> str:
    """The next number of the day, as the site counts days; must run in the unit of work that creates the ticket.

    Four digits until 9999, more after. Two at once wait for each other, so no number is given twice.
    """
    day = f"{now.astimezone(contacts.usual_zone()):%Y%m%d}"
    connection = get_connection(transactions.WRITER)
    await connection.execute_query(_GIVE.format("?" if connection.capabilities.dialect == "sqlite" else "$1"), [day])
    (counter,) = await _OF_DAY.all(day)
    return f"CS{day}{counter.given:04d}"
