"""`/admin/`: where one comes in, and what there is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web.admin import (
    arrivals_page,
    behind_choice,
    deliveries_page,
    held_page,
    inbox_page,
    navigation,
    rules_page,
)
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.desk import searching
from core.insight import inbox
from core.models.setup import Staff, Team
from core.reactions import failing

router = APIRouter(include_in_schema=False)


Own = Annotated[Visit, Depends(Member(Right.OWN))]


@router.api_route("/admin", methods=["GET", "HEAD"])
async def lead(visit: Own) -> Response:
    """As people type it."""
    return visit.back(navigation.HOME)


@router.api_route("/admin/", methods=["GET", "HEAD"])
async def look(visit: Own) -> Response:
    return visit.draw("overview", counts=await _counts(visit), steps=await _first_steps(visit))


async def _first_steps(visit: Visit) -> list[tuple[str, str, bool]]:
    """What an installation needs before alerts reach anybody: what, where, whether it is done; [] afterwards.

    Teams come first, for staff are put into them. What is there from the start is never done: nobody may have looked.
    """
    if not (visit.may(Right.CHANGE_SETUP) and visit.may(Right.CHANGE_ACCOUNTS)):
        return []
    steps = [
        ("place", "/admin/teams", await Team.exclude(alert_channel="").exists()),
        ("staff", "/admin/staff", await Staff.filter(active=True).exists()),
        ("person", f"/admin/accounts/{visit.account.id}", visit.account.staff_id is not None),
        ("surveys", "/admin/surveys", False),
        ("rules", "/admin/rules", False),
    ]
    return [] if steps[0][-1] and steps[1][-1] else steps


async def _counts(visit: Visit) -> list[tuple[str, int, str]]:
    """What waits, and where; only what this role may see. No more is counted than is shown."""
    found: list[tuple[str, int, str]] = []
    if visit.may(Right.SEE_TICKETS):
        waits = await inbox.counts(now=visit.now)
        everything = f"{inbox_page.PATH}?whose=all"
        nobodys = await searching.nobodys()
        found.append(("nobodys", nobodys, behind_choice.NOBODYS))
        found += [("untaken", waits.taken_by_nobody, everything), ("overdue", waits.overdue, everything)]
    if visit.may(Right.SEE_SETUP):
        failed = await failing.lately(now=visit.now)
        found.append(("failed", sum(failed.values()), rules_page.PATH))
    if visit.may(Right.SEE_DELIVERIES):
        wrong = await inbox.troubles()
        found += [
            ("held", wrong.held, held_page.PATH),
            ("dead", wrong.dead, deliveries_page.PATH),
            ("quarantined", wrong.quarantined, arrivals_page.PATH),
        ]
    return found
