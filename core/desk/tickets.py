"""The built-in desk: open, assign, resolve, reopen, and what is said in between."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core import contacts, errors, history, occasions, places, transactions
from core.desk import attachments, cards, notices, numbering
from core.models.contacts import Contact
from core.models.desk import (
    OPEN_STATUSES,
    EntryKind,
    Priority,
    Ticket,
    TicketEntry,
    TicketStatus,
    TicketType,
)
from core.models.invites import Decision, Invite
from core.models.setup import Staff, Team
from core.ports import File
from core.store.prepared import Prepared, insert, update
from core.surveys import invites
from core.surveys.eligibility import TicketTraits
from core.text import SUBJECT_LIMIT, clean, clean_line, shorten

DEFAULT_PRIORITY = {
    TicketType.COMPLAINT.value: Priority.HIGH,
    TicketType.TECHNICAL.value: Priority.MEDIUM,
    TicketType.INQUIRY.value: Priority.MEDIUM,
    TicketType.SUGGESTION.value: Priority.LOW,
}
ALBUM = timedelta(minutes=1)
GRACE = timedelta(days=7)
"""For so long after it was resolved a request is opened again by a real question."""
UNTOUCHED = (TicketStatus.NEW, TicketStatus.ASSIGNED)
CLOSE_REASONS = ("solved", "cannot_solve", "duplicate", "no_answer", "other")
NOT_SOLVED = frozenset({"cannot_solve", "duplicate", "no_answer"})
_ID = re.compile(r"tkt_(\d{1,18})")
_NUMBER = re.compile(r"CS\d{12,17}")


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of a resolution. `repeated`: it was resolved already, and nothing was done again."""

    ticket: Ticket
    decision: Decision | None
    invite: Invite | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a contact's words and files. `refused` are the names of the files that were not taken."""

    ticket: Ticket
    opened: bool
    refused: Sequence[str] = ()


async def find(name: str) -> Ticket:
    """The ticket with that id ("tkt_17"), number or outside reference; contact, team and assignee come with it.

    Raises errors.NotFound.
    """
    row_id = _ID.fullmatch(name)
    found = await by_id(int(row_id[1])) if row_id else None
    found = found or await by_ref(name[:200])
    if found is None:
        raise errors.NotFound(f"there is no ticket {shorten(name, 60)!r}", field="ticket")
    return found


async def by_id(id_: int) -> Ticket | None:
    """The same by its row's id."""
    return await _BY_ID.first(id_)


async def by_ref(ref: str) -> Ticket | None:
    """The same by the outside's own name for it, or by our number: a ticket opened in a chat has no other name."""
    return await _BY_REF.first(ref) or (await _BY_NUMBER.first(ref) if _NUMBER.fullmatch(ref) else None)


def _whole() -> QuerySet[Ticket]:
    return Ticket.all().select_related("contact", "team", "assignee")


_BY_ID = Prepared(Ticket, lambda id_: _whole().filter(id=id_), int)
_BY_NUMBER = Prepared(Ticket, lambda number: _whole().filter(number=number), str)
_BY_REF = Prepared(Ticket, lambda ref: _whole().filter(ref=ref), str)


@transactions.atomic
async def open_ticket(
    *,
    contact: Contact,
    subject: str,
    now: datetime,
    type: str = TicketType.INQUIRY.value,  # noqa: A002 - the word of the trade, and of the API
    priority: Priority | None = None,
    team: Team | None = None,
    channel: str = "",
    text: str = "",
    ref: str | None = None,
    thread: str = "",
    tags: Sequence[str] = (),
    follows: Ticket | None = None,
    by: Staff | None = None,
) -> Ticket:
    """A new request. Without a priority it gets the one that its type brings along. It may follow another.

    `by`: who of the staff opened it for the contact; `text` is then what they wrote down of the contact's words.
    """
    ticket = await insert(
        Ticket,
        number=await numbering.next_number(now),
        ref=ref,
        subject=clean_line(subject, limit=SUBJECT_LIMIT) or "—",
        type=clean_line(type, limit=60),
        priority=priority or DEFAULT_PRIORITY.get(type, Priority.MEDIUM),
        channel=channel,
        thread=thread,
        tags=list(tags),
        contact=contact,
        team=team,
        created_at=now,
    )
    where: dict[str, object] = {"channel": channel or "api"}
    label, who = "history.opened", contact.name
    if by is not None:
        label, who = "history.opened_by", by.name or by.key
        where["name"] = who
    await history.write(ticket, EntryKind.OPENED, actor=who, label=label, values=where, now=now)
    if follows is not None:
        number: dict[str, object] = {"number": follows.number}
        await history.write(ticket, EntryKind.NOTE, label="history.follows", values=number, now=now)
    if text:
        await message(ticket, text, by=contact.name, from_contact=True, now=now)
    return ticket


@transactions.atomic
async def assign(ticket: Ticket, staff: Staff, *, by: str = "", tell: bool = True, now: datetime) -> None:
    """Make somebody the one who works on it; they have yet to take it. `tell`: the contact hears of somebody new."""
    is_new = ticket.assignee_id != staff.id and ticket.status in OPEN_STATUSES
    is_moved = is_new and ticket.assignee_id is not None
    begun = (TicketStatus.NEW, TicketStatus.IN_PROGRESS) if is_moved else (TicketStatus.NEW,)
    await update(Ticket, {"id": ticket.id}, assignee_id=staff.id)
    if await update(Ticket, {"id": ticket.id, "status": begun}, status=TicketStatus.ASSIGNED):
        ticket.status = TicketStatus.ASSIGNED
    ticket.assignee = staff
    await _has_it(ticket, staff, by=by, now=now)
    if tell and is_new:
        await notices.assigned(ticket, staff, now=now)


@transactions.atomic
async def take(ticket: Ticket, staff: Staff, *, now: datetime) -> None:
    """It is mine, and I am at it. Raises errors.Conflict when somebody else is, or when it is over."""
    is_new = ticket.assignee_id != staff.id
    untouched = Ticket.filter(Q(status__in=UNTOUCHED) | Q(assignee_id=None), id=ticket.id, status__in=OPEN_STATUSES)
    if not await untouched.update(status=TicketStatus.IN_PROGRESS, assignee_id=staff.id):
        raise await _not_free(ticket, staff)
    ticket.status, ticket.assignee = TicketStatus.IN_PROGRESS, staff
    await _has_it(ticket, staff, by=staff.name, now=now)
    if is_new:
        await notices.assigned(ticket, staff, now=now)


@transactions.atomic
async def hand_over(ticket: Ticket, staff: Staff, *, by: str, now: datetime) -> None:
    """They are at it, whoever had it before: it is in progress, unless it is over."""
    await update(Ticket, {"id": ticket.id}, assignee_id=staff.id)
    if await update(Ticket, {"id": ticket.id, "status": OPEN_STATUSES}, status=TicketStatus.IN_PROGRESS):
        ticket.status = TicketStatus.IN_PROGRESS
    ticket.assignee = staff
    await _has_it(ticket, staff, by=by, now=now)


@transactions.atomic
async def answered(ticket: Ticket, entry: TicketEntry, staff: Staff, *, now: datetime) -> None:
    """They have answered the contact (`entry`): it is in progress, and theirs if it was nobody's."""
    now_is = await Ticket.get(id=ticket.id)
    if now_is.assignee_id is None and now_is.status in OPEN_STATUSES:
        await hand_over(ticket, staff, by=staff.name, now=now)
    elif await update(Ticket, {"id": ticket.id, "status": UNTOUCHED}, status=TicketStatus.IN_PROGRESS):
        await cards.redraw(ticket, entry, now=now)


@transactions.atomic
async def resolve(
    ticket: Ticket,
    *,
    reason: str = "solved",
    result: str = "",
    by: str = "",
    replies: int | None = None,
    ask: bool = True,
    tell: bool = True,
    inside: bool = False,
    now: datetime,
) -> Walk:
    """Close the cycle, tell the contact, and decide whether to ask about it; `tell=False`, `ask=False` leave that out.

    `inside`: the result is for the team alone.

    Resolving what is resolved answers what was decided then.
    """
    changed = await update(
        Ticket,
        {"id": ticket.id, "status": OPEN_STATUSES},
        status=TicketStatus.RESOLVED,
        resolved_at=now,
        close_reason=clean_line(reason, limit=60),
        result=clean(result),
    )
    ticket = await _BY_ID.first(ticket.id) or ticket
    if not changed:
        decision = await Decision.filter(ticket_id=ticket.id, cycle=ticket.cycle).order_by("-sent", "id").first()
        invite = await Invite.filter(ticket_id=ticket.id, cycle=ticket.cycle).order_by("id").first()
        return Walk(ticket, decision, invite, repeated=True)
    label = "history.resolved" if by and ticket.result else "history.resolved_plain"
    label = "history.resolved_inside" if inside and ticket.result else label
    values: dict[str, object] = {"name": by, "result": shorten(ticket.result, 200)}
    entry = await history.write(
        ticket, EntryKind.RESOLVED, actor=by, label=label, values=values, internal=inside, now=now
    )
    await cards.retold(ticket, entry, "resolved", now=now)
    if tell:
        await notices.resolved(ticket, result=ticket.result, now=now)
    if not ask:
        return Walk(ticket, None, None)
    decision, invite = await invites.plan(ticket, ticket.contact, traits_of(ticket, by=by, replies=replies), now=now)
    return Walk(ticket, decision, invite)


@transactions.atomic
async def reopen(
    ticket: Ticket,
    *,
    because: str = "",
    by: str = "",
    label: str = "history.reopened",
    values: dict[str, object] | None = None,
    tell: bool = False,
    by_rule: bool = False,
    now: datetime,
) -> bool:
    """Start the next cycle; what was not asked about the last one is not asked any more. False: it is open already.

    `tell` the contact, unless something else tells them. What a rule does (`by_rule`) sets no other rule going.
    """
    from_status = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    status = TicketStatus.ASSIGNED if ticket.assignee_id else TicketStatus.NEW
    fresh = await Ticket.get(id=ticket.id)
    reopened = await Ticket.filter(id=ticket.id, status__in=from_status, cycle=fresh.cycle).update(
        status=status, cycle=fresh.cycle + 1, resolved_at=None
    )
    if not reopened:
        return False
    ticket.status, ticket.cycle, ticket.resolved_at = status, fresh.cycle + 1, None
    await invites.cancel_unsent(ticket)
    entry = await history.write(ticket, EntryKind.REOPENED, actor=by, label=label, values=values, now=now)
    await cards.retold(ticket, entry, "reopened", now=now)
    if not by_rule:
        await occasions.happened("ticket.reopened", str(entry.id), ticket, now=now)
    if because:
        await note(ticket, because, by=by, now=now)
    if tell:
        await notices.reopened(ticket, now=now)
    return True


@transactions.atomic
async def set_priority(ticket: Ticket, priority: Priority, *, by: str, now: datetime) -> None:
    """How pressing it is; nothing happens if it is so already."""
    if not await Ticket.filter(id=ticket.id).exclude(priority=priority).update(priority=priority):
        return
    values: dict[str, object] = {"old": ticket.priority.value, "new": priority.value}
    ticket.priority = priority
    entry = await history.write(ticket, EntryKind.PRIORITY, actor=by, label="history.priority", values=values, now=now)
    await cards.redraw(ticket, entry, now=now)


async def note(ticket: Ticket, text: str, *, by: str = "", now: datetime) -> TicketEntry:
    """Internal words: the contact never sees them."""
    return await history.write(ticket, EntryKind.NOTE, actor=by, text=text, now=now)


async def message(
    ticket: Ticket,
    text: str,
    *,
    by: str,
    from_contact: bool,
    marks: Mapping[str, object] | None = None,
    now: datetime,
) -> TicketEntry:
    """Something said between the contact and the staff. The contact's words are brought before the staff.

    `marks` say what is doubtful about whose words they are: the `address` that wrote them, or that it is `unproven`.
    """
    values: dict[str, object] = {"from_contact": from_contact, **(marks or {})}
    entry = await history.write(ticket, EntryKind.MESSAGE, actor=by, text=text, values=values, internal=False, now=now)
    if from_contact:
        await cards.wrote(ticket, entry, now=now)
    return entry


async def is_open(ticket: Ticket) -> bool:
    """As it stands in the store now."""
    return await Ticket.filter(id=ticket.id, status__in=OPEN_STATUSES).exists()


async def open_of(contact: Contact) -> Ticket | None:
    """The contact's newest request that is not resolved."""
    return await Ticket.filter(contact_id=contact.id, status__in=OPEN_STATUSES).order_by("-id").first()


@transactions.atomic
async def heard_from(
    channel: str,
    address: str,
    text: str,
    *,
    name: str = "",
    locale: str = "",
    subject: str = "",
    files: Sequence[File] = (),
    only_thanks: bool = False,
    now: datetime,
) -> Said:
    """Words or files from a contact that answer no question: they join the open request, or open one.

    One that was resolved here lately is opened again by them, but not by thanks.
    """
    facts = contacts.ContactFacts(name=name, locale=locale, addresses=(contacts.AddressFacts(channel, address),))
    known = await contacts.by_address(channel, address)
    contact = known.contact if known else await contacts.learn(facts, now=now)
    await contacts.lock(contact)  # two messages that two processes handle at once open one request
    ticket = await _goes_with(contact, text, now=now) or await open_of(contact)
    again = None if ticket else await _resolved_lately(contact, channel, now=now)
    ticket = ticket or again
    opened = ticket is None
    if ticket is None:
        title = subject_of(text, subject=subject, files=files)
        ticket = await open_ticket(contact=contact, subject=title, channel=channel, now=now)
    elif places.of(ticket) is not None:  # asked in a group, and now the contact writes to us alone
        await places.move(ticket, "")
    if again is not None and not only_thanks:
        await reopen(ticket, by=contact.name, tell=True, now=now)
    return Said(ticket, opened, await add(ticket, contact, channel, text, files, now=now))


def is_recent(ticket: Ticket, *, now: datetime) -> bool:
    """Whether it is open, or was resolved so lately that a question opens it again."""
    return ticket.status in OPEN_STATUSES or (ticket.resolved_at is not None and now < ticket.resolved_at + GRACE)


async def _resolved_lately(contact: Contact, channel: str, *, now: datetime) -> Ticket | None:
    """The contact's newest request of our own desk that came by this channel, if a question may still open it again."""
    over = Ticket.filter(contact_id=contact.id, channel=channel, ref=None, status=TicketStatus.RESOLVED)
    newest = await over.order_by("-resolved_at", "-id").first()
    return newest if newest is not None and is_recent(newest, now=now) else None


async def _goes_with(contact: Contact, text: str, *, now: datetime) -> Ticket | None:
    """A file without words belongs to what its sender said a moment ago: an album is many messages."""
    if clean(text):
        return None
    lines = TicketEntry.filter(ticket__contact_id=contact.id, kind=EntryKind.MESSAGE, at__gte=now - ALBUM)
    last = await lines.filter(internal=False).select_related("ticket").order_by("-id").first()
    return last.ticket if last is not None and last.values.get("from_contact") else None


async def add(
    ticket: Ticket, contact: Contact, channel: str, text: str, files: Sequence[File] = (), *, now: datetime
) -> Sequence[str]:
    """What the contact sends about a ticket becomes a line of its history. Answers the names of files not taken."""
    entry = await message(ticket, text, by=contact.name, from_contact=True, now=now)
    return await attachments.keep(ticket, entry, channel, files, now=now)


def subject_of(text: str, *, subject: str = "", files: Sequence[File] = ()) -> str:
    """What a request is called whose sender gave it no name: its first line, else its first file."""
    line = clean(subject).split("\n")[0] or clean(text).split("\n")[0]
    return shorten(line or (attachments.file_name(files[0].name) if files else ""), 80)


async def _has_it(ticket: Ticket, staff: Staff, *, by: str, now: datetime) -> None:
    """Written down and shown on the card; told in its thread, unless an outside desk did it."""
    took_it = by == staff.name
    label = "history.taken" if took_it else "history.assigned_by" if by else "history.assigned"
    who: dict[str, object] = {"name": staff.name or staff.key, "by": by}
    entry = await history.write(ticket, EntryKind.ASSIGNED, actor=by, label=label, values=who, now=now)
    if by:
        await cards.retold(ticket, entry, "taken" if took_it else "assigned", now=now)
    else:
        await cards.redraw(ticket, entry, now=now)


async def _not_free(ticket: Ticket, staff: Staff) -> errors.Conflict:
    now_is = await Ticket.get(id=ticket.id).select_related("assignee")
    if now_is.status not in OPEN_STATUSES:
        return errors.Conflict("this is finished already", label="note.already_finished")
    if now_is.assignee_id == staff.id:
        return errors.Conflict("it is yours already", label="note.already_yours")
    name = now_is.assignee.name if now_is.assignee else "—"
    return errors.Conflict(f"already taken by {name}", label="note.taken_by", name=name)


def traits_of(ticket: Ticket, *, by: str = "", replies: int | None = None) -> TicketTraits:
    """What conditions look at; its team fetched. `by` is who closed it."""
    return TicketTraits(
        number=ticket.number,
        cycle=ticket.cycle,
        type=ticket.type,
        team=ticket.team.key if ticket.team else "",
        channel=ticket.channel,
        priority=ticket.priority.value,
        tags=tuple(ticket.tags),
        close_reason=ticket.close_reason,
        closed_by=by,
        replies=replies,
    )
