"""From rows to what the API calls them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.web.api import shapes
from core.models.contacts import Contact
from core.models.desk import Attachment, Ticket
from core.models.invites import Decision, Invite


def ticket(row: Ticket) -> shapes.TicketName:
    return shapes.TicketName(id=f"tkt_{row.id}", number=row.number, ref=row.ref, status=row.status)


def invite(row: Invite) -> shapes.InviteName:
    return shapes.InviteName(id=f"inv_{row.id}", state=row.state)


def contact(row: Contact, who: Mapping[int, str]) -> shapes.ContactName:
    """`who`: how each is called, as `bot.staff.called` knows it."""
    return shapes.ContactName(id=f"con_{row.id}", ref=row.ref, name=row.name, called=who[row.id])


def attachment(row: Attachment) -> shapes.AttachmentShape:
    said = ("name", "media_type", "size", "state", "problem", "channel", "created_at")
    return shapes.AttachmentShape(id=f"att_{row.id}", **{name: getattr(row, name) for name in said})


def outcome(row: Ticket, decided: Decision | None, asked: Invite | None) -> shapes.EventAnswer:
    return shapes.EventAnswer(
        ticket=ticket(row),
        decision=shapes.DecisionName(sent=decided.sent, reason=decided.reason) if decided else None,
        invite=invite(asked) if asked else None,
    )


def decision(row: Decision) -> shapes.DecisionShape:
    return shapes.DecisionShape(sent=row.sent, reason=row.reason, cycle=row.cycle, survey=row.survey_key, at=row.at)
