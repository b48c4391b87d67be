"""The e-mail channel: it sends. What people answer by mail does not come in here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPNotSupported

from bot.channels.email.addresses import Mailbox, parse_address
from bot.channels.email.composing import Account, Mail, compose
from bot.channels.email.connections import AT_ONCE, Connections
from bot.channels.email.errors import FAILURES, Step, explain, remedy
from bot.channels.email.settings import EmailSettings
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Heard,
    Limits,
    Message,
    Receipt,
    Refused,
    Take,
    Undeliverable,
)

logger = logging.getLogger(__name__)

_PER_SECOND = 5.0


class EmailChannel:
    """Mail through one relay. A mail that may or may not have left goes out again with the same Message-ID."""

    kind = "email"
    dialect = Dialect.HTML
    has_buttons = False
    has_edits = False
    has_forms = False
    has_files = False

    def __init__(self, name: str, settings: EmailSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(settings.messages_per_second or _PER_SECOND, 0, concurrency=AT_ONCE)
        self._settings = settings
        self._account = Account(settings.sender, settings.answers_to, base_url)
        self._connections = Connections(settings)

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
        raise Undeliverable("nobody sends files here")

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        raise Refused("there is no hook for e-mail", 404)

    async def read(self, body: bytes) -> Sequence[Heard]:
        raise ValueError("nothing comes in by e-mail")

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        """Nobody waits at the other end of a mail."""

    async def listen(self, take: Take) -> None:
        """Returns at once: nothing comes in by e-mail."""

    async def check(self) -> Sequence[Finding]:
        """Connect, log in and name the sender, without sending anything."""
        settings = self._settings
        relay = f"{settings.smtp_host}:{settings.port}"
        try:
            smtp = await self._connections.connected()
        except FAILURES as error:
            return (Finding(False, f"{relay}: {explain(error, Step.CONNECT).reason}", remedy(error)),)
        encrypted = "without encryption" if settings.smtp_tls == "none" else "encrypted"
        findings = [Finding(True, f"{relay} takes our connection, {encrypted}")]
        try:
            async with asyncio.timeout(settings.smtp_timeout_seconds):
                await smtp.mail(settings.sender.address, encoding="utf-8")
                await smtp.rset()
                await smtp.quit()
        except FAILURES as error:
            findings.append(Finding(False, f"{relay}: {explain(error, Step.SENDER).reason}", remedy(error)))
        else:
            findings.append(Finding(True, f"{relay} takes mail from {settings.sender.address}"))
        finally:
            smtp.close()
        return findings


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
