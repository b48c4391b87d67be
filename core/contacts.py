"""The people served: who they are, how they are reached, and whether they want to hear from us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tortoise.connection import get_connection

from core import errors, suppressions, text, transactions, unread
from core.models.contacts import Address, Contact, Reach
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.setup import StaffAddress
from core.store.prepared import Prepared, insert, update

_BY_REF = Prepared(Contact, lambda ref: Contact.filter(ref=ref), str)
_BY_ADDRESS = Prepared(
    Address,
    lambda channel, address: Address.filter(channel=channel, address=address).select_related("contact"),
    str,
    str,
)
_REACHABLE = Prepared(
    Address,
    lambda contact_id: Address.filter(contact_id=contact_id, reach=Reach.OK).order_by("rank", "id"),
    int,
)


_STAFF_AT = Prepared(
    StaffAddress,
    lambda channel, address: StaffAddress.filter(channel=channel, address=address, staff__active=True),
    str,
    str,
)
_usual_zone = ZoneInfo("UTC")
ALIAS = 100
"""Another name for an address stands so far behind it: it is for hearing, and hardly for writing to."""


@dataclass(frozen=True, slots=True)
class AddressFacts:
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What an outside system knows of a contact; "" is "not said" and overwrites nothing."""

    ref: str | None = None
    name: str = ""
    locale: str = ""
    timezone: str = ""
    tier: str = ""
    internal: bool = False
    addresses: tuple[AddressFacts, ...] = ()


def is_zone(name: str) -> bool:
    """Whether that is a time zone of the tz database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def use_zone(name: str) -> None:
    """Set the time zone of those who have not said theirs, once, at the start."""
    global _usual_zone
    _usual_zone = ZoneInfo(name)


def usual_zone() -> ZoneInfo:
    return _usual_zone


def zone_of(contact: Contact) -> ZoneInfo:
    """The contact's time zone; an unknown one counts as none."""
    return zone_named(contact.timezone)


def zone_named(name: str) -> ZoneInfo:
    """That zone, or the usual one where there is none of that name."""
    return ZoneInfo(name) if name and is_zone(name) else _usual_zone


@transactions.atomic
async def learn(facts: ContactFacts, *, now: datetime) -> Contact:
    """Find the contact by reference or address, else make it; take over what is said, in the order of the addresses.

    An address that another contact had is this contact's from now on. Raises errors.Invalid for an unknown time zone.
    """
    if facts.timezone and not is_zone(facts.timezone):
        raise errors.Invalid(
            f"{facts.timezone!r} is no time zone; write one as Europe/Berlin", field="contact.timezone"
        )
    if facts.ref is None and not facts.addresses:
        raise errors.Invalid("a contact needs a ref or an address", field="contact")
    contact = await _known(facts)
    if contact is None:
        contact = await insert(Contact, **_said(Contact(ref=facts.ref), facts), created_at=now)
    else:
        await _take_over(contact, facts)
    for rank, one in enumerate(facts.addresses):
        row = await give_address(contact.id, one, rank=rank, now=now)
        if row.rank != rank:
            await Address.filter(id=row.id).update(rank=rank)
        if row.created_at == now and contact.opted_out_at is None:
            await contact.refresh_from_db(fields=["opted_out_at"])
    return contact


@transactions.atomic
async def give_address(contact_id: int, where: AddressFacts, *, rank: int, now: datetime) -> Address:
    """It is this contact's from now on, whoever had it before. `rank` is for a new one; a known one keeps its own.

    Two processes that meet the same stranger at once: the second one's unit of work is run again, and finds the first
    one's contact.
    """
    row = await by_address(where.channel, where.address)
    if row is None:
        new = {"contact_id": contact_id, "channel": where.channel, "address": where.address, "rank": rank}
        if "@" in where.address and await suppressions.is_suppressed(where.channel, where.address):
            new |= {"reach": Reach.UNREACHABLE, "reach_reason": "suppressed"}
        if await suppressions.wants_no_surveys(where.channel, where.address):
            await Contact.filter(id=contact_id, opted_out_at=None).update(opted_out_at=now)
        return await insert(Address, **new, created_at=now)
    if row.contact_id != contact_id:
        before, row.contact_id = row.contact_id, contact_id
        await Address.filter(id=row.id).update(contact_id=contact_id)
        await _merge_if_nobody(before, into=contact_id)
    return row


async def _merge_if_nobody(former: int, *, into: int) -> None:
    """Who was known by that address alone is the same person: their requests go along, and so does what they chose."""
    nobody = await Contact.get_or_none(id=former, ref=None)
    if nobody is None or await Address.exists(contact_id=former):
        return
    for model in (Ticket, Invite, Delivery):
        await model.filter(contact_id=former).update(contact_id=into)
    if nobody.opted_out_at is not None:
        await Contact.filter(id=into, opted_out_at=None).update(opted_out_at=nobody.opted_out_at)
    if nobody.locale_chosen:
        await Contact.filter(id=into, locale_chosen=False).update(locale=nobody.locale, locale_chosen=True)
    await nobody.delete()


async def by_address(channel: str, address: str) -> Address | None:
    """Who is behind an address; the contact is fetched with it."""
    return await _BY_ADDRESS.first(channel, address)


async def lock(contact: Contact) -> None:
    """Until the unit of work ends, others wait who want the same; SQLite's one writer does so anyway."""
    if get_connection(transactions.WRITER).capabilities.support_for_update:
        await Contact.filter(id=contact.id).select_for_update().first()


async def reachable(contact: Contact, *, first: str = "", by_hand: bool = False) -> list[Address]:
    """The addresses that can be tried, those of the channel `first` in front, then by rank.

    Those that nobody reads are none of them, but for what a person wrote (`by_hand`): then they come last.
    """
    rows = await _REACHABLE.all(contact.id)
    read = [row for row in rows if not unread.nobody_reads(row.address)]
    left = [row for row in rows if row not in read] if by_hand else []
    return sorted(read, key=lambda row: row.channel != first) + left


async def is_staff_or_test(contact: Contact) -> bool:
    """Whether an outside system says so, or an address of theirs is where one of the staff is known: never asked."""
    if contact.internal:
        return True
    for one in await _REACHABLE.all(contact.id):
        if await _STAFF_AT.first(one.channel, one.address):
            return True
    return False


async def mark_unreachable(address_id: int, reason: str) -> None:
    await Address.filter(id=address_id).update(reach=Reach.UNREACHABLE, reach_reason=reason[:300])


async def mark_reachable(channel: str, address: str) -> None:
    """The person is back (unblocked the bot, wrote to us)."""
    blocked = Address.filter(channel=channel, address=address, reach=Reach.UNREACHABLE)
    await blocked.update(reach=Reach.OK, reach_reason="")


async def also_known_as(address_id: int, address: str, *, now: datetime) -> None:
    """The channel knows whoever is behind an address by another one too: what comes from there is theirs."""
    row = await Address.get_or_none(id=address_id)
    if row is not None and row.address != address:
        where = AddressFacts(row.channel, address)
        await give_address(row.contact_id, where, rank=row.rank + ALIAS, now=now)


async def moved(channel: str, old: str, new: str) -> None:
    """A chat has a new address; if that is known already, the old one stays as it is."""
    if not await Address.exists(channel=channel, address=new):
        await Address.filter(channel=channel, address=old).update(address=new)


async def is_called(contact: Contact, name: str) -> None:
    """Who had no name so far has this one; nobody is renamed."""
    said = text.clean_line(name)
    if said and not contact.name:
        contact.name = said
        await Contact.filter(id=contact.id, name="").update(name=contact.name)


async def opt_out(contact: Contact, *, now: datetime) -> None:
    """No more surveys; messages about a ticket still come."""
    await Contact.filter(id=contact.id, opted_out_at=None).update(opted_out_at=now)


async def opt_in(contact: Contact) -> None:
    await Contact.filter(id=contact.id).update(opted_out_at=None)


async def choose_locale(contact: Contact, locale: str) -> None:
    await Contact.filter(id=contact.id).update(locale=locale[:20], locale_chosen=True)


async def _known(facts: ContactFacts) -> Contact | None:
    if facts.ref is not None and (known := await _BY_REF.first(facts.ref)):
        return known
    for one in facts.addresses:
        row = await by_address(one.channel, one.address)
        if row is not None and (row.contact.ref is None or facts.ref is None):
            return row.contact
    return None


async def _take_over(contact: Contact, facts: ContactFacts) -> None:
    changed = {name: value for name, value in _said(contact, facts).items() if getattr(contact, name) != value}
    if changed:
        contact.update_from_dict(changed)
        await update(Contact, {"id": contact.id}, **changed)


def _said(contact: Contact, facts: ContactFacts) -> dict[str, Any]:
    """What is known of the contact with these facts."""
    return {
        "ref": contact.ref or facts.ref,
        "name": text.clean_line(facts.name) or contact.name,
        "locale": contact.locale if contact.locale_chosen else (facts.locale[:20] or contact.locale),
        "timezone": facts.timezone or contact.timezone,
        "tier": text.clean_line(facts.tier, limit=60) or contact.tier,
        "internal": facts.internal or contact.internal,
    }
