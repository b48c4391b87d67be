"""Letters: words that say themselves which request they belong to, as mails do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from core import contacts, history, transactions
from core.desk import tickets
from core.models.contacts import Address
from core.models.deliveries import Delivery
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket, TicketEntry
from core.text import clean, clean_line, shorten

_NUMBER = re.compile(r"\bCS\d{12,17}\b")
_REPLY = re.compile(r"\s*((re|aw|sv|antw|ответ|回复|答复|回覆|答覆)(\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)
_SUBJECT = 80


@dataclass(frozen=True, slots=True)
class Letter:
    """What came in. `answers` is the message of ours that it names, `thread` its own name; nobody vouches for them."""

    channel: str
    address: str
    text: str
    name: str = ""
    locale: str = ""
    subject: str = ""
    answers: str = ""
    thread: str = ""


@transactions.atomic
async def begin(letter: Letter, *, follows: Ticket | None = None, now: datetime) -> tuple[Ticket, TicketEntry]:
    """A new request."""
    where = contacts.AddressFacts(letter.channel, letter.address)
    known = await sender_of(letter)
    facts = contacts.ContactFacts(name=letter.name, locale=letter.locale, addresses=(where,))
    contact = known.contact if known else await contacts.learn(facts, now=now)
    first_line = shorten(clean(letter.text).split("\n")[0], _SUBJECT)
    subject = clean_line(_REPLY.sub("", letter.subject)) or first_line
    ticket = await tickets.open_ticket(contact=contact, subject=subject, channel=letter.channel, now=now)
    if letter.thread:
        await Ticket.filter(id=ticket.id).update(thread=letter.thread[:300])
    if follows is not None:
        values: dict[str, object] = {"number": follows.number}
        await history.write(ticket, EntryKind.NOTE, label="history.follows", values=values, now=now)
    return ticket, await tickets.message(ticket, letter.text, by=contact.name, from_contact=True, now=now)


@transactions.atomic
async def join(ticket: Ticket, letter: Letter, *, reopens: bool, now: datetime) -> TicketEntry:
    """More words about a request. `reopens` opens it again if it was resolved."""
    who = letter.name or letter.address
    if reopens:
        await tickets.reopen(ticket, by=who, tell=True, now=now)
    return await tickets.message(ticket, letter.text, by=who, from_contact=True, now=now)


async def meant_by(letter: Letter) -> Ticket | None:
    """The request that a letter without proof belongs to: by the message that it answers, if that went to its sender;
    by the number in its subject, or as the only one that is open, if it is the sender's own.
    """
    answered = await _answered(letter)
    if answered is not None:
        return answered
    known = await sender_of(letter)
    if known is None:
        return None
    number = _NUMBER.search(letter.subject)
    if number is not None and (named := await Ticket.get_or_none(number=number[0], contact_id=known.contact_id)):
        return named
    open_ones = await Ticket.filter(contact_id=known.contact_id, status__in=OPEN_STATUSES).limit(2)
    is_reply = _REPLY.match(letter.subject) or any(letter.subject == one.subject for one in open_ones)
    return open_ones[0] if len(open_ones) == 1 and is_reply else None


async def sender_of(letter: Letter) -> Address | None:
    """Whose address it is; what a mail program writes in capitals may be known in small letters."""
    known = await contacts.by_address(letter.channel, letter.address)
    return known or await contacts.by_address(letter.channel, letter.address.lower())


async def _answered(letter: Letter) -> Ticket | None:
    if not letter.answers:
        return None
    sent = Delivery.filter(channel=letter.channel, receipt=letter.answers, target__iexact=letter.address)
    delivery = await sent.order_by("-id").first()
    if delivery is None or delivery.ticket_id is None:
        return None
    return await Ticket.get_or_none(id=delivery.ticket_id)
