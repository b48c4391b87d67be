"""Requests that the staff open for a contact: somebody called, or stood at the counter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from core import audit, contacts, errors, transactions
from core.contacts import AddressFacts, ContactFacts
from core.desk import notices, tickets
from core.models import lookup
from core.models.contacts import Contact
from core.models.desk import Priority, Ticket, TicketType
from core.models.keeps import Kept
from core.models.setup import Staff, Team
from core.store.prepared import insert
from core.text import COMMENT_LIMIT, NAME_LIMIT, SUBJECT_LIMIT, clean, clean_line

_FORMS = "/admin"  # no channel has a name like that


@dataclass(frozen=True, slots=True)
class Opening:
    """What the staff say of it. Without `contact`, the address says whose it is, or makes somebody new.

    `once` is the form's own name: the same form opens one request, however often it is sent.
    """

    once: str
    subject: str
    contact: int | None = None
    channel: str = ""
    address: str = ""
    name: str = ""
    locale: str = ""
    type: str = TicketType.INQUIRY.value
    team: str = ""
    priority: str = ""
    text: str = ""
    mine: bool = False


@transactions.atomic
async def open_ticket(opening: Opening, *, by: Staff, account: str, now: datetime) -> Ticket:
    """Open it and tell the contact its number, where they are reached; whether they are, its history says.

    Who is known already keeps their name and language. Raises errors.Invalid naming the field, errors.NotFound.
    """
    for refusal in wrong(opening):
        raise refusal
    if not await _is_mine(opening.once, now=now):
        return await _opened_by(opening.once)
    team = await _team(opening.team)
    contact = await _contact(opening, now=now)
    ticket = await tickets.open_ticket(
        contact=contact,
        subject=opening.subject,
        type=opening.type,
        priority=Priority(opening.priority) if opening.priority else None,
        team=team,
        channel=opening.channel,
        text=opening.text or opening.subject,
        by=by,
        now=now,
    )
    if opening.mine:
        await tickets.assign(ticket, by, by=by.name, tell=False, now=now)
    await notices.received(ticket, now=now)
    await Kept.filter(channel=_FORMS, key=_name(opening.once)).update(sealed=ticket.number)
    told = {"as": by.key, "contact": contact.id, "type": ticket.type, "team": opening.team, "mine": opening.mine}
    await audit.record(account, "ticket.opened", f"ticket:{ticket.number}", after=told, now=now)
    return ticket


async def forget(*, before: datetime) -> None:
    """Forms that nobody sends a second time any more."""
    await Kept.filter(channel=_FORMS, changed_at__lt=before).delete()


def _name(once: str) -> str:
    return f"opening:{once[:100]}"


async def _is_mine(once: str, *, now: datetime) -> bool:
    """Whether this is the first time that the form was sent. Of two that come together one waits for the other here."""
    try:
        async with transactions.savepoint():
            await insert(Kept, channel=_FORMS, key=_name(once), sealed="", changed_at=now)
    except IntegrityError:
        return False
    return True


async def _opened_by(once: str) -> Ticket:
    kept = await Kept.get(channel=_FORMS, key=_name(once))
    return await tickets.find(kept.sealed)


def wrong(opening: Opening) -> Iterator[errors.Invalid]:
    """All that is wrong with it by itself, each naming its field."""
    if not opening.once:
        yield errors.Invalid("the form has no name of its own", label="admin.opening.no_form")
    if not clean_line(opening.subject, limit=SUBJECT_LIMIT):
        yield errors.Invalid("say what it is about", field="subject", label="admin.opening.no_subject")
    for name, most in (("subject", SUBJECT_LIMIT), ("text", COMMENT_LIMIT), ("name", NAME_LIMIT)):
        if len(clean(getattr(opening, name), limit=most + 1)) > most:
            yield errors.Invalid("too long", field=name, label="note.too_long", limit=most)
    if opening.type not in set(TicketType):
        yield errors.Invalid("there is no such kind", field="type", label="admin.desk.choose")
    if opening.priority and opening.priority not in set(Priority):
        yield errors.Invalid("there is no such priority", field="priority", label="admin.desk.choose")


async def _team(key: str) -> Team | None:
    team = await lookup.by_key(Team, key)
    if key and team is None:
        raise errors.Invalid("there is no such team", field="team", label="admin.desk.choose")
    return team


async def _contact(opening: Opening, *, now: datetime) -> Contact:
    if opening.contact is not None:
        found = await Contact.get_or_none(id=opening.contact, erased_at=None) if opening.contact < 2**63 else None
        if found is None:
            raise errors.NotFound("there is no such contact", field="contact", label="admin.opening.nobody")
        return found
    where = AddressFacts(opening.channel, opening.address)
    known = await contacts.by_address(where.channel, where.address)
    known = known or await contacts.by_address(where.channel, where.address.lower())
    if known is None:
        name = clean_line(opening.name)
        return await contacts.learn(ContactFacts(name=name, locale=opening.locale, addresses=(where,)), now=now)
    await contacts.is_called(known.contact, opening.name)
    return known.contact
