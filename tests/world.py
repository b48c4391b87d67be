"""A whole installation for a test: the real product between stand-in networks, a movable clock, and people who act."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiosmtplib
import httpx

from bot import app as product
from bot import channels as channel_kinds
from bot.config import Config, Site, Store
from bot.web.server import Server
from core import access
from core import setup as setups
from core.models.desk import Ticket
from core.plumbing import jobs
from tests.ports import free_port
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig

Network = TelegramRig | SlackRig | SmtpRig
WEBCHAT = {"webchat": {"kind": "webchat"}}
SECRET = "a secret of this installation, long enough for anybody"
HOOK_SECRET = "0123456789abcdef0123456789abcdef"
SETUP = """
[[teams]]
key = "support"
name = "Support"
alert = { channel = "slack", to = "C0ALERTS" }

[[staff]]
key = "kim@example.org"
name = "Kim"
email = "kim@example.org"
team = "support"
leads = true
addresses = [{ channel = "slack", address = "U0KIM" }]

[[surveys]]
key = "default"
delay = "0s"
window = "always"
settle_after = "1s"
budget = "none"
negative_up_to = 2
"""


class Clock:
    """Real time, put forward by what the test moved it on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """What a test holds: the running product, its address, and a client with a token."""

    app: product.App
    base_url: str
    client: httpx.AsyncClient
    clock: Clock
    token: str
    answers: dict[str, Any] = field(default_factory=dict)

    async def resolve(
        self,
        ref: str = "T-1",
        *,
        addresses: list[tuple[str, str]],
        contact: str = "c-1",
        name: str = "Ann <3",
        **ticket: Any,
    ) -> dict[str, Any]:
        """What a help desk sends when a ticket is resolved."""
        body = {
            "type": "ticket.resolved",
            "ticket": {
                "ref": ref,
                "subject": "Router & cable",
                "type": "inquiry",
                "team": "support",
                "agent": {"name": "Li", "email": "li@example.org"},
                **ticket,
            },
            "contact": {
                "ref": contact,
                "name": name,
                "locale": "en",
                "timezone": "Europe/Berlin",
                "addresses": [{"channel": channel, "address": address} for channel, address in addresses],
            },
        }
        answer = await self.client.post("/api/v1/events", json=body)
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def reopen(self, ref: str = "T-1") -> None:
        answer = await self.client.post("/api/v1/events", json={"type": "ticket.reopened", "ticket": {"ref": ref}})
        assert answer.status_code == 202, answer.text

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def responses(self, ref: str = "T-1") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.get(f"/responses?ticket={ref}"))["items"]
        return rows

    async def ticket(self, ref: str = "T-1") -> Ticket:
        return await Ticket.get(ref=ref)

    async def move_on(self, **span: float) -> None:
        """Put the clock forward; what is due by then happens."""
        by = timedelta(**span)
        self.clock.ahead += by
        await jobs.move_on(by)
        self.app.worker.wake()

    async def until(self, happened: Callable[[], Awaitable[Any]], *, seconds: float = 30) -> Any:
        """Ask again and again until the answer is true."""
        async with asyncio.timeout(seconds):
            while not (answer := await happened()):
                await asyncio.sleep(0.02)
            return answer


def telegram_table(rig: TelegramRig) -> dict[str, Any]:
    """`[channels.support-bot]` for a stand-in Bot API."""
    return {
        "kind": "telegram",
        "token": rig.token,
        "mode": "webhook",
        "webhook_secret": HOOK_SECRET,
        "api_base": rig.url,
    }


def slack_table(rig: SlackRig) -> dict[str, Any]:
    """`[channels.slack]` for a stand-in Slack."""
    return {
        "kind": "slack",
        "mode": "http",
        "bot_token": rig.bot_token,
        "signing_secret": rig.signing_secret,
        "api_base": rig.url,
    }


def mail_table(rig: SmtpRig, listening: int = 0) -> dict[str, Any]:
    """`[channels.mail]` for a stand-in relay; it takes mail in where there is a port to listen on."""
    heard = {"reply_address": "support@example.org", "listen_smtp": f"127.0.0.1:{listening}"} if listening else {}
    return {
        "kind": "email",
        "from": "Support <support@example.org>",
        "smtp_host": rig.host,
        "smtp_port": rig.port,
        "smtp_tls": "none",
        **heard,
    }


def _table(rig: Network, listening: int) -> tuple[str, dict[str, Any]]:
    if isinstance(rig, TelegramRig):
        return "support-bot", telegram_table(rig)
    if isinstance(rig, SlackRig):
        return "slack", slack_table(rig)
    return "mail", mail_table(rig, listening)


def settings(channels: Mapping[str, Mapping[str, Any]], store_url: str, port: int, erasures: str) -> Config:
    return Config(
        site=Site(
            listen=f"127.0.0.1:{port}", base_url=f"http://127.0.0.1:{port}", name="Example & Sons", secret_key=SECRET
        ),
        store=Store(url=store_url, erasures=erasures),
        channels={
            name: channel_kinds.settings_class(str(values["kind"])).model_validate(values)
            for name, values in channels.items()
        },
    )


@contextlib.asynccontextmanager
async def running(
    store_url: str, channels: Mapping[str, Mapping[str, Any]], *, setup: str = SETUP, port: int = 0
) -> AsyncIterator[World]:
    """The whole product on a store that has its tables, serving on loopback, with `setup` applied."""
    port = port or free_port()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        async with product.opened(settings(channels, store_url, port, f"{folder}/erasures.ledger"), clock) as app:
            await setups.apply(setups.parse(setup), now=clock())
            token = await access.create(f"test-{port}", ["admin"], now=clock())
            server = Server(product.web_app(app), "127.0.0.1", port, app.channels)
            serving = asyncio.create_task(server.serve())
            working = asyncio.create_task(app.worker.run())
            base_url = f"http://127.0.0.1:{port}"
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=10) as client:
                world = World(app, base_url, client, clock, token)
                await world.until(lambda: _is_up(server, app))
                try:
                    yield world
                finally:
                    app.worker.stop()
                    await working
                    server.should_exit = True
                    await serving


@contextlib.asynccontextmanager
async def between(
    store_url: str,
    *networks: Network,
    listening: int = 0,
    more: Mapping[str, Mapping[str, Any]] | None = None,
    setup: str = SETUP,
) -> AsyncIterator[World]:
    """The product, in touch with these networks. `more` are channels beside theirs, or more settings of theirs."""
    port = free_port()
    tables = dict(_table(one, listening) for one in networks)
    tables |= {name: {**tables.get(name, {}), **values} for name, values in (more or {}).items()}
    for one in networks:
        if isinstance(one, SlackRig):
            one.hook_url = f"http://127.0.0.1:{port}/hooks/slack"
    async with running(store_url, tables, setup=setup, port=port) as world:
        for one in networks:
            if isinstance(one, TelegramRig):
                await one.until(lambda telegram=one: telegram.webhook)
        if listening:
            await world.until(lambda: _takes_mail(listening))
        yield world


async def _takes_mail(port: int) -> bool:
    try:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False):
            return True
    except aiosmtplib.SMTPException:
        return False


async def _is_up(server: Server, app: product.App) -> bool:
    return server.started and app.worker.is_working
