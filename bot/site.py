"""What every drawing needs to know of the place that it is drawn for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.rendering import Templates
from core import contacts
from core.models.contacts import Contact


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
