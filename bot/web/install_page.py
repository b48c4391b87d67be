"""`/slack/{channel}/install` and `/oauth`: an administrator of another workspace gets the app, in two redirects.

What Slack sends back counts only in the browser that began, within ten minutes, and once: else somebody could have
another person's browser finish what they themselves began.
"""

from __future__ import annotations

import logging
from typing import Protocol

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from bot.web import clients, pages, policies, sessions
from bot.web.site import Here, Site
from core import transactions
from core.ports import Refused, TryLater, Undeliverable

router = APIRouter(prefix="/slack", dependencies=[policies.public], include_in_schema=False)
log = logging.getLogger(__name__)

_COOKIE = "afterword-install"
_SECONDS = 600
_LONGEST = 500
_STATUS = {"installed": 200, "cancelled": 200, "nothing": 404, "too_many": 429, "later": 503}
_MOODS = {"installed": "done", "stale": "over", "nothing": "lost"}


class Installer(Protocol):
    """What these pages need of a channel that others can install; they know it by its shape."""

    def authorize_url(self, state: str) -> str: ...

    async def claim(self, state: str) -> bool: ...

    async def install(self, grant: str) -> str: ...


@router.get("/{channel}/install")
async def begin(request: Request, site: Here, channel: str) -> Response:
    """Looking stores nothing: what is remembered is a signature, and a secret in this browser."""
    if _too_often(request, site):
        return _page(request, site, channel, "too_many")
    installer = _installer(site, channel)
    if installer is None:
        return _page(request, site, channel, "nothing")
    browser = sessions.new_secret()
    state = sessions.stamp(site, "install", channel, browser)
    response = RedirectResponse(installer.authorize_url(state), 303)
    sessions.set_cookie(response, site, _COOKIE, browser, seconds=_SECONDS)
    return response


@router.get("/{channel}/oauth")
async def finish(request: Request, site: Here, channel: str) -> Response:
    if _too_often(request, site):
        return _page(request, site, channel, "too_many")
    installer = _installer(site, channel)
    if installer is None:
        return _page(request, site, channel, "nothing")
    try:
        screen, team = await _finish(request, site, channel, installer)
    except TryLater as later:
        log.warning("the app could not be installed yet: %s", later.reason, extra={"channel": channel})
        screen, team = "later", ""
    except Undeliverable as wrong:
        log.error("the app cannot be installed: %s", wrong.reason, extra={"channel": channel})  # noqa: TRY400
        screen, team = "set_up", ""
    except transactions.StoreUnavailable:
        log.warning("the app could not be installed yet: the store is away", extra={"channel": channel})
        screen, team = "later", ""
    response = _page(request, site, channel, screen, team=team)
    response.delete_cookie(
        sessions.cookie_name(site, _COOKIE), path="/", secure=site.secure, httponly=True, samesite="lax"
    )
    return response


async def _finish(request: Request, site: Site, channel: str, installer: Installer) -> tuple[str, str]:
    """The screen to show, and the workspace's name."""
    state, grant = (request.query_params.get(name, "") for name in ("state", "code"))
    if not _is_ours(request, site, channel, state) or not await installer.claim(state):
        return "stale", ""
    if problem := request.query_params.get("error", ""):
        log.info("Slack's page came back without consent", extra={"channel": channel})
        return ("cancelled" if problem == "access_denied" else "set_up"), ""
    if not 0 < len(grant) <= _LONGEST:
        return "stale", ""
    try:
        return "installed", await installer.install(grant)
    except Refused as refused:
        log.info("Slack did not take back what its page gave: %s", refused.reason, extra={"channel": channel})
        return "stale", ""


def _is_ours(request: Request, site: Site, channel: str, state: str) -> bool:
    """This browser was sent to Slack with that state, at most ten minutes ago."""
    browser = request.cookies.get(sessions.cookie_name(site, _COOKIE), "")
    if not browser or len(browser) > _LONGEST or len(state) > _LONGEST:
        return False
    age = sessions.age(site, state, "install", channel, browser, now=site.clock())
    return age is not None and -1 <= age < _SECONDS


def _installer(site: Site, channel: str) -> Installer | None:
    found: Installer | None = getattr(site.channels.get(channel), "installer", None)
    return found


def _too_often(request: Request, site: Site) -> bool:
    caller = clients.caller(request, site)
    return bool(caller and site.rates.caller.wait(caller))


def _page(request: Request, site: Site, channel: str, screen: str, *, team: str = "") -> Response:
    locale = site.templates.best_locale(request.headers.get("accept-language", ""))
    values = {
        "screen": screen,
        "mood": _MOODS.get(screen, "stuck"),
        "site_name": site.name,
        "team": team,
        "again": "" if screen in ("installed", "nothing", "too_many") else f"/slack/{channel}/install",
    }
    return pages.of(request).draw("install", locale, values, status=_STATUS.get(screen, 400))
