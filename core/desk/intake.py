"""What an outside system tells us about its tickets. Each call is one unit of work; repeating it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import contacts, errors, transactions
from core.contacts import AddressFacts, ContactFacts
from core.desk import tickets
from core.desk.tickets import Walk
from core.models.contacts import Contact
from core.models.desk import Priority, Ticket, TicketStatus, TicketType
from core.models.setup import Staff, Team
from core.store.prepared import Prepared, update
from core.text import SUBJECT_LIMIT, clean_line

_TEAM = Prepared(Team, lambda key: Team.filter(key=key), str)
_STAFF = Prepared(Staff, lambda key: Staff.filter(key=key), str)

__all__ = ["AddressFacts", "AgentFacts", "ContactFacts", "TicketFacts", "ticket_reopened", "ticket_resolved"]


@dataclass(frozen=True, slots=True)
class AgentFacts:
    name: str = ""
    email: str = ""
    key: str = ""  # what the outside calls the agent; the e-mail address when there is none


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What an outside system knows of a ticket; "" is "not said"."""

    ref: str
    subject: str = ""
    type: str = TicketType.INQUIRY.value
    priority: str = ""
    team: str = ""
    tags: tuple[str, ...] = ()
    agent: AgentFacts | None = None
    channel: str = ""
    thread: str = ""
    close_reason: str = "solved"
    result: str = ""
    closed_by: str = ""
    replies: int | None = None


@transactions.atomic
async def ticket_resolved(
    facts: TicketFacts, contact: ContactFacts | None, *, tell: bool | None = None, now: datetime
) -> Walk:
    """A ticket is resolved outside: learn ticket and contact, close the cycle, decide about asking.

    Without `tell`, the contact hears of it from us only if the ticket is ours: a help desk tells its own. `contact` may
    be left out for a ticket that is known. Raises errors.Invalid naming the field, errors.NotFound.
    """
    ticket = await tickets.by_ref(facts.ref)
    if contact is not None:
        person = await contacts.learn(contact, now=now)
    elif ticket is not None:
        person = ticket.contact
    else:
        raise errors.Invalid("a ticket that is not known yet needs its contact", field="contact")
    if ticket is None:
        ticket = await _open(facts, person, now=now)
    elif ticket.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        await _take_over(ticket, facts, person)
    if ticket.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        await _assign(ticket, facts, now=now)
    by = facts.closed_by or (facts.agent.name if facts.agent else "")
    return await tickets.resolve(
        ticket,
        reason=facts.close_reason,
        result=facts.result,
        by=by,
        replies=facts.replies,
        tell=is_ours(ticket) if tell is None else tell,
        now=now,
    )


@transactions.atomic
async def ticket_reopened(ref: str, *, reason: str = "", tell: bool | None = None, now: datetime) -> Walk:
    """A ticket is open again outside; an invite that has not left yet is cancelled. `tell` as for a resolved one.

    Raises errors.NotFound.
    """
    ticket = await tickets.find(ref)
    tells = is_ours(ticket) if tell is None else tell
    reopened = await tickets.reopen(ticket, because=reason, tell=tells, now=now)
    return Walk(await tickets.find(ref), None, None, repeated=not reopened)


def is_ours(ticket: Ticket) -> bool:
    """Whether it lives in the built-in desk: what another desk has, has a name there."""
    return ticket.ref is None


async def _open(facts: TicketFacts, contact: Contact, *, now: datetime) -> Ticket:
    return await tickets.open_ticket(
        contact=contact,
        subject=facts.subject or facts.ref,
        type=facts.type,
        priority=_priority(facts.priority),
        team=await _team(facts.team),
        channel=facts.channel,
        thread=facts.thread,
        tags=_tags(facts),
        ref=facts.ref,
        now=now,
    )


async def _take_over(ticket: Ticket, facts: TicketFacts, contact: Contact) -> None:
    """Bring a known ticket up to date that is not resolved yet; a resolved one stays as it was then."""
    said = {
        "subject": clean_line(facts.subject, limit=SUBJECT_LIMIT) or ticket.subject,
        "priority": _priority(facts.priority) or ticket.priority,
        "tags": _tags(facts) or ticket.tags,
        "channel": facts.channel or ticket.channel,
        "thread": facts.thread or ticket.thread,
        "contact_id": contact.id,
    }
    if facts.team:
        team = await _team(facts.team)
        said["team_id"] = team.id if team else None
    await update(Ticket, {"id": ticket.id}, **said)
    ticket.update_from_dict({name: value for name, value in said.items() if not name.endswith("_id")})


def _tags(facts: TicketFacts) -> list[str]:
    return [clean_line(tag, limit=60) for tag in facts.tags]


async def _assign(ticket: Ticket, facts: TicketFacts, *, now: datetime) -> None:
    agent = await _agent(facts.agent)
    if agent is not None and ticket.assignee_id != agent.id:
        await tickets.assign(ticket, agent, tell=False, now=now)


async def _team(key: str) -> Team | None:
    """An unknown team is made, without an alert route: an outside system's ticket is never turned away for it."""
    if not key:
        return None
    key = clean_line(key, limit=60)
    return await _TEAM.first(key) or (await Team.get_or_create(key=key, defaults={"name": key}))[0]


async def _agent(facts: AgentFacts | None) -> Staff | None:
    key = clean_line(facts.key or facts.email or facts.name, limit=200) if facts else ""
    if facts is None or not key:
        return None
    known = await _STAFF.first(key)
    if known is None and facts.email:
        known = await Staff.filter(email=facts.email).first()
    if known is None:
        known, _ = await Staff.get_or_create(
            key=key, defaults={"name": clean_line(facts.name or key), "email": facts.email}
        )
    return known


def _priority(name: str) -> Priority | None:
    if not name:
        return None
    try:
        return Priority(name)
    except ValueError as error:
        raise errors.Invalid(
            f"{clean_line(name, limit=40)!r} is no priority; use {', '.join(Priority)}", field="ticket.priority"
        ) from error
