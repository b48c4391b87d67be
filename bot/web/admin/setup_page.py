"""`/setup/{code}`: the first admin, somebody who was invited, and a password that was forgotten (SEC-44)."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web import clients, pages, policies, reading
from bot.web.admin import door
from bot.web.errors import TooMany
from bot.web.site import Here, Site
from core.accounts import invitations, passwords, sessions
from core.errors import Invalid, NotFound, Refusal
from core.models.accounts import Invitation

router = APIRouter(include_in_schema=False, dependencies=[policies.public])


@router.api_route("/setup/{code}", methods=["GET", "HEAD"])
async def look(request: Request, site: Here, code: str) -> Response:
    return _page(request, site, await _invitation(request, site, code))


@router.post("/setup/{code}")
async def set_up(request: Request, site: Here, code: str) -> Response:
    invitation = await _invitation(request, site, code)
    fields = await reading.form(request)
    await door.check_stranger(request, site, fields)
    given = {name: fields.get(name, [""])[-1][:400] for name in ("email", "name", "password", "again")}
    locale = _locale(request, site)
    try:
        if passwords.normal(given["password"]) != passwords.normal(given["again"]):
            raise Invalid("the two passwords differ", field="again", label="account.passwords_differ")
        account = await invitations.accept(
            code,
            email=given["email"],
            name=given["name"],
            password=given["password"],
            locale=locale,
            site=site.name,
            now=site.clock(),
        )
    except NotFound as error:
        raise HTTPException(404) from error
    except Refusal as refusal:
        return _page(request, site, invitation, given=given, refusal=refusal, status=422)
    browser = request.headers.get("user-agent", "")
    token = await sessions.begin(account, browser=browser, how="setup", now=site.clock())
    response = RedirectResponse("/admin/", 303)
    door.let_in(response, site, token)
    return response


async def _invitation(request: Request, site: Site, code: str) -> Invitation:
    """Raises HTTPException 404, the same for every code that opens nothing, and TooMany for whoever guesses."""
    found = await invitations.find(code, now=site.clock())
    if found is not None:
        return found
    if wait := site.rates.wrong_tokens.wait(clients.caller(request, site) or "this machine"):
        raise TooMany(wait)
    raise HTTPException(404)


def _page(
    request: Request,
    site: Site,
    invitation: Invitation,
    *,
    given: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HTMLResponse:
    secret, token = door.stranger_token(request, site)
    locale = _locale(request, site)
    problem = ""
    if refusal is not None:
        label = refusal.label
        problem = site.templates.label(label, locale, **refusal.values) if label else refusal.message
    values = {
        "site_name": site.name,
        "csrf": token,
        "invitation": invitation,
        "given": given or {"email": invitation.email, "name": invitation.name},
        "field": refusal.field if refusal else "",
        "problem": problem,
        "shortest": passwords.SHORTEST,
    }
    response = pages.of(request).draw("admin/setup", locale, values, status=status)
    door.keep_stranger(response, site, secret)
    return response


def _locale(request: Request, site: Site) -> str:
    return door.locale_of(request, site, request.query_params.get("lang", "")[:20])
