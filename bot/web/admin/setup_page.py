"""`/setup/{code}`: the first admin, somebody who was invited, and a password that was forgotten (SEC-44)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web import clients, policies, reading
from bot.web.admin import door, navigation
from bot.web.site import Here, Site
from core.accounts import accounts, invitations, passwords
from core.errors import Invalid, NotFound, Refusal
from core.models.accounts import Invitation

router = APIRouter(include_in_schema=False, dependencies=[policies.public])


@router.api_route("/setup/{code}", methods=["GET", "HEAD"])
async def look(request: Request, site: Here, code: str) -> Response:
    return _page(request, site, await invitation_of(request, site, code))


@router.post("/setup/{code}")
async def set_up(request: Request, site: Here, code: str) -> Response:
    invitation = await invitation_of(request, site, code)
    fields = await reading.form(request)
    await door.check_stranger(request, site, fields)
    given = {name: fields.get(name, [""])[-1] for name in ("email", "name", "password", "again")}
    if wrong := list(_wrong(site, invitation, given)):
        return _page(request, site, invitation, given=given, refusals=wrong, status=422)
    try:
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
        raise await _gone() from error
    except Refusal as refusal:
        return _page(request, site, invitation, given=given, refusals=[refusal], status=422)
    response = RedirectResponse(navigation.HOME, 303)
    await door.let_in(response, request, site, account, how="setup")
    return response


def _wrong(site: Site, invitation: Invitation, given: Mapping[str, str]) -> Iterator[Refusal]:
    """All that is wrong with what was typed, each naming its field."""
    email = invitation.email or given["email"]
    try:
        accounts.normal(email)
    except Refusal as refusal:
        yield refusal
    try:
        accounts.called(given["name"])
    except Refusal as refusal:
        yield refusal
    try:
        passwords.check(given["password"], email=email, name=given["name"], site=site.name)
    except Refusal as refusal:
        yield refusal
    if passwords.normal(given["password"]) != passwords.normal(given["again"]):
        yield Invalid("the two passwords differ", field="again", label="account.passwords_differ")


async def invitation_of(request: Request, site: Site, code: str) -> Invitation:
    """Raises NotFound, the same for every code that opens nothing, and TooMany for whoever guesses.

    While there is no admin it says who makes a new one at the command line; afterwards an admin does.
    """
    found = await invitations.find(code, now=site.clock())
    if found is not None:
        return found
    clients.count_guess(request, site, site.rates.wrong_tokens)
    raise await _gone()


async def _gone() -> NotFound:
    label = "admin.setup_gone" if await invitations.is_needed() else "admin.link_gone"
    return NotFound("this link opens nothing (any more)", label=label)


def _page(
    request: Request,
    site: Site,
    invitation: Invitation,
    *,
    given: dict[str, str] | None = None,
    refusals: Sequence[Refusal] = (),
    status: int = 200,
) -> HTMLResponse:
    locale = door.chosen_locale(request, site)
    problems = {
        one.field: site.templates.label(one.label, locale, **one.values) if one.label else one.message
        for one in reversed(refusals)
    }
    return door.draw_for_stranger(
        request,
        site,
        "setup",
        status=status,
        invitation=invitation,
        kind=invitations.purpose(invitation),
        given=given or {"email": invitation.email, "name": invitation.name},
        problems=problems,
        shortest=passwords.SHORTEST,
    )
