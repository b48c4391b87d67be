"""Coming in by an identity provider: there and back in two redirects, for who has an account, an invitation, or links.

What the provider sends back counts only in the browser that set out, within ten minutes, and once: that browser keeps a
secret in a cookie, and state, nonce and PKCE verifier come from it. Nothing is stored until somebody is vouched for.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from bot.web import clients, policies, reading
from bot.web.admin import door, navigation, own_page, setup_page
from bot.web.admin.door import Member, Visit
from bot.web.admin.login_page import LOGIN, own_path
from bot.web.identity_provider import IdentityProvider, NotVouched, ProviderUnavailable
from bot.web.sessions import age, cookie_name, new_secret, seal, set_cookie, stamp
from bot.web.site import Here, Site
from core.accounts import identities, invitations
from core.accounts.identities import Identity
from core.accounts.roles import Right
from core.errors import Conflict, Refusal
from core.models.accounts import Account
from core.text import clean_line

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

Own = Annotated[Visit, Depends(Member(Right.OWN))]
_COOKIE = "afterword-sign-in"
_SECONDS = 600
_LONGEST = 4000
_CANCELLED = frozenset({"access_denied", "user_cancelled_login", "user_cancelled_authorize"})
"""What a provider says when the person did not want to (RFC 6749, 4.1.2.1; the latter two are LinkedIn's)."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """What a browser set out for, as its cookie keeps it: `secret.invitation.account.following`, mostly empty.

    `following` is the page of ours that was asked for, and stands there quoted: a path may have dots in it.
    """

    secret: str
    invitation: str = ""
    account: str = ""
    following: str = ""

    def packed(self, site: Site, provider: str) -> str:
        words = (self.secret, self.invitation, self.account, _quoted(self.following))
        return ".".join((*words, seal(site, "sign-in", provider, *words)))

    @classmethod
    def unpacked(cls, site: Site, provider: str, text: str) -> _Errand | None:
        parts = text.split(".")
        if len(parts) != 5:
            return None
        secret, invitation, account, following, _ = parts
        errand = cls(secret, invitation, account, own_path(_unquoted(following)))
        return errand if errand.packed(site, provider) == text else None


@router.get("/admin/sign-in/{provider}", dependencies=[policies.public])
async def set_out(request: Request, site: Here, provider: str) -> Response:
    """For somebody who has an account: a link on the sign-in page, which says where they wanted to go."""
    clients.count_guess(request, site, site.rates.caller)
    following = own_path(request.query_params.get("next", ""))
    return await _send(request, site, provider, _Errand(new_secret(), following=following))


@router.post("/setup/{code}/with/{provider}", dependencies=[policies.public])
async def accept(request: Request, site: Here, code: str, provider: str) -> Response:
    """For somebody who was invited: instead of choosing a password."""
    clients.count_guess(request, site, site.rates.caller)
    await door.check_stranger(request, site, await reading.form(request))
    await setup_page.invitation_of(request, site, code)
    return await _send(request, site, provider, _Errand(new_secret(), invitation=code))


@router.post("/admin/account/link/{provider}")
async def link(visit: Own, provider: str) -> Response:
    """For somebody who is signed in and knows the password: from now on with the provider, and no longer with it."""
    _chosen(visit.site, provider)
    form = await visit.form()
    try:
        await own_page.check_password(visit, form.get("present", ""), field="present")
    except Refusal as refusal:
        return await own_page.page(visit, refusal)
    return await _send(visit.request, visit.site, provider, _Errand(new_secret(), account=str(visit.account.id)))


@router.get("/admin/sign-in/{provider}/back", dependencies=[policies.public])
async def come_back(request: Request, site: Here, provider: str) -> Response:
    """Counted as a guess, unlike setting out: here something is proven."""
    clients.count_guess(request, site, site.rates.sign_in_caller)
    chosen = _chosen(site, provider)
    errand = _Errand.unpacked(site, provider, request.cookies.get(cookie_name(site, _COOKIE), ""))
    response = await _finish(request, site, chosen, errand)
    response.delete_cookie(cookie_name(site, _COOKIE), path="/", secure=site.secure, httponly=True, samesite="lax")
    return response


async def _send(request: Request, site: Site, provider: str, errand: _Errand) -> Response:
    """A page that leads on: browsers do not let a form be redirected to another site where `form-action` is our own."""
    chosen = _chosen(site, provider)
    try:
        url = await chosen.authorize_url(
            redirect_uri=_redirect_uri(site, provider),
            state=stamp(site, "sign-in-state", provider, errand.secret),
            nonce=_nonce(site, errand),
            verifier=_verifier(site, errand),
        )
    except ProviderUnavailable as error:
        log.warning("signing in with %s does not work now: %s", provider, error)
        return await _say(request, site, errand, "unavailable", chosen, status=503)
    response: Response
    if request.method == "GET":
        response = RedirectResponse(url, 303)
    else:
        response = door.draw_for_stranger(request, site, "onward", url=url, label=chosen.settings.label)
    set_cookie(response, site, _COOKIE, errand.packed(site, provider), seconds=_SECONDS)
    return response


async def _finish(request: Request, site: Site, provider: IdentityProvider, errand: _Errand | None) -> Response:
    names = ("state", "code", "iss", "error", "error_description")
    given = {name: request.query_params.get(name, "")[:_LONGEST] for name in names}
    name = provider.settings.name
    if errand is None or not _is_of(site, name, errand, given["state"]):
        return await _say(request, site, errand, "stale", provider, status=400)
    if given["error"] or not given["code"]:
        return await _turned_away_there(request, site, errand, provider, given["error"], given["error_description"])
    try:
        identity = await provider.identify(
            code=given["code"],
            said_issuer=given["iss"],
            redirect_uri=_redirect_uri(site, name),
            nonce=_nonce(site, errand),
            verifier=_verifier(site, errand),
            now=site.clock().timestamp(),
        )
    except ProviderUnavailable as error:
        log.warning("signing in with %s does not work now: %s", name, error)
        return await _say(request, site, errand, "unavailable", provider, status=503)
    except NotVouched as error:
        log.warning("somebody was not let in by %s: %s", name, error)
        return await _say(request, site, errand, "refused", provider, status=403)
    return await _welcome(request, site, provider, errand, identity)


async def _turned_away_there(
    request: Request, site: Site, errand: _Errand, provider: IdentityProvider, error: str, description: str
) -> Response:
    """The browser comes back without a code: because the person, or the provider, did not want to."""
    name, code = provider.settings.name, clean_line(error, limit=60) or "neither a code nor an error"
    told = f"{code}: {clean_line(description, limit=200)}" if description else code
    if error in _CANCELLED:
        log.info("somebody was not signed in at %s: %s", name, told)
        return await _say(request, site, errand, "cancelled", provider, status=400)
    log.warning("%s refuses to sign anybody in: %s", name, told)
    return await _say(request, site, errand, "refused_there", provider, status=403)


async def _welcome(
    request: Request, site: Site, provider: IdentityProvider, errand: _Errand, identity: Identity
) -> Response:
    try:
        account = await _account(request, site, errand, identity)
    except Conflict as conflict:
        return await _say(request, site, errand, "taken", provider, status=409, refusal=conflict)
    except Refusal as refusal:
        return await _say(request, site, errand, "stale", provider, status=400, refusal=refusal)
    if account is None:
        return await _say(request, site, errand, await _why_nobody(errand, identity), provider, status=403)
    home = f"{own_page.PATH}?said=linked" if errand.account else navigation.HOME
    response = RedirectResponse(errand.following or home, 303)
    await door.let_in(response, request, site, account, how=provider.settings.name)
    return response


async def _account(request: Request, site: Site, errand: _Errand, identity: Identity) -> Account | None:
    """Whose account this is now; None when nobody's. Raises Refusal."""
    now = site.clock()
    if errand.invitation:
        locale = door.chosen_locale(request, site)
        return await invitations.accept_as(errand.invitation, identity, locale=locale, now=now)
    if errand.account:
        session = await door.who_is_in(request, site)
        if session is None or str(session.account_id) != errand.account:
            return None
        return await identities.link(session.account_id, identity, by=session.account.email, now=now)
    return await identities.account_of(identity)


async def _why_nobody(errand: _Errand, identity: Identity) -> str:
    if errand.account:
        return "signed_out"
    return "closed" if await identities.is_of_closed_account(identity) else "stranger"


async def _say(
    request: Request,
    site: Site,
    errand: _Errand | None,
    what: str,
    provider: IdentityProvider,
    *,
    status: int,
    refusal: Refusal | None = None,
) -> Response:
    locale = door.chosen_locale(request, site)
    words = site.templates
    text = words.label(f"admin.provider.{what}", locale, label=provider.settings.label)
    if refusal is not None and refusal.label:
        text = words.label(refusal.label, locale, **refusal.values)
    way, called = await _way_back(site, errand)
    return door.draw_for_stranger(request, site, "turned_away", status=status, text=text, way=way, called=called)


async def _way_back(site: Site, errand: _Errand | None) -> tuple[str, str]:
    """Where somebody begins again, and the label of that: an invitation that opens something still is not lost."""
    if errand is None:
        return LOGIN, "admin.provider.again"
    found = await invitations.find(errand.invitation, now=site.clock())
    if found is not None:
        return f"/setup/{errand.invitation}", f"admin.provider.again_{invitations.purpose(found)}"
    if errand.account:
        return own_page.PATH, "admin.provider.again_own"
    return errand.following or LOGIN, "admin.provider.again"


def _quoted(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


def _unquoted(text: str) -> str:
    """ "" for what `_quoted` did not make."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def _chosen(site: Site, name: str) -> IdentityProvider:
    found = site.providers.get(name)
    if found is None:
        raise HTTPException(404)
    return found


def _redirect_uri(site: Site, provider: str) -> str:
    """One for each provider, so that none can be taken for another (RFC 9700, 4.4)."""
    return f"{site.base_url}/admin/sign-in/{provider}/back"


def _nonce(site: Site, errand: _Errand) -> str:
    return seal(site, "sign-in-nonce", errand.secret)


def _verifier(site: Site, errand: _Errand) -> str:
    """43 characters and more, as RFC 7636 wants them."""
    return seal(site, "sign-in-verifier-1", errand.secret) + seal(site, "sign-in-verifier-2", errand.secret)


def _is_of(site: Site, provider: str, errand: _Errand, state: str) -> bool:
    seconds = age(site, state, "sign-in-state", provider, errand.secret, now=site.clock())
    return seconds is not None and 0 <= seconds <= _SECONDS
