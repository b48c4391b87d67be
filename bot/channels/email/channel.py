"""The e-mail channel: it sends through a relay, and reads what comes to a mailbox or is handed to its listener."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPNotSupported

from bot.channels.email import checking, inspecting
from bot.channels.email.addresses import Mailbox, parse_address
from bot.channels.email.composing import Account, Mail, compose
from bot.channels.email.connections import AT_ONCE, Connections
from bot.channels.email.errors import FAILURES, Step, explain
from bot.channels.email.listener import Listener
from bot.channels.email.mailbox import Mailbox as ReadMailbox
from bot.channels.email.oauth import AccessTokens
from bot.channels.email.reading import Reader
from bot.channels.email.settings import EmailSettings, host_and_port
from bot.channels.hearing import Hearing
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Forgetful,
    Heard,
    Keep,
    Limits,
    Message,
    Receipt,
    Refused,
    Take,
    Undeliverable,
)

logger = logging.getLogger(__name__)

_PER_SECOND = 5.0
_LARGE = 64 * 1024  # taking apart what is larger is not done between two taps


class EmailChannel:
    """Mail through one relay. A mail that may or may not have left goes out again with the same Message-ID."""

    kind = "email"
    dialect = Dialect.HTML
    has_buttons = False
    has_edits = False
    has_forms = False
    has_threads = True
    has_files = True

    def __init__(self, name: str, settings: EmailSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(settings.messages_per_second or _PER_SECOND, 0, concurrency=AT_ONCE)
        self._settings = settings
        self.answers_by_reply = settings.replies is not None
        self.keep: Keep = Forgetful()
        self._account = Account(settings.sender, settings.answers_to, base_url, settings.replies)
        self._reader = Reader(settings.sender, settings.replies, base_url)
        tokens = AccessTokens(settings, lambda: self.keep) if settings.oauth_token_url else None
        self._hearing = Hearing(name)
        self._mailbox = ReadMailbox(self._hearing, settings, lambda: self.keep, tokens)
        self._connections = Connections(settings, tokens)

    async def open(self) -> None:
        """Nothing to do: the first mail connects."""

    async def close(self) -> None:
        await self._connections.close()

    async def known_as(self, target: str) -> str:
        return ""

    async def send(self, target: str, message: Message) -> Receipt:
        """`target` is one mail address; `Receipt.ref` is the Message-ID, which the next mail can answer under."""
        mail = compose(message, self._account, _recipient(target), now=datetime.now(UTC))
        step = Step.CONNECT
        try:
            async with self._connections.borrowed() as smtp:
                async with asyncio.timeout(self._settings.smtp_timeout_seconds):
                    options = await _options(smtp, mail)
                    step = Step.SENDER
                    await smtp.mail(mail.sender.address, options=options, encoding="utf-8")
                    step = Step.RECIPIENT
                    await smtp.rcpt(mail.to.address, encoding="utf-8")
                    step = Step.CONTENT
                    await smtp.data(mail.raw)
        except FAILURES as error:
            raise explain(error, step) from error
        return Receipt(mail.id)

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        raise TypeError("a mail that was sent cannot be changed: look at has_edits first")

    async def fetch(self, file: File, *, most: int) -> bytes:
        raise Undeliverable("a mail brings its files along")

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        raise Refused("there is no hook for e-mail", 404)

    async def read(self, body: bytes) -> Sequence[Heard]:
        """`body` is a mail as it came (RFC 5322)."""
        if len(body) > _LARGE:
            return await asyncio.to_thread(self._reader.read, body)
        return self._reader.read(body)

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        """Nobody waits at the other end of a mail."""

    async def listen(self, take: Take) -> None:
        """Read the mailbox and take what the listener is given; returns at once where neither is set up."""
        ways = []
        if self._settings.imap_host:
            ways.append(self._mailbox.listen(take))
        if self._settings.listen_smtp:
            listener = Listener(
                take, self.takes, host_name=self._settings.sender.domain, largest=self._settings.largest_mail
            )
            ways.append(listener.serve(*host_and_port(self._settings.listen_smtp), self._hearing))
        async with asyncio.TaskGroup() as tasks:
            for way in ways:
                tasks.create_task(way)

    async def deaf(self) -> str:
        return self._hearing.trouble()

    def takes(self, address: str) -> bool:
        """Whether mail to that address is for us."""
        ours = {self._account.sender.address.lower()}
        if self._account.answers_to is not None:
            ours.add(self._account.answers_to.address.lower())
        return address.lower() in ours or (self._account.replies is not None and self._account.replies.takes(address))

    async def check(self) -> Sequence[Finding]:
        """The relay, the mailbox and the domain's records; nothing is sent, read or changed."""
        return await checking.findings(self._settings, self._connections, self._mailbox)

    async def inspect(self, raw: bytes) -> Sequence[Finding]:
        """A mail of ours as it came to somebody (RFC 5322): is it signed as big mailbox providers want it?"""
        return await inspecting.findings(self._settings, raw)


def _recipient(target: str) -> Mailbox:
    try:
        return parse_address(target)
    except ValueError as error:
        raise Undeliverable(str(error)) from error


async def _options(smtp: SMTP, mail: Mail) -> tuple[str, ...]:
    if not mail.needs_smtputf8:
        return ()
    if smtp.is_ehlo_or_helo_needed:  # a new connection without TLS and log-in has not asked yet
        await smtp.ehlo()
    if not smtp.supports_extension("smtputf8"):
        raise SMTPNotSupported("the relay cannot send to an address with letters outside ASCII")
    return ("SMTPUTF8",)
