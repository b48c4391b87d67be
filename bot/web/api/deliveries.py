"""`GET /api/v1/deliveries`: every message on its way out."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Response

from bot.web.api import paging, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.policies import Admin, Reader
from bot.web.site import Here
from core import errors
from core.models.deliveries import Delivery, DeliveryState
from core.surveys import dead_letters

router = APIRouter(prefix="/api/v1", tags=["Deliveries"])
_ID = re.compile(r"dlv_(\d{1,18})")


class Filter(paging.Paged):
    ticket: paging.TicketIs | None = None
    state: DeliveryState | None = None
    channel: str | None = None
    kind: str | None = None


@router.get(
    "/deliveries", response_model=shapes.Page[shapes.DeliveryShape], responses=REFUSALS, summary="List deliveries"
)
async def every(asked: Annotated[Filter, Query()], _: Reader) -> Response:
    """Messages to contacts and staff, with what became of them. Newest first."""
    rows = await paging.only_ticket(Delivery.all(), "ticket_id", asked.ticket)
    for field, wanted in (("state", asked.state), ("channel", asked.channel), ("kind", asked.kind)):
        if wanted is not None:
            rows = rows.filter(**{field: wanted})
    found, after = await paging.page(rows, asked)
    return answer(shapes.Page[shapes.DeliveryShape](items=[_shape(row) for row in found], next_cursor=after))


@router.post(
    "/deliveries/{delivery}/replay",
    status_code=202,
    response_model=shapes.DeliveryShape,
    responses={**REFUSALS, 409: {"model": shapes.Error, "description": "It is not a dead letter."}},
    summary="Send a dead letter again",
)
async def replay(delivery: str, site: Here, token: Admin) -> Response:
    """Try once more what was given up, with a fresh schedule; needs the scope `admin`."""
    named = _ID.fullmatch(delivery)
    row = await Delivery.get_or_none(id=int(named[1])) if named else None
    if row is None:
        raise errors.NotFound("there is no such delivery", field="delivery")
    try:
        await dead_letters.replay(row, by=token.name, now=site.clock())
    except errors.Conflict as late:
        said = f"it is {row.state.value}; only a dead delivery is sent again"
        raise errors.Conflict(said, field="delivery") from late
    return answer(_shape(await Delivery.get(id=row.id)), 202)


def _shape(row: Delivery) -> shapes.DeliveryShape:
    return shapes.DeliveryShape(
        id=f"dlv_{row.id}",
        kind=row.kind,
        channel=row.channel,
        target=row.target,
        state=row.state,
        ticket=f"tkt_{row.ticket_id}" if row.ticket_id else None,
        attempts=row.attempts,
        problem=row.problem,
        due_at=row.due_at,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )
