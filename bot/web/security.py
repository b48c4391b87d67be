"""The headers that every answer carries, and the last net under every handler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web import errors
from core import transactions

log = logging.getLogger(__name__)

_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _DATA_POLICY),
    (b"cache-control", b"no-store"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

Seen = Callable[[Scope, int], None]


class Shield:
    """Outermost of ours: adds the safe headers that a handler did not set, and answers for what it did not catch.

    `seen` is told of every answer, for the metrics. What nobody caught is logged here, once, and the caller learns only
    that it happened.
    """

    def __init__(self, app: ASGIApp, *, secure: bool, seen: Seen) -> None:
        self._app = app
        self._headers = (*_ALWAYS, _HSTS) if secure else _ALWAYS
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = self._with_safe(message.get("headers", ()))
                self._seen(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except asyncio.CancelledError:  # the server stops, and this took longer than it waits: come again
            if started:
                raise
            await errors.store_away(scope)(scope, receive, send_safely)
        except Exception as error:
            if started:
                raise
            await self._apologise(error, scope)(scope, receive, send_safely)

    def _with_safe(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        return [*headers, *(pair for pair in self._headers if pair[0] not in present)]

    def _apologise(self, error: Exception, scope: Scope) -> ASGIApp:
        if isinstance(error, transactions.StoreUnavailable) or transactions.is_unavailable(error):
            log.warning("the store could not be reached: %s", type(error).__name__)
            return errors.store_away(scope)
        log.error("a request failed", exc_info=error, extra={"route": route_of(scope)})
        return errors.plain(scope, 500, "internal", "Something went wrong on our side. Please try again.")


def route_of(scope: Scope) -> str:
    """The pattern of the route ("/r/{token}"), never the address itself: tokens stand there."""
    return str(getattr(scope.get("route"), "path", "") or "other")
