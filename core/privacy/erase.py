"""Erasing one person (SEC-54): what names them or is in their words goes; scores stay, and nobody's they are."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from tortoise.models import Model
from tortoise.queryset import QuerySet

from core import audit, contacts, errors, suppressions, transactions
from core.desk import cards, homes
from core.failpoints import fp
from core.history import write as write_history
from core.models.accounts import Account
from core.models.contacts import ERASED, Address, Contact, Reach
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket, TicketEntry, TicketStatus
from core.models.invites import UNANSWERED, Decision, Invite, InviteState
from core.models.reactions import Alert, AlertState, Reaction, RecoveryState
from core.models.responses import Response
from core.models.setup import Staff
from core.privacy import person as people
from core.privacy import raw, retracting
from core.privacy.ledger import Ledger
from core.privacy.person import Person
from core.reactions import alerts, floods
from core.store import scrubbing
from core.surveys import responses
from core.surveys.tokens import new_key

ACTION = "contact.erased"
_PLAIN_VALUES = frozenset(
    {"action", "channel", "when", "due", "until", "dimension", "band", "priority", "rule", "outcome"}
)
"""Of the values of a history's line, those that are codes of ours and never anybody's words."""
_OFTEN_THEIRS = (EntryKind.OPENED, EntryKind.RATED, EntryKind.MESSAGE)
_UNDER_WAY = (DeliveryState.WAITING, DeliveryState.SENDING)
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is: by the name of the table, and `messages` among the lines of their tickets."""

    rows: Mapping[str, int]
    messages: int
    open_tickets: int


async def summary(contact: Contact) -> Summary:
    """What `erase` would take away or empty. Writes nothing."""
    person = await people.of(contact)
    rows = {name: await found.count() for name, found in person.rows().items()}
    rows["arrivals"] = len([one async for one in raw.traces(person)])
    words = person.rows()["ticket_entries"].filter(kind__in=(EntryKind.MESSAGE, EntryKind.NOTE))
    still_open = person.rows()["tickets"].filter(status__in=OPEN_STATUSES)
    return Summary(rows, await words.count(), await still_open.count())


async def erase(contact: Contact, *, ledger: Ledger, by: str, now: datetime) -> Summary:
    """Take everything away that names the person or that they said. Raises errors.Conflict when it was done before.

    The ledger comes first: should the process die after it, the next start finishes (`core.privacy.again`). Open
    tickets are closed, questions under way are cancelled, answers under way count and no rule looks at them, alerts are
    closed and redrawn where their channel can. Scores, bands, reasons and times stay for the statistics. Raises
    LedgerUnavailable, and nothing has happened.
    """
    if contact.erased_at is not None:
        raise errors.Conflict("this person was erased already", field="contact", label="privacy.erased_already")
    found = await summary(contact)
    await ledger.add([ledger.entry(contact, (await people.of(contact)).places, by=by, at=now)])
    fp("erase.written")
    await carry_out(contact, by=by, now=now)
    return found


async def carry_out(
    contact: Contact,
    *,
    by: str,
    known: Mapping[str, object] | None = None,
    until: datetime | None = None,
    now: datetime,
) -> None:
    """Do what stands in the ledger. Raw messages go first, a few at a time; then all the rest in one unit of work.

    `known` goes into the audit's line too. `until`: raw messages that came in before go also if nobody has handled them
    yet; only before anybody is served.
    """
    person = await people.of(contact)
    await _delete_raw(person, until)
    fp("erase.raw")
    await _erase(person, by=by, known=known or {}, now=now)
    fp("erase.erased")
    await _delete_raw(person, until)  # what came in meanwhile
    await scrubbing.scrub()


async def _delete_raw(person: Person, until: datetime | None) -> None:
    for found in (raw.traces(person, until), person.kept_answers()):
        async for batch in _batches(found):
            await transactions.run(_deletion(type(batch[0]), [row.pk for row in batch]))


def _deletion(model: type[Model], keys: list[Any]) -> Callable[[], Any]:
    return lambda: model.filter(pk__in=keys).delete()


async def _batches(rows: AsyncIterator[Model]) -> AsyncIterator[list[Model]]:
    batch: list[Model] = []
    async for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@transactions.atomic
async def _erase(person: Person, *, by: str, known: Mapping[str, object], now: datetime) -> None:
    await contacts.lock(person.contact)
    if not await Contact.filter(id=person.contact.id, erased_at=None).update(erased_at=now):
        raise errors.Conflict("this person was erased already", field="contact", label="privacy.erased_already")
    before_staff = await _empty_deliveries(person)
    await _empty_answers(person, now=now)
    raised = await _close_tickets(person, now=now)
    await _empty_contact(person, now=now)
    for alert in raised:
        await alerts.redraw(alert, now=now)
    await retracting.retract(before_staff, now=now)
    told = {"tickets": len(person.requests), **known}
    await audit.record(by, ACTION, f"contact:{person.contact.id}", after=told, now=now)


async def _empty_contact(person: Person, *, now: datetime) -> None:
    contact = person.contact
    await person.rows()["contact_links"].delete()
    for channel, address in person.places:
        await suppressions.forget_address(channel, address, opted_out=contact.opted_out_at is not None, now=now)
    for one in person.addresses:
        gone = {"address": f"{ERASED}:{one.id}", "reach": Reach.UNREACHABLE, "reach_reason": ERASED, "removed": None}
        await Address.filter(id=one.id).update(**gone)
    nobody = {"ref": None, "name": "", "locale": "", "locale_chosen": False, "timezone": "", "tier": ""}
    await Contact.filter(id=contact.id).update(**nobody, opted_out_at=contact.opted_out_at or now)


async def _empty_deliveries(person: Person) -> list[Delivery]:
    """What went to the staff stays where it stands, without words, so that it can be redrawn there; answers that.

    Pages and lists of the staff show many people; no copy is kept of what they showed.
    """
    rows = person.rows()["deliveries"]
    await rows.filter(state__in=_UNDER_WAY).update(state=DeliveryState.CANCELLED)
    await Delivery.filter(kind__in=(homes.KIND, floods.KIND)).update(drawn=None)
    before_staff: list[Delivery] = []
    async for found in people.paged(rows):
        row = cast(Delivery, found)
        await _empty_delivery(row)
        if retracting.is_to_staff(row) and row.state == DeliveryState.SENT:
            before_staff.append(row)
    for copies in (person.transcripts(), person.trials()):
        async for row in copies:
            await Delivery.filter(id=row.id, state__in=_UNDER_WAY).update(state=DeliveryState.CANCELLED)
            await _empty_delivery(row)
    return before_staff


async def _empty_delivery(row: Any) -> None:
    to_staff = retracting.is_to_staff(row)
    kept = {name: value for name, value in row.payload.items() if to_staff and name in _OF_OURS}
    where = {} if to_staff else {"target": "", "receipt": ""}
    await Delivery.filter(id=row.id).update(payload=kept, drawn=None, problem="", **where)


_OF_OURS = frozenset({"words", "under", "event", "entry", "anew", "until", "due"})
"""What the message shows is drawn from other rows by these."""


async def _empty_answers(person: Person, *, now: datetime) -> None:
    rows = person.rows()
    for name in ("held_answers", "page_visits"):
        await rows[name].delete()
    await rows["responses"].update(comment="", comment_until=None)
    await rows["response_revisions"].update(comment="")
    await _settle_open(rows, now=now)
    for reaction in await rows["reactions"]:
        await Reaction.filter(id=reaction.id).update(why="", values={})
    await rows["webhook_calls"].delete()
    await rows["invites"].filter(state__in=UNANSWERED).update(state=InviteState.CANCELLED)
    async for row in people.paged(rows["invites"]):
        # The old link and the old buttons open nothing any more.
        anew = {"key": new_key(), "token_hash": hashlib.sha256(secrets.token_bytes(32)).hexdigest()}
        await Invite.filter(id=row.pk).update(**anew, expires_at=now, remind_at=None)


async def _settle_open(rows: Mapping[str, QuerySet[Any]], *, now: datetime) -> None:
    """Nobody can change these answers any more: they count as they stand, and the anonymous ones are cut now."""
    async for row in people.paged(rows["responses"].filter(settle_at__isnull=False)):
        await Response.filter(id=row.pk).update(settle_at=now)
        await responses.settle(row.pk, now=now)
    await rows["responses"].filter(invite__anonymous=True, revision=0).delete()  # of words alone nothing is left


async def _close_tickets(person: Person, *, now: datetime) -> list[Alert]:
    """Their words go, and so does what is still to be done about them. Answers the alerts that are to be redrawn."""
    rows = person.rows()
    await rows["attachments"].delete()
    staff = {*await Staff.all().values_list("name", flat=True), *await Account.all().values_list("name", flat=True)}
    async for row in people.paged(rows["ticket_entries"]):
        await _empty_entry(row, {str(name) for name in staff}, person.contact.name)
    async for row in people.paged(rows["decisions"]):
        await Decision.filter(id=row.pk).update(values=_without_words(row.values))
    await rows["recoveries"].update(closing_note="")
    over = {"state": RecoveryState.DISMISSED, "closed_at": now, "closed_by": "", "outcome": ERASED}
    await rows["recoveries"].filter(state__in=(RecoveryState.OPEN, RecoveryState.TAKEN)).update(**over)
    raised = [one for one in [await alerts.by_id(row.pk) async for row in people.paged(rows["alerts"])] if one]
    await rows["alerts"].update(state=AlertState.CLOSED, next_step_at=None, snoozed_until=None)
    async for ticket in people.paged(rows["tickets"]):
        await _empty_ticket(ticket, now=now)
    return raised


async def _empty_entry(row: Any, staff: Collection[str], name: str) -> None:
    """What the staff did keeps who did it. Somebody of the staff may have the same `name` as the contact."""
    is_theirs = row.values.get("from_contact") or (row.actor == name and row.kind in _OFTEN_THEIRS)
    actor = row.actor if row.actor in staff and not is_theirs else ""
    await TicketEntry.filter(id=row.id).update(text="", actor=actor, values=_without_words(row.values))


async def _empty_ticket(row: Any, *, now: datetime) -> None:
    gone: dict[str, Any] = {"subject": "", "ref": None, "tags": [], "thread": "", "result": "", "close_reason": ""}
    if row.status in OPEN_STATUSES:
        gone |= {"status": TicketStatus.CLOSED, "close_reason": ERASED, "resolved_at": row.resolved_at or now}
    await Ticket.filter(id=row.id).update(**gone)
    ticket = await Ticket.get(id=row.id)
    entry = await write_history(ticket, EntryKind.NOTE, label="history.erased", now=now)
    await cards.redraw(ticket, entry, now=now)


def _without_words(values: Mapping[str, object]) -> dict[str, object]:
    """The keys stay, because a label may need them; what may be anybody's words is empty."""
    return {name: _emptied(name, value) for name, value in values.items()}


def _emptied(name: str, value: object) -> object:
    if isinstance(value, dict):
        return _without_words(value)
    if isinstance(value, list):
        return [_emptied(name, one) for one in value]
    return value if name in _PLAIN_VALUES or not isinstance(value, str) else ""
