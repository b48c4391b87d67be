"""Looking up the people served, and what staff change about them by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q, Subquery

from core import audit, contacts, errors, suppressions, transactions
from core.contacts import AddressFacts
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact, Reach
from core.models.desk import Ticket
from core.models.invites import ANSWERED, Decision, Invite
from core.models.responses import Response
from core.store.holding import holds
from core.surveys import anonymity, invites
from core.text import clean_line

HOWS = ("message", "phone", "person", "other")
"""How staff can know whether somebody wants to be asked. A choice and no words: the audit keeps it for ever."""
NO_MORE = ("removed:", "erased:")
"""What an address is called of which only the row is left, because invites point to it."""
_SURVEYS = "contact.surveys"
_LAST = "\U0010ffff"


async def search(words: str, most: int, *, before: int | None = None) -> list[Contact]:
    """Those whose name, reference or an address holds the words, or whose request has that number; the newest first,
    with their addresses.

    `before`: only those who are older than the contact of this number.
    """
    found = Contact.all() if before is None else Contact.filter(id__lt=before)
    if wanted := words.strip():
        found = found.filter(_holds(wanted))
    return await found.order_by("-id").limit(most).prefetch_related("addresses")


def _holds(wanted: str) -> Q:
    """One pass over contacts and one over addresses: about 60 ms of work on SQLite with 100,000 contacts and 200,000
    addresses. An index would be faster, but would be one more place with names in it.
    """
    owners = Address.filter(holds(wanted, "address")).values("contact_id")
    return Q(holds(wanted, "name", "ref"), Q(id__in=Subquery(owners)), *_by_request(wanted), join_type=Q.OR)


def _by_request(wanted: str) -> list[Q]:
    """By the number as its beginning is typed, or by what the outside calls the request; both have an index."""
    number = wanted.upper().replace(" ", "").removeprefix("#")
    asked = Q(ref=wanted)
    if number.startswith("CS") and len(number) > 2:
        asked |= Q(number__gte=number, number__lt=number + _LAST)
    return [Q(id__in=Subquery(Ticket.filter(asked).values("contact_id")))]


async def one(contact_id: int) -> Contact:
    """That contact with the addresses. Raises errors.NotFound."""
    known = contact_id < 2**63  # no store takes a larger number
    contact = await Contact.get_or_none(id=contact_id).prefetch_related("addresses") if known else None
    if contact is None:
        raise errors.NotFound(f"there is no contact {contact_id}")
    return contact


async def tickets_of(contact_id: int, most: int, *, before: int | None = None) -> list[Ticket]:
    """The contact's requests, the latest first."""
    mine = Ticket.filter(contact_id=contact_id)
    return await (mine if before is None else mine.filter(id__lt=before)).order_by("-id").limit(most)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and what came of it."""

    invite: Invite
    response: Response | None

    @property
    def unnamed(self) -> bool:
        """It was answered, and nobody is shown how."""
        return self.invite.anonymous and self.response is None and self.invite.state in ANSWERED


async def asked(contact_id: int, most: int, *, before: int | None = None) -> list[Asked]:
    """What the contact was asked, the latest first, with request, survey, answer and scores."""
    mine = Invite.filter(contact_id=contact_id)
    mine = mine if before is None else mine.filter(id__lt=before)
    rows = await mine.order_by("-id").limit(most).select_related("ticket", "survey", "address")
    given = Response.filter(anonymity.SHOWN, invite_id__in=[row.id for row in rows]).prefetch_related("scores")
    answers = {row.invite_id: row for row in await given} if rows else {}
    return [Asked(row, answers.get(row.id)) for row in rows]


async def not_asked(contact_id: int, most: int) -> list[Decision]:
    """Requests about which the contact was not asked, the latest first, with the reason."""
    mine = Decision.filter(ticket__contact_id=contact_id, sent=False)
    return await mine.order_by("-id").limit(most).select_related("ticket")


async def how_known(contact: Contact) -> AuditLine | None:
    """Who of the staff last said whether the contact is asked, and how they know; None: the contact did it."""
    line = await AuditLine.filter(subject=_subject(contact.id), action=_SURVEYS).order_by("-id").first()
    wanted = contact.opted_out_at is None
    return line if line is not None and (line.after or {}).get("asked") == wanted else None


@transactions.atomic
async def set_surveys(contact_id: int, *, wanted: bool, how: str = "", by: str, now: datetime) -> None:
    """Whether the contact is asked for ratings; nothing happens if it is so already. Raises errors.NotFound."""
    contact = await _locked(contact_id)
    was = contact.opted_out_at is None
    if was == wanted:
        return
    if wanted:
        await contacts.opt_in(contact)
    else:
        await invites.stop_asking(contact, now=now)
    known = {"how": how} if how in HOWS else {}
    after = {"asked": wanted, **known}
    await audit.record(by, _SURVEYS, _subject(contact_id), before={"asked": was}, after=after, now=now)


# ---------------------------------------------------------------- what staff correct


_EDITED = ("name", "locale", "tier", "timezone")


class Stale(errors.Conflict):
    """Somebody else changed the contact since it was read. `theirs` is how it is now; nothing was written."""

    code = "stale"

    def __init__(self, theirs: Contact) -> None:
        super().__init__("somebody else has changed this contact in the meantime", label="admin.stale")
        self.theirs = theirs


def mark(contact: Contact) -> str:
    """What a form carries, and another state would not have."""
    values = [getattr(contact, name) for name in _EDITED]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


@transactions.atomic
async def change(
    contact_id: int, *, name: str, locale: str, tier: str, timezone: str, seen: str, by: str, now: datetime
) -> None:
    """Correct what is known of somebody. The audit says which fields, and not what stood in them: it is for ever.

    A language that staff choose is the contact's choice: no event overwrites it. Raises errors.NotFound, errors.Invalid
    for an unknown time zone, Stale.
    """
    contact = await _locked(contact_id)
    if timezone and not contacts.is_zone(timezone):
        raise errors.Invalid(f"{timezone!r} is no time zone", field="timezone", label="problem.zone")
    if seen != mark(contact):
        raise Stale(contact)
    wanted = {
        "name": clean_line(name),
        "locale": locale[:20],
        "tier": clean_line(tier, limit=60),
        "timezone": timezone,
    }
    new = {key: value for key, value in wanted.items() if getattr(contact, key) != value}
    if not new:
        return
    chosen = {"locale_chosen": bool(wanted["locale"])} if "locale" in new else {}
    await Contact.filter(id=contact_id).update(**new, **chosen)
    await audit.record(by, "contact.changed", _subject(contact_id), after={"fields": sorted(new)}, now=now)


@transactions.atomic
async def add_address(contact_id: int, where: AddressFacts, *, by: str, now: datetime) -> None:
    """One more way to reach the contact, tried last. Raises errors.NotFound, errors.Conflict when somebody has it."""
    contact = await _locked(contact_id)
    known = await contacts.by_address(where.channel, where.address)
    if known is not None and known.contact_id != contact_id:
        whose = known.contact.name or str(known.contact_id)
        raise errors.Conflict("another contact has it", field="address", label="contacts.taken", name=whose)
    if known is not None:
        raise errors.Conflict("the contact has it", field="address", label="contacts.has_it")
    rank = max((row.rank for row in contact.addresses), default=-1) + 1
    row = await contacts.give_address(contact_id, where, rank=rank, now=now)
    await _address_changed("added", contact_id, row, by=by, now=now)


@transactions.atomic
async def remove_address(contact_id: int, address_id: int, *, by: str, now: datetime) -> None:
    """Nothing goes there any more, and another contact can have it. That they had it stays known until they are erased:
    their old mails have it in them. Raises errors.NotFound.
    """
    row = await _address(contact_id, address_id)
    gone = {"address": f"{NO_MORE[0]}{row.id}", "reach": Reach.UNREACHABLE, "reach_reason": "removed"}
    await Address.filter(id=row.id).update(**gone, removed=row.address)
    await _address_changed("removed", contact_id, row, by=by, now=now)


@transactions.atomic
async def free_address(contact_id: int, address_id: int, *, by: str, now: datetime) -> None:
    """It can be written to again, whatever stood against it. Raises errors.NotFound."""
    row = await _address(contact_id, address_id)
    if await suppressions.unsuppress(row.channel, row.address):
        await _address_changed("freed", contact_id, row, by=by, now=now)


def in_use(contact: Contact) -> list[Address]:
    """The contact's addresses without those of which only the row is left."""
    return [row for row in contact.addresses if not row.address.startswith(NO_MORE)]


async def _address(contact_id: int, address_id: int) -> Address:
    contact = await _locked(contact_id)
    row = next((one for one in in_use(contact) if one.id == address_id), None)
    if row is None:
        raise errors.NotFound(f"contact {contact_id} has no address {address_id}")
    return row


async def _address_changed(what: str, contact_id: int, row: Address, *, by: str, now: datetime) -> None:
    after = {"address": row.id, "channel": row.channel}
    await audit.record(by, f"contact.address_{what}", _subject(contact_id), after=after, now=now)


async def _locked(contact_id: int) -> Contact:
    """As it is while others wait. Who was erased is changed no more."""
    await contacts.lock(await one(contact_id))
    contact = await one(contact_id)
    if contact.erased_at is not None:
        raise errors.NotFound(f"contact {contact_id} was erased")
    return contact


def _subject(contact_id: int) -> str:
    return f"contact:{contact_id}"
