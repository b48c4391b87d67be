"""A relay on loopback that takes mail, or does what relays do when they do not: the stand-in network of e-mail.

async with SmtpRig() as rig:
    ...  # smtp_host = rig.host, smtp_port = rig.port, smtp_tls = rig.tls
    mail = await rig.mail_to("ann@example.org")
    assert mail.link("5").startswith("https://")
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
from collections import defaultdict, deque
from collections.abc import Callable, Container
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Any, AnyStr, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Mood = Literal["fine", "busy", "gone", "full", "policy", "shut", "silent", "broken"]
Tls = Literal["none", "starttls", "tls"]

DROP = "drop"  # in place of a reply: the connection breaks
HANG = "hang"  # in place of a reply: nothing, for ever

_MOODS: dict[Mood, dict[str, str]] = {
    "fine": {},
    "busy": {"RCPT": "451 4.7.1 Greylisted, please come back later"},
    "gone": {"RCPT": "550 5.1.1 No such user here"},
    "full": {"RCPT": "552 5.2.2 Mailbox full"},
    "policy": {"RCPT": "550 5.7.1 Not from you"},
    "shut": {"MAIL": "421 4.3.2 Shutting down"},
    "silent": {"BANNER": HANG, "RSET": HANG, "MAIL": HANG},
    "broken": {"DATA": DROP},  # the mail is recorded: the relay may well have kept it
}


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


def make_certificate(folder: Path, *, host: str = "localhost", ip: str = "127.0.0.1") -> Certificate:
    """Self-made, so it is its own CA: trust `cert` and it is good for `host` and `ip`."""
    made = Certificate(folder / f"{host}.pem", folder / f"{host}.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host},IP:{ip}"]
    files = ["-out", str(made.cert), "-keyout", str(made.key)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return made


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._url = ""
        self._words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._words = dict(attrs).get("href") or "", []

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.found.append(("".join(self._words).strip(), self._url))


@dataclass(frozen=True)
class Mail:
    """A mail as the relay took it; `sender` and `recipients` are those of the envelope."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    encrypted: bool

    @cached_property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    def header(self, name: str) -> str:
        return str(self.message[name] or "")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def links(self) -> list[tuple[str, str]]:
        """(words, URL) of every link of the HTML part, from top to bottom."""
        return _Links(self.html).found

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        return next(url for label, url in self.links if label == words)

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"the mail has no {kind} part"
        content: str = part.get_content()
        return content.replace("\r\n", "\n")


class SmtpRig:
    """`mood` may change at any time; `answers` come before it, each once: `rig.answers["RCPT"].append("450 …")`.

    The steps are BANNER, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA (after the mail was handed over), RSET and QUIT.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        tls: Tls = "none",
        certificate: Certificate | None = None,
        user: str = "",
        password: str = "",
        utf8: bool = True,
        tokens: Container[str] | None = None,
    ) -> None:
        self.tokens = tokens  # access tokens that are taken (XOAUTH2); None: only the password is
        self.tls = tls
        self.port = 0
        self.mood: Mood = "fine"
        self.answers: defaultdict[str, deque[str]] = defaultdict(deque)
        self.mails: list[Mail] = []
        self.commands: list[str] = []  # the verbs that were heard, in order
        self.recipients: list[str] = []  # every RCPT TO, taken or not
        self.connections = 0
        self.open_connections: set[_Server] = set()
        self.user, self.password, self.utf8 = user, password, utf8
        self._certificate = certificate
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """On the same port as before, if it was started before."""
        context = self._context()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Server(self, context), self.host, self.port, ssl=context if self.tls == "tls" else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody listens any more, and open connections break."""
        assert self._server is not None
        self._server.close()
        await asyncio.gather(*(connection.end() for connection in list(self.open_connections)))
        self.open_connections.clear()

    def mailbox(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if address in mail.recipients]

    async def mail_to(self, address: str, *, number: int = 1) -> Mail:
        """The first (second, …) mail to this address, as soon as it is there."""
        await self.until(lambda: len(self.mailbox(address)) >= number)
        return self.mailbox(address)[number - 1]

    async def until(self, happened: Callable[[], bool], *, seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not happened():
                await self._changed.wait()

    def note(self) -> None:
        """Something changed: whoever waits looks again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def reply(self, step: str) -> str | None:
        answers = self.answers[step]
        return answers.popleft() if answers else _MOODS[self.mood].get(step)

    def _context(self) -> ssl.SSLContext | None:
        if self.tls == "none":
            return None
        assert self._certificate is not None, "TLS needs a certificate: make_certificate(tmp_path)"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate.cert, self._certificate.key)
        return context


class _Handler:
    """aiosmtpd's hooks; a hook that returns None lets aiosmtpd do what it would."""

    def __init__(self, rig: SmtpRig) -> None:
        self.rig = rig

    async def handle_EHLO(  # noqa: N802
        self, server: _Server, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        refusal = await server.act("EHLO")
        return [refusal] if refusal else [line for line in replies if self.rig.user or not line.startswith("250-AUTH")]

    async def auth_XOAUTH2(self, server: _Server, args: list[str]) -> AuthResult:  # noqa: N802
        """As Gmail and Exchange do: after a refusal the client still has to answer, and hears 535 then."""
        said = base64.b64decode(args[1]).decode().split("\x01")
        given = dict(part.split("=", 1) for part in said if part)
        token = given.get("auth", "").removeprefix("Bearer ")
        if self.rig.tokens is not None and given.get("user") == self.rig.user and token in self.rig.tokens:
            return AuthResult(success=True, auth_data=given["user"])
        await server.challenge_auth('{"status":"401","schemes":"bearer"}')
        return AuthResult(success=False, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await server.act("MAIL")
        if self.rig.user and not session.authenticated:
            return "530 5.7.0 Log in first"
        if refusal is None:
            envelope.mail_from = address
        return refusal or "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.rig.recipients.append(address)
        refusal = await server.act("RCPT")
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 OK"

    async def handle_DATA(self, server: _Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        refusal = self.rig.reply("DATA")
        if refusal in (None, DROP, HANG):
            raw = envelope.content
            assert isinstance(raw, bytes)
            encrypted = session.ssl is not None or self.rig.tls == "tls"
            self.rig.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, encrypted))
        self.rig.note()
        return await server.carry_out(refusal) or "250 2.0.0 Queued"


class _Server(SMTP):
    """One connection."""

    def __init__(self, rig: SmtpRig, context: ssl.SSLContext | None) -> None:
        self.rig = rig
        super().__init__(
            _Handler(rig),
            hostname="relay.test",
            ident="ESMTP",
            enable_SMTPUTF8=rig.utf8,
            tls_context=context if rig.tls == "starttls" else None,
            auth_require_tls=rig.tls == "starttls",
            authenticator=self._is_welcome,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self.rig.open_connections:  # STARTTLS makes the connection a second time
            self.rig.connections += 1
            self.rig.open_connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.rig.open_connections.discard(self)
        super().connection_lost(error)
        self.rig.note()

    async def push(self, status: AnyStr) -> None:
        line = status if isinstance(status, str) else status.decode()
        if line.startswith("220 relay.test"):
            line = await self.act("BANNER") or line
        await super().push(line)
        if line.startswith("421"):
            self.drop(politely=True)

    def drop(self, *, politely: bool = False) -> None:
        transport: Any = self._original_transport or self.transport
        if transport is not None:
            transport.close() if politely else transport.abort()

    async def end(self) -> None:
        """Break the connection at our end; in the middle of a handshake aiosmtpd would wait on for ever."""
        self.drop()
        assert self._handler_coroutine is not None
        self._handler_coroutine.cancel()
        await asyncio.gather(self._handler_coroutine, return_exceptions=True)

    async def act(self, step: str) -> str | None:
        """Note the step; what to answer if not what is usual."""
        return await self.carry_out(self.rig.reply(step))

    async def carry_out(self, reply: str | None) -> str | None:
        if reply == DROP:
            self.drop()
        if reply in (DROP, HANG):
            await asyncio.get_running_loop().create_future()  # until the connection is lost, which cancels it
        return reply

    async def _call_handler_hook(self, command: str, *args: Any) -> Any:
        if command != "AUTH":  # which may go wrong before its hook
            self._heard(command)
        return await super()._call_handler_hook(command, *args)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        self._heard("STARTTLS")
        refusal = await self.act("STARTTLS")
        await (self.push(refusal) if refusal else super().smtp_STARTTLS(arg))

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        self._heard("AUTH")
        refusal = await self.act("AUTH")
        await (self.push(refusal) if refusal else super().smtp_AUTH(arg))

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        refusal = await self.act("RSET")
        await (self.push(refusal) if refusal else super().smtp_RSET(arg))

    def _heard(self, command: str) -> None:
        self.rig.commands.append(command)
        self.rig.note()

    def _is_welcome(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = LoginPassword(self.rig.user.encode(), self.rig.password.encode())
        return AuthResult(success=data == good, handled=False)
