"""A message that had been accepted came back: whom that concerns, and what is done instead."""

from __future__ import annotations

import logging
from datetime import datetime

from core import contacts, history, suppressions, transactions
from core.models.contacts import Address
from core.models.deliveries import Delivery
from core.models.desk import EntryKind, Ticket
from core.models.invites import Invite, InviteState
from core.ports import Bounced, BounceKind
from core.surveys import invites, tokens
from core.text import shorten, without_addresses

logger = logging.getLogger(__name__)

_ASKING = ("invite", "recovered", "reminder")


@transactions.atomic
async def came_back(channel: str, bounced: Bounced, *, now: datetime) -> bool:
    """Give up the address if it is dead, and ask on the contact's next one what was not answered yet. Who complains is
    asked no more.

    False: the report proves nothing, for anybody can write one (SEC-39); then nothing is changed.
    """
    subject = tokens.subject_of(bounced.reply_token)
    delivery = await _delivery(channel, bounced, subject) if subject is not None else None
    if delivery is None:
        logger.warning("%s: a bounce without a genuine token, or about nothing that we sent, changes nothing", channel)
        return False
    reason = bounced.reason or bounced.kind.value
    given_up = await suppressions.count_bounce(
        channel, delivery.target, bounced.kind, reason=reason, delivery_id=delivery.id, now=now
    )
    if bounced.kind == BounceKind.POLICY:
        why = without_addresses(reason)
        logger.error("%s: our mail is refused (%s); whoever it was for is not to blame", channel, why)
    if bounced.kind == BounceKind.COMPLAINT:
        return await _stop_asking(delivery, now=now)
    if given_up:
        await _give_up(delivery, reason, now=now)
    await _tell_ticket(delivery, reason, now=now)
    return True


async def _stop_asking(delivery: Delivery, *, now: datetime) -> bool:
    """Who calls a mail of ours unwanted is asked no more, as after *Unsubscribe*; replies still go there."""
    address = await Address.get_or_none(channel=delivery.channel, address=delivery.target).select_related("contact")
    if address is None:
        return False
    await invites.stop_asking(address.contact, now=now)
    ticket = await Ticket.get_or_none(id=delivery.ticket_id) if delivery.ticket_id is not None else None
    if ticket is not None:
        values: dict[str, object] = {"channel": delivery.channel}
        await history.write(ticket, EntryKind.NOTE, label="history.complained", values=values, now=now)
    return True


async def _delivery(channel: str, bounced: Bounced, subject: tokens.Subject) -> Delivery | None:
    """The message that came back. Some relays give it a Message-ID of their own: then it is the last to that person."""
    sent = Delivery.filter(channel=channel).exclude(receipt="")
    if subject.kind == "invite":
        invite = await invites.by_key(subject.name)
        if invite is None:
            return None
        sent = sent.filter(screen=invites.screen_of(invite.id))
    elif subject.name.isdigit():
        sent = sent.filter(ticket_id=int(subject.name))
    else:
        return None
    named = await sent.filter(receipt=bounced.receipt).order_by("-id").first() if bounced.receipt else None
    if named is not None:
        return named
    return await sent.filter(target__iexact=bounced.person.address).order_by("-id").first()


async def _give_up(delivery: Delivery, reason: str, *, now: datetime) -> None:
    address = await Address.get_or_none(channel=delivery.channel, address=delivery.target)
    if address is None:
        return
    await contacts.mark_unreachable(address.id, f"bounced: {reason}")
    if delivery.kind not in _ASKING or delivery.subject_id is None:
        return
    # What was delivered was not: it is on its way again, as if the relay had refused it at once.
    on_its_way = Invite.filter(id=delivery.subject_id, state=InviteState.DELIVERED, address_id=address.id)
    await on_its_way.update(state=InviteState.SCHEDULED, delivered_at=None, remind_at=None)
    await invites.undeliverable(delivery.subject_id, address.id, reason, now=now)


async def _tell_ticket(delivery: Delivery, reason: str, *, now: datetime) -> None:
    """Whoever wrote to the contact must know that it did not arrive; of an invite the ticket tells anyway."""
    if delivery.kind in _ASKING or delivery.ticket_id is None:
        return
    ticket = await Ticket.get_or_none(id=delivery.ticket_id)
    if ticket is not None:
        values: dict[str, object] = {"channel": delivery.channel, "reason": shorten(reason, 300)}
        label = "history.came_back"
        await history.write(ticket, EntryKind.UNDELIVERABLE, label=label, values=values, now=now)
