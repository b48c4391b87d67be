"""What stands behind the web chat in its own tests: keeps what comes in, and sends as the courier does."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware import Middleware

from bot import channels
from bot.channels.email.settings import EmailSettings
from bot.channels.webchat.channel import WebchatChannel
from bot.channels.webchat.settings import WebchatSettings
from bot.rendering import Templates
from bot.web import chat, errors
from bot.web.limits import BodyLimit
from bot.web.security import Shield
from bot.web.site import Site
from core.models.deliveries import Delivery, DeliveryState
from core.plumbing import arrivals
from core.ports import Button, Channel, Heard, Message, RawArrival, Receipt
from core.privacy.ledger import Ledger

SECRET = b"a secret of thirty-two bytes, at least"
HOST_SECRET = "what the host site and we know, 32 bytes"
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

RELAY = {"kind": "email", "from": "support@example.org", "smtp_host": "127.0.0.1", "smtp_tls": "none"}
BASE = "http://127.0.0.1"

Answer = Callable[["Desk", Heard], Awaitable[None]]


class Desk:
    """One installation with a chat called "webchat", without its conversation: `answer` says what to do instead.

    With `mails` it has an e-mail channel, whose deliveries are rows that nobody carries.
    """

    def __init__(self, answer: Answer | None = None, *, mails: bool = False, **settings: object) -> None:
        self.now = START
        self.heard: list[Heard] = []
        self.answer = answer
        given = {"kind": "webchat", "identity_secret": SecretStr(HOST_SECRET), **settings}
        self.channel = WebchatChannel("webchat", WebchatSettings.model_validate(given), base_url=BASE)
        self.channels: dict[str, Channel] = {"webchat": self.channel}
        if mails:
            self.channels["mail"] = channels.build("mail", EmailSettings.model_validate(RELAY), base_url=BASE)
        self.templates = Templates.load()
        self.app = self._app()

    def pass_time(self, by: timedelta = timedelta(seconds=1)) -> None:
        self.now += by

    async def take(self, name: str, taken: Sequence[RawArrival]) -> None:
        for arrival in taken:
            await arrivals.store(name, [arrival], now=self.now)
            if await arrivals.claim(arrivals.key_of(name, arrival)):
                for event in await self.channel.read(arrival.body):
                    self.heard.append(event)
                    if self.answer:
                        await self.answer(self, event)

    async def send(self, target: str, message: Message, *, instead_of: str = "") -> str:
        """Through the channel first, then on its row, as the courier does it."""
        self.pass_time()
        if instead_of:
            receipt = await self.channel.edit(target, Receipt(instead_of), message)
        else:
            receipt = await self.channel.send(target, message)
        await Delivery.create(
            key=message.key,
            kind=message.kind,
            channel="webchat",
            target=target,
            state=DeliveryState.SENT,
            due_at=self.now,
            created_at=self.now,
            sent_at=self.now,
            receipt=receipt.ref,
            drawn=dataclasses.asdict(message),
        )
        return receipt.ref

    async def write(self, target: str, text: str, *, key: str, rows: Sequence[Sequence[Button]] = ()) -> str:
        return await self.send(target, message(key, text, rows=rows))

    def _app(self) -> FastAPI:
        async def current() -> bool:
            return True

        async def nobody() -> dict[str, str]:
            return {}

        site = Site(
            base_url=BASE,
            clock=lambda: self.now,
            channels=self.channels,
            take=self.take,
            templates=self.templates,
            secret=SECRET,
            erasures=Ledger(Path("/nowhere/erasures.ledger"), SECRET),
            is_working=lambda: True,
            deaf=nobody,
            schema_is_current=current,
        )
        guards = [Middleware(Shield, secure=False, seen=lambda scope, status: None), Middleware(BodyLimit)]
        app = FastAPI(openapi_url=None, middleware=guards, exception_handlers=errors.handlers())
        app.router.redirect_slashes = False
        app.state.site = site
        app.router.routes.extend(chat.build(site).routes)
        return app


def message(key: str, text: str, *, plain: str = "", rows: Sequence[Sequence[Button]] = (), quote: str = "") -> Message:
    shaped = tuple(tuple(row) for row in rows)
    return Message(key=key, kind="question", text=text, plain=plain or text, rows=shaped, quote=quote)


def scores(
    templates: Templates, invite: str = "k3x9w2m7qd", *, chosen: int = 0, locale: str = "en"
) -> list[list[Button]]:
    """The five buttons of a question."""
    choices = templates.scale("stars", locale)
    row = [
        Button(one.label, f"r:{invite}:s:overall:{one.value}", hint=one.hint, chosen=one.value == chosen)
        for one in choices
    ]
    return [row]
