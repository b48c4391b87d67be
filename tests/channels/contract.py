"""What a stand-in network must be able to do, so that its channel can be held to the contract; and the four that can.

A new channel brings one more class here, in the shape of `Rig`, and a line in `RIGS`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Literal, Protocol, Self, cast
from urllib.parse import urlencode

import httpx

from bot import channels
from bot.channels.slack.channel import SlackChannel
from core import store as stores
from core.models.deliveries import Delivery, DeliveryState
from core.ports import Channel, Message, Receipt
from tests.rigs.slack import SlackRig
from tests.rigs.smtp import SmtpRig
from tests.rigs.telegram import TelegramRig
from tests.rigs.webchat import Visitor
from tests.rigs.webchat_desk import Desk

Mood = Literal["fine", "busy", "gone", "silent", "malformed"]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = "https://feedback.example.org"
SECRET = "a-secret-of-more-than-32-characters"
PATIENCE = 0.4
"""Seconds that a channel in these tests waits for its network."""


class Rig(Protocol):
    """A channel account, open, with the network behind it. `moods` are those that its network can have.

    `asked` is how long the network asks to be left alone when it is busy. `hooked` is a channel whose hook is on (the
    same one, where there is no hook), `proof` the headers that make a call to it genuine. `genuine` are arrivals as
    the network sends them, and `encoded` writes one as it comes in.
    """

    moods: frozenset[Mood]
    channel: Channel
    hooked: Channel
    ann: str
    asked: timedelta | None
    genuine: Sequence[Any]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def be(self, mood: Mood) -> None: ...

    async def deliver(self, message: Message, *, instead_of: Receipt | None = None) -> Receipt:
        """Send, or edit, as the courier does it."""
        ...

    async def screen(self) -> list[str]:
        """All words of each message that Ann sees, oldest first."""
        ...

    def hear(self, text: str) -> Any:
        """The arrival when Ann writes this."""
        ...

    def encoded(self, arrival: Any) -> bytes: ...

    def proof(self, body: bytes) -> Mapping[str, str]: ...


def built(kind: str, **fields: Any) -> Channel:
    settings = channels.settings_class(kind).model_validate({"kind": kind, **fields})
    return channels.build(kind, settings, base_url=SITE)


class _Staged(AsyncExitStack):
    """What all rigs share: they are opened and closed, and a message goes straight to the channel."""

    channel: Channel
    ann: str

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.set_up()
        return self

    async def set_up(self) -> None:
        raise NotImplementedError

    async def deliver(self, message: Message, *, instead_of: Receipt | None = None) -> Receipt:
        if instead_of is not None:
            return await self.channel.edit(self.ann, instead_of, message)
        return await self.channel.send(self.ann, message)

    async def opened(self, channel: Channel) -> Channel:
        await channel.open()
        self.push_async_callback(channel.close)
        return channel

    def encoded(self, arrival: Any) -> bytes:
        return json.dumps(arrival).encode()


class TelegramContract(_Staged):
    moods = frozenset[Mood]({"busy", "gone", "silent", "malformed"})
    ann = "7"
    asked = timedelta(seconds=17)

    async def set_up(self) -> None:
        self.rig = await self.enter_async_context(TelegramRig())
        self.rig.retry_after = 17
        given = {"token": self.rig.token, "api_base": self.rig.url, "timeout_seconds": PATIENCE}
        self.channel = await self.opened(built("telegram", **given))
        self.hooked = await self.opened(built("telegram", **given, mode="webhook", webhook_secret=SECRET))
        self.genuine = self._updates()

    def be(self, mood: Mood) -> None:
        self.rig.mood = "strange" if mood == "malformed" else mood

    async def screen(self) -> list[str]:
        return [shown.text for shown in self.rig.shown(int(self.ann))]

    def hear(self, text: str) -> Any:
        return self.rig.raw_update("message", self.rig.raw_message(7, text=text))

    def proof(self, body: bytes) -> Mapping[str, str]:
        return {"x-telegram-bot-api-secret-token": SECRET}

    def _updates(self) -> list[Any]:
        rig = self.rig
        tap = {"id": "tap1", "from": rig.person(7), "chat_instance": "1", "data": "r:k3x9:s:overall:4"}
        tap["message"] = rig.raw_message(7, text="How was it?")
        blocked = rig.raw_update("my_chat_member", rig.raw_membership(7, "member", "kicked"))
        return [self.hear("Too slow"), self.hear("/start abc"), rig.raw_update("callback_query", tap), blocked]


class SlackContract(_Staged):
    moods = frozenset[Mood]({"busy", "gone", "silent", "malformed"})
    ann = "U0ANN"
    asked = timedelta(seconds=30)
    _time = NOW.timestamp()

    async def set_up(self) -> None:
        self.rig = await self.enter_async_context(SlackRig())
        self.rig.person(self.ann)
        self.rig.refusal = "user_not_found"
        self.channel = await self.opened(self._built())
        self.hooked = self.channel
        self.genuine = [self.hear("Too slow"), self._tap(), self._command()]

    def _built(self) -> Channel:
        keys = {"bot_token": self.rig.bot_token, "signing_secret": self.rig.signing_secret}
        made = cast("SlackChannel", built("slack", mode="http", api_base=self.rig.url, **keys))
        made.timeout = timedelta(seconds=PATIENCE)
        made.clock = lambda: self._time
        return made

    def be(self, mood: Mood) -> None:
        """A network is fine again when as much time has passed as it asked for."""
        if mood == "fine":
            self._time += self.asked.total_seconds()
        self.rig.mood = "garbled" if mood == "malformed" else mood

    async def screen(self) -> list[str]:
        return self.rig.screen(self.ann)

    def hear(self, text: str) -> Any:
        said = {"type": "message", "channel": "D0ANN", "channel_type": "im", "user": self.ann, "text": text}
        event = {**said, "ts": "1790000000.000100", "team": self.rig.team}
        return {"type": "event_callback", "team_id": self.rig.team, "event_id": "Ev1", "event": event}

    def _tap(self) -> Any:
        action = {
            "action_id": "r:k3x9:s:overall:4",
            "value": "r:k3x9:s:overall:4",
            "type": "button",
            "action_ts": "1.2",
        }
        who = {"id": self.ann, "username": "ann", "team_id": self.rig.team}
        where = {"type": "message", "message_ts": "1790000000.000100", "channel_id": "D0ANN"}
        tap = {"type": "block_actions", "user": who, "team": {"id": self.rig.team}, "container": where}
        return {**tap, "trigger_id": "1.2.3", "channel": {"id": "D0ANN"}, "actions": [action]}

    def _command(self) -> Any:
        return {"command": "/afterword", "text": "status", "user_id": self.ann, "team_id": self.rig.team}

    def encoded(self, arrival: Any) -> bytes:
        """As Slack does: events as JSON, commands as a form, all else as JSON in a form."""
        if not isinstance(arrival, dict) or arrival.get("type") == "event_callback":
            return super().encoded(arrival)
        if "command" in arrival:
            return urlencode(arrival, errors="replace").encode()
        return urlencode({"payload": json.dumps(arrival)}).encode()

    def proof(self, body: bytes) -> Mapping[str, str]:
        """As Slack signs; its own library cannot sign bytes that are no text."""
        sent = str(int(NOW.timestamp()))
        signed = hmac.new(self.rig.signing_secret.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256)
        return {"x-slack-request-timestamp": sent, "x-slack-signature": f"v0={signed.hexdigest()}"}


class EmailContract(_Staged):
    moods = frozenset[Mood]({"busy", "gone", "silent", "malformed"})
    ann = "ann@example.org"
    asked = timedelta(minutes=5)

    async def set_up(self) -> None:
        self.rig = await self.enter_async_context(SmtpRig())
        relay = {"smtp_host": self.rig.host, "smtp_port": self.rig.port, "smtp_tls": "none"}
        given = {"from": "Support <support@example.org>", "smtp_timeout_seconds": PATIENCE, **relay}
        self.channel = self.hooked = await self.opened(built("email", **given))
        self.genuine = [self.hear("Too slow"), self.hear("4/5")]

    def be(self, mood: Mood) -> None:
        self.rig.mood = "fine" if mood == "malformed" else mood
        if mood == "malformed":
            self.rig.answers["RCPT"].append("who is there?")

    async def screen(self) -> list[str]:
        return [_Visible(mail.html).text for mail in self.rig.mailbox(self.ann)]

    def hear(self, text: str) -> Any:
        named = {
            "From": f"Ann <{self.ann}>",
            "To": "support@example.org",
            "Subject": "Re: Router",
            "Message-ID": "<1@x>",
        }
        return {**named, "text": text}

    def encoded(self, arrival: Any) -> bytes:
        head = "".join(f"{name}: {value}\r\n" for name, value in arrival.items() if name != "text")
        mail = f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{arrival.get('text', '')}\r\n"
        return mail.encode("utf-8", "replace")

    def proof(self, body: bytes) -> Mapping[str, str]:
        return {}


class WebchatContract(_Staged):
    """Its network is our own web server: it is never busy, silent or malformed, and an address can only be wrong."""

    moods = frozenset[Mood]({"gone"})
    ann = "ann@example.org"
    asked = None

    def __init__(self, store_url: str) -> None:
        super().__init__()
        self._store_url = store_url

    async def set_up(self) -> None:
        self.push_async_callback((await stores.open_store(self._store_url)).close)
        self.desk = Desk()
        self.channel = self.hooked = self.desk.channel
        transport = httpx.ASGITransport(self.desk.app)
        client = await self.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1"))
        self.visitor = await Visitor(client).arrive()
        self.ann = self.visitor.id
        tap = {"visitor": self.ann, "name": "Ann <3", "locale": "en", "action": "r:k3x9:s:overall:4", "receipt": "17"}
        self.genuine = [self.hear("Too slow"), self.hear("/start abc"), tap]

    def be(self, mood: Mood) -> None:
        self.ann = "nobody can be called this" if mood == "gone" else self.ann

    async def deliver(self, message: Message, *, instead_of: Receipt | None = None) -> Receipt:
        """The courier writes on the delivery's row that it was sent; a second try finds the row it left behind."""
        receipt = await super().deliver(message, instead_of=instead_of)
        self.desk.pass_time()
        now, key = self.desk.now, message.key + (":edit" if instead_of else "")
        row = {"kind": message.kind, "channel": "webchat", "target": self.ann, "state": DeliveryState.SENT}
        drawn = {"due_at": now, "created_at": now, "sent_at": now, "receipt": receipt.ref, "drawn": asdict(message)}
        if not await Delivery.filter(key=key).update(sent_at=now, drawn=drawn["drawn"]):
            await Delivery.create(key=key, **row, **drawn)
        return receipt

    async def screen(self) -> list[str]:
        return [_words(entry) for entry in await self.visitor.look()]

    def hear(self, text: str) -> Any:
        return {"visitor": self.ann, "name": "Ann <3", "locale": "en", "text": text}

    def proof(self, body: bytes) -> Mapping[str, str]:
        return {}


RIGS: dict[str, Callable[[str], Rig]] = {
    "telegram": lambda store_url: TelegramContract(),
    "slack": lambda store_url: SlackContract(),
    "email": lambda store_url: EmailContract(),
    "webchat": WebchatContract,
}

MOODS: dict[str, frozenset[Mood]] = {
    "telegram": TelegramContract.moods,
    "slack": SlackContract.moods,
    "email": EmailContract.moods,
    "webchat": WebchatContract.moods,
}


def _words(entry: dict[str, Any]) -> str:
    """As the page draws it: its mark-up, a quote, facts and buttons."""
    facts = [f"{fact['label']}: {fact['value']}" for fact in entry.get("facts", ())]
    labels = [button["label"] for row in entry.get("rows", ()) for button in row]
    return "\n".join([_Visible(entry["text"]).text, entry.get("quote", ""), *facts, *labels])


class _Visible(HTMLParser):
    """The words of a page that are on the screen."""

    _UNSEEN = frozenset({"head", "style", "script", "title"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self._inside: list[str] = []
        self._words: list[str] = []
        self.feed(html)
        self.close()
        self.text = "".join(self._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._UNSEEN:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._words.append(data)
