"""Somebody who plays the demonstration in a real Chromium, against the real server; `tools/pictures.py` does too."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, FrameLocator, Page, Request, async_playwright, expect

from bot import app as product
from bot.demo import stage
from bot.demo.clock import DemoClock
from bot.demo.stage import Stage
from tests.ports import free_port

CHROMIUM = "/usr/bin/chromium"
DESK = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
ZONE = "Europe/Berlin"


def running_from(moment: datetime) -> DemoClock:
    """A clock that runs, and was set to that moment just now."""
    began = time.monotonic()
    return DemoClock(lambda: moment + timedelta(seconds=time.monotonic() - began))


def filled(folder: Path, start: datetime) -> Path:
    """A folder with a store in which the company has lived until that moment."""

    async def fill() -> None:
        async with stage.raised(free_port(), folder, clock=running_from(start), zone=ZONE):
            pass

    asyncio.run(fill())
    return folder


@contextlib.asynccontextmanager
async def performed(folder: Path, start: datetime) -> AsyncIterator[Stage]:
    """The whole demonstration behind its real web server, on a port of its own."""
    port = free_port()
    async with stage.raised(port, folder, clock=running_from(start), zone=ZONE) as raised:
        listening = asyncio.Event()
        serving = asyncio.create_task(product.run(raised.app, stage.web_app(raised), ready=listening.set))
        await listening.wait()
        try:
            yield raised
        finally:
            raised.leave()
            await serving


expect.set_options(timeout=15_000)  # a busy machine draws late


@contextlib.asynccontextmanager
async def chromium(env: Mapping[str, str] | None = None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], env=dict(env) if env else None
        )
        yield browser
        await browser.close()


class Window:
    """One window with the demonstration in it, all that it complained about, and everywhere that it asked."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._address = address
        self._host = urlsplit(address).netloc
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self._host and not request.url.startswith("data:"):
            self.strangers.append(request.url)

    @property
    def chat(self) -> FrameLocator:
        """The web chat: a frame in the company's own page, which is a frame of ours."""
        return self.page.frame_locator("#chat").frame_locator("iframe")

    async def go(self, **who: str) -> None:
        query = "&".join(f"{name}={value}" for name, value in who.items())
        await self.page.goto(f"{self._address}/?{query}")
        await expect(self.chat.locator("#log > li").last).to_be_visible()

    async def to(self, part: str) -> None:
        """Bring a part forward, where the screen has room for one only."""
        tab = self.page.locator(f'[data-tab="{part}"]')
        if await tab.is_visible():
            await tab.click()

    async def resolve(self) -> None:
        """The customer's ticket, with what the form suggests."""
        await self.to("agent")
        await self.page.locator("#agent .card.mine .main").click()
        await self.page.locator("dialog[open] button.main").click()
        await expect(self.page.locator(".coming li")).to_have_count(1)

    async def do(self) -> None:
        """What the guide offers."""
        await self.page.locator(".guide .do").click()

    async def rate(self, stars: int) -> None:
        await self.to("customer")
        await self.chat.locator(".scale").last.locator(".choice").nth(stars - 1).click()

    async def take(self) -> None:
        await self.to("staff")
        await self.page.locator("#staff .post.open .primary").click()
        await expect(self.page.locator("#staff .post.taken")).to_be_visible()

    async def mend(self, outcome: int, note: str) -> None:
        """Close the recovery with the outcome of that place in the form."""
        await self.page.locator('#staff .post.taken [data-press$=":resolve"]').click()
        await self.page.locator("dialog[open] .option").nth(outcome).click()
        await self.page.locator("dialog[open] textarea").fill(note)
        await self.page.locator("dialog[open] button.main").click()
        await expect(self.page.locator("#staff .post.taken")).to_have_count(0)

    async def done(self, steps: int) -> None:
        """Wait until so many steps are ticked off."""
        await expect(self.page.locator(".dots li.done")).to_have_count(steps, timeout=15_000)


async def opened(browser: Browser, stage: Stage, size: Mapping[str, int], **options: Any) -> Window:
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, timezone_id=ZONE, locale="en-GB", **options
    )
    return Window(await context.new_page(), stage.app.config.site.base_url)
