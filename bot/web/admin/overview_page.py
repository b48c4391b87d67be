"""`/admin/`: where one comes in, and what there is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right

router = APIRouter(include_in_schema=False)


@router.api_route("/admin/", methods=["GET", "HEAD"])
async def look(visit: Annotated[Visit, Depends(Member(Right.OWN))]) -> Response:
    return visit.draw("overview")
