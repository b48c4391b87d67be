"""A whole web front over a real store: a clock that tests move, a person's browser, a mail gateway."""

from __future__ import annotations

import asyncio
import re
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from bot import channels
from bot.channels.telegram.settings import TelegramSettings
from bot.rendering import Templates
from bot.web import app as web
from bot.web.site import Site
from core import access
from core.desk import intake
from core.models.invites import Invite
from core.models.setup import Survey
from core.ports import RawArrival
from core.privacy.ledger import Ledger
from core.reactions import rules
from core.surveys import catalogue, invites, tokens
from core.surveys.settings import SurveySettings

SECRET = b"a secret of the tests, 32 bytes or more"
HOOK_SECRET = "a-webhook-secret-of-thirty-two-letters-or-more"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Front:
    """The application, and what tests need around it."""

    app: FastAPI
    site: Site
    clock: Clock
    token: str
    reading: str
    taken: list[tuple[str, RawArrival]] = field(default_factory=list)
    works: bool = True
    deaf: dict[str, str] = field(default_factory=dict)
    _tickets: int = 0

    def client(self, *, address: str = "203.0.113.7", agent: str = FIREFOX, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 50_000))
        return httpx.AsyncClient(
            transport=transport, base_url="https://survey.example.org", headers={"user-agent": agent, **headers}
        )

    def caller(self, token: str | None = None) -> httpx.AsyncClient:
        return self.client(agent="desk/1.0", authorization=f"Bearer {token or self.token}")

    async def invite(self, *, delivered: bool = True, locale: str = "en", timezone: str = "Europe/Berlin") -> Asked:
        """A contact who has been asked about a ticket, half an hour ago."""
        self._tickets += 1
        facts = intake.TicketFacts(ref=f"T-{self._tickets}", subject="Router <b>&</b> cable", team="support")
        addresses = (intake.AddressFacts("support-bot", str(700 + self._tickets)),)
        contact = intake.ContactFacts(
            ref=f"c-{self._tickets}", name="Ann <3", locale=locale, timezone=timezone, addresses=addresses
        )
        walk = await intake.ticket_resolved(facts, contact, now=self.clock.now)
        assert walk.invite is not None
        if delivered:
            await invites.delivered(walk.invite.id, now=self.clock.now)
            self.clock.pass_(minutes=30)
        return Asked(walk.invite.id, tokens.token_for(walk.invite.key), walk.invite.contact_id)


@dataclass(frozen=True)
class Asked:
    invite_id: int
    token: str
    contact_id: int

    @property
    def link(self) -> str:
        return f"/r/{self.token}"

    async def row(self) -> Invite:
        return await Invite.get(id=self.invite_id)


@asynccontextmanager
async def opened(*, base_url: str = "https://survey.example.org", **settings: Any) -> AsyncIterator[Front]:
    """A front over the store that is open. `settings` are of the survey."""
    tokens.use(SECRET)
    clock = Clock()
    await rules.ensure_default()
    asked = SurveySettings.model_validate({"delay": "0s", "window": "always", "budget": "none", **settings})
    await Survey.create(key="default", version=1, settings=asked.model_dump(mode="json"), created_at=clock.now)
    await catalogue.ensure_default(now=clock.now)
    telegram = TelegramSettings(
        kind="telegram", token="123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI", mode="webhook", webhook_secret=HOOK_SECRET
    )
    bot = channels.build("support-bot", telegram, base_url=base_url)
    taken: list[tuple[str, RawArrival]] = []

    async def take(channel: str, arrivals: Sequence[RawArrival]) -> None:
        taken.extend((channel, arrival) for arrival in arrivals)

    async def current() -> bool:
        return True

    async def deaf() -> dict[str, str]:
        return front.deaf

    folder = tempfile.TemporaryDirectory()
    site = Site(
        base_url=base_url,
        clock=clock,
        channels={"support-bot": bot},
        take=take,
        templates=_words(),
        secret=SECRET,
        erasures=Ledger(Path(folder.name) / "erasures.ledger", SECRET),
        is_working=lambda: front.works,
        deaf=deaf,
        schema_is_current=current,
        name="Cable & <Co>",
        metrics_token="metrics-token-of-the-tests",
    )
    writing = await access.create("desk", ["events:write"], now=clock.now)
    reading = await access.create("reader", ["read"], now=clock.now)
    front = Front(web.build(site), site, clock, writing, reading, taken)
    try:
        yield front
    finally:
        await bot.close()
        site.templates.use([])
        site.templates.use_labels({})
        await site.templates.close()  # its process belongs to this test's loop
        folder.cleanup()


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[Front]:
    """A front on a free port of 127.0.0.1, for a real browser, with words of its own.

    A browser asks for several things at once, and whoever waits for the renderer is bound to this test's loop.
    """
    _words.cache_clear()
    listening = socket.create_server(("127.0.0.1", 0))  # closed by the server
    async with opened(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", **settings) as front:
        config = uvicorn.Config(front.app, log_config=None, lifespan="off", ws="none", server_header=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        yield front
        server.should_exit = True
        await task
    _words.cache_clear()


@lru_cache(maxsize=1)
def _words() -> Templates:
    """Read once; what a test adds of its own is taken out again."""
    return Templates.load()


async def until(so: Callable[[], bool]) -> None:
    """Let the others run until it is so."""
    while not so():
        await asyncio.sleep(0)


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\u00a0", " ")

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        return [
            found for name, found in self.tags if name == tag and all(found.get(k) == v for k, v in attributes.items())
        ]

    def hidden(self) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.all("input", type="hidden")}

    def styles(self) -> list[str]:
        return [one["href"] for one in self.all("link", rel="stylesheet")]

    @property
    def heading(self) -> str:
        return re.sub(r"\s+", " ", self.text)


class Person:
    """Somebody with a browser: it keeps cookies, fetches what a page is dressed with, and takes a moment to read."""

    def __init__(
        self, front: Front, *, address: str = "203.0.113.7", scripts: bool = True, cookies: bool = True
    ) -> None:
        self.front = front
        self.client = front.client(address=address)
        self.scripts = scripts
        self.keeps_cookies = cookies
        self.page = Page("")
        self.status = 0
        self.path = ""

    async def open(self, path: str) -> Page:
        return await self._show(await self.client.get(path))

    async def press(self, after: float = 4.0, **fields: Any) -> Page:
        """Fill in the form of the page that is open, and send it."""
        self.front.clock.pass_(seconds=after)
        form = self.page.all("form")[0]
        sent = {**self.page.hidden(), **fields}
        return await self._show(await self.client.post(form["action"], data=sent))

    async def follow(self, text: str) -> Page:
        links = [one["href"] for one in self.page.all("a") if text in one["href"]]
        return await self.open(links[0])

    async def _show(self, response: httpx.Response) -> Page:
        self._forget_cookies()
        while response.is_redirect:
            response = await self.client.get(response.headers["location"])
            self._forget_cookies()
        self.status = response.status_code
        self.page = Page(response.text)
        for style in self.page.styles():
            await self.client.get(style)
        if self.scripts:
            for script in self.page.all("script"):
                await self.client.get(script["src"])
        return self.page

    def _forget_cookies(self) -> None:
        if not self.keeps_cookies:
            self.client.cookies.clear()
