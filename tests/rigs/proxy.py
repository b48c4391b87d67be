"""A proxy in front of a server of ours, as people put one there, in a good mood or a bad one.

async with proxied("http://127.0.0.1:8080", prefix="/help") as proxy:
    ...  # proxy.url
    proxy.mood = "cuts"

fine: passes everything on as it comes · cuts: breaks a stream off after its first piece · doubles: hands each POST in
twice · holds: passes an answer on when it is complete, so a stream never · loses: does what it is told, and breaks off
instead of the first answer to each POST · away: 502
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import ClientConnectionError, ClientResponse, ClientSession, ClientTimeout, web

Mood = Literal["fine", "cuts", "doubles", "holds", "loses", "away"]

_OURS = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"})


@dataclass
class Proxy:
    """Under `prefix` it passes on what comes; the prefix is taken off on the way, as nginx does it."""

    upstream: str
    prefix: str = ""
    url: str = ""
    mood: Mood = "fine"
    streams: int = 0
    posts: Counter[str] = field(default_factory=Counter)
    lost: set[bytes] = field(default_factory=set)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.mood == "away" or not request.path.startswith(f"{self.prefix}/"):
            return web.Response(status=502, text="<h1>502 Bad Gateway</h1>", content_type="text/html")
        url = self.upstream + request.raw_path.removeprefix(self.prefix)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        headers |= {"X-Forwarded-For": request.remote or "", "X-Forwarded-Proto": "https", "Via": "1.1 rig"}
        body = await request.read()
        if request.method == "POST":
            self.posts[request.path.rpartition("/")[2]] += 1
        async with ClientSession(timeout=ClientTimeout(total=None), auto_decompress=False) as session:
            if self.mood == "doubles" and request.method == "POST":
                async with session.request(request.method, url, data=body, headers=headers) as first:
                    await first.read()
            async with session.request(request.method, url, data=body, headers=headers) as answer:
                return await self._pass_on(request, answer, body)

    async def _pass_on(self, request: web.BaseRequest, answer: ClientResponse, body: bytes) -> web.StreamResponse:
        is_stream = answer.content_type == "text/event-stream"
        self.streams += is_stream
        if self.mood == "loses" and request.method == "POST" and body not in self.lost:
            self.lost.add(body)
            await answer.read()
            assert request.transport is not None
            request.transport.abort()
        told = {name: value for name, value in answer.headers.items() if name.lower() not in _OURS}
        if self.mood == "holds":
            return web.Response(status=answer.status, body=await answer.read(), headers=told)
        passed = web.StreamResponse(status=answer.status, headers=told)
        await passed.prepare(request)
        async for piece in answer.content.iter_any():
            await passed.write(piece)
            if is_stream and self.mood == "cuts":
                assert request.transport is not None
                request.transport.abort()
                break
        with suppress(ClientConnectionError, ConnectionError):
            await passed.write_eof()
        return passed


@asynccontextmanager
async def proxied(upstream: str, *, prefix: str = "") -> AsyncIterator[Proxy]:
    proxy = Proxy(upstream, prefix)
    runner = web.ServerRunner(
        web.Server(proxy.handle, handler_cancellation=True, access_log=None), shutdown_timeout=0.1
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    proxy.url = f"http://{host}:{port}{prefix}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
