"""What could not be delivered: seen, sent again, or given up for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, errors, transactions
from core.models.accounts import AuditLine
from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import deliveries
from core.surveys import invites

_REPLAYED = "delivery.replayed"


async def latest(most: int, *, before: int | None = None) -> list[Delivery]:
    """The newest first: those before the delivery `before`, where that is said."""
    dead = Delivery.filter(channel__in=await deliveries.every_channel(), state=DeliveryState.DEAD)
    if before is not None:
        dead = dead.filter(id__lt=before)
    return await dead.order_by("-id").limit(most)


@dataclass(frozen=True, slots=True)
class Tries:
    """How often it was tried in all, and each time that somebody sent it again, the oldest first."""

    count: int
    replays: Sequence[AuditLine]


async def tries(rows: Sequence[Delivery]) -> dict[int, Tries]:
    """Of each of these dead letters, by id."""
    found = await audit.lines_of(_REPLAYED, [_subject(one) for one in rows])
    return {one.id: _tries(one, found.get(_subject(one), [])) for one in rows}


def _tries(row: Delivery, replays: Sequence[AuditLine]) -> Tries:
    before = [line.before.get("tries") if line.before else None for line in replays]
    return Tries(_last_tries(row) + sum(one if isinstance(one, int) else 1 for one in before), replays)


def _last_tries(row: Delivery) -> int:
    """Since it was sent again last: those that came to nothing, and the one that gave it up."""
    return row.attempts + 1


@transactions.atomic
async def replay(row: Delivery, *, by: str, now: datetime) -> None:
    """Try it again with a fresh schedule.

    Raises errors.Conflict when it is no dead letter (any more).
    """
    if not await deliveries.replay(row, now=now):
        raise _not_dead()
    if row.kind in ("invite", "recovered") and row.subject_id is not None:
        await invites.revive(row.subject_id, row.address_id, now=now)
    tried = {"tries": _last_tries(row)}
    await _recorded(row, _REPLAYED, DeliveryState.WAITING, by=by, now=now, **tried)


@transactions.atomic
async def discard(row: Delivery, *, by: str, now: datetime) -> None:
    """It is not sent any more. Raises errors.Conflict when it is no dead letter (any more)."""
    dead = Delivery.filter(id=row.id, state=DeliveryState.DEAD)
    if not await dead.update(state=DeliveryState.CANCELLED):
        raise _not_dead()
    await _recorded(row, "delivery.discarded", DeliveryState.CANCELLED, by=by, now=now)


def _not_dead() -> errors.Conflict:
    return errors.Conflict("only a dead delivery is sent again", field="delivery", label="admin.deliveries.gone")


async def _recorded(row: Delivery, action: str, state: DeliveryState, *, by: str, now: datetime, **was: object) -> None:
    """Why it is dead may name the address, and the audit is for ever: it is left out."""
    before = {"state": DeliveryState.DEAD.value, **was}
    await audit.record(by, action, f"delivery:dlv_{row.id}", before=before, after={"state": state.value}, now=now)


def _subject(row: Delivery) -> str:
    return f"delivery:dlv_{row.id}"
