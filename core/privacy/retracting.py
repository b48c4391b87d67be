"""What stands before the staff about somebody who was erased and is not drawn again: a neutral line comes there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.desk import cards
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Ticket
from core.plumbing import deliveries
from core.reactions import alerts, floods

KIND = "retracted"
"""Of a delivery that only edits: the message with its receipt says no more than that something stood there."""
_TO_STAFF = frozenset(
    {
        *("alert", "alert_update", "alert_overdue", "alert_taken", alerts.RULE_ALERT),
        *(floods.KIND, cards.CARD, cards.LINE, KIND),
    }
)
_UNDER_WAY = (DeliveryState.WAITING, DeliveryState.SENDING)


def is_to_staff(row: Delivery) -> bool:
    return row.contact_id is None and row.kind in _TO_STAFF


async def retract(sent: Iterable[Delivery], *, now: datetime) -> None:
    """`sent` are all that the staff were sent about the person. Asked after the redrawing of what still has a use.

    A message that waits to be drawn again in its place is left to that.
    """
    messages = {(row.channel, row.target, row.receipt): row for row in sent if row.receipt}
    for row in messages.values():
        await _retract(row, row.receipt, now=now)


async def retract_late(row: Delivery, receipt: str, *, now: datetime) -> None:
    """For what a channel took while its row was cancelled: if that was because of an erasure, it is taken back, too."""
    if is_to_staff(row) and receipt and await Ticket.exists(id=row.ticket_id or 0, contact__erased_at__isnull=False):
        await _retract(row, receipt, now=now)


async def _retract(row: Delivery, receipt: str, *, now: datetime) -> None:
    if await _is_redrawn(row, receipt):
        return
    draft = deliveries.Draft(
        key=f"{KIND}:{row.id}",
        kind=KIND,
        channel=row.channel,
        target=row.target,
        ticket_id=row.ticket_id,
        screen=f"{KIND}:{row.id}",
        receipt=receipt,
    )
    await deliveries.schedule(draft, due=now, now=now)


async def _is_redrawn(row: Delivery, receipt: str) -> bool:
    if not row.screen or not await Delivery.filter(screen=row.screen, state__in=_UNDER_WAY).exists():
        return False
    shown = await deliveries.shown(row.screen)
    return shown is not None and shown.receipt == receipt
