"""Who may call which route. A route says it by its policy; a route without one does not start (SEC-22).

A dependency that carries a `policy` declares it: the three below for the API, `bot.web.admin.door.Member` for pages.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request
from starlette.routing import BaseRoute

from bot.web import clients
from bot.web.errors import Unauthorized
from bot.web.site import Here, Site
from core import access
from core.accounts.roles import Right
from core.errors import NotAllowed
from core.models.access import ApiToken

PUBLIC = {
    "/": "says whose address this is, the same to everybody",
    "/r/{token}": "the survey page; the token in the link is what opens it",
    "/r/{token}/confirm": "the one more tap of the survey page",
    "/r/{token}/seen.css": "the style sheet that witnesses that a browser shows the page",
    "/u/{token}": "stops surveys; the token in the link is what opens it",
    "/static/{name:path}": "fixed files that hold nothing of anybody",
    "/admin/login": "where one signs in; a wrong guess is slow, and always answered alike",
    "/setup/{code}": "makes the account that the one-time code in the address stands for",
    "/setup/{code}/with/{provider}": "the same for somebody who signs in with a provider; stores nothing yet",
    "/admin/sign-in/{provider}": "sends the browser on to the identity provider and stores nothing",
    "/admin/sign-in/{provider}/back": "asks for a signed state, the cookie of who set out, and an ID token",
    "/hooks/{channel}": "the channel verifies the signature of its network",
    "/slack/{channel}/install": "sends the browser on to Slack and stores nothing; Slack decides who may install",
    "/slack/{channel}/oauth": "asks for a signed state, and for the cookie of the browser that began",
    "/healthz": "says only that the process answers",
    "/readyz": "says which part does not work, and to strangers nothing about why or for whom",
    "/metrics": "asks for its own token, or answers this machine",
    "/api/v1/openapi.json": "the description of the API, the same in every installation",
}
"""Every route that answers without an API token, and why it may. Review what is added here."""

_BEARER = HTTPBearer(auto_error=False, description="A token made by `afterword token create`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


@dataclass(frozen=True)
class Policy:
    """What opens a route: nothing, a token with this scope, or somebody signed in whose role has this right."""

    scope: str = ""
    right: Right | None = None

    @property
    def is_open(self) -> bool:
        return not self.scope and self.right is None


class Undeclared(Exception):
    """A route says nothing about who may call it, or is public without being on the list."""


OPEN = Policy()


async def anybody() -> None:
    """For routes on the list of public ones."""


async def _reader(request: Request, site: Here, credentials: Credentials) -> ApiToken:
    return await _caller(request, site, credentials, "read")


async def _teller(request: Request, site: Here, credentials: Credentials) -> ApiToken:
    return await _caller(request, site, credentials, "events:write")


async def _admin(request: Request, site: Here, credentials: Credentials) -> ApiToken:
    return await _caller(request, site, credentials, "admin")


_POLICIES: dict[object, Policy] = {
    anybody: OPEN,
    _reader: Policy("read"),
    _teller: Policy("events:write"),
    _admin: Policy("admin"),
}

public = Depends(anybody)
Reader = Annotated[ApiToken, Depends(_reader)]
Teller = Annotated[ApiToken, Depends(_teller)]
Admin = Annotated[ApiToken, Depends(_admin)]


def policy_of(route: BaseRoute) -> Policy | None:
    """What was declared for a route: by a dependency, or as `policy` of an ASGI endpoint."""
    if isinstance(route, APIRoute):
        declared = [found for one in route.dependant.dependencies if (found := _declared(one.call))]
        return next((one for one in declared if not one.is_open), declared[0] if declared else None)
    found = getattr(getattr(route, "endpoint", None) or getattr(route, "app", None), "policy", None)
    return found if isinstance(found, Policy) else None


def check(routes: Sequence[BaseRoute], public_too: Collection[str] = ()) -> None:
    """Raises Undeclared, naming the route that nobody thought about."""
    for route in routes:
        path = str(getattr(route, "path", route))
        policy = policy_of(route)
        if policy is None:
            raise Undeclared(f"{path}: declare a policy for this route")
        if policy.is_open and path not in PUBLIC and path not in public_too:
            raise Undeclared(f"{path}: is public but not on the reviewed list")


def _declared(call: object) -> Policy | None:
    found = getattr(call, "policy", None)
    if found is None and isinstance(call, Hashable):
        found = _POLICIES.get(call)
    return found if isinstance(found, Policy) else None


async def _caller(
    request: Request, site: Site, credentials: HTTPAuthorizationCredentials | None, scope: str
) -> ApiToken:
    token = await access.verify(credentials.credentials, now=site.clock()) if credentials else None
    if token is None:
        clients.count_guess(request, site, site.rates.wrong_tokens)
        raise Unauthorized
    if not access.allows(token, scope):
        raise NotAllowed(f"this token lacks the scope {scope}")
    return token
