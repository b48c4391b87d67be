"""From whom an arrival that nobody understood says it is, as far as it can be read; nothing of it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.channels.email.mime import Headers
from bot.channels.slack import payloads
from bot.channels.telegram import hooks
from bot.web.admin.door import Visit
from core.models.contacts import Address
from core.models.deliveries import Arrival

_HEADERS = 64 * 1024
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """`called` is what people read, `address` where they would be known in that channel, `number` what is said of
    somebody who is not known there; "" where it does not say.
    """

    called: str = ""
    address: str = ""
    number: str = ""
    subject: str = ""


async def of(rows: Sequence[Arrival], visit: Visit) -> dict[str, Sender]:
    """By key. Whoever is known by that address is called so where the arrival itself has no name."""
    found = {one.key: _read(one, visit) for one in rows}
    known = await _known({(one.channel, found[one.key].address) for one in rows if found[one.key].address})
    return {one.key: _named(found[one.key], known.get((one.channel, found[one.key].address), "")) for one in rows}


def _named(sender: Sender, known: str) -> Sender:
    return replace(sender, called=sender.called or known or sender.number)


def _read(row: Arrival, visit: Visit) -> Sender:
    channel = visit.site.channels.get(row.channel)
    reader = _READERS.get(channel.kind if channel is not None else "", _by_its_chat)
    return reader(row)


def _mail(row: Arrival) -> Sender:
    try:
        headers = Headers(bytes(row.body)[:_HEADERS].replace(b"\r\n", b"\n").partition(b"\n\n")[0])
    except ValueError:
        return Sender()
    return Sender(headers.words("from"), subject=headers.words("subject"))


def _update(row: Arrival) -> Sender:
    called, number = hooks.sender(bytes(row.body))
    return Sender(called, number, number)


def _payload(row: Arrival) -> Sender:
    called, number = payloads.sender(bytes(row.body))
    return Sender(called, number, number)


def _by_its_chat(row: Arrival) -> Sender:
    return Sender(address=row.chat, number=row.chat)


_READERS: Mapping[str, Callable[[Arrival], Sender]] = {"email": _mail, "telegram": _update, "slack": _payload}


async def _known(places: set[_Place]) -> dict[_Place, str]:
    if not places:
        return {}
    rows = Address.filter(channel__in={one for one, _ in places}, address__in={one for _, one in places})
    found = await rows.values_list("channel", "address", "contact__name")
    return {(channel, address): name or address for channel, address, name in found}
