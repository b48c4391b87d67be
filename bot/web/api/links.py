"""`POST /api/v1/links`: a link by which somebody whom a channel does not know yet gets a chat with us."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from bot.staff import called
from bot.web import chat_links
from bot.web.api import bodies, event_shapes, events, idempotency, names, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.policies import Teller
from bot.web.site import Here
from core import contact_links, contacts, transactions
from core.models.contacts import Contact

router = APIRouter(prefix="/api/v1", tags=["Contacts"])
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LinkWanted"}}},
    },
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    **REFUSALS,
    400: idempotency.REFUSALS[400],
    413: idempotency.REFUSALS[413],
    409: {"model": shapes.Error, "description": "The channel has not answered yet, so its address is not known."},
}


@router.post(
    "/links",
    status_code=201,
    response_model=shapes.LinkShape,
    responses=_REFUSALS,
    openapi_extra=_BODY,
    summary="Make a link into a chat",
)
async def make(request: Request, site: Here, token: Teller) -> Response:
    """For a receipt, a mail or a QR code: who opens it first has a chat with us as that contact, and is asked and
    answered there. It can be opened once, for a week. There is no `Idempotency-Key`, because we keep no link: whoever
    asks again gets another one.
    """
    told = bodies.read(event_shapes.LinkWanted.model_validate, await request.body())
    events.check_channels(told.contact, site.channels)
    door = await chat_links.door(site, told.channel)
    now = site.clock()

    @transactions.atomic
    async def made() -> tuple[Contact, contact_links.Made]:
        contact = await contacts.learn(events.facts_of(told.contact), now=now)
        return contact, await contact_links.make(contact, told.channel, by=token.name, now=now)

    contact, link = await idempotency.first_wins(made)
    shape = shapes.LinkShape(
        url=door.start_link(link.token),
        channel=told.channel,
        contact=names.contact(contact, await called.names([contact], site.place(), "")),
        expires_at=link.expires_at,
    )
    return answer(shape, 201)
