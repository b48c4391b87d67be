"""`/api/v1/invites`: who was asked, and asking by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.staff import called
from bot.web.api import bodies, idempotency, names, paging, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.api.event_shapes import ByHand
from bot.web.policies import Reader, Teller
from bot.web.site import Here
from core.desk import tickets
from core.models.invites import Invite, InvitePurpose, InviteState
from core.surveys import by_hand

router = APIRouter(prefix="/api/v1", tags=["Surveys"])
_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": ByHand.model_json_schema()}}},
}
_REFUSALS = {
    **REFUSALS,
    **idempotency.REFUSALS,
    409: {
        "model": shapes.Error,
        "description": "This resolution is asked about already, or the same Idempotency-Key came with another body.",
    },
}


class Filter(paging.Paged):
    ticket: paging.TicketIs | None = None
    state: InviteState | None = None
    purpose: InvitePurpose | None = None


@router.get("/invites", response_model=shapes.Page[shapes.InviteShape], responses=REFUSALS, summary="List invites")
async def every(site: Here, asked: Annotated[Filter, Query()], _: Reader) -> Response:
    """One question to one contact about one cycle of a ticket each. Newest first."""
    rows = Invite.all().select_related("ticket", "contact", "address")
    rows = await paging.only_ticket(rows, "ticket_id", asked.ticket)
    for field, wanted in (("state", asked.state), ("purpose", asked.purpose)):
        if wanted is not None:
            rows = rows.filter(**{field: wanted})
    found, after = await paging.page(rows, asked)
    who = await called.names((row.contact for row in found), site.place(), "")
    return answer(shapes.Page[shapes.InviteShape](items=[_shape(row, who) for row in found], next_cursor=after))


@router.post(
    "/invites",
    status_code=202,
    response_model=shapes.EventAnswer,
    responses=_REFUSALS,
    openapi_extra=_BODY,
    summary="Send a survey by hand",
)
async def send(request: Request, site: Here, token: Teller, idempotency_key: idempotency.Key = None) -> Response:
    """Asks the ticket's contact at once, outside the budget, the sample and the hours; the token's name and the reason
    are kept with the ticket. Who wants no surveys, is internal or cannot be reached is not asked: `decision` says so.
    """
    body = await request.body()
    told = bodies.read(ByHand.model_validate, body)
    now = site.clock()

    async def sent() -> tuple[int, dict[str, object]]:
        ticket = await tickets.find(told.ticket)
        decision, invite = await by_hand.send(ticket, reason=told.reason, by=token.name, now=now)
        return 202, names.outcome(ticket, decision, invite).model_dump(mode="json")

    status, outcome = await idempotency.answered(sent, token=token, key=idempotency_key, body=body, now=now)
    return answer(shapes.EventAnswer.model_validate(outcome), status)


def _shape(row: Invite, who: Mapping[int, str]) -> shapes.InviteShape:
    return shapes.InviteShape(
        id=f"inv_{row.id}",
        state=row.state,
        ticket=names.ticket(row.ticket),
        cycle=row.cycle,
        purpose=row.purpose,
        survey=row.survey_key,
        contact=names.contact(row.contact, who),
        channel=row.address.channel,
        due_at=row.due_at,
        delivered_at=row.delivered_at,
        reminders=row.reminders,
        expires_at=row.expires_at,
        created_at=row.created_at,
    )
