"""What every drawing needs to know of the place that it is drawn for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.rendering import Templates
from core import contacts
from core.models.contacts import Contact
from core.ports import Channel, OpensByLink


@dataclass(frozen=True, slots=True)
class Site:
    """The organisation's name, the public address of this service (no trailing slash), and its words."""

    name: str
    base_url: str
    templates: Templates
    timezone: str = "UTC"
    privacy_url: str = ""

    def when(self, moment: datetime, contact: Contact, locale: str, *, now: datetime) -> str:
        """As a message to the contact says it, in their time zone; else in the site's, and then it is named."""
        known = contacts.is_zone(contact.timezone)
        zone = contact.timezone if known else self.timezone
        return self.templates.when(moment, locale, zone, now=now, lasting=True, zoned=not known)

    channels: Mapping[str, str] = field(default_factory=dict)
    """What kind each configured channel is, by its name."""

    chats: Mapping[str, Channel] = field(default_factory=dict)
    """The configured channels themselves, by name."""


def opened_by_link(channels: Iterable[object]) -> list[OpensByLink]:
    """Those into whose chat a link leads."""
    return [one for one in channels if isinstance(one, OpensByLink)]


def start_link(token: str, channels: Iterable[object], *, asked_in: str) -> str:
    """A link into a chat in which the question goes on; "" where there is none to be opened, or it stands there already
    (`asked_in`).
    """
    others = [one for one in opened_by_link(channels) if one.name != asked_in]
    return next((link for one in others if (link := one.start_link(token))), "")
