"""`GET /api/v1/invites`: who was asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from bot.web.api import names, paging, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.policies import Reader
from core.models.invites import Invite, InvitePurpose, InviteState

router = APIRouter(prefix="/api/v1", tags=["Surveys"])


class Filter(paging.Paged):
    ticket: paging.TicketIs | None = None
    state: InviteState | None = None
    purpose: InvitePurpose | None = None


@router.get("/invites", response_model=shapes.Page[shapes.InviteShape], responses=REFUSALS, summary="List invites")
async def every(asked: Annotated[Filter, Query()], _: Reader) -> Response:
    """One question to one contact about one cycle of a ticket each. Newest first."""
    rows = Invite.all().select_related("ticket", "contact", "address")
    rows = await paging.only_ticket(rows, "ticket_id", asked.ticket)
    for field, wanted in (("state", asked.state), ("purpose", asked.purpose)):
        if wanted is not None:
            rows = rows.filter(**{field: wanted})
    found, after = await paging.page(rows, asked)
    return answer(shapes.Page[shapes.InviteShape](items=[_shape(row) for row in found], next_cursor=after))


def _shape(row: Invite) -> shapes.InviteShape:
    return shapes.InviteShape(
        id=f"inv_{row.id}",
        state=row.state,
        ticket=names.ticket(row.ticket),
        cycle=row.cycle,
        purpose=row.purpose,
        survey=row.survey_key,
        contact=names.contact(row.contact),
        channel=row.address.channel,
        due_at=row.due_at,
        delivered_at=row.delivered_at,
        reminders=row.reminders,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )
