"""`POST /api/v1/events`: an outside system tells what happened to its tickets."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.web.api import answers, bodies, event_shapes, idempotency, names, shapes
from bot.web.api.answers import REFUSALS
from bot.web.policies import Teller
from bot.web.site import Here
from core import errors, transactions
from core.desk import intake
from core.desk.tickets import Walk
from core.reactions import recoveries

router = APIRouter(prefix="/api/v1", tags=["Events"])
_KIND = re.compile(r"^ticket\.(resolved|reopened)(\.|$)")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Event"}, "examples": event_shapes.EXAMPLES}
        },
    }
}


@router.post(
    "/events",
    status_code=202,
    response_model=shapes.EventAnswer,
    responses={**REFUSALS, **idempotency.REFUSALS},
    openapi_extra=_BODY,
    summary="Tell what happened to a ticket",
)
async def tell(request: Request, site: Here, token: Teller, idempotency_key: idempotency.Key = None) -> Response:
    """Stored before it is answered. Telling the same twice does nothing twice; with an `Idempotency-Key`, the same
    request also gets the very same answer.
    """
    body = await request.body()
    event = _read(body, site.channels)
    now = site.clock()

    async def told() -> tuple[int, dict[str, object]]:
        walk = await _take(event, now)
        return 202, names.outcome(walk.ticket, walk.decision, walk.invite).model_dump(mode="json")

    status, answer = await idempotency.answered(
        told, token=token, key=idempotency_key, body=body, now=now, run=site.together.run
    )
    return answers.answer(shapes.EventAnswer.model_validate(answer), status)


def _read(body: bytes, channels: Collection[str]) -> event_shapes.TicketResolved | event_shapes.TicketReopened:
    """The event in a body; raises errors.Invalid that names the field."""
    # pydantic puts the kind of event in front of the field, and names nothing when the kind itself is wrong.
    event = bodies.read(event_shapes.EVENT.validate_python, body, called=lambda field: _KIND.sub("", field) or "type")
    if isinstance(event, event_shapes.TicketResolved):
        check_channels(event.contact, channels)
    return event


def check_channels(contact: event_shapes.ContactTold | None, channels: Collection[str]) -> None:
    """An address in a channel that is not there would never be reached: better to say so at once."""
    for place, told in enumerate(contact.addresses if contact else ()):
        if told.channel not in channels:
            known = ", ".join(sorted(channels)) or "none"
            raise errors.Invalid(
                f"no channel is called {told.channel!r}; configured: {known}",
                field=f"contact.addresses.{place}.channel",
            )


@transactions.atomic
async def _take(event: event_shapes.TicketResolved | event_shapes.TicketReopened, now: datetime) -> Walk:
    if isinstance(event, event_shapes.TicketReopened):
        return await intake.ticket_reopened(event.ticket.ref, reason=event.reason, tell=event.tell_contact, now=now)
    facts = _ticket(event.ticket)
    walk = await intake.ticket_resolved(facts, contact_of(event.contact), tell=event.tell_contact, now=now)
    if not walk.repeated:
        by = facts.closed_by or (facts.agent.name if facts.agent else "")
        await recoveries.resolved_elsewhere(walk.ticket, by=by, now=now)
    return walk


def _ticket(told: event_shapes.TicketTold) -> intake.TicketFacts:
    agent = intake.AgentFacts(**told.agent.model_dump()) if told.agent else None
    fields = told.model_dump(exclude={"agent", "tags"})
    return intake.TicketFacts(**fields, tags=tuple(told.tags), agent=agent)


def contact_of(told: event_shapes.ContactTold | None) -> intake.ContactFacts | None:
    return facts_of(told) if told is not None else None


def facts_of(told: event_shapes.ContactTold) -> intake.ContactFacts:
    addresses = tuple(intake.AddressFacts(one.channel, one.address) for one in told.addresses)
    return intake.ContactFacts(**told.model_dump(exclude={"addresses"}), addresses=addresses)
