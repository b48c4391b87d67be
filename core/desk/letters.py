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


@dataclass(frozen=True, slots=True)
class Meant:
    """The request that a letter belongs to, and the message of ours that it answers, when it names one."""

    ticket: Ticket
    answered: Delivery | None = None


@transactions.atomic
async def begin(letter: Letter, *, follows: Ticket | None = None, now: datetime) -> tuple[Ticket, TicketEntry]:
    """A new request."""
    where = contacts.AddressFacts(letter.channel, letter.address)
    known = await sender_of(letter)
    facts = contacts.ContactFacts(name=letter.name, locale=letter.locale, addresses=(where,))
    contact = known.contact if known else await contacts.learn(facts, now=now)
    first_line = shorten(clean(letter.text).split("\n")[0], _SUBJECT)
    subject = clean_line(_REPLY.sub("", letter.subject)) or first_line
    ticket = await tickets.open_ticket(
        contact=contact, subject=subject, channel=letter.channel, follows=follows, now=now
    )
    if letter.thread:
        await Ticket.filter(id=ticket.id).update(thread=letter.thread[:300])
    return ticket, await tickets.message(ticket, letter.text, by=contact.name, from_contact=True, now=now)


@transactions.atomic
async def join(ticket: Ticket, letter: Letter, *, proven: bool, reopens: bool, now: datetime) -> TicketEntry:
    """More words about a request. `reopens` opens it again if it was resolved. Staff are told what is not `proven`, and
    whose address it is where it is none of the contact's: the name beside it is anybody's to write.
    """
    known = await sender_of(letter)
    is_another = known is None or known.contact_id != ticket.contact_id
    who = letter.address if is_another else letter.name or letter.address
    marks: dict[str, object] = {"address": letter.address} if is_another else {}
    if reopens:
        await tickets.reopen(ticket, by=who, tell=True, now=now)
    if not proven:
        marks["unproven"] = True
        values: dict[str, object] = {"address": letter.address}
        await history.write(ticket, EntryKind.NOTE, label="history.unproven", values=values, now=now)
    return await tickets.message(ticket, letter.text, by=who, from_contact=True, marks=marks, now=now)


async def meant_by(letter: Letter) -> Meant | None:
    """The request of the sender's own that a letter without a token belongs to: by the message of ours that it answers;
    by the number in its subject; or as the only one that is open. Nobody else's, whatever the letter names.
    """
    known = await sender_of(letter)
    if known is None:
        return None
    answered = await _answered(letter)
    own = Ticket.filter(contact_id=known.contact_id).select_related("contact")
    if answered is not None and (ticket := await own.get_or_none(id=answered.ticket_id)):
        return Meant(ticket, answered)
    number = _NUMBER.search(letter.subject)
    if number is not None and (ticket := await own.get_or_none(number=number[0])):
        return Meant(ticket)
    open_ones = await own.filter(status__in=OPEN_STATUSES).limit(2)
    is_reply = _REPLY.match(letter.subject) or any(letter.subject == one.subject for one in open_ones)
    return Meant(open_ones[0]) if len(open_ones) == 1 and is_reply else None


async def sender_of(letter: Letter) -> Address | None:
    """Whose address it is; what a mail program writes in capitals may be known in small letters."""
    known = await contacts.by_address(letter.channel, letter.address)
    return known or await contacts.by_address(letter.channel, letter.address.lower())


async def _answered(letter: Letter) -> Delivery | None:
    if not letter.answers:
        return None
    sent = Delivery.filter(channel=letter.channel, receipt=letter.answers, ticket_id__isnull=False)
    return await sent.order_by("-id").first()
