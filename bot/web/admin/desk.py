"""Whoever is signed in, at the staff's desk: who they are there, what time it is for them, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import wording_time
from bot.site import Site as Place
from bot.web.admin.door import Visit
from core import contacts, errors
from core.accounts.roles import Right
from core.models.setup import Staff


@dataclass(frozen=True, slots=True)
class Desk:
    """One visit to the desk; a `telling.Reader`. `staff` is None for an account that is nobody there."""

    visit: Visit
    staff: Staff | None

    @property
    def locale(self) -> str:
        return self.visit.locale

    @property
    def now(self) -> datetime:
        return self.visit.now

    @property
    def zone(self) -> str:
        """Their own time zone where it is known, else the site's."""
        own = self.staff.timezone if self.staff else ""
        return own if contacts.is_zone(own) else self.visit.site.timezone

    @property
    def place(self) -> Place:
        """What drawings of cards and alerts need, with this reader's time."""
        return self.visit.site.place(self.zone)

    @property
    def acting(self) -> bool:
        return self.visit.may(Right.WORK_TICKETS) and self.staff is not None

    @property
    def why_not(self) -> str:
        """Why they cannot act here although their role allows it; "" where there is nothing to say."""
        if not self.visit.may(Right.WORK_TICKETS) or self.staff is not None:
            return ""
        return self.say("admin.desk.nobody_admin" if self.way_on else "admin.desk.nobody")

    @property
    def way_on(self) -> str:
        """Where they themselves can say who they are on the desk; "" for whoever may not."""
        return f"/admin/accounts/{self.visit.account.id}" if self.visit.may(Right.CHANGE_ACCOUNTS) else ""

    def me(self) -> Staff:
        """Raises errors.NotAllowed where the account is nobody on the desk."""
        if self.staff is None:
            raise errors.NotAllowed("this account is nobody on the desk", label="admin.desk.nobody")
        return self.staff

    def say(self, key: str, **values: object) -> str:
        return self.visit.say(key, **values)

    def knows(self, key: str) -> bool:
        return self.visit.site.templates.has_label(key)

    def when(self, moment: datetime) -> str:
        said = self.visit.site.templates.when(moment, self.locale, self.zone, now=self.now, lasting=True)
        return wording_time.unbroken(said)

    def channel(self, name: str) -> str:
        return self.visit.channel(name)

    def trouble(self, sentence: str) -> str:
        return self.visit.trouble(sentence)

    def span(self, length: timedelta) -> str:
        return self.visit.site.templates.span(length, self.locale)

    def named(self, section: str, code: str) -> str:
        return self.visit.named(section, code)


async def at(visit: Visit) -> Desk:
    number = visit.account.staff_id
    return Desk(visit, await Staff.get_or_none(id=number, active=True) if number else None)
