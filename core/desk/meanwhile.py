"""What happened to a ticket while somebody wrote: nobody answers past a colleague, or past the customer, unseen."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import Q
from tortoise.functions import Max

from core import errors, transactions
from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.setup import Staff

_SAID = Q(kind__in=(EntryKind.MESSAGE, EntryKind.NOTE), label="")
_DONE = Q(kind__in=(EntryKind.ASSIGNED, EntryKind.RESOLVED, EntryKind.REOPENED))
_MOST = 20


class Happened(errors.Conflict):
    """Others wrote or did something that a form's page did not show yet; nothing was done. `entries` are the latest."""

    code = "stale"

    def __init__(self, entries: Sequence[TicketEntry]) -> None:
        super().__init__("something has happened here in the meantime", label="admin.desk.meanwhile")
        self.entries = entries


async def marks(tickets: Sequence[int]) -> dict[int, int]:
    """By ticket, up to where its history has been seen by who reads it now."""
    if not tickets:
        return {}
    latest = TicketEntry.filter(ticket_id__in=list(tickets)).annotate(latest=Max("id")).group_by("ticket_id")
    return dict(await latest.values_list("ticket_id", "latest"))


@transactions.atomic
async def check(ticket: Ticket, seen: str, *, by: Staff) -> None:
    """`seen` is the mark that the form carries; without one there is nothing to check. Raises Happened.

    What they themselves did, in another window or in Slack, is no news to them.
    """
    if not (seen.isdecimal() and len(seen) < 19):
        return
    await Ticket.filter(id=ticket.id).select_for_update().get()  # two who send at once do so one after the other
    latest = await TicketEntry.filter(_SAID | _DONE, ticket_id=ticket.id, id__gt=int(seen)).order_by("-id").limit(_MOST)
    if news := [one for one in reversed(latest) if one.actor != by.name or one.values.get("from_contact")]:
        raise Happened(news)
