"""`/admin/login`: coming in with an address and a password, and going out again (SEC-45)."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.web import clients, policies, reading
from bot.web.admin import door, navigation
from bot.web.admin.door import Member, Visit
from bot.web.site import Here, Site
from core.accounts import accounts, invitations, sessions
from core.accounts.roles import Right

router = APIRouter(include_in_schema=False)
LOGIN = "/admin/login"
_OURS = re.compile(r"/admin/(?:[\w.~:=&?%,+@-]+/?)*")

Own = Annotated[Visit, Depends(Member(Right.OWN))]


@router.api_route(LOGIN, methods=["GET", "HEAD"], dependencies=[policies.public])
async def look(request: Request, site: Here) -> Response:
    if await door.who_is_in(request, site):
        return RedirectResponse(navigation.HOME, 303)
    return await page(request, site)


@router.post(LOGIN, dependencies=[policies.public])
async def come_in(request: Request, site: Here) -> Response:
    fields = await reading.form(request)
    await door.check_stranger(request, site, fields)
    email, password = (fields.get(name, [""])[-1][:300] for name in ("email", "password"))
    following = own_path(fields.get("next", [""])[-1])
    clients.count_password(request, site, email)
    account = await accounts.with_password(email, password)
    if account is None:
        return await page(request, site, status=422, email=email, following=following, problem="account.wrong")
    response = RedirectResponse(following or navigation.HOME, 303)
    await door.let_in(response, request, site, account, how="password")
    return response


@router.get("/admin/session")
async def session(visit: Own) -> Response:
    """For the script of an open page: who is signed in now, and the token that the page's forms need.

    No other site can read it, as it can read none of our pages, in which the token stands as well (SEC-47).
    """
    told = {"account": str(visit.account.id), "csrf": visit.csrf}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


@router.post("/admin/logout")
async def go_out(visit: Own) -> Response:
    await sessions.end(visit.session)
    response = RedirectResponse(LOGIN, 303)
    door.show_out(response, visit.site)
    return response


async def page(
    request: Request,
    site: Site,
    *,
    status: int = 200,
    email: str = "",
    following: str = "",
    problem: str = "",
    unsent: bool = False,
) -> HTMLResponse:
    """The form. `following` is where to go then; `problem` is a label; `unsent`: something was sent in vain.

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
        unsent=unsent,
        nobody_yet=await invitations.is_needed(),
    )


async def sign_in_first(request: Request, _error: Exception) -> Response:
    """Instead of the page that was asked for: the form that leads to it. A script is told, and keeps its page."""
    site: Site = request.app.state.site
    if request.headers.get("hx-request"):
        return Response(status_code=401)
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    if request.method not in door.SAFE:
        return await page(request, site, status=401, unsent=True)
    return await page(request, site, status=401, following=own_path(asked))


def own_path(text: str) -> str:
    """The path of an admin page of ours, or "": nobody is sent anywhere else (SEC-48)."""
    path = unquote(text.partition("?")[0])
    leads_out = "//" in text or not path.startswith("/admin/") or {".", ".."} & set(re.split(r"[/\\]", path))
    return text if len(text) <= 500 and not leads_out and _OURS.fullmatch(text) else ""
