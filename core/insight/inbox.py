"""The staff inbox: what the staff are alerted to and is not over, and what else waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core.insight.mine import Some
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.responses import HeldAnswer, Response
from core.models.setup import Staff
from core.plumbing import deliveries

_WHOLE = ("ticket__contact", "ticket__assignee", "ticket__team", "team", "recovery__owner", "response__invite__survey")
_UNDER_WAY = (RecoveryState.OPEN, RecoveryState.TAKEN)


class Whose(StrEnum):
    MINE = "mine"
    TEAM = "team"
    ALL = "all"


async def waiting(staff: Staff | None, whose: Whose, *, most: int, skip: int = 0) -> Some[Alert]:
    """What nobody has taken first, then by deadline; ready to be drawn. Nothing is `mine` or my team's for nobody."""
    chosen = _chosen(staff, whose)
    rows = await chosen.order_by("-state", "recovery__due_at", "id").offset(skip).limit(most).select_related(*_WHOLE)
    await _scored(rows)
    return Some(rows, max(0, await chosen.count() - skip - len(rows)))


async def one(key: str) -> Alert | None:
    """One of them, or one that is over."""
    alert = await Alert.get_or_none(key=key[:16]).select_related(*_WHOLE)
    if alert is not None:
        await _scored([alert])
    return alert


async def of_ticket(ticket_id: int) -> list[Alert]:
    """Those about a ticket that are not over, the newest first."""
    rows = (
        await Alert.filter(ticket_id=ticket_id).exclude(state=AlertState.CLOSED).order_by("-id").select_related(*_WHOLE)
    )
    await _scored(rows)
    return rows


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits. `taken_by_nobody` are alerts, `overdue` recoveries."""

    taken_by_nobody: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Troubles:
    """What did not go its way."""

    dead: int
    held: int
    quarantined: int


async def counts(*, now: datetime) -> Counts:
    return Counts(
        taken_by_nobody=await Alert.filter(state=AlertState.OPEN).count(),
        overdue=await Recovery.filter(state__in=_UNDER_WAY, due_at__lte=now).count(),
    )


async def troubles() -> Troubles:
    dead = Delivery.filter(channel__in=await deliveries.every_channel(), state=DeliveryState.DEAD)
    return Troubles(
        dead=await dead.count(),
        held=await HeldAnswer.filter(confirmed_at__isnull=True).count(),
        quarantined=await Arrival.filter(state=ArrivalState.QUARANTINED).count(),
    )


def _chosen(staff: Staff | None, whose: Whose) -> QuerySet[Alert]:
    going_on = Alert.filter(state__in=(AlertState.OPEN, AlertState.ACKNOWLEDGED))
    if whose == Whose.ALL:
        return going_on
    mine = Q(recovery__owner_id=staff.id if staff else 0) | Q(
        recovery_id__isnull=True, ticket__assignee_id=staff.id if staff else 0
    )
    if whose == Whose.TEAM and staff is not None and staff.team_id is not None:
        return going_on.filter(mine | Q(team_id=staff.team_id) | Q(ticket__team_id=staff.team_id))
    return going_on.filter(mine)


async def _scored(rows: list[Alert]) -> None:
    """The scores of all of them, at once."""
    if rows:
        await Response.fetch_for_list([one.response for one in rows], "scores")
