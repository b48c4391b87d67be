"""`/admin/inbox`: open alerts and recoveries, and what can be done about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.web.admin import behind_choice, desk_acts, desk_items
from bot.web.admin import desk as desks
from bot.web.admin.desk import Desk
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.desk import searching
from core.errors import Refusal
from core.insight import inbox
from core.insight.inbox import Whose
from core.reactions.recoveries import About

router = APIRouter(include_in_schema=False)
PATH = "/admin/inbox"
PAGE = 50
_FURTHEST = 10_000
Seeing = Annotated[Visit, Depends(Member(Right.SEE_TICKETS))]
Working = Annotated[Visit, Depends(Member(Right.WORK_TICKETS))]


@dataclass(frozen=True, slots=True)
class Failed:
    """A form that was refused, to be shown as it was sent. `news`: what happened while it was being filled in."""

    key: str
    verb: str
    field: str
    problem: str
    form: Mapping[str, str]
    news: Sequence[str] = ()


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(
    visit: Seeing,
    whose: Whose | None = None,
    skip: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
) -> Response:
    """The whole page; for its own script, which looks now and then, the list alone."""
    desk = await desks.at(visit)
    return await _page(desk, whose or _usual(desk), skip)


@router.post(f"{PATH}/{{key}}/{{verb}}")
async def act(visit: Working, key: str, verb: str) -> Response:
    about = await inbox.one(key)
    if about is None or verb not in desk_acts.OF_ALERTS:
        raise HTTPException(404)
    desk, form = await desks.at(visit), await visit.form()
    try:
        said = await desk_acts.about_alert(desk, about, verb, form)
    except Refusal as refusal:
        news = await desk_items.news(refusal, about.ticket, desk)
        wrong = Failed(key, verb, refusal.field, visit.why(refusal), form, news)
        return await _refused(desk, key, wrong, form)
    if visit.request.headers.get("hx-request"):
        return await _item(desk, await _again(key), said=said)
    return visit.back(PATH, said=f"desk_{verb}", **({"whose": form["whose"]} if form.get("whose") else {}))


async def _refused(desk: Desk, key: str, wrong: Failed, form: Mapping[str, str]) -> Response:
    if desk.visit.request.headers.get("hx-request"):
        return await _item(desk, await _again(key), failed=wrong)
    whose = form.get("whose", "")
    return await _page(desk, Whose(whose) if whose in list(Whose) else _usual(desk), 0, failed=wrong)


def _usual(desk: Desk) -> Whose:
    """My team's where I am in one, else everybody's."""
    return Whose.TEAM if desk.staff is not None and desk.staff.team_id is not None else Whose.ALL


async def _again(key: str) -> About:
    about = await inbox.one(key)
    if about is None:
        raise HTTPException(404)
    return about


async def _item(desk: Desk, about: About, *, said: str = "", failed: Failed | None = None) -> Response:
    [one] = await desk_items.items([about], desk)
    return desk.visit.draw(
        "inbox_item",
        status=422 if failed else 200,
        one=one,
        choices=await desk_items.choices(desk),
        whose="",
        item_said=said,
        failed=failed,
    )


async def _page(desk: Desk, whose: Whose, skip: int, *, failed: Failed | None = None) -> Response:
    found = await inbox.waiting(desk.staff, whose, most=PAGE, skip=skip)
    rows = list(found.rows)
    if failed is not None and all(inbox.key_of(one) != failed.key for one in rows):
        about = await inbox.one(failed.key)
        rows = [*([about] if about else []), *rows]
    items = await desk_items.items(rows, desk)
    part = desk.visit.request.query_params.get("part") == "list"
    return desk.visit.draw(
        "inbox_list" if part else "inbox",
        status=409 if failed else 200,
        desk=desk,
        items=items,
        choices=await desk_items.choices(desk),
        whose=whose.value,
        whoses=[one.value for one in Whose if one == Whose.ALL or desk.staff is not None],
        sizes=await inbox.sizes(desk.staff),
        part=part,
        more=found.more,
        following=skip + PAGE,
        skip=skip,
        nobodys=await searching.nobodys(),
        nobodys_path=behind_choice.NOBODYS,
        failed=failed,
        item_said="",
    )
