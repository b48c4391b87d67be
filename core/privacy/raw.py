"""Raw messages from and about one person: found by where they came from, or by what they say if nothing else tells."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from email.parser import BytesHeaderParser

from tortoise.expressions import Q

from core.models.contacts import Address
from core.models.deliveries import Arrival, ArrivalState
from core.privacy.person import Person, paged

_WORKSPACE = re.compile(r"[TE][A-Z0-9]{2,}/(.+)", re.DOTALL)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_SENDERS = ("From", "Sender", "Reply-To", "Return-Path")
_HANDLED = ~Q(state=ArrivalState.NEW)


async def sent_by(person: Person) -> AsyncIterator[Arrival]:
    """What came from their chats, and mails that say they are from an address of theirs: nobody else's words."""
    async for row in _from_their_chats(person, _HANDLED):
        yield row
    names = _any_of(_names(person))
    async for row in _from_nowhere(person, _HANDLED):
        head = BytesHeaderParser().parsebytes(_END_OF_HEADERS.split(bytes(row.body), maxsplit=1)[0])
        if any(names.search(str(value).encode()) for name in _SENDERS for value in head.get_all(name, ())):
            yield row


async def traces(person: Person, until: datetime | None = None) -> AsyncIterator[Arrival]:
    """Whatever would still name them: besides, mails that only mention an address of theirs, and what staff pressed
    about their requests, for a button brings along the message that it stands under.

    Those not handled yet are left, but for those that came in `until` then.
    """
    wanted = _HANDLED if until is None else _HANDLED | Q(received_at__lte=until)
    async for row in _from_their_chats(person, wanted):
        yield row
    names = _any_of(_names(person))
    async for row in _from_nowhere(person, wanted):
        if names.search(row.key.encode()) or names.search(bytes(row.body)):
            yield row
    async for row in _from_staff(person, wanted):
        yield row


async def _from_their_chats(person: Person, wanted: Q) -> AsyncIterator[Arrival]:
    for channel in _channels(person):
        async for row in paged(Arrival.filter(wanted, channel=channel, chat__in=_chats(person, channel)), "key"):
            yield row


async def _from_nowhere(person: Person, wanted: Q) -> AsyncIterator[Arrival]:
    """What does not say from which chat it came: mails."""
    for channel in _channels(person):
        async for row in paged(Arrival.filter(wanted, channel=channel, chat=""), "key"):
            yield row


async def _from_staff(person: Person, wanted: Q) -> AsyncIterator[Arrival]:
    """From where staff were told of their requests, what names one of those, unless another contact wrote it."""
    told = person.rows()["deliveries"].filter(contact_id=None)
    numbers = _any_of(person.requests)
    for channel in sorted({row.channel for row in await told.only("channel")}):
        others = Arrival.filter(wanted, channel=channel).exclude(chat__in=["", *_chats(person, channel)])
        async for row in paged(others, "key"):
            if numbers.search(bytes(row.body)) and not await Address.exists(channel=channel, address=row.chat):
                yield row


def _channels(person: Person) -> list[str]:
    return sorted({one.channel for one in person.places})


def _chats(person: Person, channel: str) -> set[str]:
    return {name for one in person.places if one.channel == channel for name in _chats_at(one.address)}


def _names(person: Person) -> set[str]:
    return {name for one in person.places for name in _chats_at(one.address)}


def _chats_at(address: str) -> set[str]:
    """A workspace may stand before somebody's own name in it ("T12/U34"); what comes in has that name alone."""
    found = _WORKSPACE.fullmatch(address)
    return {address, found[1]} if found else {address}


def _any_of(names: Iterable[str]) -> re.Pattern[bytes]:
    """One of these, standing by itself, in letters of any size; of none, what never is."""
    found = b"|".join(re.escape(name.encode()) for name in sorted(names)) or rb"(?!)"
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + found + rb")(?![0-9A-Za-z])", re.IGNORECASE)
