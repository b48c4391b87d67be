"""What staff press: under an alert "a:k3x9w2m7qdab:take", under a card "t:CS202611220001:take".

Only a mapped person may act (SEC-35).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.site import Site
from bot.staff import card_actions, forms
from bot.turn import Turn
from core import errors, transactions
from core.desk import attachments, cards, homes, tickets
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.reactions import Alert
from core.models.setup import Staff, StaffAddress
from core.ports import Acknowledgement, Channel, Heard, Submitted, Tapped, Wrote
from core.reactions import alerts, recoveries, requests

logger = logging.getLogger(__name__)

PREFIX = "a:"
PREFIXES = (PREFIX, card_actions.PREFIX)
_ACTION = re.compile(r"a:([a-z0-9]{10,16}):([a-z]+)")


def write(alert_key: str, verb: str) -> str:
    return f"{PREFIX}{alert_key}:{verb}"


@runtime_checkable
class HasReplyPrefix(Protocol):
    """A channel in whose threads words that begin so are meant for the contact (Slack); "" switches it off."""

    reply_prefix: str


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
            if isinstance(refusal, errors.NotAllowed):
                logger.warning("Somebody on %s who is none of the staff pressed %s", channel.name, event.action)
            return self._refused(refusal, staff, event)

    @transactions.atomic
    async def overheard(self, channel: Channel, event: Wrote, *, now: datetime) -> Turn | None:
        """What staff write in the thread of an alert or a card. None: it is no such thread.

        It is an internal note on the ticket. Only what begins with the channel's own prefix is for the contact.
        """
        shown = await _thread_of(channel, event)
        if shown is None:
            return None
        staff = await staff_of(channel, event)
        words = _for_the_contact(channel, event.text)
        ticket = await Ticket.get_or_none(id=shown.ticket_id) if shown.ticket_id else None
        if staff is None or ticket is None:
            return self._for_staff_only(event) if words is not None and staff is None else Turn()
        if words is None:
            entry = await tickets.note(ticket, event.text, by=staff.name, now=now)
            await attachments.keep(ticket, entry, channel.name, event.files, now=now)
            return Turn()
        turn = await self._passed_on(ticket, words, staff, event, shown, now=now)
        if event.files:
            entry = await tickets.note(ticket, "", by=staff.name, now=now)
            await attachments.keep(ticket, entry, channel.name, event.files, now=now)
        return await self._seen_at_home(turn, staff, now=now)

    async def _passed_on(
        self, ticket: Ticket, words: str, staff: Staff, event: Wrote, shown: Delivery, *, now: datetime
    ) -> Turn:
        """To the contact; what cannot be is kept as a note, and whoever wrote it is told so."""
        try:
            async with transactions.savepoint():
                await _reply(shown, ticket, words, by=staff, now=now)
        except errors.Refusal as refusal:
            await tickets.note(ticket, event.text, by=staff.name, now=now)
            return self._refused(refusal, staff, event)
        label = "note.files_stay" if event.files else "note.passed_on"
        return Turn(Acknowledgement(note=self._say(staff, label), alarming=bool(event.files)))

    def _for_staff_only(self, event: Heard) -> Turn:
        return self._refused(errors.NotAllowed("only staff can do that", label="note.staff_only"), None, event)

    def _refused(self, refusal: errors.Refusal, staff: Staff | None, event: Heard) -> Turn:
        locale = staff.locale if staff and staff.locale else event.person.locale
        label = refusal.label
        note = self.site.templates.label(label, locale, **refusal.values) if label else refusal.message
        return Turn(Acknowledgement(note=note, alarming=True))

    async def _act(self, event: Tapped | Submitted, staff: Staff | None, *, now: datetime) -> Turn:
        if event.action.startswith(card_actions.PREFIX):
            turn = await card_actions.act(self.site, event, staff, now=now)
            return await self._seen_at_home(turn, staff, now=now)
        match = _ACTION.fullmatch(event.action)
        alert = await alerts.by_key(match[1]) if match else None
        if match is None or alert is None:
            raise errors.NotFound("this message is out of date", label="note.out_of_date")
        if staff is None:
            raise errors.NotAllowed("only staff can do that", label="note.staff_only")
        verbs = _FORMS if isinstance(event, Tapped) else {}
        if match[2] in verbs:
            form = await verbs[match[2]](self.site, event.action, staff)
            return Turn(Acknowledgement(form=replace(form, intro=await forms.about(alert.ticket, self.site, staff))))
        act = _ACTS.get(match[2])
        if act is None:
            raise errors.NotFound("this message is out of date", label="note.out_of_date")
        values = event.values if isinstance(event, Submitted) else {}
        turn = Turn(Acknowledgement(note=await act(self, alert, staff, values, now)))
        return await self._seen_at_home(turn, staff, now=now)

    async def _seen_at_home(self, turn: Turn, staff: Staff | None, *, now: datetime) -> Turn:
        """What somebody did shows on their own page too; opening a form does nothing yet."""
        if staff is not None and turn.answer.form is None:
            await homes.refresh(staff, now=now)
        return turn

    async def _take(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        await recoveries.take(alert, staff, now=now)
        due = alert.recovery.due_at if alert.recovery else now
        return self._say(staff, "note.taken", due=self._when(staff, due, now))

    async def _assign(self, alert: Alert, staff: Staff, values: Mapping[str, tuple[str, ...]], now: datetime) -> str:
        to = await forms.assignee(values)
        before = alert.recovery.owner if alert.recovery else None
        await recoveries.assign(alert, to, by=staff, now=now)
        for one in (to, before):
            if one is not None and one.id != staff.id:
                await homes.refresh(one, now=now)
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
        """In their own time; where we do not know that, we say whose it is."""
        zone = staff.timezone or self.site.timezone
        return self.site.templates.when(moment, staff.locale, zone, now=now, zoned=not staff.timezone)


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


async def _thread_of(channel: Channel, event: Wrote) -> Delivery | None:
    """What we posted that these words stand under."""
    if not event.thread:
        return None
    receipt = f"{event.target}:{event.thread}"
    posted = Delivery.filter(channel=channel.name, receipt=receipt, kind__in=("alert", cards.CARD))
    return await posted.order_by("-id").first()


async def _reply(shown: Delivery, ticket: Ticket, words: str, *, by: Staff, now: datetime) -> None:
    """What stands in the thread of `shown` already is not told there again."""
    alert = await alerts.by_id(shown.subject_id or 0) if shown.kind == "alert" else None
    if alert is not None:
        await recoveries.reply(alert, words, by=by, told=True, now=now)
    else:
        await requests.reply(ticket, words, by=by, told=True, now=now)


def _for_the_contact(channel: Channel, text: str) -> str | None:
    """The words behind the prefix; None when they are not meant for the contact."""
    prefix = channel.reply_prefix if isinstance(channel, HasReplyPrefix) else ""
    return text.removeprefix(prefix).strip() if prefix and text.startswith(prefix) else None


def _one(values: Mapping[str, tuple[str, ...]], name: str) -> str:
    return next(iter(values.get(name, ())), "")
