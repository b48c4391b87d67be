"""`/admin/accounts`: who may come in, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.web.admin import audit_names, differences, people_forms
from bot.web.admin.door import Member, Visit
from core.accounts import accounts, invitations
from core.accounts.roles import Right
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.models.accounts import Account, Role
from core.models.setup import Staff

router = APIRouter(include_in_schema=False)
PATH = "/admin/accounts"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_ACCOUNTS))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_ACCOUNTS))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    return await _list(visit)


@router.post(PATH)
async def invite(visit: Changing) -> Response:
    """Makes a one-time link and shows it, this once."""
    form = await visit.form()
    try:
        code = await invitations.to(
            form.get("email", ""),
            form.get("role", ""),
            name=form.get("name", ""),
            by=visit.account.email,
            now=visit.now,
        )
    except Refusal as refusal:
        return await _list(visit, form=form, refusal=refusal)
    return await _list(visit, link=f"{visit.site.base_url}/setup/{code}", link_for=form.get("email", ""))


@router.api_route(f"{PATH}/invitations/{{invitation_id}}", methods=["GET", "HEAD"])
async def look_at_invitation(visit: Seeing, invitation_id: int) -> Response:
    """Of somebody who has not come yet: from here it is withdrawn, or made again."""
    invitation = await invitations.open_one(invitation_id, now=visit.now)
    return visit.draw("invitation", invitation=invitation, changing=visit.may(Right.CHANGE_ACCOUNTS))


@router.post(f"{PATH}/invitations/{{invitation_id}}/again")
async def invite_again(visit: Changing, invitation_id: int) -> Response:
    try:
        code, email = await invitations.again(invitation_id, by=visit.account.email, now=visit.now)
    except Conflict as conflict:
        return await _list(visit, refusal=conflict)
    return await _list(visit, link=f"{visit.site.base_url}/setup/{code}", link_for=email)


@router.post(f"{PATH}/invitations/{{invitation_id}}/withdraw")
async def withdraw(visit: Changing, invitation_id: int) -> Response:
    await invitations.withdraw(invitation_id, by=visit.account.email, now=visit.now)
    return visit.back(PATH, said="withdrawn")


@router.api_route(f"{PATH}/{{account_id}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, account_id: int) -> Response:
    return await _one(visit, await _found(account_id))


@router.post(f"{PATH}/{{account_id}}")
async def change(visit: Changing, account_id: int) -> Response:
    """Saves it. Who would take the admin's role, or the way in, from themselves is asked whether they are `sure`."""
    account, form = await _found(account_id), await visit.form()
    if _leaves(visit, account, form) and form.get("sure") != _wanted(form):
        return await _one(visit, account, form=form, sure=_wanted(form))
    try:
        await accounts.change(
            account.id,
            name=form.get("name", ""),
            role=form.get("role", ""),
            active="active" in form,
            staff=form.get("staff"),
            seen=form.get("seen", ""),
            by=visit.account.email,
            now=visit.now,
        )
    except NotFound as error:
        raise HTTPException(404) from error
    except accounts.Changed as changed:
        return await _one(visit, await _found(account_id), form=form, changed=changed)
    except Refusal as refusal:
        return await _one(visit, account, form=form, refusal=refusal)
    return visit.back(f"{PATH}/{account_id}", said="saved")


@router.post(f"{PATH}/{{account_id}}/password")
async def offer_password(visit: Changing, account_id: int) -> Response:
    """Makes a one-time link behind which the person chooses a new password; for nobody at their own browser, which may
    have been left open: there the password of now is asked for.
    """
    account = await _found(account_id)
    if account.id == visit.account.id:
        return await _one(visit, account, refusal=Invalid("one's own password", label="account.own_link"))
    code = await invitations.for_password(account, by=visit.account.email, now=visit.now)
    return await _one(visit, account, link=f"{visit.site.base_url}/setup/{code}")


def _leaves(visit: Visit, account: Account, form: Mapping[str, str]) -> bool:
    """Whether an admin would be none any more by their own hand."""
    own = account.id == visit.account.id and account.role is Role.ADMIN
    return own and (form.get("role") != Role.ADMIN or "active" not in form)


def _wanted(form: Mapping[str, str]) -> str:
    return f"{form.get('role', '')} {form.get('active', '')}".strip()


async def _found(account_id: int) -> Account:
    account = await Account.get_or_none(id=account_id) if account_id < 2**63 else None
    if account is None:
        raise HTTPException(404)
    return account


async def _list(
    visit: Visit,
    *,
    form: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    link: str = "",
    link_for: str = "",
) -> Response:
    return visit.draw(
        "accounts",
        status=422 if refusal else 200,
        accounts=await Account.all().order_by("email"),
        invited=await invitations.open_ones(now=visit.now),
        roles=list(Role),
        form=form or {},
        **visit.wrong(refusal),
        link=link,
        link_for=link_for,
        changing=visit.may(Right.CHANGE_ACCOUNTS),
    )


async def _one(
    visit: Visit,
    account: Account,
    *,
    form: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    changed: accounts.Changed | None = None,
    sure: str = "",
    link: str = "",
) -> Response:
    """`changed` puts beside what was typed how it is now; saving again then overwrites that, seen."""
    person = await Staff.get_or_none(id=account.staff_id) if account.staff_id else None
    kept = {
        "staff": person.key if person else "",
        "name": account.name,
        "role": str(account.role),
        **({"active": "on"} if account.active else {}),
    }
    mine = {**{name: (form or {}).get(name, "") for name in kept}, "active": "active" in (form or {})}
    now = {**kept, "active": account.active}
    differing = differences.between(visit, mine, now, await audit_names.of_setup(visit)) if changed else ()
    return visit.draw(
        "account",
        status=409 if changed else 422 if refusal else 200,
        changed=changed is not None,
        differing=list(differing),
        sure=sure,
        mark=(form or {}).get("seen", "") if refusal or sure else accounts.mark(account, person),
        account=account,
        roles=list(Role),
        people=[("", "—"), *await people_forms.people(visit)],
        person=person,
        form=form or kept,
        **visit.wrong(refusal),
        link=link,
        changing=visit.may(Right.CHANGE_ACCOUNTS),
    )
