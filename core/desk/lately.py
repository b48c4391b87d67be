"""What tickets were like lately, so that conditions can be chosen and need not be typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from core.models.contacts import ERASED
from core.models.desk import EntryKind, Ticket, TicketEntry

LOOKED_AT = 2000
"""So many of the newest tickets are looked at, and no more."""
MOST = 30
"""So many values of each are offered."""


async def seen() -> Mapping[str, list[str]]:
    """By the names of conditions (types, tags, tiers, locales, close_reasons, closed_by): the most frequent first."""
    counted: dict[str, Counter[str]] = {
        name: Counter() for name in ("types", "tags", "tiers", "locales", "close_reasons", "closed_by")
    }
    tickets = Ticket.all().order_by("-id").limit(LOOKED_AT)
    columns = ("type", "close_reason", "tags", "contact__tier", "contact__locale")
    for type_, reason, tags, tier, locale in await tickets.values_list(*columns):
        counted["types"][type_] += 1
        counted["close_reasons"][reason] += reason != ERASED
        counted["tags"].update(tags)
        counted["tiers"][tier] += 1
        counted["locales"][locale] += 1
    closed = TicketEntry.filter(kind=EntryKind.RESOLVED).order_by("-id").limit(LOOKED_AT)
    counted["closed_by"].update(str(actor) for actor in await closed.values_list("actor", flat=True))
    return {name: _most_frequent(values) for name, values in counted.items()}


def _most_frequent(counted: Counter[str]) -> list[str]:
    ordered = sorted(+counted, key=lambda value: (-counted[value], value))
    return [value for value in ordered if value][:MOST]
