"""`POST /api/v1/events`: an outside system tells what happened to its tickets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import ValidationError

from bot.web import reading
from bot.web.api import answers, event_shapes, idempotency, names, shapes
from bot.web.api.answers import REFUSALS
from bot.web.errors import first_problem
from bot.web.policies import Teller
from bot.web.site import Here
from core import errors
from core.desk import intake
from core.desk.tickets import Walk

router = APIRouter(prefix="/api/v1", tags=["Events"])
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KIND = re.compile(r"^ticket\.(resolved|reopened)(\.|$)")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Event"}, "examples": event_shapes.EXAMPLES}
        },
    }
}
_ALSO: dict[int | str, dict[str, Any]] = {
    400: {"model": shapes.Error, "description": "The body is not JSON that can be read."},
    409: {"model": shapes.Error, "description": "The same Idempotency-Key came with another body."},
    413: {"model": shapes.Error, "description": "The body has more than 64 KiB."},
}
IdempotencyKey = Annotated[
    str | None, Header(description="Up to 200 printable characters; the same key gets the same answer for a day.")
]


@router.post(
    "/events",
    status_code=202,
    response_model=shapes.EventAnswer,
    responses={**REFUSALS, **_ALSO},
    openapi_extra=_BODY,
    summary="Tell what happened to a ticket",
)
async def tell(request: Request, site: Here, token: Teller, idempotency_key: IdempotencyKey = None) -> Response:
    """Stored before it is answered. Telling the same twice does nothing twice; with an `Idempotency-Key`, the same
    request also gets the very same answer.
    """
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise errors.Invalid("use 1 to 200 printable ASCII characters", field="Idempotency-Key")
    body = await request.body()
    event = _read(body, site.channels)
    now = site.clock()

    async def told() -> tuple[int, dict[str, object]]:
        return 202, _answer(await _take(event, now)).model_dump(mode="json")

    if idempotency_key is None:
        status, answer = await idempotency.first_wins(told)
    else:
        asked = idempotency.Asked(token.id, idempotency_key, hashlib.sha256(body).hexdigest())
        status, answer = await idempotency.once(asked, told, now=now)
    return answers.answer(shapes.EventAnswer.model_validate(answer), status)


def _read(body: bytes, channels: Collection[str]) -> event_shapes.TicketResolved | event_shapes.TicketReopened:
    """The event in a body; raises errors.Invalid that names the field."""
    try:
        event = event_shapes.EVENT.validate_python(reading.json_object(body))
    except ValidationError as error:
        field, message = first_problem(list(error.errors(include_url=False, include_input=False)))
        # pydantic puts the kind of event in front of the field, and names nothing when the kind itself is wrong.
        raise errors.Invalid(message, field=_KIND.sub("", field) or "type") from error
    if isinstance(event, event_shapes.TicketResolved):
        _check_channels(event, channels)
    return event


def _check_channels(event: event_shapes.TicketResolved, channels: Collection[str]) -> None:
    """An address in a channel that is not there would never be reached: better to say so at once."""
    for place, told in enumerate(event.contact.addresses if event.contact else ()):
        if told.channel not in channels:
            known = ", ".join(sorted(channels)) or "none"
            raise errors.Invalid(
                f"no channel is called {told.channel!r}; configured: {known}",
                field=f"contact.addresses.{place}.channel",
            )


async def _take(event: event_shapes.TicketResolved | event_shapes.TicketReopened, now: datetime) -> Walk:
    if isinstance(event, event_shapes.TicketReopened):
        return await intake.ticket_reopened(event.ticket.ref, reason=event.reason, now=now)
    return await intake.ticket_resolved(_ticket(event.ticket), _contact(event.contact), now=now)


def _ticket(told: event_shapes.TicketTold) -> intake.TicketFacts:
    agent = intake.AgentFacts(**told.agent.model_dump()) if told.agent else None
    fields = told.model_dump(exclude={"agent", "tags"})
    return intake.TicketFacts(**fields, tags=tuple(told.tags), agent=agent)


def _contact(told: event_shapes.ContactTold | None) -> intake.ContactFacts | None:
    if told is None:
        return None
    addresses = tuple(intake.AddressFacts(one.channel, one.address) for one in told.addresses)
    return intake.ContactFacts(**told.model_dump(exclude={"addresses"}), addresses=addresses)


def _answer(walk: Walk) -> shapes.EventAnswer:
    decision = walk.decision
    return shapes.EventAnswer(
        ticket=names.ticket(walk.ticket),
        decision=shapes.DecisionName(sent=decision.sent, reason=decision.reason) if decision else None,
        invite=names.invite(walk.invite) if walk.invite else None,
    )
