"""Customers in a group: their requests, and what they answer there. Nobody else's words are any business of ours."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.surveys import answers, drafts
from bot.surveys.messages import SURVEY_KINDS
from bot.turn import Turn
from core import contacts, places
from core.desk import intake, tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import OPEN_STATUSES, Ticket
from core.plumbing import deliveries
from core.ports import Acknowledgement, Channel, Heard, Wrote
from core.surveys import invites

if TYPE_CHECKING:
    from bot.surveys.conversation import Conversation


@runtime_checkable
class ServesGroups(Protocol):
    """A channel in which customers can be served in a group (Telegram): what is heard there names its own message."""

    serves_groups: bool


def is_place(channel: Channel, event: Heard) -> bool:
    """Whether an answer can be given right there, where others read it too."""
    return not event.private and isinstance(channel, ServesGroups)


async def wrote(conversation: Conversation, channel: Channel, event: Wrote, *, now: datetime) -> Turn:
    """Only an answer to a message of ours counts, and only from the contact whom that message is about."""
    answered = await _answered(channel, event)
    known = await contacts.by_address(channel.name, event.person.address) if answered else None
    if answered is None or known is None or known.contact_id != answered.contact_id:
        return Turn()
    if answered.kind in SURVEY_KINDS:
        invite = await invites.by_id(answered.subject_id or 0)
        has_words = bool(event.text.strip())
        if invite is not None and has_words:
            return await conversation.commented(channel, event, invite, now=now)
    return await _talk(conversation, channel, event, known.contact, answered.ticket_id, now=now)


async def _talk(
    conversation: Conversation,
    channel: Channel,
    event: Wrote,
    contact: Contact,
    ticket_id: int | None,
    *,
    now: datetime,
) -> Turn:
    """It joins the request that the message is about, while that is open, or opens it again; else it opens another one,
    talked about here too.
    """
    ticket = await tickets.by_id(ticket_id) if ticket_id else None
    here = places.written(event.target, event.handle)
    if ticket is not None and _goes_on(ticket, now=now):
        if ticket.status not in OPEN_STATUSES and not answers.is_only_thanks(event.text):
            await tickets.reopen(ticket, by=contact.name, tell=True, now=now)
        refused = await tickets.add(ticket, contact, channel.name, event.text, event.files, now=now)
        if ticket.channel == channel.name:
            await places.move(ticket, here)
        seen = conversation.site.templates.label("note.message_sent", event.person.locale)
        return Turn(Acknowledgement(note=seen), await conversation.not_taken(channel, event, ticket, refused, now=now))
    title = tickets.subject_of(event.text, files=event.files)
    ticket = await tickets.open_ticket(contact=contact, subject=title, channel=channel.name, thread=here, now=now)
    refused = await tickets.add(ticket, contact, channel.name, event.text, event.files, now=now)
    draft = drafts.received(ticket, channel, event.target, thread=event.handle)
    told = await deliveries.hand_over(draft, worker=conversation.worker, now=now)
    return Turn(handed_over=[told, *await conversation.not_taken(channel, event, ticket, refused, now=now)])


def _goes_on(ticket: Ticket, *, now: datetime) -> bool:
    """Whether more can be said about it: a desk that is not ours opens its own requests again."""
    return ticket.status in OPEN_STATUSES or (intake.is_ours(ticket) and tickets.is_recent(ticket, now=now))


async def _answered(channel: Channel, event: Wrote) -> Delivery | None:
    """The message of ours that was answered, as it was sent last."""
    if not event.receipt:
        return None
    sent = Delivery.filter(channel=channel.name, receipt=event.receipt, target=event.target, state=DeliveryState.SENT)
    return await sent.exclude(contact_id=None).order_by("-id").first()
