"""What a negative response opens: an owner, a deadline, an outcome, and the question whether it is right now."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from tortoise.expressions import Q

from core import contacts, errors, history, transactions
from core.desk import answering, cards, conversations, notices, tickets
from core.desk.routes import route
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket
from core.models.invites import Invite
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.responses import Response
from core.models.setup import Staff
from core.plumbing import deliveries, jobs
from core.reactions import alerts, duty
from core.surveys import catalogue, invites
from core.text import clean

JOB = "recovery"
OUTCOMES = ("solved", "compensated", "explained", "not_reachable", "other")
DISMISSALS = ("mistake", "test", "spam", "duplicate", "other")
UNDER_WAY = (RecoveryState.OPEN, RecoveryState.TAKEN)
About = Alert | Recovery
"""What staff act on: the alert about a recovery, or the recovery itself where nobody is alerted about it."""
_ARRIVES = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.SENT)
FOR_THE_CONTACT = frozenset({"reply", "sorry", "follow_up"}) | notices.KINDS


@transactions.atomic
async def open_recovery(ticket: Ticket, response: Response, *, within: timedelta, now: datetime) -> Recovery:
    """Give the bad mark an owner and a deadline; one per response. The owner is who worked on the ticket, and where
    nobody did, who is on duty in its team.

    One that was closed is open again: the contact was content in between, and is no longer.
    """
    owner_id = ticket.assignee_id or await _on_duty(ticket, now=now)
    recovery, is_new = await Recovery.get_or_create(
        response_id=response.id,
        defaults={"ticket_id": ticket.id, "owner_id": owner_id, "due_at": now + within, "opened_at": now},
    )
    if not is_new and recovery.state not in UNDER_WAY:
        fresh = {
            "state": RecoveryState.OPEN,
            "due_at": now + within,
            "taken_at": None,
            "closed_at": None,
            "outcome": "",
        }
        recovery.update_from_dict(fresh)
        is_new = bool(await Recovery.filter(id=recovery.id, state__not_in=UNDER_WAY).update(**fresh))
    if is_new:
        due: dict[str, object] = {"due": recovery.due_at.isoformat()}
        entry = await history.write(ticket, EntryKind.RECOVERY, label="history.recovery_opened", values=due, now=now)
        if ticket.status not in OPEN_STATUSES:
            await cards.redraw(ticket, entry, now=now)
    return recovery


async def under_way(ticket: Ticket) -> About | None:
    """What the staff are alerted to about it, or else the recovery that is open without an alert, if there is one."""
    alert = await alerts.under_way(ticket)
    return alert or await _whole(Recovery.filter(ticket_id=ticket.id, state__in=UNDER_WAY).order_by("-id").first())


async def by_id(recovery_id: int) -> Recovery | None:
    """That recovery, with its ticket and who has it."""
    return await _whole(Recovery.filter(id=recovery_id).first())


async def ended(ticket_id: int) -> Recovery | None:
    """The last that was closed with an outcome, with who had it."""
    done = Recovery.filter(ticket_id=ticket_id, state=RecoveryState.RESOLVED)
    return await done.order_by("-closed_at", "-id").select_related("owner").first()


async def that_resolved(ticket: Ticket) -> Recovery | None:
    """The recovery with whose closing the ticket was resolved: its result is the note of that, for the team alone."""
    if ticket.resolved_at is None:
        return None
    closed = Recovery.filter(ticket_id=ticket.id, state=RecoveryState.RESOLVED, closed_at=ticket.resolved_at)
    return await closed.order_by("-id").first()


def mended_by(recovery: Recovery) -> str:
    """Who looked after it (its owner fetched): who took it; where nobody did, who closed it."""
    owner: Staff | None = recovery.owner
    return owner.name if owner is not None and recovery.taken_at is not None else recovery.closed_by


@transactions.atomic
async def take(about: About, staff: Staff, *, now: datetime) -> None:
    """It is mine. Raises errors.Conflict when somebody else has it or it is over."""
    recovery = await _under_way(about)
    if recovery is not None:
        if recovery.state == RecoveryState.TAKEN:
            raise await _taken_already(recovery, staff)
        mine = await Recovery.filter(id=recovery.id, state=RecoveryState.OPEN).update(
            state=RecoveryState.TAKEN, owner_id=staff.id, taken_at=now
        )
        if not mine:
            raise await _taken_already(await Recovery.get(id=recovery.id), staff)
    before = about.ticket.assignee
    if not await _owned(about, staff, by=staff, now=now) and recovery is None:
        raise _taken_by(before, staff)
    said = {"actor": {"name": staff.name}, "due": _due(recovery)}
    await _tell(about, "alert_taken", f"taken:{staff.id}", now=now, **said)


@transactions.atomic
async def assign(about: About, to: Staff, *, by: Staff, now: datetime) -> None:
    """Give it to somebody, whoever had it before. Who gives it to themselves has taken it.

    Anybody else has yet to: until then it climbs its ladder. Raises errors.Conflict when they have it, or it is over.
    """
    recovery = await _under_way(about)
    if recovery is not None:
        await _given(recovery, to, by=by, now=now)
    if to.id == by.id:
        await _owned(about, to, by=by, now=now)
    else:
        await _waits_for(about, to, by=by, now=now)
    line = f"assigned:{to.id}:{about.version}" if isinstance(about, Alert) else ""
    said = {"event": "assigned", "actor": {"name": by.name}, "owner": {"name": to.name}}
    await _tell(about, "alert_update", line, now=now, **said)


@transactions.atomic
async def resolve(about: About, outcome: str, note: str, *, by: Staff, now: datetime) -> None:
    """Close it with an outcome; the ticket is resolved with it, and the contact is asked whether it is right now.

    That question tells them that it was looked after; who is not asked any more is told without it. The note is for the
    team.
    """
    if outcome not in OUTCOMES:
        raise errors.Invalid(f"an outcome is one of {', '.join(OUTCOMES)}", field="outcome")
    await _close(about, RecoveryState.RESOLVED, outcome, note, by=by, now=now)
    ticket = await Ticket.get(id=about.ticket_id).select_related("contact", "team", "assignee")
    is_reachable = outcome != "not_reachable"
    asked = await invites.ask_again(ticket, ticket.contact, now=now) if is_reachable else None
    walk = await tickets.resolve(
        ticket, reason="solved", result=note, by=by.name, now=now, ask=False, tell=False, inside=True
    )
    if is_reachable and asked is None:
        await notices.resolved(ticket, result="", alone=True, now=now)
    values = {"outcome": outcome, "note": clean(note, limit=500)}
    await _told_end(about, "resolved", by, was_over=walk.repeated, now=now, **values)


@transactions.atomic
async def resolved_elsewhere(ticket: Ticket, *, by: str, now: datetime) -> None:
    """The request is resolved, but not here. Its recovery stays open, for it needs an outcome; the staff are told."""
    alert = await alerts.under_way(ticket)
    if alert is None or alert.recovery is None or alert.recovery.state not in UNDER_WAY:
        return
    line = f"resolved:{ticket.cycle}"
    await alerts.tell(alert, "alert_update", line, now=now, event="resolved_elsewhere", actor={"name": by})
    await alerts.redraw(alert, now=now)


@transactions.atomic
async def dismiss(about: About, reason: str, note: str, *, by: Staff, now: datetime) -> None:
    """It needs no recovery (a slip, a test); the reason is kept."""
    if reason not in DISMISSALS:
        raise errors.Invalid(f"a reason is one of {', '.join(DISMISSALS)}", field="reason")
    await _close(about, RecoveryState.DISMISSED, reason, note, by=by, now=now)
    was_over = not await tickets.is_open(about.ticket)
    values = {"reason": reason, "note": clean(note, limit=500)}
    await _told_end(about, "dismissed", by, was_over=was_over, now=now, **values)


@transactions.atomic
async def snooze(alert: Alert, until: datetime, *, by: Staff, now: datetime) -> None:
    """No ladder before then; the deadline stays."""
    recovery = await _under_way(alert)
    next_step = min(until, recovery.due_at) if recovery else until
    waiting = Alert.filter(id=alert.id, state=AlertState.OPEN)
    if not await waiting.update(snoozed_until=until, next_step_at=next_step):
        raise errors.Conflict("this is finished already", label="note.already_finished")
    alert.snoozed_until = until
    await jobs.enqueue(alerts.JOB, alert.id, due=next_step, now=now)
    await alerts.redraw(alert, now=now)
    await alerts.tell(
        alert,
        "alert_update",
        f"snoozed:{until.timestamp()}",
        now=now,
        event="snoozed",
        actor={"name": by.name},
        until=until.isoformat(),
    )


@transactions.atomic
async def answers(about: About, staff: Staff, *, now: datetime) -> None:
    """Whoever answers what nobody has taken has taken it."""
    if about.state in (AlertState.OPEN, RecoveryState.OPEN):
        with contextlib.suppress(errors.Conflict):  # somebody else was faster, and has it
            async with transactions.savepoint():
                await take(about, staff, now=now)


@transactions.atomic
async def reply(alert: Alert, text: str, *, by: Staff, told: bool = False, now: datetime) -> None:
    """Words of the staff for the contact, in the contact's own channel. `told`: the thread need not hear of them.

    Raises errors.Invalid when there are none, and errors.Conflict when the contact has no address that works.
    """
    await answers(alert, by, now=now)
    ticket = await Ticket.get(id=alert.ticket_id)
    entry = await conversations.reply(ticket, text, by=by, now=now, told=True, alert_id=alert.id)
    if not told:
        said = {"event": "replied", "actor": {"name": by.name}, "text": clean(text)}
        await alerts.tell(alert, "alert_update", f"replied:{entry.id}", now=now, **said)


@transactions.atomic
async def apologise(ticket: Ticket, recovery: Recovery, *, channel: str, now: datetime) -> None:
    """Tell the contact who will come back, and by when: once per recovery.

    Who cannot be reached any more is not told; that keeps nobody from being alerted.
    """
    payload: dict[str, object] = {"recovery": recovery.id, **_promise(recovery)}
    told = await answering.tell(ticket, f"sorry:{recovery.id}", "sorry", payload, channel=channel, alone=True, now=now)
    if not told:
        values: dict[str, object] = {"channel": channel, "reason": "no usable address"}
        await history.write(ticket, EntryKind.UNDELIVERABLE, label="history.sorry_failed", values=values, now=now)


async def regrets(response: Response) -> bool:
    """Whether an apology for it is about to leave."""
    recovery = await Recovery.get_or_none(response_id=response.id)
    if recovery is None:
        return False
    return await Delivery.filter(key=f"sorry:{recovery.id}", state=DeliveryState.WAITING).exists()


async def is_promised(recovery: Recovery) -> bool:
    """Whether an apology has told the contact who comes back, and by when, or is about to: as it stands now."""
    key = f"sorry:{recovery.id}"
    told = Delivery.filter(Q(key=key) | Q(key__startswith=f"{key}@"), state__in=_ARRIVES)
    return any(_promise(recovery).items() <= one.payload.items() for one in await told)


def _promise(recovery: Recovery) -> dict[str, object]:
    return {"owner": recovery.owner_id, "due": recovery.due_at.isoformat()}


@transactions.atomic
async def not_told(delivery: Delivery, reason: str, *, now: datetime) -> None:
    """Words for the contact did not arrive: their next address is tried, and where there is none, staff are told."""
    ticket = await tickets.by_id(delivery.ticket_id or 0)
    if ticket is None:
        return
    base = delivery.key.partition("@")[0]
    tried = Delivery.filter(ticket_id=ticket.id, kind=delivery.kind, key__startswith=base)
    before = {row.address_id for row in await tried if row.key.partition("@")[0] == base}
    by_hand = delivery.kind == answering.BY_HAND
    left = [one for one in await contacts.reachable(ticket.contact, by_hand=by_hand) if one.id not in before]
    if left:
        draft = answering.addressed(left[0], ticket, f"{base}@{left[0].id}", delivery.kind, delivery.payload)
        await deliveries.schedule(draft, due=now, now=now)
        return
    values: dict[str, object] = {"channel": delivery.channel, "reason": reason[:200]}
    label = f"history.{delivery.kind}_failed"
    entry = await history.write(ticket, EntryKind.UNDELIVERABLE, label=label, values=values, now=now)
    if not by_hand:
        return
    words = str(delivery.payload.get("text", ""))
    written_under = await Alert.get_or_none(id=delivery.payload.get("alert"))
    if written_under is not None:
        await alerts.tell(written_under, "alert_update", f"not_told:{base}", now=now, event="not_told", text=words)
    else:
        await cards.tell(ticket, entry, "not_told", now=now, text=words)


def is_for_the_contact(delivery: Delivery) -> bool:
    """Words of which staff must hear when they do not arrive; `received` only where the staff opened the request: who
    wrote from there a moment ago is there.
    """
    by_staff = delivery.kind == notices.RECEIVED and delivery.address_id is not None
    return by_staff or delivery.kind in FOR_THE_CONTACT


async def _on_duty(ticket: Ticket, *, now: datetime) -> int | None:
    found = await duty.now_on(await route(ticket), now=now)
    return found.person.id if found else None


async def _under_way(about: About) -> Recovery | None:
    """Its recovery, where it has one. Raises errors.Conflict when it is over."""
    alert = about if isinstance(about, Alert) else None
    if alert is not None and await Alert.filter(id=alert.id, state=AlertState.CLOSED).exists():
        raise errors.Conflict("this is finished already", label="note.already_finished")
    recovery_id = alert.recovery_id if alert is not None else about.id
    recovery = await Recovery.get_or_none(id=recovery_id) if recovery_id else None
    if recovery is not None and recovery.state not in UNDER_WAY:
        raise errors.Conflict("this is finished already", label="note.already_finished")
    return recovery


async def _whole(query) -> Recovery | None:  # type: ignore[no-untyped-def]
    recovery: Recovery | None = await query
    if recovery is not None:
        await recovery.fetch_related("ticket__contact", "ticket__team", "ticket__assignee", "owner")
    return recovery


async def _tell(about: About, kind: str, line: str, *, now: datetime, **values: object) -> None:
    """In the alert's thread. Without an alert there is none; the card's is told of the ticket itself."""
    if isinstance(about, Alert):
        await alerts.tell(about, kind, line, now=now, **values)


async def _taken_already(recovery: Recovery, staff: Staff) -> errors.Conflict:
    return _taken_by(await Staff.get_or_none(id=recovery.owner_id) if recovery.owner_id else None, staff)


def _taken_by(owner: Staff | None, staff: Staff) -> errors.Conflict:
    if owner is not None and owner.id == staff.id:
        return errors.Conflict("it is yours already", label="note.already_yours")
    name = owner.name if owner else "—"
    return errors.Conflict(f"already taken by {name}", label="note.taken_by", name=name)


async def _given(recovery: Recovery, to: Staff, *, by: Staff, now: datetime) -> None:
    if recovery.state == RecoveryState.TAKEN and recovery.owner_id == to.id:
        raise _taken_by(to, by)
    is_mine = to.id == by.id
    state = RecoveryState.TAKEN if is_mine else RecoveryState.OPEN
    given = Recovery.filter(id=recovery.id, state__in=UNDER_WAY)
    if not await given.update(state=state, owner_id=to.id, taken_at=now if is_mine else None):
        raise errors.Conflict("this is finished already", label="note.already_finished")


async def _waits_for(about: About, to: Staff, *, by: Staff, now: datetime) -> None:
    """The ticket is theirs, and who alerted the staff wants to hear from them now."""
    ticket = await Ticket.get(id=about.ticket_id)
    await tickets.assign(ticket, to, by=by.name, tell=False, now=now)
    if isinstance(about, Alert):
        invite = await Invite.get(id=about.response.invite_id).select_related("survey")
        await alerts.hand_on(about, take_within=catalogue.settings_of(invite.survey).take_within, now=now)


async def _owned(about: About, staff: Staff, *, by: Staff, now: datetime) -> bool:
    """The ticket and the alert are theirs. False: the alert was acknowledged before."""
    was_open = await alerts.acknowledge(about, now=now) if isinstance(about, Alert) else True
    ticket = await Ticket.get(id=about.ticket_id)
    await tickets.hand_over(ticket, staff, by=by.name, now=now)
    await history.write(
        ticket,
        EntryKind.RECOVERY,
        actor=by.name,
        label="history.recovery_taken",
        values={"name": staff.name},
        now=now,
    )
    if isinstance(about, Alert):
        await alerts.redraw(about, now=now)
    return was_open


async def _close(about: About, state: RecoveryState, outcome: str, note: str, *, by: Staff, now: datetime) -> None:
    recovery = await _under_way(about)
    if recovery is not None:
        closed = await Recovery.filter(id=recovery.id, state__in=UNDER_WAY).update(
            state=state, outcome=outcome, closing_note=clean(note), closed_at=now, closed_by=by.name
        )
        if not closed:
            raise errors.Conflict("this is finished already", label="note.already_finished")
    if isinstance(about, Alert):
        await alerts.close(about)


async def _told_end(about: About, event: str, by: Staff, *, was_over: bool, now: datetime, **values: object) -> None:
    """`was_over`: the request was resolved before, and its card says that the outcome is missing."""
    ticket = await Ticket.get(id=about.ticket_id)
    outcome: dict[str, object] = {"outcome": values.get("outcome") or values.get("reason")}
    entry = await history.write(
        ticket, EntryKind.RECOVERY, actor=by.name, label="history.recovery_closed", values=outcome, now=now
    )
    if was_over:
        await cards.redraw(ticket, entry, now=now)
    if isinstance(about, Alert):
        await alerts.redraw(about, now=now)
    await _tell(about, "alert_update", event, now=now, event=event, actor={"name": by.name}, **values)


def _due(recovery: Recovery | None) -> str:
    return recovery.due_at.isoformat() if recovery else ""
