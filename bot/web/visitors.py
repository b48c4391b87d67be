"""How often a page may be asked for, by caller and by link."""

from __future__ import annotations

import hashlib

from starlette.requests import Request

from bot.web import clients
from bot.web.errors import TooMany
from bot.web.site import Site

_LINKS = range(43, 80)  # what is shorter or longer opens nothing, and is no link to count for


def slow_down(request: Request, site: Site, token: str, *, sends: bool = False) -> None:
    """Raises errors.TooMany for who knocks too often, whether or not the link leads anywhere."""
    caller = clients.caller(request, site)
    waits = [site.rates.caller.wait(caller) if caller else 0.0]
    if len(token) in _LINKS:
        link = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:20]
        waits.append((site.rates.answers if sends else site.rates.link).wait(link))
    if longest := max(waits):
        raise TooMany(longest)
