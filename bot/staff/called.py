"""How a contact is called before the staff, who have to tell the nameless apart; and who wrote what they read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from bot.site import Site
from core.models.contacts import Address, Contact
from core.models.desk import TicketEntry

_LETTERS = 4


async def names(people: Iterable[Contact], site: Site, locale: str) -> dict[int, str]:
    """By the contact's id: the name; else a mail address, else another one; else "Unknown customer".

    Who was erased is called that, here as on their page.

    A visitor of a web chat has no address that says anything: a short name stands for it, always the same.
    """
    found = {one.id: one for one in people}
    erased = site.templates.label("contacts.erased", locale)
    nameless = [one.id for one in found.values() if not one.name and one.erased_at is None]
    known: dict[int, list[Address]] = {}
    if nameless:
        for row in await Address.filter(contact_id__in=nameless).order_by("rank", "id"):
            known.setdefault(row.contact_id, []).append(row)
    return {
        key: one.name or (erased if one.erased_at else _nameless(known.get(key, ()), site, locale))
        for key, one in found.items()
    }


async def name(contact: Contact, site: Site, locale: str) -> str:
    """The same for one."""
    return (await names([contact], site, locale))[contact.id]


def author(entry: TicketEntry | None, called: str, site: Site, locale: str) -> str:
    """Who wrote these words of a contact, who is `called` so: another address than theirs is named in their place, and
    what anybody may have sent in their name is marked.
    """
    values = entry.values if entry is not None else {}
    if values.get("address"):
        return site.templates.label("alert.by_another", locale, address=values["address"], name=called)
    if values.get("unproven"):
        return site.templates.label("alert.unproven", locale, name=called)
    return called


def _nameless(addresses: Sequence[Address], site: Site, locale: str) -> str:
    by_mail = next((one.address for one in addresses if "@" in one.address), "")
    if by_mail or not addresses:
        return by_mail or site.templates.label("alert.unknown_contact", locale)
    first = addresses[0]
    kind = site.channels.get(first.channel, first.channel)
    if kind == "webchat":
        code = hashlib.sha256(first.address.encode()).hexdigest()[:_LETTERS]
        return site.templates.label("alert.visitor", locale, code=code)
    network = site.templates.named("channel", kind, locale)
    return site.templates.label("alert.nameless_on", locale, channel=network, address=first.address)
