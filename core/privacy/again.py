"""The store and the ledger of erasures brought together at a start (SEC-54): who is erased in one, is in both."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import audit, errors
from core.models.accounts import Account
from core.models.contacts import Address, Contact
from core.privacy import erase
from core.privacy.ledger import Contents, Entry, Ledger, LedgerUnavailable

logger = logging.getLogger(__name__)

ACTOR = "ledger of erasures"
ACTION = "erasures.applied"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger and the store say of each other.

    `back` are contacts that were erased and are in the store again, with their line; `alike` are the numbers of those
    that only share an address with somebody erased: perhaps another person. `unwritten` were erased without a line.
    """

    contents: Contents
    back: tuple[tuple[int, Entry], ...]
    alike: tuple[int, ...]
    unwritten: tuple[Entry, ...]


async def look(ledger: Ledger) -> Seen:
    """Compare them, and change nothing. Raises LedgerUnavailable."""
    contents = await ledger.read()
    erased = await Contact.filter(erased_at__isnull=False).values_list("id", "created_at", "erased_at")
    done = {ledger.contact(number, created): at for number, created, at in erased}
    written = {one.contact for one in contents.entries}
    unwritten = tuple(Entry(at, "", contact) for contact, at in done.items() if contact not in written)
    missing = [one for one in contents.entries if one.contact not in done]
    back, alike = await _in_the_store(ledger, missing) if missing else ((), ())
    return Seen(contents, back, alike, unwritten)


async def catch_up(ledger: Ledger, *, now: datetime) -> Seen:
    """Erase again who is back, and write down who was erased without a line. For a start, before anybody is served.

    Answers what was found. A line that cannot be read stops nothing: the log tells. Raises LedgerUnavailable.
    """
    seen = await look(ledger)
    _tell(ledger, seen)
    done = [await _erase(ledger, number, entry, now=now) for number, entry in seen.back]
    if count := sum(done):
        after = {"contacts": count, "lines": len(seen.contents.entries)}
        await audit.record(ACTOR, ACTION, "store", after=after, now=now)
        logger.warning("%s of those who stand in %s were in the store again; they are erased again", count, ledger.path)
    try:
        await ledger.add(seen.unwritten)
    except LedgerUnavailable:
        logger.exception("Who was erased without the ledger could not be written down there")
    return seen


async def _erase(ledger: Ledger, number: int, entry: Entry, *, now: datetime) -> bool:
    contact = await Contact.get_or_none(id=number)
    if contact is None:
        return False
    known = {"again": True, "first": entry.at.isoformat(), "by": await _who(ledger, entry)}
    with contextlib.suppress(errors.Conflict):  # another process starts at the same moment
        await erase.carry_out(contact, by=ACTOR, known=known, until=entry.at, now=now)
        return True
    return False


async def _who(ledger: Ledger, entry: Entry) -> str:
    """Who erased the person first, if that is somebody whom the store knows."""
    known = [audit.COMMAND_LINE, *await Account.all().values_list("email", flat=True)]
    return next((str(name) for name in known if ledger.mark("by", str(name)) == entry.by), "")


async def _in_the_store(
    ledger: Ledger, entries: Iterable[Entry]
) -> tuple[tuple[tuple[int, Entry], ...], tuple[int, ...]]:
    """Who of them was made before the erasure and is not erased. Who came back later is a new contact, and left."""
    wanted = _Wanted(entries)
    back, alike = [], []
    async for page, addresses in _contacts(wanted.latest):
        for number, created, ref in page:
            used = {ledger.address(*one) for one in addresses.get(number, ())}
            found = wanted.by_contact.get(ledger.contact(number, created)) or wanted.by_ref(ledger.ref(ref), created)
            by_address = None if found else wanted.by_address(used, created)
            if by_address and not ref and used <= by_address.addresses:
                found = by_address
            if found:
                back.append((number, found))
            elif by_address:
                alike.append(number)
    return tuple(back), tuple(alike)


class _Wanted:
    """Lines of the ledger, by what they can be found by."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries, key=lambda one: one.at)  # of several, the last one counts
        self.latest = self._entries[-1].at
        self.by_contact = {one.contact: one for one in self._entries}
        self._refs = {one.ref: one for one in self._entries if one.ref}
        self._addresses = {address: one for one in self._entries for address in one.addresses}

    def by_ref(self, ref: str, created: datetime) -> Entry | None:
        return _before(self._refs.get(ref), created)

    def by_address(self, used: Iterable[str], created: datetime) -> Entry | None:
        found = (_before(self._addresses.get(one), created) for one in sorted(used))
        return next((one for one in found if one), None)


def _before(entry: Entry | None, created: datetime) -> Entry | None:
    return entry if entry is not None and created <= entry.at else None


async def _contacts(until: datetime) -> AsyncIterator[tuple[list[Any], Mapping[int, list[tuple[str, str]]]]]:
    """Those made until then and not erased, a page at a time, with their addresses."""
    last = 0
    rows = Contact.filter(erased_at=None, created_at__lte=until).order_by("id").limit(_PAGE)
    while page := await rows.filter(id__gt=last).values_list("id", "created_at", "ref"):
        known: dict[int, list[tuple[str, str]]] = {}
        theirs = Address.filter(contact_id__in=[row[0] for row in page])
        for number, channel, address in await theirs.values_list("contact_id", "channel", "address"):
            known.setdefault(number, []).append((channel, address))
        yield page, known
        last = page[-1][0]


def _tell(ledger: Ledger, seen: Seen) -> None:
    for what, lines in (("are damaged", seen.contents.damaged), ("are of another secret", seen.contents.foreign)):
        if lines:
            numbers = ", ".join(map(str, lines[:20]))
            logger.error(
                "%s: these lines %s, and who stands there is not erased again after a restore: %s. Put a good copy "
                "of the ledger in its place",
                ledger.path,
                what,
                numbers,
            )
    for number in seen.alike:
        logger.warning("Contact %s has an address of somebody who was erased; look whether they are the same", number)
