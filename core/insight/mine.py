"""What somebody of the staff has to do: their recoveries, their tickets, and what nobody of their team has taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from core.models.desk import OPEN_STATUSES, Ticket
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.setup import Staff

M = TypeVar("M", bound=Model)
_UNDER_WAY = (RecoveryState.OPEN, RecoveryState.TAKEN)


@dataclass(frozen=True, slots=True)
class Some(Generic[M]):
    """The first of them, and how many `more` there are."""

    rows: Sequence[M]
    more: int


async def recoveries(staff: Staff, *, most: int) -> Some[Recovery]:
    """Mine that are not finished, the most pressing first."""
    mine = Recovery.filter(owner_id=staff.id, state__in=_UNDER_WAY)
    return await _some(mine.order_by("due_at", "id").select_related("ticket__contact"), most)


async def tickets(staff: Staff, *, most: int) -> Some[Ticket]:
    """Mine that are open, the newest first."""
    mine = Ticket.filter(assignee_id=staff.id, status__in=OPEN_STATUSES)
    return await _some(mine.order_by("-id").select_related("contact"), most)


async def open_alerts(staff: Staff, *, most: int) -> Some[Alert]:
    """Of my team, that nobody has taken, the oldest first; of every team for who is in none."""
    waiting = Alert.filter(state=AlertState.OPEN)
    if staff.team_id is not None:
        waiting = waiting.filter(Q(team_id=staff.team_id) | Q(ticket__team_id=staff.team_id))
    return await _some(waiting.order_by("id").select_related("ticket__contact", "recovery"), most)


async def _some(query: QuerySet[M], most: int) -> Some[M]:
    rows = await query.limit(most)
    return Some(rows, await query.count() - len(rows) if len(rows) == most else 0)
