"""`/admin/deliveries`: dead letters, which are sent again or given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.web.admin import asking, audit_words
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.errors import Refusal
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.surveys import dead_letters

router = APIRouter(include_in_schema=False)
PATH = "/admin/deliveries"
PAGE = 50
Changing = Annotated[Visit, Depends(Member(Right.REPLAY_DELIVERIES))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(
    visit: Annotated[Visit, Depends(Member(Right.SEE_DELIVERIES))],
    before: Annotated[int, Query(ge=1, lt=2**63)] | None = None,
) -> Response:
    return await _list(visit, before=before)


@router.post(f"{PATH}/{{delivery_id}}/replay")
async def replay(visit: Changing, delivery_id: int) -> Response:
    return await _decided(visit, delivery_id, dead_letters.replay, said="delivery_replayed")


@router.post(f"{PATH}/{{delivery_id}}/discard")
async def discard(visit: Changing, delivery_id: int) -> Response:
    row = await _found(delivery_id)
    number = (await _numbers(visit, [row])).get(row.ticket_id or 0, "")
    which = " · ".join(one for one in (number, visit.channel(row.channel), visit.when(row.created_at)) if one)
    question = await asking.first(
        visit,
        title=visit.say("admin.deliveries.discard_title", what=visit.sent(row.kind)),
        about=f"{which}\n{visit.say('admin.deliveries.discard_about')}",
        button=visit.say("admin.deliveries.discard"),
        back=PATH,
    )
    if question is not None:
        return question
    return await _decided(visit, delivery_id, dead_letters.discard, said="delivery_discarded")


async def _decided(visit: Visit, delivery_id: int, decide: Callable[..., Awaitable[None]], *, said: str) -> Response:
    """`decide` refuses what somebody else has decided meanwhile."""
    try:
        await decide(await _found(delivery_id), by=visit.account.email, now=visit.now)
    except Refusal as refusal:
        return await _list(visit, refusal=refusal)
    return visit.back(PATH, said=said)


async def _found(delivery_id: int) -> Delivery:
    row = await Delivery.get_or_none(id=delivery_id) if delivery_id < 2**63 else None
    if row is None:
        raise HTTPException(404)
    return row


async def _list(visit: Visit, *, before: int | None = None, refusal: Refusal | None = None) -> Response:
    rows = await dead_letters.latest(PAGE + 1, before=before)
    return visit.draw(
        "deliveries",
        numbers=await _numbers(visit, rows),
        status=409 if refusal else 200,
        rows=rows[:PAGE],
        following=rows[PAGE - 1].id if len(rows) > PAGE else None,
        problem=visit.why(refusal) if refusal else "",
        called=visit.sent,
        tries=await dead_letters.tries(rows[:PAGE]),
        actor=lambda said: audit_words.actor(visit, said),
        changing=visit.may(Right.REPLAY_DELIVERIES),
    )


async def _numbers(visit: Visit, rows: Sequence[Delivery]) -> dict[int, str]:
    """Of the tickets that they are about, by id; none for who may not see tickets."""
    shown = {row.ticket_id for row in rows if row.ticket_id} if visit.may(Right.SEE_TICKETS) else set()
    return dict(await Ticket.filter(id__in=shown).values_list("id", "number"))
