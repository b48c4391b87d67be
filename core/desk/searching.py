"""Finding tickets: by number, name, words, state, team and time, page after page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from core.models.contacts import Contact
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket, TicketEntry, TicketStatus
from core.store.holding import holds
from core.text import clean_line

OPEN = "open"
"""Any status in which it is not over."""
NONE = 0
_NUMBER = re.compile(r"CS\d{1,17}")
_LATEST = 2_000
"""So many tickets are looked at one by one before all are read."""
_SAID = (EntryKind.MESSAGE, EntryKind.NOTE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; what is empty does not matter. `in_messages`: the words may stand in what was written, too.

    `status` is a `TicketStatus` or `OPEN`; `team` and `assignee` are ids, `NONE` is "has none". Made from `since` on,
    before `until`.
    """

    words: str = ""
    status: str = ""
    team: int | None = None
    assignee: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    in_messages: bool = False


async def search(wanted: Wanted, most: int, *, before: int | None = None) -> list[Ticket]:
    """The newest first, with contact, team and assignee. `before`: only those older than the ticket of this id.

    Words are looked for among the latest tickets first: to read all of them takes a tenth of a second for 100,000.
    """
    found = _without_words(wanted)
    if before is not None:
        found = found.filter(id__lt=before)
    if not (words := clean_line(wanted.words)):
        return await _whole(found, most)
    if _NUMBER.fullmatch(number := words.upper()):
        return await _whole(found.filter(number__gte=number, number__lt=f"{number}:"), most)  # ":" comes right after 9
    newest = before or await _newest()
    since = newest - _LATEST
    latest = await _whole(_among_latest(found, words, since, in_messages=wanted.in_messages), most)
    if len(latest) >= most or since <= 0:
        return latest
    older = await _among_all(found.filter(id__lt=since), words, most - len(latest), in_messages=wanted.in_messages)
    return [*latest, *await _whole(Ticket.filter(id__in=older), most)]


async def nobodys() -> int:
    """How many open requests nobody has."""
    return await _without_words(Wanted(status=OPEN, assignee=NONE)).count()


def _without_words(wanted: Wanted) -> QuerySet[Ticket]:
    found = Ticket.all()
    if wanted.status == OPEN:
        found = found.filter(status__in=OPEN_STATUSES)
    elif wanted.status:
        found = found.filter(status=TicketStatus(wanted.status))
    if wanted.team is not None:
        found = found.filter(team_id=wanted.team or None)
    if wanted.assignee is not None:
        found = found.filter(assignee_id=wanted.assignee or None)
    if wanted.since is not None:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(created_at__lt=wanted.until)
    return found


async def _whole(found: QuerySet[Ticket], most: int) -> list[Ticket]:
    return await found.order_by("-id").limit(most).select_related("contact", "team", "assignee")


async def _newest() -> int:
    """A number that no ticket has yet."""
    ids = await Ticket.all().order_by("-id").limit(1).values_list("id", flat=True)
    return cast(int, ids[0]) + 1 if ids else 0


def _among_latest(found: QuerySet[Ticket], words: str, since: int, *, in_messages: bool) -> QuerySet[Ticket]:
    """Ticket by ticket, with its contact and its own entries; these in an order that keeps SQLite from reading all."""
    where = holds(words, "subject", "contact__name") | Q(ref=words) | Q(contact__ref=words)
    if in_messages:
        said = TicketEntry.filter(holds(words, "text"), kind__in=_SAID, ticket_id__gte=since).order_by("ticket_id")
        where |= Q(id__in=Subquery(said.values("ticket_id")))
    return found.filter(where, id__gte=since)


async def _among_all(found: QuerySet[Ticket], words: str, most: int, *, in_messages: bool) -> list[int]:
    """Column by column: SQLite reads each in half the time that one question for all of them takes. The newest ids."""
    named = Subquery(Contact.filter(holds(words, "name") | Q(ref=words)).values("id"))
    ways = [Q(ref=words), holds(words, "subject"), Q(contact_id__in=named)]
    if in_messages:
        said = TicketEntry.filter(Q(kind__in=_SAID), holds(words, "text"))
        ways.append(Q(id__in=Subquery(said.values("ticket_id"))))
    each = (found.filter(way).order_by("-id").limit(most).values_list("id", flat=True) for way in ways)
    ids = {cast(int, one) for some in await asyncio.gather(*each) for one in some}
    return sorted(ids, reverse=True)[:most]
