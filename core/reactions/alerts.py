"""A message to staff that somebody must acknowledge. Nobody does: it is raised, step by step."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from tortoise.expressions import F

from core import history, occasions, transactions
from core.desk import cards
from core.desk.routes import route
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import EntryKind, Priority, Ticket, TicketEntry
from core.models.reactions import Alert, AlertState, Recovery
from core.models.responses import Response
from core.models.setup import Staff, Team
from core.plumbing import deliveries, jobs
from core.reactions import duty, floods, ladders
from core.reactions.team_settings import Step
from core.surveys.tokens import new_key

logger = logging.getLogger(__name__)

JOB = "alert"
RULE_ALERT = "rule_alert"
"""The kind of what a rule tells a place or a person, beside the alert that somebody must acknowledge."""
STEP_TAKE, STEP_DUE = 1, 2
_OUT = (DeliveryState.SENT, DeliveryState.SENDING)


def screen_of(alert_id: int) -> str:
    """The name of the one message that shows the alert's present state."""
    return f"alert:{alert_id}"


async def by_key(key: str) -> Alert | None:
    """The alert behind a button, with what its actions need."""
    return await _whole(Alert.filter(key=key).first())


async def by_id(alert_id: int) -> Alert | None:
    return await _whole(Alert.filter(id=alert_id).first())


async def of_response(response_id: int) -> Alert | None:
    return await _whole(Alert.filter(response_id=response_id).first())


async def under_way(ticket: Ticket) -> Alert | None:
    """What the staff are alerted to about it, as long as that is not over."""
    newest = Alert.filter(ticket_id=ticket.id).exclude(state=AlertState.CLOSED).order_by("-id")
    return await _whole(newest.first())


async def _whole(query) -> Alert | None:  # type: ignore[no-untyped-def]
    alert: Alert | None = await query
    if alert is not None:
        await alert.fetch_related(
            "ticket__contact", "ticket__team", "ticket__assignee", "recovery__owner", "team", "response__invite__agent"
        )
    return alert


@transactions.atomic
async def raise_alert(
    ticket: Ticket, response: Response, recovery: Recovery | None, *, take_within: timedelta, now: datetime
) -> Alert:
    """Tell the ticket's team. One alert per response: one that was closed is open again, and climbs its ladder anew."""
    team = await route(ticket)
    first_step_at = _first_step(team, recovery, take_within, now=now)
    alert, is_new = await Alert.get_or_create(
        response_id=response.id,
        defaults={
            "key": new_key(),
            "recovery_id": recovery.id if recovery else None,
            "ticket_id": ticket.id,
            "team_id": team.id if team else None,
            "raised_at": now,
            "next_step_at": first_step_at,
        },
    )
    closed = Alert.filter(id=alert.id, state=AlertState.CLOSED)
    if is_new or await closed.update(**_anew(first_step_at, now=now), version=F("version") + 1):
        await alert.refresh_from_db(fields=["version", "state", "raised_at"])
        await _show(alert, team, anew=not is_new, now=now)
        await jobs.enqueue(JOB, alert.id, due=first_step_at, now=now)
        where: dict[str, object] = {"channel": team.alert_channel if team and team.alert_channel else "inbox"}
        await history.write(ticket, EntryKind.ALERT, label="history.alerted", values=where, now=now)
    return alert


@transactions.atomic
async def watch(response: Response, recovery: Recovery) -> None:
    """An alert that was raised before its recovery was opened watches the deadline too."""
    await Alert.filter(response_id=response.id, recovery_id=None).update(recovery_id=recovery.id)


@transactions.atomic
async def undelivered(delivery: Delivery, reason: str, *, now: datetime) -> None:
    """The channel does not take it, however often it was tried: the ticket says so, since nobody else can."""
    told = ("alert", RULE_ALERT, cards.CARD, cards.LINE)
    concerned = [delivery.ticket_id] if delivery.kind in told else []
    if delivery.kind == floods.KIND:
        concerned = [one.ticket_id for one in await floods.listed(delivery.screen)]
    where: dict[str, object] = {"channel": delivery.channel, "reason": reason[:300]}
    for ticket in await Ticket.filter(id__in=concerned):
        await history.write(ticket, EntryKind.ALERT, label="history.alert_failed", values=where, now=now)


@transactions.atomic
async def redraw(alert: Alert, *, now: datetime) -> None:
    """What the message shows has changed: draw it again in its place."""
    await Alert.filter(id=alert.id).update(version=F("version") + 1)
    await alert.refresh_from_db(fields=["version"])
    await _show(alert, await _team(alert), now=now)
    await _show_to_the_told(alert, now=now)


@transactions.atomic
async def tell(alert: Alert, kind: str, line: str, *, now: datetime, **values: object) -> None:
    """Add a line to the alert's thread. `line` makes it one of a kind: told once each time that the alert is raised."""
    team = await _team(alert)
    if team is None or not team.alert_channel:
        return
    draft = deliveries.Draft(
        key=f"alert:{alert.id}:{alert.raised_at:%Y%m%d%H%M%S}:{line}",
        kind=kind,
        channel=team.alert_channel,
        target=team.alert_to,
        priority=deliveries.URGENT + 1,
        ticket_id=alert.ticket_id,
        subject_id=alert.id,
        payload=values,
    )
    await deliveries.schedule(draft, due=now, now=now)


@transactions.atomic
async def look(alert_id: int, *, now: datetime) -> None:
    """The job's "look at alert 3": climb the ladder when nobody took it, or when its deadline has passed."""
    alert = await by_id(alert_id)
    if alert is None or alert.next_step_at is None or alert.state == AlertState.CLOSED:
        return
    if now < alert.next_step_at:
        await jobs.enqueue(JOB, alert.id, due=alert.next_step_at, now=now)
        return
    due = alert.recovery.due_at if alert.recovery else None
    if ladder := duty.settings_of(alert.team).ladder:
        await _climb_own(alert, ladder, due, now=now)
        return
    step = alert.step
    if due is not None and now >= due:
        if step < STEP_DUE:
            await _overdue(alert, due, now=now)
        step = STEP_DUE
    elif alert.state == AlertState.OPEN and step < STEP_TAKE:
        await _nobody_took_it(alert, now=now)
        step = STEP_TAKE
    await _next(alert, step, due if due is not None and step < STEP_DUE else None, now=now)


@transactions.atomic
async def acknowledge(alert: Alert, *, now: datetime) -> bool:
    """Somebody has it: the ladder stops climbing, only the deadline is still watched. False: it was not open."""
    due = alert.recovery.due_at if alert.recovery else None
    was_open = await Alert.filter(id=alert.id, state=AlertState.OPEN).update(
        state=AlertState.ACKNOWLEDGED, acknowledged_at=now, next_step_at=due, snoozed_until=None
    )
    if was_open and due is not None:
        await jobs.enqueue(JOB, alert.id, due=due, now=now)
    return bool(was_open)


@transactions.atomic
async def hand_on(alert: Alert, *, take_within: timedelta, now: datetime) -> None:
    """It was given to somebody who has not taken it yet: whoever had it, it is open, and climbs its ladder anew.

    A deadline that has passed was told, and is not told again.
    """
    first_step_at = _first_step(await _team(alert), alert.recovery, take_within, now=now)
    anew = _anew(first_step_at, now=now)
    if alert.recovery is not None and now >= alert.recovery.due_at:
        anew |= {"step": alert.step}
    if await Alert.filter(id=alert.id).exclude(state=AlertState.CLOSED).update(**anew):
        alert.state = AlertState.OPEN
        await jobs.enqueue(JOB, alert.id, due=first_step_at, now=now)
        await redraw(alert, now=now)


async def close(alert: Alert) -> None:
    await Alert.filter(id=alert.id).update(state=AlertState.CLOSED, next_step_at=None)
    alert.state = AlertState.CLOSED


@transactions.atomic
async def overdue(recovery: Recovery, ticket: Ticket, *, now: datetime) -> None:
    """Nobody closed it in time: the ticket says so, and rules hear of it; once for each deadline."""
    due = recovery.due_at.isoformat()
    lines = await TicketEntry.filter(ticket_id=ticket.id, label="thread.overdue")
    if any(line.values.get("due") == due for line in lines):
        return
    await history.write(ticket, EntryKind.ALERT, label="thread.overdue", values={"due": due}, now=now)
    response = await Response.get(id=recovery.response_id)
    key = f"{recovery.id}:{due}"
    await occasions.happened("recovery.overdue", key, ticket, invite_id=response.invite_id, now=now)


async def lead_of(alert: Alert) -> Staff | None:
    """Who is told when nobody took it."""
    team_id = alert.ticket.team_id or alert.team_id
    return await ladders.lead(await Team.get_or_none(id=team_id)) if team_id else None


async def _climb_own(alert: Alert, ladder: tuple[Step, ...], due: datetime | None, *, now: datetime) -> None:
    """The team's own ladder in place of the usual one. The deadline is told beside it, and does not end it."""
    at = ladders.due(alert, ladder) if alert.state == AlertState.OPEN else None
    while at is not None and now >= at:
        following = ladders.following(alert, ladder, at)
        mine = Alert.filter(id=alert.id, state=AlertState.OPEN, rung=alert.rung)
        if not await mine.update(rung=alert.rung + 1, rung_at=following):
            return  # somebody else climbs it, or took it
        await _step(alert, ladder[alert.rung], now=now)
        alert.rung += 1
        at = following
    step = alert.step
    if due is not None and now >= due:
        if step < STEP_DUE:
            await _overdue(alert, due, now=now)
        step, due = STEP_DUE, None
    await _next(alert, step, min((one for one in (at, due) if one is not None), default=None), now=now)


async def _step(alert: Alert, step: Step, *, now: datetime) -> None:
    """Tell whom it names, each with the whole alert and its buttons; the alert's own thread reads who that is."""
    told = await ladders.told(step, alert.team, now=now, urgent=alert.ticket.priority == Priority.URGENT)
    names = ", ".join(one.name for one in told if one.name)
    for number, one in enumerate(told):
        if one.channel and not await floods.is_full(one.channel, one.target, now=now):
            await _tell_one(alert, one, f"{_climbed(alert)}:{alert.rung}.{number}", now=now)
    held = next((one.at.isoformat() for one in told if one.held), "")
    said: dict[str, object] = {"owner": {"name": names}, "until": held}
    await tell(alert, "alert_update", f"raised:{alert.rung}", now=now, event="raised", **said)
    whom: dict[str, object] = {"whom": names or next((one.target for one in told), "—")}
    await history.write(alert.ticket, EntryKind.ALERT, label="history.alert_raised", values=whom, now=now)
    await redraw(alert, now=now)


async def _tell_one(alert: Alert, told: ladders.Told, screen: str, *, now: datetime) -> None:
    draft = deliveries.Draft(
        key=screen,
        kind="alert",
        channel=told.channel,
        target=told.target,
        priority=deliveries.URGENT,
        ticket_id=alert.ticket_id,
        subject_id=alert.id,
        screen=screen,
        payload={"told": told.why},
    )
    await deliveries.schedule(draft, due=told.at, now=now)


def _climbed(alert: Alert) -> str:
    """How the messages of its ladder begin, each time that it is raised."""
    return f"{screen_of(alert.id)}:{alert.raised_at:%Y%m%d%H%M%S}"


async def _show_to_the_told(alert: Alert, *, now: datetime) -> None:
    """Whom the ladder told sees what became of it; who was to be told when it is day, is not when somebody has it.

    Also whom it told before it was raised anew.
    """
    rows = Delivery.filter(ticket_id=alert.ticket_id, kind="alert", screen__startswith=f"{screen_of(alert.id)}:")
    if not await Alert.filter(id=alert.id, state=AlertState.OPEN).exists():
        await rows.filter(state=DeliveryState.WAITING).update(state=DeliveryState.CANCELLED)
    last = {row.screen: row for row in await rows.filter(state__in=_OUT).exclude(target="").order_by("id")}
    for row in last.values():
        draft = deliveries.Draft(
            key=f"{row.screen}:v{alert.version}",
            kind="alert",
            channel=row.channel,
            target=row.target,
            priority=deliveries.URGENT,
            ticket_id=alert.ticket_id,
            subject_id=alert.id,
            screen=row.screen,
            payload={"told": row.payload.get("told", "")},
        )
        await deliveries.schedule(draft, due=now, now=now)


async def _nobody_took_it(alert: Alert, *, now: datetime) -> None:
    lead = await lead_of(alert)
    names: dict[str, object] = {"owner": {"name": lead.name}} if lead else {}
    await tell(alert, "alert_update", "raised", now=now, event="raised", **names)
    await redraw(alert, now=now)


async def _overdue(alert: Alert, due: datetime, *, now: datetime) -> None:
    await tell(alert, "alert_overdue", "overdue", now=now, due=due.isoformat())
    if alert.recovery is not None:
        await overdue(alert.recovery, alert.ticket, now=now)
    await redraw(alert, now=now)


def _first_step(team: Team | None, recovery: Recovery | None, take_within: timedelta, *, now: datetime) -> datetime:
    """With a ladder of the team's own, its first step, or the deadline if that is sooner."""
    ladder = duty.settings_of(team).ladder
    if not ladder:
        return now + take_within
    return min([now + ladder[0].after, *([recovery.due_at] if recovery else [])])


def _anew(first_step_at: datetime, *, now: datetime) -> dict[str, object]:
    """Nobody has taken it, and it stands at the foot of its ladder."""
    return {
        "state": AlertState.OPEN,
        "raised_at": now,
        "step": 0,
        "next_step_at": first_step_at,
        "snoozed_until": None,
        "rung": 0,
        "rung_at": None,
    }


async def _next(alert: Alert, step: int, at: datetime | None, *, now: datetime) -> None:
    await Alert.filter(id=alert.id).update(step=step, next_step_at=at)
    if at is not None:
        await jobs.enqueue(JOB, alert.id, due=at, now=now)


async def _team(alert: Alert) -> Team | None:
    return await Team.get_or_none(id=alert.team_id) if alert.team_id else None


async def _show(alert: Alert, team: Team | None, *, anew: bool = False, now: datetime) -> None:
    """Draw it in its place, or `anew`, which is noticed. Without a route it stands in the staff inbox alone, and the
    log says so."""
    if team is None or not team.alert_channel:
        logger.warning("Alert %s goes to nobody: no team has a place for its alerts", alert.id)
        return
    if await floods.gathers(alert, team, now=now):
        return
    draft = deliveries.Draft(
        key=f"alert:{alert.id}:v{alert.version}",
        kind="alert",
        channel=team.alert_channel,
        target=team.alert_to,
        priority=deliveries.URGENT,
        ticket_id=alert.ticket_id,
        subject_id=alert.id,
        screen=screen_of(alert.id),
        payload={"anew": True} if anew else {},
    )
    await deliveries.schedule(draft, due=now, now=now)
