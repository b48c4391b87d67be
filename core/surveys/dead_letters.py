"""What could not be delivered: seen, sent again, or given up for good."""

from __future__ import annotations

from datetime import datetime

from core import audit, errors, transactions
from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import deliveries
from core.surveys import invites


async def latest(most: int, *, before: int | None = None) -> list[Delivery]:
    """The newest first: those before the delivery `before`, where that is said."""
    dead = Delivery.filter(channel__in=await deliveries.every_channel(), state=DeliveryState.DEAD)
    if before is not None:
        dead = dead.filter(id__lt=before)
    return await dead.order_by("-id").limit(most)


@transactions.atomic
async def replay(row: Delivery, *, by: str = "", now: datetime) -> None:
    """Try it again with a fresh schedule; an audit line where it is somebody with an account (`by`).

    Raises errors.Conflict when it is no dead letter (any more).
    """
    if not await deliveries.replay(row, now=now):
        raise _not_dead()
    if row.kind in ("invite", "recovered") and row.subject_id is not None:
        await invites.revive(row.subject_id, row.address_id, now=now)
    if by:
        await _recorded(row, "delivery.replayed", DeliveryState.WAITING, by=by, now=now)


@transactions.atomic
async def discard(row: Delivery, *, by: str, now: datetime) -> None:
    """It is not sent any more. Raises errors.Conflict when it is no dead letter (any more)."""
    dead = Delivery.filter(id=row.id, state=DeliveryState.DEAD)
    if not await dead.update(state=DeliveryState.CANCELLED):
        raise _not_dead()
    await _recorded(row, "delivery.discarded", DeliveryState.CANCELLED, by=by, now=now)


def _not_dead() -> errors.Conflict:
    return errors.Conflict("only a dead delivery is sent again", field="delivery", label="admin.deliveries.gone")


async def _recorded(row: Delivery, action: str, state: DeliveryState, *, by: str, now: datetime) -> None:
    before = {"state": DeliveryState.DEAD.value}  # why it is dead may name the address, and the audit is for ever
    await audit.record(by, action, f"delivery:dlv_{row.id}", before=before, after={"state": state.value}, now=now)
