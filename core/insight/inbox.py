"""The staff inbox: what the staff are alerted to and is not over, and what else waits for somebody."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core.insight.mine import Some
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.responses import HeldAnswer, Response
from core.models.setup import Staff
from core.plumbing import deliveries
from core.reactions.recoveries import UNDER_WAY as _UNDER_WAY
from core.reactions.recoveries import About

_WHOLE = ("ticket__contact", "ticket__assignee", "ticket__team", "team", "recovery__owner", "response__invite__survey")
_ALONE = ("ticket__contact", "ticket__assignee", "ticket__team", "owner", "response__invite__survey")
_KEY_OF_RECOVERY = re.compile(r"r-(\d{1,18})", re.ASCII)
_Name = tuple[type[Alert] | type[Recovery], int]


class Whose(StrEnum):
    MINE = "mine"
    TEAM = "team"
    ALL = "all"


async def waiting(staff: Staff | None, whose: Whose, *, most: int, skip: int = 0) -> Some[About]:
    """What nobody has taken first, then by deadline; ready to be drawn. Nothing is `mine` or my team's for nobody.

    A recovery without an alert stands among the alerts.
    """
    chosen, alone = _chosen(staff, whose), _alone(staff, whose)
    alerts = await _keys(Alert, chosen.order_by("-state", "recovery__due_at", "id"), "recovery__due_at", skip + most)
    others = await _keys(Recovery, alone.order_by("state", "due_at", "id"), "due_at", skip + most)
    # Each keeps its own order, so that page follows page.
    page = list(heapq.merge(alerts, others, key=_pressing))[skip:]
    page = page[:most]
    rows: dict[_Name, About] = {(Alert, one.id): one for one in await _alerts(_ids(page, Alert))}
    rows |= {(Recovery, one.id): one for one in await _recoveries(_ids(page, Recovery))}
    shown = [rows[one.name] for one in page if one.name in rows]
    return Some(shown, max(0, await chosen.count() + await alone.count() - skip - len(shown)))


async def sizes(staff: Staff | None) -> dict[Whose, int]:
    """How much each of these views would show in all."""
    return {one: await _chosen(staff, one).count() + await _alone(staff, one).count() for one in Whose}


async def one(key: str) -> About | None:
    """One of them, or one that is over; `key_of` gives its key."""
    if number := _KEY_OF_RECOVERY.fullmatch(key):
        return next(iter(await _recoveries([int(number[1])])), None)
    alert = await Alert.get_or_none(key=key[:16]).select_related(*_WHOLE)
    if alert is not None:
        await _scored([alert])
    return alert


def key_of(about: About) -> str:
    return about.key if isinstance(about, Alert) else f"r-{about.id}"


async def of_ticket(ticket_id: int) -> list[About]:
    """Those about a ticket that are not over, the newest first; then recoveries without an alert."""
    alerts = (
        await Alert.filter(ticket_id=ticket_id).exclude(state=AlertState.CLOSED).order_by("-id").select_related(*_WHOLE)
    )
    await _scored(alerts)
    alone = Recovery.filter(ticket_id=ticket_id, state__in=_UNDER_WAY, alert__id__isnull=True)
    return [*alerts, *await _recoveries([one.id for one in await alone.only("id")])]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much waits. `taken_by_nobody` are alerts, and recoveries without one; `overdue` are recoveries."""

    taken_by_nobody: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Troubles:
    """What did not go its way."""

    dead: int
    held: int
    quarantined: int


async def counts(*, now: datetime) -> Counts:
    alone = Recovery.filter(state=RecoveryState.OPEN, alert__id__isnull=True)
    return Counts(
        taken_by_nobody=await Alert.filter(state=AlertState.OPEN).count() + await alone.count(),
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


def _alone(staff: Staff | None, whose: Whose) -> QuerySet[Recovery]:
    """Recoveries about which nobody was alerted. Where the ticket has no team, they are every team's."""
    going_on = Recovery.filter(state__in=_UNDER_WAY, alert__id__isnull=True)
    if whose == Whose.ALL:
        return going_on
    mine = Q(owner_id=staff.id if staff else 0)
    if whose == Whose.TEAM and staff is not None and staff.team_id is not None:
        return going_on.filter(mine | Q(ticket__team_id=staff.team_id) | Q(ticket__team_id__isnull=True))
    return going_on.filter(mine)


@dataclass(frozen=True, slots=True)
class _Key:
    """By what one of them stands where it stands."""

    name: _Name
    is_taken: bool
    due: datetime | None


async def _keys(model: type[About], rows: QuerySet[Any], due: str, most: int) -> list[_Key]:
    found = await rows.limit(most).values_list("id", "state", due)
    return [_Key((model, id_), state != "open", at) for id_, state, at in found]


def _pressing(key: _Key) -> tuple[bool, bool, float]:
    return key.is_taken, key.due is None, key.due.timestamp() if key.due else 0.0


def _ids(page: list[_Key], model: type[About]) -> list[int]:
    return [one.name[1] for one in page if one.name[0] is model]


async def _alerts(ids: list[int]) -> list[Alert]:
    rows = await Alert.filter(id__in=ids).select_related(*_WHOLE) if ids else []
    await _scored(rows)
    return rows


async def _recoveries(ids: list[int]) -> list[Recovery]:
    rows = await Recovery.filter(id__in=ids).order_by("-id").select_related(*_ALONE) if ids else []
    await _scored(rows)
    return rows


async def _scored(rows: Sequence[About]) -> None:
    """The scores of all of them, at once."""
    if rows:
        await Response.fetch_for_list([one.response for one in rows], "scores")
