"""Puts the product and the sample company together, and keeps them running until somebody stops or starts over."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from fastapi import FastAPI

from bot import app as product
from bot import logs
from bot.app import App
from bot.channels.webchat.identity import visitor_token
from bot.channels.webchat.settings import WebchatSettings
from bot.config import Config, Site, Store
from bot.demo import company, inbox
from bot.demo.chronicle import Chronicle
from bot.demo.clock import DemoClock, local_zone
from bot.demo.inbox import InboxChannel, InboxSettings
from bot.web import chat
from bot.web.server import assert_free
from core import errors
from core import store as stores
from core.models.deliveries import Arrival, Delivery
from core.models.desk import TicketEntry
from core.models.setup import Survey, Team
from core.plumbing import jobs
from core.store.files import FileLock
from core.surveys import catalogue

FOLDER = Path("data/demo")
_STORE = "afterword.db"
_ACCENT = "#0d6b5e"


@dataclass(slots=True)
class Stage:
    """One performance, known by `name`. `began` is when the curtain rose: what came before is the company's past."""

    app: App
    clock: DemoClock
    zone: str
    began: datetime
    identity_secret: str
    again: bool = False
    name: str = field(default_factory=lambda: secrets.token_hex(6))

    @property
    def inbox(self) -> InboxChannel:
        return cast(InboxChannel, self.app.channels[company.INBOX])

    async def move_on(self, by: timedelta) -> None:
        """Let time pass; what is due by then happens now."""
        self.clock.move_on(by)
        await jobs.move_on(by)
        self.app.worker.wake()

    def visitor(self, customer: str) -> str:
        """What the company's own site would sign for its customer."""
        known = next(one for one in company.sample().customers if one.key == customer)
        return visitor_token(self.identity_secret, known.key, known.name, known.locale)

    def start_over(self) -> None:
        """End this performance; the next one begins with a new store."""
        self.again = True
        self.leave()

    def leave(self) -> None:
        chat.let_go(self.app.channels)
        self.app.worker.stop()


def configuration(port: int, folder: Path, secret: str, zone: str) -> Config:
    """What a `config.toml` would say. The store has a folder of its own, beside that of a real one."""
    chats = WebchatSettings(kind="webchat", title=company.NAME, accent=_ACCENT, identity_secret=secret)  # type: ignore[arg-type]
    return Config(
        site=Site(listen=f"127.0.0.1:{port}", name=company.NAME, timezone=zone),
        store=Store(url=f"sqlite://{folder / _STORE}"),
        channels={company.CHAT: chats, company.INBOX: InboxSettings()},
    )


@contextlib.asynccontextmanager
async def raised(
    port: int, folder: Path, *, fresh: bool = False, clock: DemoClock | None = None, zone: str = ""
) -> AsyncIterator[Stage]:
    """Open the store in `folder`, made and filled when it is new, and everything on top of it."""
    clock, zone = clock or DemoClock(), zone or local_zone()
    with inbox.known():
        secret = secrets.token_urlsafe(32)
        config = configuration(port, folder, secret, zone)
        if fresh:
            _clear(folder)
        await stores.upgrade(config.store.url)
        async with product.opened(config, clock) as app:
            if not await Team.exists():
                await Chronicle(app, zone).write()
            began = await _began()
            clock.not_before(await _latest(began))
            yield Stage(app, clock, zone, began, secret)


def web_app(stage: Stage) -> FastAPI:
    """The product's own web application with the demonstration's pages beside it."""
    from bot.demo import routes

    application = product.web_app(stage.app, more=routes.router.routes, public=routes.PUBLIC)
    application.state.stage = stage
    return application


async def play(port: int, folder: Path, *, fresh: bool = False, ready: Callable[[str], None] = lambda _: None) -> None:
    """Perform until stopped, and again from the beginning whenever somebody asks for it."""
    once_more = True
    while once_more:
        async with raised(port, folder, fresh=fresh) as stage:
            address = stage.app.config.site.base_url
            await product.run(stage.app, web_app(stage), ready=lambda address=address: ready(address))  # type: ignore[misc]
            once_more, fresh = stage.again, True


def run(port: int, *, fresh: bool = False, folder: Path = FOLDER) -> None:
    """Raises errors.StoreInUse when it runs already, OSError when something else listens on the port."""
    logs.set_up("console", "WARNING")
    _expect_nobody(folder)
    port = assert_free("127.0.0.1", port, f"choose another one: make run PORT={port + 1}")
    sys.stderr.write("Setting up Kestrel Coffee, a small company to play in …\n")
    asyncio.run(play(port, folder, fresh=fresh, ready=_tell))


def _tell(address: str) -> None:
    sys.stdout.write(f"\n  Afterword is ready:  {address}\n\n  You play everybody. Ctrl-C stops it.\n\n")
    sys.stdout.flush()


def _expect_nobody(folder: Path) -> None:
    """Before anything is touched: whoever begins anew must not empty a store in which somebody plays."""
    if not folder.is_dir():
        return
    lock = FileLock(folder / _STORE)
    try:
        lock.take()
    except errors.StoreInUse as error:
        raise errors.StoreInUse(
            "The demo is running already. Open its page, http://127.0.0.1:8080 unless you chose another port, "
            "or stop it with Ctrl-C first."
        ) from error
    lock.release()


async def _began() -> datetime:
    """When this store was filled: its survey was written then."""
    return (await Survey.get(key=catalogue.DEFAULT_KEY, current=True)).created_at


async def _latest(began: datetime) -> datetime:
    """The last moment that the store knows of."""
    entry = await TicketEntry.all().order_by("-at").first()
    delivery = await Delivery.filter(sent_at__isnull=False).order_by("-sent_at").first()
    arrival = await Arrival.all().order_by("-received_at").first()
    moments = (entry and entry.at, delivery and delivery.sent_at, arrival and arrival.received_at)
    return max([began, *(moment for moment in moments if moment)])


def _clear(folder: Path) -> None:
    for path in (*folder.glob(f"{_STORE}*"), folder / "erasures.ledger"):
        path.unlink(missing_ok=True)
