"""Links by which a contact whom a channel does not know yet gets a chat there: opened once, and only for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import audit, contacts, errors, transactions
from core.contacts import AddressFacts
from core.models.contacts import Address, Contact, ContactLink
from core.surveys import tokens

LASTS = timedelta(days=7)
LAST = 100
"""The rank of the new address: the contact's other ones are tried before it."""
THEMSELVES = "customer"
"""Who opened it, in the audit, which names none of the people served."""


@dataclass(frozen=True, slots=True)
class Made:
    """What opens it, known now and never again, and until when."""

    token: str = field(repr=False)
    expires_at: datetime


@transactions.atomic
async def make(contact: Contact, channel: str, *, by: str, now: datetime) -> Made:
    """A link into that channel. Raises errors.NotFound for somebody who was erased."""
    if contact.erased_at is not None:
        raise errors.NotFound("this contact was erased")
    made = Made(secrets.token_urlsafe(32), now + LASTS)
    await ContactLink.create(
        token_hash=tokens.hash_of(made.token),
        contact_id=contact.id,
        channel=channel,
        created_at=now,
        expires_at=made.expires_at,
    )
    await _write_down("made", contact.id, channel, by=by, now=now)
    return made


async def find(token: str, *, now: datetime) -> ContactLink | None:
    """The link behind a token, with its contact, used or not; None when it expired or never was."""
    hashed = tokens.hash_of(token)
    if hashed is None:
        return None
    return await ContactLink.get_or_none(token_hash=hashed, expires_at__gt=now).select_related("contact")


@transactions.atomic
async def use(link: ContactLink, where: AddressFacts, *, now: datetime) -> Address:
    """The chat is the contact's from now on; who opened it before may open it again.

    Raises errors.Conflict for everybody else, and when it was made for another channel.
    """
    known = await contacts.by_address(where.channel, where.address)
    if link.channel == where.channel and link.used_at is not None and known and known.contact_id == link.contact_id:
        return known
    mine = ContactLink.filter(id=link.id, channel=where.channel, used_at=None)
    if not await mine.update(used_at=now):
        raise errors.Conflict("this link has been used already", label="note.link_used")
    row = await contacts.give_address(link.contact_id, where, rank=LAST, now=now)
    await _write_down("used", link.contact_id, where.channel, by=THEMSELVES, now=now)
    return row


async def forget(*, before: datetime) -> None:
    """Those that expired by then."""
    await ContactLink.filter(expires_at__lt=before).delete()


async def _write_down(what: str, contact_id: int, channel: str, *, by: str, now: datetime) -> None:
    after = {"channel": channel}
    await audit.record(by, f"contact.link_{what}", f"contact:{contact_id}", after=after, now=now)
