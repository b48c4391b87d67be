"""Staff who answer a mail to the team: what they write is a note on the ticket, and never goes to the customer."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.site import Site
from bot.staff import alerts, digests
from bot.turn import Turn
from core import history, transactions
from core.desk import attachments, tickets
from core.models.deliveries import Delivery
from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.setup import Staff, StaffAddress
from core.plumbing import deliveries
from core.ports import Channel, Wrote
from core.reactions import trials
from core.surveys import tokens

logger = logging.getLogger(__name__)

_TO_STAFF = alerts.MUST_BE_SEEN | digests.KINDS | {trials.KIND}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was sent to the staff, and is answered. A list of alerts is about no ticket of its own."""

    ticket_id: int | None


@transactions.atomic
async def heard(site: Site, channel: Channel, event: Wrote, *, now: datetime) -> Turn | None:
    """An answer to what we sent to the staff; None when it is none. Only whoever got it can name it, and of those only
    a mapped person is taken at their word: others are told so, once a day, and nothing of theirs is kept.
    """
    answered = await _answered(channel, event)
    if answered is None:
        return None
    staff = await _staff_of(channel, event)
    ticket = await Ticket.get_or_none(id=answered.ticket_id) if answered.ticket_id else None
    if staff is not None and ticket is not None:
        await _note(ticket, staff, channel, event, now=now)
    else:
        await _refuse(site, ticket, staff, channel, event, now=now)
    return Turn()


async def _answered(channel: Channel, event: Wrote) -> _Answered | None:
    """By the address that it went to, which nobody else can make; else by the name of our mail. A customer's own token
    is a customer's answer, whatever else it names.
    """
    subject = tokens.subject_of(event.reply_token)
    if subject is not None:
        return _Answered(int(subject.name)) if subject.kind == "staff" and subject.name.isdigit() else None
    if not event.receipt:
        return None
    sent = Delivery.filter(channel=channel.name, receipt=event.receipt).order_by("-id")
    ours = await sent.first()
    return _Answered(ours.ticket_id) if ours is not None and ours.kind in _TO_STAFF else None


async def _staff_of(channel: Channel, event: Wrote) -> Staff | None:
    """Mail programs write addresses in large and small letters as they like."""
    rows = StaffAddress.filter(channel=channel.name, address__iexact=event.person.address, staff__active=True)
    row = await rows.select_related("staff").order_by("id").first()
    return row.staff if row is not None else None


async def _note(ticket: Ticket, staff: Staff, channel: Channel, event: Wrote, *, now: datetime) -> None:
    if event.text.strip() or event.files:
        entry = await tickets.note(ticket, event.text, by=staff.name or staff.key, now=now)
        await attachments.keep(ticket, entry, channel.name, event.files, now=now)


async def _refuse(
    site: Site, ticket: Ticket | None, staff: Staff | None, channel: Channel, event: Wrote, *, now: datetime
) -> None:
    address = event.person.address
    why = "none of the staff" if staff is None else "about no ticket of its own"
    logger.warning("%s: an answer to a mail to the staff was not taken: %s", channel.name, why)
    if ticket is not None and not await _is_noted(ticket, address, now=now):
        who: dict[str, object] = {"address": address, "channel": channel.name}
        await history.write(ticket, EntryKind.NOTE, label="history.not_staff", values=who, now=now)
    begins = f"not_taken:{hashlib.sha256(address.lower().encode()).hexdigest()[:24]}:"
    lately = Delivery.filter(channel=channel.name, key__startswith=begins, created_at__gt=now - _DAY)
    if await lately.exists():
        return
    locale = site.templates.best_locale((staff.locale if staff else "") or event.person.locale)
    label = "mail.not_staff" if staff is None else "mail.no_ticket"
    draft = deliveries.Draft(
        key=f"{begins}{now:%Y%m%d%H%M%S}",
        kind="note",
        channel=channel.name,
        target=event.target,
        priority=deliveries.ANSWER,
        payload={
            "text": site.templates.label(label, locale),
            "subject": site.templates.label("mail.not_taken", locale),
            "thread": event.thread,
            "locale": locale,
        },
    )
    await deliveries.schedule(draft, due=now, now=now)


async def _is_noted(ticket: Ticket, address: str, *, now: datetime) -> bool:
    lines = TicketEntry.filter(ticket_id=ticket.id, label="history.not_staff", at__gt=now - _DAY)
    return any(one.values.get("address") == address for one in await lines)
