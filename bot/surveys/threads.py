"""Customers in a channel's threads: who calls us by name has a request there, and it is talked about in its thread."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.surveys import answers, drafts
from bot.turn import Turn
from core import contacts, places
from core.contacts import AddressFacts, ContactFacts
from core.desk import tickets
from core.models.contacts import Contact
from core.models.desk import OPEN_STATUSES, Ticket
from core.models.invites import Invite
from core.models.setup import StaffAddress
from core.plumbing import deliveries
from core.ports import Acknowledgement, Channel, Wrote
from core.surveys import invites, responses

if TYPE_CHECKING:
    from bot.surveys.conversation import Conversation


@runtime_checkable
class ServesThreads(Protocol):
    """A channel in which what is heard among others names the message that its thread began with (Slack)."""

    serves_threads: bool


async def wrote(talk: Conversation, channel: Channel, event: Wrote, *, now: datetime) -> Turn:
    """A call opens a request in that thread; later words of the same person in it belong to it.

    What others say there is theirs, until they call us: then it is a request of their own. Who of the staff calls us in
    a thread talks about somebody's request, and opens none.
    """
    known = await contacts.by_address(channel.name, event.person.address)
    if known is not None:
        await contacts.is_called(known.contact, event.person.name)
    own = await _own(channel, event, known.contact) if known is not None and event.receipt else None
    if own is not None and known is not None:
        return await _about(talk, channel, event, own, known.contact, now=now)
    if not event.called or not event.receipt or (event.thread and await _is_staff(channel, event)):
        return Turn()
    return await _new(talk, channel, event, known.contact if known is not None else None, now=now)


async def left(ticket: Ticket, channel: Channel, *, now: datetime) -> None:
    """Its contact goes on in their own chat: they are answered there, and the thread hears no more of it."""
    if isinstance(channel, ServesThreads) and ticket.channel == channel.name and ticket.ref is None:
        await places.move(ticket, places.aside(ticket.thread))


async def _own(channel: Channel, event: Wrote, contact: Contact) -> Ticket | None:
    """The person's newest request in that thread. One of an outside desk is talked about there, not with us."""
    here = (event.receipt, places.aside(event.receipt))
    found = Ticket.filter(channel=channel.name, contact_id=contact.id, thread__in=here, ref=None)
    return await found.order_by("-id").first()


async def _about(
    talk: Conversation, channel: Channel, event: Wrote, ticket: Ticket, contact: Contact, *, now: datetime
) -> Turn:
    """As by letter: thanks open nothing, a question does while the request is fresh."""
    is_open = ticket.status in OPEN_STATUSES
    if not is_open and not event.files:
        if answers.is_only_thanks(event.text):
            return Turn()
        if (invite := await _awaits_words(channel, contact, ticket, now=now)) is not None:
            return await talk.commented(channel, event, invite, now=now)
    if not is_open and not tickets.is_recent(ticket, now=now):
        return await _new(talk, channel, event, contact, follows=ticket, now=now) if event.called else Turn()
    if not is_open:
        await tickets.reopen(ticket, by=contact.name, tell=True, now=now)
    await places.move(ticket, event.receipt)
    refused = await tickets.add(ticket, contact, channel.name, event.text, event.files, now=now)
    seen = talk.site.templates.label("note.message_sent", contact.locale or event.person.locale)
    return Turn(Acknowledgement(note=seen), await talk.not_taken(channel, event, ticket, refused, now=now))


async def _awaits_words(channel: Channel, contact: Contact, ticket: Ticket, *, now: datetime) -> Invite | None:
    invite = await invites.latest_open(contact, channel=channel.name, now=now)
    if invite is None or invite.ticket_id != ticket.id:
        return None
    return invite if responses.awaits_words(await responses.of(invite), now=now) else None


async def _new(
    talk: Conversation,
    channel: Channel,
    event: Wrote,
    contact: Contact | None,
    *,
    follows: Ticket | None = None,
    now: datetime,
) -> Turn:
    person = event.person
    where = (AddressFacts(channel.name, person.address),)
    contact = contact or await contacts.learn(
        ContactFacts(name=person.name, locale=person.locale, addresses=where), now=now
    )
    subject = tickets.subject_of(event.text, files=event.files)
    ticket = await tickets.open_ticket(
        contact=contact, subject=subject, channel=channel.name, thread=event.receipt, follows=follows, now=now
    )
    refused = await tickets.add(ticket, contact, channel.name, event.text, event.files, now=now)
    draft = drafts.received(ticket, channel, person.address, thread=event.receipt)
    told = await deliveries.hand_over(draft, worker=talk.worker, now=now)
    return Turn(handed_over=[told, *await talk.not_taken(channel, event, ticket, refused, now=now)])


async def _is_staff(channel: Channel, event: Wrote) -> bool:
    known = StaffAddress.filter(channel=channel.name, address=event.person.address, staff__active=True)
    return not event.person.stranger and await known.exists()
