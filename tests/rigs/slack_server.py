"""Slack's side of the wire on loopback: the Web API and the websocket of Socket Mode, in a good mood or a bad one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.rigs.slack_oauth import Consent
from tests.rigs.slack_state import Arguments, RefusedError, SlackState

Mood = Literal["fine", "busy", "gone", "silent", "lost", "slow", "broken", "garbled"]
"""What the Web API does.

busy: 429 · gone: refuses with `refusal` · silent: never answers · lost: does it, but never answers · slow: does it, and
answers when the mood is another · broken: 500 with HTML · garbled: 200 with HTML.
"""

_LOOKUPS = frozenset({"conversations.open", "users.lookupByEmail", "users.info"})


@dataclass
class SlackServer(SlackState):
    """`only` limits a mood to some methods."""

    scopes: str = "chat:write,im:history,im:write,users:read,users:read.email,commands,files:read,files:write"
    mood: Mood = "fine"
    refusal: str = "channel_not_found"
    retry_after: str | None = "30"
    only: frozenset[str] = frozenset()
    calls: list[tuple[str, Arguments]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)  # calls to anything but the Web API
    acks: list[str] = field(default_factory=list)
    sessions: int = 0  # websocket connections so far
    upload_status: int = 200
    give: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None  # in place of a file that is fetched
    lookups: tuple[float, int] = (50, 20)  # of people: a minute and at once, for each method
    too_many: int = 0  # refused for that
    clock: Callable[[], float] = time.time
    consent: Consent = field(default_factory=Consent)

    async def __aenter__(self) -> Self:
        self._looked_up: dict[str, tuple[float, float]] = {}
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._sockets: list[web.WebSocketResponse] = []
        self._changed, self._closing = asyncio.Event(), asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link", self._link)
        app.router.add_post("/upload/{id}", self._upload)
        app.router.add_get("/files/{id}/{name}", self._download)
        app.router.add_route("*", "/{anything:.*}", self._stray)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.socket_url, self.files_url = f"ws://{self._address}/link", self.root
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self.hang_up()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """For `api_base`."""
        return f"http://{self._address}/api/"

    @property
    def root(self) -> str:
        return f"http://{self._address}/"

    @property
    def connected(self) -> bool:
        return any(not socket.closed for socket in self._sockets)

    async def until(self, predicate: Callable[[], object], *, seconds: float = 20) -> None:
        """Wait for a state; looks again whenever something happens here, and now and then."""
        async with asyncio.timeout(seconds):
            while not predicate():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)

    # ------------------------------------------------------------ Socket Mode

    async def push(self, kind: str, payload: Mapping[str, Any], *, patience: float) -> bool:
        """Send an envelope to one connection; true when it was acknowledged in time."""
        envelope = f"envelope-{next(self._numbers)}"
        acknowledged = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        socket = next(socket for socket in reversed(self._sockets) if not socket.closed)
        await socket.send_json({"envelope_id": envelope, "type": kind, "payload": payload})
        try:
            await asyncio.wait_for(acknowledged, patience)
        except TimeoutError:
            return False
        return True

    async def say_goodbye(self) -> None:
        """Slack asks the app to connect anew, as it does every few hours."""
        for socket in [socket for socket in self._sockets if not socket.closed]:
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def hang_up(self) -> None:
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            await socket.close()

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.append(socket)
        self.sessions += 1
        self._changed.set()
        async for message in socket:
            heard = json.loads(message.data)
            self.acks.append(heard["envelope_id"])
            waiting = self._waiting.pop(heard["envelope_id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(heard)
            self._changed.set()
        return socket

    # ------------------------------------------------------------ files

    async def _upload(self, request: web.Request) -> web.Response:
        if self.upload_status != 200:
            return web.Response(status=self.upload_status, text="no")
        shared = self.files[request.match_info["id"]]
        shared.data = await request.read()
        return web.Response(text=f"OK - {len(shared.data)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        shared = self.files.get(request.match_info["id"])
        self.calls.append(("download", {"authorization": request.headers.get("Authorization", "")}))
        if self.give is not None:
            return await self.give(request)
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            return web.Response(status=302, headers={"Location": f"{self.root}steal"})
        if shared is None:
            return web.Response(status=404)
        return web.Response(body=shared.data, content_type=shared.media_type)

    # ------------------------------------------------------------ Web API

    async def _stray(self, request: web.Request) -> web.Response:
        self.strays.append(f"{request.method} {request.path} {await request.text()}")
        return web.Response(text="ok")

    async def _call(self, request: web.Request) -> web.Response:
        method, arguments = request.match_info["method"], await _arguments(request)
        self.calls.append((method, arguments))
        mood = self.mood if not self.only or method in self.only else "fine"
        if mood == "silent":
            await self._closing.wait()
        if mood in ("broken", "garbled"):
            status = 500 if mood == "broken" else 200
            return web.Response(status=status, text="<html>oops</html>", content_type="text/html")
        if mood == "busy":
            headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if missing := self._missing(method):
            self.too_many += 1
            headers = {"Retry-After": str(math.ceil(missing))}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        answer = self._answer(method, request, arguments, refuse=self.refusal if mood == "gone" else "")
        self._changed.set()
        if mood == "lost":
            await self._closing.wait()
        if mood == "slow":
            await self.until(lambda: self.mood != "slow")
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes})

    def _missing(self, method: str) -> float:
        """Takes one of the calls that Slack's tier allows, or says in how many seconds there will be one."""
        if method not in _LOOKUPS:
            return 0.0
        per_minute, burst = self.lookups
        level, at = self._looked_up.get(method, (float(burst), self.clock()))
        level = min(burst, level + (self.clock() - at) * per_minute / 60)
        taken = 1 if level > 0.99 else 0
        self._looked_up[method] = (level - taken, self.clock())
        return 0.0 if taken else (1 - level) * 60 / per_minute

    def _answer(self, method: str, request: web.Request, arguments: Arguments, *, refuse: str) -> dict[str, Any]:
        authorization = request.headers.get("Authorization", "")
        if refuse:
            return {"ok": False, "error": refuse}
        try:
            return {"ok": True, **self._answered(method, authorization, arguments)}
        except RefusedError as refused:
            messages = {"response_metadata": {"messages": list(refused.messages)}} if refused.messages else {}
            return {"ok": False, "error": refused.error, **messages}

    def _answered(self, method: str, authorization: str, arguments: Arguments) -> dict[str, Any]:
        if method == "oauth.v2.access":
            return self.consent.access(authorization, arguments)
        return self._opened_by(authorization.removeprefix("Bearer "), method).answer(method, arguments)

    def _opened_by(self, token: str, method: str) -> SlackState:
        """The workspace that a token opens."""
        if token in self.consent.expired:
            raise RefusedError("token_expired")
        if token in self.consent.tokens:
            return self.consent.tokens[token]
        if token != (self.app_token if method == "apps.connections.open" else self.bot_token):
            raise RefusedError("invalid_auth")
        return self


async def _arguments(request: web.Request) -> dict[str, Any]:
    """slack_sdk sends some as JSON, some as a form, and some in the query of a POST without a body."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        sent: dict[str, Any] = await request.json()
        return found | sent
    return found | {name: str(value) for name, value in (await request.post()).items()}
