"""`/admin/account`: one's own name, language, password, and the browsers in which one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web import clients
from bot.web.admin import browsers, door
from bot.web.admin.door import Member, Visit
from core.accounts import accounts, passwords, sessions
from core.accounts.roles import Right
from core.errors import Invalid, Refusal

router = APIRouter(include_in_schema=False)
Own = Annotated[Visit, Depends(Member(Right.OWN))]
PATH = "/admin/account"


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Own) -> Response:
    return await page(visit)


@router.post(PATH)
async def change(visit: Own) -> Response:
    form = await visit.form()
    locale = form.get("locale", "")
    if locale not in visit.site.templates.locales():
        locale = ""
    try:
        await accounts.change(
            visit.account.id, name=form.get("name", ""), locale=locale, by=visit.account.email, now=visit.now
        )
    except Refusal as refusal:
        return await page(visit, refusal, form=form)
    return visit.back(PATH, said="saved")


@router.post(f"{PATH}/password")
async def change_password(visit: Own) -> Response:
    form = await visit.form()
    account = visit.account
    try:
        await check_password(visit, form.get("old", ""), field="old")
        if passwords.normal(form.get("password", "")) != passwords.normal(form.get("again", "")):
            raise Invalid("the two passwords differ", field="again", label="account.passwords_differ")
        await accounts.set_password(
            account, form.get("password", ""), site=visit.site.name, by=account.email, now=visit.now
        )
    except Refusal as refusal:
        return await page(visit, refusal)
    response = visit.back(PATH, said="password_changed")
    await door.let_in(response, visit.request, visit.site, account, how="password")
    return response


@router.post(f"{PATH}/sign-out-others")
async def sign_out_others(visit: Own) -> Response:
    await sessions.end_all(visit.account.id, but=visit.session.id)
    return visit.back(PATH, said="others_signed_out")


async def check_password(visit: Visit, given: str, *, field: str) -> None:
    """Whoever finds an open browser must not take the account over, nor guess there. Raises Invalid, and TooMany."""
    account = visit.account
    if account.subject:
        raise Invalid("this account signs in with a provider", label="account.has_no_password")
    clients.count_password(visit.request, visit.site, account.email)
    if not await passwords.fits(given, account.password_hash):
        raise Invalid("that is not the password of now", field=field, label="account.old_wrong")


def _linked(visit: Visit) -> str:
    """The provider that somebody signs in with, as people call it; "" for a password."""
    labels = {one.settings.issuer: one.settings.label for one in visit.site.providers.values()}
    issuer = visit.account.issuer or ""
    return labels.get(issuer, issuer)


async def page(visit: Visit, refusal: Refusal | None = None, *, form: dict[str, str] | None = None) -> Response:
    return visit.draw(
        "own",
        status=422 if refusal else 200,
        form=form or {},
        browser_of=browsers.known,
        browsers=await sessions.of(visit.account.id, now=visit.now),
        linked=_linked(visit),
        providers=[one.settings for one in visit.site.providers.values()],
        **visit.wrong(refusal),
        shortest=passwords.SHORTEST,
    )
