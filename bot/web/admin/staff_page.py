"""`/admin/staff`: who works here, how they are reached, and when they are not woken."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web.admin import measures, people_forms
from bot.web.admin.door import Member, Visit
from bot.web.admin.people_forms import Outcome, Values
from core.accounts import accounts
from core.accounts.roles import Right
from core.models.accounts import Account
from core.models.setup import Staff, Team
from core.setup import StaffSetup

router = APIRouter(include_in_schema=False)
PATH = "/admin/staff"
_PLAIN = ("name", "email", "team", "locale", "timezone")
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, me: bool = False) -> Response:
    """`me`: the form for one more is filled in with who is signed in."""
    return await _list(visit, form={"email": visit.account.email, "name": visit.account.name} if me else None)


@router.post(PATH)
async def add(visit: Changing) -> Response:
    """One more. Who adds themselves is that person in the inbox at once."""
    form = await visit.form()
    values = {name: form.get(name, "").strip() for name in ("email", "name", "team")}
    outcome = await people_forms.save(visit, StaffSetup, values, "")
    if not outcome.saved:
        return await _list(visit, form=form, outcome=outcome)
    person = await Staff.get(key=values["email"])
    if person.email.casefold() == visit.account.email.casefold():
        await accounts.find_on_desk(visit.account.id, by=visit.account.email, now=visit.now)
    return visit.back(f"{PATH}/{person.id}", said="saved")


@router.api_route(f"{PATH}/{{staff_id}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, staff_id: int) -> Response:
    person, seen = await people_forms.found(Staff, "staff", staff_id)
    return await _one(visit, person, seen.values, seen.mark)


@router.post(f"{PATH}/{{staff_id}}")
async def change(visit: Changing, staff_id: int) -> Response:
    fields = await visit.form_lists()
    person, there = await people_forms.edited(Staff, staff_id, fields)
    mark = fields.get("seen", [""])[-1]
    values: Values = {name: measures.typed(fields, name) for name in _PLAIN}
    values["quiet_hours"] = measures.read_hours(fields, "quiet_hours", "")
    values |= {"leads": "leads" in fields, "active": "active" in fields}
    values["addresses"] = people_forms.rows(fields, "addresses", ("channel", "address"), needed="address")
    outcome = await people_forms.save(visit, StaffSetup, {"key": person.key, **values}, mark)
    if outcome.saved:
        return visit.back(f"{PATH}/{(await Staff.get(key=person.key)).id}", said="saved")
    there = there and not outcome.is_gone
    return await _one(visit, person, values, outcome.mark(mark), outcome=outcome, there=there)


async def _teams() -> list[tuple[str, str]]:
    return [("", "—"), *((one.key, one.name or one.key) for one in await Team.all().order_by("name", "key"))]


async def _list(visit: Visit, *, form: dict[str, str] | None = None, outcome: Outcome | None = None) -> Response:
    problems = outcome.beside("email", visit.say("people.taken")) if outcome else {}
    if "" in problems:  # nobody without an address
        problems["email"] = problems.pop("")
    people = Staff.all().order_by("-active", "name", "key").prefetch_related("team", "addresses")
    found = await people
    mine = visit.account.email.casefold()
    is_known = bool(visit.account.staff_id) or any(mine in (one.email.casefold(), one.key.casefold()) for one in found)
    return people_forms.draw_list(
        visit, "staff", form or {}, problems, people=found, teams=await _teams(), offered=not (is_known or form)
    )


async def _one(
    visit: Visit, person: Staff, values: Values, mark: str, *, outcome: Outcome | None = None, there: bool = True
) -> Response:
    return await people_forms.draw_one(
        visit,
        "staffer",
        values,
        mark,
        removed=None if there else ("staff", person.key),
        outcome=outcome,
        person=person,
        teams=await _teams(),
        locales=[("", "—"), *visit.languages],
        account=await Account.filter(staff_id=person.id, active=True).first(),
    )
