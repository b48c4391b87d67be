"""`/admin/contacts`: the people served, found by name, reference or address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.web.admin.door import Member, Visit
from core import directory
from core.accounts.roles import Right
from core.errors import NotFound

router = APIRouter(include_in_schema=False)
PATH = "/admin/contacts"
PAGE = 50
LATEST = 50
_MOST = 2**63 - 1
Seeing = Annotated[Visit, Depends(Member(Right.SEE_CONTACTS))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_CONTACTS))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(
    visit: Seeing,
    q: Annotated[str, Query(max_length=320)] = "",
    before: Annotated[int, Query(ge=1, le=_MOST)] | None = None,
) -> Response:
    found = await directory.search(q.replace("\x00", ""), PAGE + 1, before=before)
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return visit.draw("contacts", contacts=found[:PAGE], following=following, q=q)


@router.api_route(f"{PATH}/{{contact_id}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, contact_id: int) -> Response:
    try:
        contact = await directory.one(contact_id)
    except NotFound as error:
        raise HTTPException(404) from error
    tickets = await directory.tickets_of(contact.id, LATEST)
    return visit.draw("contact", contact=contact, tickets=tickets, changing=visit.may(Right.CHANGE_CONTACTS))


@router.post(f"{PATH}/{{contact_id}}/surveys")
async def set_surveys(visit: Changing, contact_id: int) -> Response:
    """`asked=yes`: the contact is asked for ratings from now on; anything else: no more."""
    wanted = (await visit.form()).get("asked") == "yes"
    try:
        await directory.set_surveys(contact_id, wanted=wanted, by=visit.account.email, now=visit.now)
    except NotFound as error:
        raise HTTPException(404) from error
    return visit.back(f"{PATH}/{contact_id}", said="saved")
