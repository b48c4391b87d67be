"""What staff press: under an alert "a:k3x9w2m7qdab:take", under a card "t:CS202611220001:take".

Only a mapped person may act (SEC-35).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.site import Site
from bot.staff import card_actions, forms
from bot.turn import Turn
from core import errors, transactions
from core.desk import tickets
from core.models.deliveries import Delivery
from core.models.reactions import Alert
from core.models.setup import Staff, StaffAddress
from core.ports import Acknowledgement, Channel, Heard, Submitted, Tapped, Wrote
from core.reactions import alerts, recoveries

PREFIX = "a:"
PREFIXES = (PREFIX, card_actions.PREFIX)
_ACTION = re.compile(r"a:([a-z0-9]{10,16}):([a-z]+)")


def write(alert_key: str, verb: str) -> str:
    return f"{PREFIX}{alert_key}:{verb}"


async def staff_of(channel: Channel, event: Heard) -> Staff | None:
    """Who of the staff this is; a guest or somebody of another workspace never is."""
    if event.person.stranger:
        return None
    row = await StaffAddress.filter(channel=channel.name, address=event.person.address).select_related("staff").first()
    return row.staff if row is not None and row.staff.active else None


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """The conversation with staff."""

    site: Site

    @transactions.atomic
    async def heard(self, channel: Channel, event: Tapped | Submitted, *, now: datetime) -> Turn:
        """Do what was pressed. Who may not, or comes too late, is told so in a note that only they see."""
        staff = await staff_of(channel, event)
        try:
            async with transactions.savepoint():
                return await self._act(event, staff, now=now)
        except errors.Refusal as refusal:
            locale = staff.locale if staff and staff.locale else event.person.locale
            note = (
                self.site.templates.label(refusal.label, locale, **refusal.values) if refusal.label else refusal.message
            )
            return Turn(Acknowledgement(note=note, alarming=True))

    @transactions.atomic
    async def overheard(self, channel: Channel, event: Wrote, *, now: datetime) -> bool:
        """What staff write in an alert's thread is an internal note on the ticket. False: it is no alert's thread."""
        if not event.thread:
            return False
        receipt = f"{event.target}:{event.thread}"
        shown = await Delivery.filter(channel=channel.name, receipt=receipt, kind="alert").order_by("-id").first()
        staff = await staff_of(channel, event)
        alert = await alerts.by_id(shown.subject_id or 0) if shown is not None else None
        if alert is None or staff is None:
            return shown is not None
        await tickets.note(alert.ticket, event.text, by=staff.name, now=now)
        return True

    async def _act(self, event: Tapped | Submitted, staff: Staff | None, *, now: datetime) -> Turn:
        if event.action.startswith(card_actions.PREFIX):
            return await card_actions.act(self.site, event, staff, now=now)
        match = _ACTION.fullmatch(event.action)
        alert = await alerts.by_key(match[1]) if match else None
        if match is None or alert is None:
            raise errors.NotFound("this message is out of date", label="note.out_of_date")
        if staff is None:
            raise errors.NotAllowed("only staff can do that", label="note.staff_only")
        verbs = _FORMS if isinstance(event, Tapped) else {}
        if match[2] in verbs:
            return Turn(Acknowledgement(form=await verbs[match[2]](self.site, event.action, staff)))
        act = _ACTS.get(match[2])
        if act is None:
            raise errors.NotFound("this message is out of date", label="note.out_of_date")
        values = event.values if isinstance(event, Submitted) else {}
        return Turn(Acknowledgement(note=await act(self, alert, staff, values, now)))

    async def _take(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        await recoveries.take(alert, staff, now=now)
        due = alert.recovery.due_at if alert.recovery else now
        return self._say(staff, "note.taken", due=self._when(staff, due, now))

    async def _assign(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        to = await Staff.get_or_none(key=_one(values, "assignee"), active=True)
        if to is None:
            raise errors.NotFound("nobody of that name works here", label="note.unknown_person")
        await recoveries.assign(alert, to, by=staff, now=now)
        return self._say(staff, "note.assigned", name=to.name)

    async def _resolve(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        await recoveries.resolve(alert, _one(values, "outcome"), _one(values, "note"), by=staff, now=now)
        return self._say(staff, "note.resolved")

    async def _dismiss(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        await recoveries.dismiss(alert, _one(values, "reason"), _one(values, "note"), by=staff, now=now)
        return self._say(staff, "note.dismissed")

    async def _reply(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        await recoveries.reply(alert, _one(values, "text"), by=staff, now=now)
        return self._say(staff, "note.replied")

    async def _snooze(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        minutes = _one(values, "minutes")
        if minutes not in forms.SNOOZES:
            raise errors.Invalid(f"choose {', '.join(forms.SNOOZES)} minutes", field="minutes")
        until = now + timedelta(minutes=int(minutes))
        await recoveries.snooze(alert, until, by=staff, now=now)
        return self._say(staff, "note.snoozed", until=self._when(staff, until, now))

    def _say(self, staff: Staff, label: str, **values: object) -> str:
        return self.site.templates.label(label, staff.locale, **values)

    def _when(self, staff: Staff, moment: datetime, now: datetime) -> str:
        return self.site.templates.when(moment, staff.locale, staff.timezone or self.site.timezone, now=now)


_Act = Callable[[StaffDesk, Alert, Staff, Mapping[str, tuple[str, ...]], datetime], Awaitable[str]]
_FORMS = {
    "assign": forms.assign,
    "resolve": forms.resolve,
    "dismiss": forms.dismiss,
    "reply": forms.reply,
    "snooze": forms.snooze,
}
_ACTS: Mapping[str, _Act] = {
    "take": StaffDesk._take,
    "assign": StaffDesk._assign,
    "resolve": StaffDesk._resolve,
    "dismiss": StaffDesk._dismiss,
    "reply": StaffDesk._reply,
    "snooze": StaffDesk._snooze,
}


def _one(values: Mapping[str, tuple[str, ...]], name: str) -> str:
    return next(iter(values.get(name, ())), "")
