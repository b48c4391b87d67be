"""What somebody typed as an address in a channel: whether it can be one, and how it is written to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.channels.email.addresses import parse_address
from core.errors import Invalid
from core.models.contacts import Address
from core.ports import Channel

LONGEST = 320
Place = tuple[str, str]
"""A channel, and an address there."""


def checked(channels: Mapping[str, Channel], channel: str, address: str) -> str:
    """The address as it is written to. Raises Invalid naming the field, "channel" or "address"."""
    known = channels.get(channel)
    if known is None:
        raise Invalid("choose a channel", field="channel", label="admin.desk.choose")
    if not address:
        raise Invalid("an address is needed", field="address", label="contacts.address_needed")
    if len(address) > LONGEST or not address.isprintable() or " " in address:
        raise Invalid("an address has no blanks", field="address", label="contacts.address_torn")
    return mail(address, field="address") if known.kind == "email" else address


def mail(address: str, *, field: str) -> str:
    """One mail address. Raises Invalid."""
    try:
        return parse_address(address).address
    except ValueError as error:
        raise Invalid(str(error), field=field, label="admin.opening.no_mail_address") from error


def only_mail(channels: Mapping[str, Channel]) -> str:
    """The channel that sends mails; "" where there is none, or a choice."""
    found = [name for name, one in channels.items() if one.kind == "email"]
    return found[0] if len(found) == 1 else ""


async def unseen(channels: Mapping[str, Channel], places: Collection[Place]) -> set[Place]:
    """Those of them where nobody is known to be, in a channel that takes everything: the web chat does."""
    asked = {one for one in places if (known := channels.get(one[0])) is not None and known.kind == "webchat"}
    if not asked:
        return set()
    rows = Address.filter(channel__in={one[0] for one in asked}, address__in={one[1] for one in asked})
    return asked - {(channel, address) for channel, address in await rows.values_list("channel", "address")}


def wrong(channels: Mapping[str, Channel], channel: str, address: str) -> Invalid | None:
    """Why it can be none, if it cannot."""
    try:
        checked(channels, channel, address)
    except Invalid as error:
        return error
    return None


def wrong_mail(address: str, *, field: str) -> Invalid | None:
    try:
        mail(address, field=field)
    except Invalid as error:
        return error
    return None
