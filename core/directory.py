"""Looking up the people served, and what staff change about them by hand."""

from __future__ import annotations

from datetime import datetime

from tortoise.expressions import Q, Subquery

from core import audit, contacts, errors, transactions
from core.models.contacts import Address, Contact
from core.models.desk import Ticket
from core.surveys import invites


async def search(words: str, most: int, *, before: int | None = None) -> list[Contact]:
    """Those whose name, reference or an address holds the words, the newest first, with their addresses.

    `before`: only those who are older than the contact of this number.
    """
    found = Contact.all() if before is None else Contact.filter(id__lt=before)
    if wanted := words.strip():
        reached = Subquery(Address.filter(address__icontains=wanted).values("contact_id"))
        found = found.filter(Q(name__icontains=wanted) | Q(ref__icontains=wanted) | Q(id__in=reached))
    return await found.order_by("-id").limit(most).prefetch_related("addresses")


async def one(contact_id: int) -> Contact:
    """That contact with the addresses. Raises errors.NotFound."""
    known = contact_id < 2**63  # no store takes a larger number
    contact = await Contact.get_or_none(id=contact_id).prefetch_related("addresses") if known else None
    if contact is None:
        raise errors.NotFound(f"there is no contact {contact_id}")
    return contact


async def tickets_of(contact_id: int, most: int) -> list[Ticket]:
    """The contact's requests, the latest first."""
    return await Ticket.filter(contact_id=contact_id).order_by("-id").limit(most)


@transactions.atomic
async def set_surveys(contact_id: int, *, wanted: bool, by: str, now: datetime) -> None:
    """Whether the contact is asked for ratings; nothing happens if it is so already. Raises errors.NotFound."""
    await contacts.lock(await one(contact_id))
    contact = await one(contact_id)
    was = contact.opted_out_at is None
    if was == wanted:
        return
    if wanted:
        await contacts.opt_in(contact)
    else:
        await invites.stop_asking(contact, now=now)
    subject = f"contact:{contact_id}"
    await audit.record(by, "contact.surveys", subject, before={"asked": was}, after={"asked": wanted}, now=now)
