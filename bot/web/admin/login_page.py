"""`/admin/login`: coming in with an address and a password, and going out again (SEC-45)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web import clients, policies, reading
from bot.web.admin import door, navigation
from bot.web.admin.door import Member, Visit
from bot.web.site import Here, Site
from core.accounts import accounts, invitations, sessions
from core.accounts.roles import Right

router = APIRouter(include_in_schema=False)
_OURS = re.compile(r"/admin/(?:[\w.~:=&?%,+@-]+/?)*")

Own = Annotated[Visit, Depends(Member(Right.OWN))]


@router.api_route("/admin/login", methods=["GET", "HEAD"], dependencies=[policies.public])
async def look(request: Request, site: Here) -> Response:
    if await door.who_is_in(request, site):
        return RedirectResponse(navigation.HOME, 303)
    return await page(request, site)


@router.post("/admin/login", dependencies=[policies.public])
async def come_in(request: Request, site: Here) -> Response:
    fields = await reading.form(request)
    await door.check_stranger(request, site, fields)
    email, password = (fields.get(name, [""])[-1][:300] for name in ("email", "password"))
    following = own_path(fields.get("next", [""])[-1])
    _not_too_often(request, site, email)
    account = await accounts.with_password(email, password)
    if account is None:
        return await page(request, site, status=422, email=email, following=following, problem="account.wrong")
    response = RedirectResponse(following or navigation.HOME, 303)
    await door.let_in(response, request, site, account, how="password")
    return response


@router.post("/admin/logout")
async def go_out(visit: Own) -> Response:
    await sessions.end(visit.session)
    response = RedirectResponse("/admin/login", 303)
    door.show_out(response, visit.site)
    return response


async def page(
    request: Request, site: Site, *, status: int = 200, email: str = "", following: str = "", problem: str = ""
) -> HTMLResponse:
    """The form. `following` is where to go then; `problem` is a label.

    While nobody can come in, it says where the way in is told: to whoever runs this site, and never here (SEC-44).
    """
    return door.draw_for_stranger(
        request,
        site,
        "login",
        status=status,
        email=email,
        following=following,
        problem=problem,
        nobody_yet=await invitations.is_needed(),
    )


async def sign_in_first(request: Request, _error: Exception) -> Response:
    """Instead of the page that was asked for: the form that leads to it."""
    site: Site = request.app.state.site
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    following = own_path(asked) if request.method in door.SAFE else ""
    return await page(request, site, status=401, following=following)


def own_path(text: str) -> str:
    """The path of an admin page of ours, or "": nobody is sent anywhere else (SEC-48)."""
    return text if len(text) <= 500 and "//" not in text and _OURS.fullmatch(text) else ""


def _not_too_often(request: Request, site: Site, email: str) -> None:
    """Raises TooMany: five guesses a minute for one address by one caller, twenty by one caller in all."""
    clients.count_guess(request, site, site.rates.sign_in_caller)
    clients.count_guess(request, site, site.rates.sign_in, email.strip().lower() or "nobody")
