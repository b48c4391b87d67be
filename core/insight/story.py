"""Everything that happened to a ticket, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.desk import attachments
from core.models.deliveries import Delivery
from core.models.desk import Attachment, Ticket, TicketEntry
from core.models.reactions import Reaction
from core.models.responses import Response, ResponseRevision
from core.models.setup import StaffAddress, Team
from core.surveys import anonymity

_UNTOLD = ("home",)
"""Deliveries that are drawn for a person, not for a ticket."""


@dataclass(frozen=True, slots=True)
class Story:
    """The latest of each, the oldest first. `files` by line of the history; `cut`: there is more than that.

    `places` says who of the staff, or which team, is behind a channel and an address.
    """

    entries: Sequence[TicketEntry]
    files: Mapping[int, list[Attachment]]
    deliveries: Sequence[Delivery]
    places: Mapping[tuple[str, str], str]
    responses: Sequence[Response]
    revisions: Sequence[ResponseRevision]
    unfired: Sequence[Reaction]
    cut: bool


async def of(ticket: Ticket, *, most: int) -> Story:
    entries = await TicketEntry.filter(ticket_id=ticket.id).order_by("-id").limit(most + 1)
    sent = Delivery.filter(ticket_id=ticket.id).exclude(kind__in=_UNTOLD)
    sent = sent.only(
        "id", "kind", "channel", "target", "address_id", "contact_id", "state", "problem", "sent_at", "created_at"
    )
    own = {"response__invite__ticket_id": ticket.id}
    shown = entries[:most][::-1]
    left = (await sent.order_by("-id").limit(most))[::-1]
    answers = (
        Response.filter(anonymity.SHOWN, invite__ticket_id=ticket.id)
        .select_related("invite__survey")
        .prefetch_related("scores")
    )
    return Story(
        entries=shown,
        files=await attachments.of_entries([one.id for one in shown]),
        deliveries=left,
        places=await _places(left),
        responses=await answers.order_by("id").limit(most),
        revisions=await ResponseRevision.filter(**own).order_by("id").limit(most),
        unfired=await Reaction.filter(**own, fired=False).order_by("id").limit(most),
        cut=len(entries) > most,
    )


async def _places(sent: Sequence[Delivery]) -> dict[tuple[str, str], str]:
    targets = sorted({one.target for one in sent})
    teams = await Team.filter(alert_to__in=targets).order_by("id") if targets else []
    people = await StaffAddress.filter(address__in=targets).select_related("staff") if targets else []
    found = {(one.alert_channel, one.alert_to): one.name or one.key for one in teams}
    return found | {(one.channel, one.address): one.staff.name or one.staff.key for one in people}
