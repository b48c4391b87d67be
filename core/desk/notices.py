"""What contacts are told of their request without asking: who has it, that it is resolved, that it is open again.

Once for each thing that happened. Who cannot be reached is not told, and that keeps nothing from happening; the
ticket's history says so.
"""

from __future__ import annotations

from datetime import datetime

from core import history, transactions
from core.desk import answering
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket
from core.models.setup import Staff
from core.store.prepared import Prepared

RECEIVED, ASSIGNED, RESOLVED, REOPENED = "received", "assigned", "resolved", "reopened"
KINDS = frozenset({ASSIGNED, RESOLVED, REOPENED})


async def assigned(ticket: Ticket, to: Staff, *, now: datetime) -> None:
    """Each name once in a cycle: a request that goes to and fro is no news every time."""
    await _tell(ticket, ASSIGNED, f"{ticket.cycle}:{to.id}", {"staff": to.id}, now=now)


async def received(ticket: Ticket, *, now: datetime) -> None:
    """Somebody of the staff opened it: the contact is told its number, as who writes to us is."""
    await _tell(ticket, RECEIVED, "", {}, now=now)


async def resolved(ticket: Ticket, *, result: str, alone: bool = False, now: datetime) -> None:
    """`result` are words for the contact; there may be none. `alone`: as `answering.tell`."""
    await _tell(ticket, RESOLVED, str(ticket.cycle), {"result": result}, alone=alone, now=now)


async def reopened(ticket: Ticket, *, now: datetime) -> None:
    await _tell(ticket, REOPENED, str(ticket.cycle), {}, now=now)


def is_true(delivery: Delivery, ticket: Ticket) -> bool:
    """Whether it is still as the message says, now that it leaves."""
    said = delivery.payload
    is_open = ticket.status in OPEN_STATUSES
    if ticket.cycle != said.get("cycle") or is_open == (delivery.kind == RESOLVED):
        return False
    return delivery.kind != ASSIGNED or ticket.assignee_id == said.get("staff")


async def knows_it_is_resolved(ticket_id: int, cycle: int) -> bool:
    """Whether the contact has been told so."""
    return any(one.payload.get("cycle") == cycle for one in await _TOLD.all(ticket_id))


_TOLD = Prepared(
    Delivery, lambda ticket_id: Delivery.filter(ticket_id=ticket_id, kind=RESOLVED, state=DeliveryState.SENT), int
)


@transactions.atomic
async def _tell(
    ticket: Ticket, kind: str, which: str, payload: dict[str, object], *, alone: bool = False, now: datetime
) -> None:
    await ticket.fetch_related("contact")
    said = {"cycle": ticket.cycle, **payload}
    if not await answering.tell(ticket, f"{kind}:{ticket.id}:{which}", kind, said, alone=alone, now=now):
        values: dict[str, object] = {"channel": ticket.channel, "reason": "no usable address"}
        await history.write(ticket, EntryKind.UNDELIVERABLE, label=f"history.{kind}_failed", values=values, now=now)
