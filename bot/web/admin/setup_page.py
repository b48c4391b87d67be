"""`/setup/{code}`: the first admin, somebody who was invited, and a password that was forgotten (SEC-44)."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web import clients, policies, reading
from bot.web.admin import door, navigation
from bot.web.site import Here, Site
from core.accounts import invitations, passwords
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
    try:
        if passwords.normal(given["password"]) != passwords.normal(given["again"]):
            raise Invalid("the two passwords differ", field="again", label="account.passwords_differ")
        account = await invitations.accept(
            code,
            email=given["email"],
            name=given["name"],
            password=given["password"],
            locale=door.chosen_locale(request, site),
            site=site.name,
            now=site.clock(),
        )
    except NotFound as error:
        raise HTTPException(404) from error
    except Refusal as refusal:
        return _page(request, site, invitation, given=given, refusal=refusal, status=422)
    response = RedirectResponse(navigation.HOME, 303)
    await door.let_in(response, request, site, account, how="setup")
    return response


async def _invitation(request: Request, site: Site, code: str) -> Invitation:
    """Raises HTTPException 404, the same for every code that opens nothing, and TooMany for whoever guesses."""
    found = await invitations.find(code, now=site.clock())
    if found is not None:
        return found
    clients.count_guess(request, site, site.rates.wrong_tokens)
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
    problem = ""
    if refusal is not None:
        locale = door.chosen_locale(request, site)
        problem = site.templates.label(refusal.label, locale, **refusal.values) if refusal.label else refusal.message
    return door.draw_for_stranger(
        request,
        site,
        "setup",
        status=status,
        invitation=invitation,
        given=given or {"email": invitation.email, "name": invitation.name},
        field=refusal.field if refusal else "",
        problem=problem,
        shortest=passwords.SHORTEST,
    )
