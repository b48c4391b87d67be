"""How much, and for how long, anybody may talk before we listen: in front of every route."""

from __future__ import annotations

import asyncio

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web import errors

BODY_LIMIT = 64 * 1024
FILE_LIMIT = 1024 * 1024  # a language of everything is 250 KB
_FILES = "/admin/languages/"
_WORDS = "/admin/templates/"
WORDS_LIMIT = 256 * 1024  # a draft of 20,000 characters, each four bytes and each byte three letters of a form
HOOK_LIMIT = 256 * 1024  # a long chat message with all its entities and the one it answers is more than 64 KiB
READ_SECONDS = 10.0
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
_SHOWN_QUERY = 4096


class _TooLargeError(Exception):
    pass


class BodyLimit:
    """Reads a body whole, up to a limit and a deadline, before the application sees the request.

    A body that says it is too large is refused at once, one that turns out to be is refused where it passes the limit:
    no parser ever sees more than `BODY_LIMIT` bytes, and no slow sender holds more than a socket.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = READ_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["query_string"]) > _SHOWN_QUERY:
            await errors.plain(scope, 414, "query_too_long", "The address is too long.")(scope, receive, send)
            return
        if scope["method"] in _WITHOUT_BODY:
            await self._app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        try:
            async with asyncio.timeout(self._seconds):
                body = await _read(scope, receive, limit)
        except _TooLargeError:
            await _too_large(scope, limit)(scope, receive, send)
            return
        except TimeoutError:
            too_slow = errors.plain(scope, 408, "too_slow", "The request did not arrive in time.")
            await too_slow(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _Replay(body, receive), send)


def limit_of(path: str) -> int:
    """How many bytes are read of what is sent to this path."""
    if path.startswith("/hooks/"):
        return HOOK_LIMIT
    if path.startswith(_WORDS):
        return WORDS_LIMIT
    return FILE_LIMIT if path.startswith(_FILES) else BODY_LIMIT


def _too_large(scope: Scope, limit: int) -> Response:
    """An error; for a language file the page with its field, which says it there."""
    if scope["path"] == f"{_FILES}compare":
        return RedirectResponse(f"{_FILES.rstrip('/')}?too_large=1", 303)
    return errors.plain(scope, 413, "too_large", f"A body has at most {limit // 1024} KiB.")


class _Replay:
    """Hands the body out once, then whatever the server says next (that the client went away)."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when the client went away in the middle of it."""
    if _declared(scope) > limit:
        raise _TooLargeError
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _TooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 16:
            return int(value)
    return 0
