"""The web chat as a channel: its network is our own web server, so what was sent is read from where we keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from bot.channels.webchat import identity, reading
from bot.channels.webchat.hub import Hub
from bot.channels.webchat.settings import WebchatSettings
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Heard,
    Limits,
    Message,
    Person,
    RawArrival,
    Receipt,
    Refused,
    Take,
    Undeliverable,
)

_USUAL_PACE = 50
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class WebchatChannel:
    """Sending is a nudge: the words are on the delivery's row, and the visitor's page reads them from there.

    So a message is delivered when it is kept, whether or not a page is open; whoever comes back finds it.
    """

    kind = "webchat"
    dialect = Dialect.HTML
    command_prefix = "/"
    has_buttons = True
    has_edits = True
    has_forms = False
    has_threads = False
    has_files = False

    def __init__(self, name: str, settings: WebchatSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(per_second=settings.messages_per_second or _USUAL_PACE, per_target_seconds=0)
        self.title = settings.title
        self.accent = settings.accent
        self.allowed_origins = settings.allowed_origins
        self.hub = Hub()
        self._identity_secret = settings.identity_secret
        self._base_url = base_url

    async def open(self) -> None:
        """Nothing: there is no network."""

    async def close(self) -> None:
        self.hub.close()

    async def known_as(self, target: str) -> str:
        return ""

    async def send(self, target: str, message: Message) -> Receipt:
        if not identity.VISITOR_ID.fullmatch(target):
            raise Undeliverable("no visitor of the web chat can have this address")
        self.hub.nudge(target)
        return Receipt(message.key)

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        self.hub.nudge(target)
        return receipt

    async def fetch(self, file: File, *, most: int) -> bytes:
        raise Undeliverable("nobody sends files here")

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        raise Refused("The web chat has no hook; its visitors talk to /chat.", 404)

    async def read(self, body: bytes) -> Sequence[Heard]:
        return [reading.heard(body)]

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        if answer.note:
            self.hub.note(heard.person.address, answer)

    async def listen(self, take: Take) -> None:
        """Nothing: visitors come in by the web server."""

    async def deaf(self) -> str:
        return ""

    async def check(self) -> Sequence[Finding]:
        address = urlsplit(self._base_url)
        if address.scheme == "https" or address.hostname in _LOOPBACK:
            return [Finding.good(f'embed it with <script src="{self._base_url}/chat/{self.name}.js" async></script>')]
        return [
            Finding.problem(
                f"{self._base_url} is not https: browsers do not show the chat inside pages that are",
                "put a proxy with a certificate in front, and set site.base_url to its https address",
            )
        ]

    # What the chat's web pages (bot/web/chat) need of it.

    def identify(self, token: str, now: datetime) -> Person | None:
        """Whom the host site vouches for; None when the token is not good or no secret is shared with a host."""
        if self._identity_secret is None:
            return None
        return identity.read_visitor_token(self._identity_secret, token, now=now)

    def text_arrival(self, visitor: Person, external_id: str, text: str) -> RawArrival:
        return reading.text_arrival(visitor, external_id, text)

    def tap_arrival(self, visitor: Person, external_id: str, action: str, receipt: str) -> RawArrival:
        return reading.tap_arrival(visitor, external_id, action, receipt)
