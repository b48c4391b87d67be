"""What no store can keep does not get to any route: NUL, and half of a surrogate pair."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web import errors
from core.text import is_keepable, keepable

_API = "/api/"
_NUL = (b"%00", b"\x00")


class Characters:
    """Looks at the address. Nothing of ours has one with such a character in its path; in what is asked for, a person
    gets what is left of it, and a program is told.

    Bodies are looked at by whoever reads them: `bot.web.reading`, and the shapes of the API.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not is_keepable(scope["path"]):
            await errors.plain(scope, 404, "not_found", "There is nothing here.")(scope, receive, send)
            return
        if any(one in scope["query_string"] for one in _NUL):
            asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if scope["path"].startswith(_API):
                wrong = next(name for name, value in asked if not is_keepable(name + value))
                await errors.plain(scope, 422, "invalid", errors.UNKEEPABLE, field=wrong)(scope, receive, send)
                return
            left = [(keepable(name), keepable(value)) for name, value in asked]
            scope["query_string"] = urlencode(left).encode()
        await self._app(scope, receive, send)
