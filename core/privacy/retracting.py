"""What stands before the staff about somebody who was erased and is not drawn again: a neutral line comes there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import deliveries

KIND = "retracted"
"""Of a delivery that only edits: the message with its receipt says no more than that something stood there."""


async def retract(sent: Iterable[Delivery], *, now: datetime) -> None:
    """`sent` are all that the staff were sent about the person. Asked after the redrawing of what still has a use.

    A message that waits to be drawn again in its place is left to that.
    """
    messages = {(row.channel, row.target, row.receipt): row for row in sent if row.receipt}
    for row in messages.values():
        if not await _is_redrawn(row):
            await _schedule(row, now=now)


async def _is_redrawn(row: Delivery) -> bool:
    if not row.screen or not await Delivery.filter(screen=row.screen, state=DeliveryState.WAITING).exists():
        return False
    shown = await deliveries.shown(row.screen)
    return shown is not None and shown.receipt == row.receipt


async def _schedule(row: Delivery, *, now: datetime) -> None:
    draft = deliveries.Draft(
        key=f"{KIND}:{row.id}",
        kind=KIND,
        channel=row.channel,
        target=row.target,
        ticket_id=row.ticket_id,
        screen=f"{KIND}:{row.id}",
        receipt=row.receipt,
    )
    await deliveries.schedule(draft, due=now, now=now)
