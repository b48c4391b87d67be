"""The web chat inside another site's page, in Chromium: the host site has a strict policy of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path_

from bot.channels.webchat.identity import visitor_token
from core.ports import Acknowledgement, Button, Heard, Tapped, Wrote
from tests.rigs.webchat import serving
from tests.rigs.webchat_desk import HOST_SECRET, Desk, message, scores

CHROMIUM = "/usr/bin/chromium"
ANN = "c-1"
Through = Callable[[str], AbstractAsyncContextManager[str]]
SHOTS = Path(os.environ["AFTERWORD_SHOTS"]) if "AFTERWORD_SHOTS" in os.environ else None


async def converse(desk: Desk, event: Heard) -> None:
    """One question, then reasons, then thanks; typed text is repeated."""
    if isinstance(event, Tapped):
        await desk.channel.acknowledge(event, Acknowledgement(note="Saved: 2 of 5"))
        rows = [
            [Button("Too slow", "x:t:slow", chosen=True), Button("Not solved", "x:t:not")],
            [Button("Unfriendly", "x:t:un")],
            [Button("Skip", "x:k"), Button("Done", "x:d")],
        ]
        drawn = message(f"{event.receipt}.{len(desk.heard)}", "What was it that went <b>wrong</b>?", rows=rows)
        await desk.send(event.target, drawn, instead_of=event.receipt)
    elif isinstance(event, Wrote):
        await desk.write(event.target, f"Noted: <i>{len(event.text)}</i> letters", key=f"echo.{len(desk.heard)}")


@dataclass
class Stage:
    """The chat, the host site and the browser."""

    desk: Desk
    chat: str
    host: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("afterword-chat iframe")

    @property
    def launcher(self):  # type: ignore[no-untyped-def]
        return self.page.locator("afterword-chat .launcher")

    async def visit(self, query: str = "") -> None:
        await self.page.goto(f"{self.host}/?{query}")

    async def open(self, query: str = "") -> None:
        await self.visit(query)
        await self.launcher.click()
        await expect(self.frame.locator("#text")).to_be_visible()

    def bubble(self, text: str):  # type: ignore[no-untyped-def]
        return self.frame.locator(".bubble", has_text=text)

    async def picture(self, name: str) -> None:
        """Kept where AFTERWORD_SHOTS says, if it does."""
        if SHOTS:
            await self.page.screenshot(path=SHOTS / f"webchat-{name}.png")

    async def ask(self, key: str = "invite:1") -> None:
        words = "Hello Ann &lt;3, your request <b>CS202611220001</b> is resolved.\n\nHow satisfied are you overall?"
        plain = "How satisfied are you overall?"
        await self.desk.send(ANN, message(key, words, plain=plain, rows=scores(self.desk.templates)))


def host_site(chat: str) -> Starlette:
    async def page(request: Request) -> Response:
        asked = request.query_params
        token = visitor_token(HOST_SECRET, ANN, "Ann <3") if "stranger" not in asked else ""
        lang = asked.get("lang", "en")
        more = "".join(f" data-{name}" for name in ("open", "into=#here") if name[:4] in asked)
        tag = f'<script src="{chat}/chat/webchat.js" async data-visitor="{token}"{more}></script>'
        html = (
            f'<!doctype html><html lang="{lang}"><meta name="viewport" content="width=device-width">'
            f"<title>Shop</title><h1>Shop</h1><p>{'Parcels and routers. ' * 30}</p><div id=here></div>{tag}</html>"
        )
        origin = "/".join(chat.split("/")[:3])
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    return Starlette(routes=[Path_("/", page)])


expect.set_options(timeout=15_000)  # a busy machine draws late


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def staged(
    browser: Browser, *, through: Through | None = None, mails: bool = False, **options: Any
) -> AsyncIterator[Stage]:
    """`through` puts something in front of the chat: it takes the chat's address and gives the one to use."""
    desk = Desk(converse, mails=mails)
    async with serving(desk.app) as direct, (through or nullcontext)(direct) as chat, serving(host_site(chat)) as host:
        usual = {"viewport": {"width": 1200, "height": 800}, "timezone_id": "UTC"}
        context = await browser.new_context(**{**usual, **options})
        await context.clock.set_system_time(desk.now)  # One day for both: messages of another get a line with its name.
        page = await context.new_page()
        stage = Stage(desk, chat, host.replace("127.0.0.1", "localhost"), context, page)
        page.on(
            "console", lambda said: stage.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: stage.complaints.append(str(error)))
        page.on("dialog", lambda dialog: stage.complaints.append(f"dialog: {dialog.message}"))
        yield stage
        await context.close()
        desk.channel.hub.close()


async def state(holds: Callable[[], bool], seconds: float = 10) -> None:
    limit = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < limit, "it never came to that"
        await asyncio.sleep(0.02)


async def time_passes_until(stage: Stage, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await stage.page.clock.fast_forward(9000)
    raise AssertionError("it never came to that")
