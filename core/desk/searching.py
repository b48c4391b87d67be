"""Finding tickets: by number, name, words, state, team and time, page after page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q, Subquery

from core.models.contacts import Contact
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket, TicketEntry, TicketStatus
from core.store.holding import holds
from core.text import clean_line

OPEN = "open"
"""Any status in which it is not over."""
_NUMBER = re.compile(r"CS\d{1,17}")
_SAID = (EntryKind.MESSAGE, EntryKind.NOTE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; what is empty does not matter. `in_messages`: the words may stand in what was written, too.

    `status` is a `TicketStatus` or `OPEN`; `team` and `assignee` are ids. Made from `since` on, before `until`.
    """

    words: str = ""
    status: str = ""
    team: int | None = None
    assignee: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    in_messages: bool = False


async def search(wanted: Wanted, most: int, *, before: int | None = None) -> list[Ticket]:
    """The newest first, with contact, team and assignee. `before`: only those older than the ticket of this id."""
    found = Ticket.all() if before is None else Ticket.filter(id__lt=before)
    if wanted.status == OPEN:
        found = found.filter(status__in=OPEN_STATUSES)
    elif wanted.status:
        found = found.filter(status=TicketStatus(wanted.status))
    if wanted.team is not None:
        found = found.filter(team_id=wanted.team)
    if wanted.assignee is not None:
        found = found.filter(assignee_id=wanted.assignee)
    if wanted.since is not None:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(created_at__lt=wanted.until)
    if words := clean_line(wanted.words):
        found = found.filter(_holding(words, in_messages=wanted.in_messages))
    return await found.order_by("-id").limit(most).select_related("contact", "team", "assignee")


def _holding(words: str, *, in_messages: bool) -> Q:
    """A number, or the beginning of one, is looked up; everything else is read for."""
    if _NUMBER.fullmatch(number := words.upper()):
        return Q(number__gte=number, number__lt=f"{number}:")  # the colon comes right after the nine
    named = Subquery(Contact.filter(holds(words, "name") | Q(ref=words)).values("id"))
    where = Q(ref=words) | holds(words, "subject") | Q(contact_id__in=named)
    if in_messages:
        said = Subquery(TicketEntry.filter(holds(words, "text"), kind__in=_SAID).values("ticket_id"))
        where |= Q(id__in=said)
    return where
