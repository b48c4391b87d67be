"""Takes mail by SMTP and LMTP on one port, from a mail server beside us. A yes means that the mail is committed."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sys
from collections.abc import Callable
from typing import AnyStr

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from bot.channels import binding
from bot.channels.email.arriving import arrival
from bot.channels.email.transparency import Content
from bot.channels.hearing import Hearing
from core.ports import Take

logger = logging.getLogger(__name__)

_AT_ONCE = 50
_PATIENCE_SECONDS = 120
_PIECE = 64 * 1024  # the library stops reading from the network at twice as much
_LONGEST_REST = 60.0
_GREETING_SECONDS = 3.0
_NAME = "Afterword"
_NOT_NOW = "451 4.3.0 Cannot be stored at the moment, please try again"
_NOT_OURS = "550 5.1.1 No such recipient here"
_TOO_LARGE = "552 5.3.4 The mail is larger than is taken here"


class Listener:
    """`takes` tells which recipients are ours; for others nothing is taken, so that nobody can relay through us."""

    def __init__(self, take: Take, takes: Callable[[str], bool], *, host_name: str, largest: int) -> None:
        self.take = take
        self.takes = takes
        self.host_name = host_name
        self.largest = largest
        self.connections: set[_Connection] = set()

    async def serve(self, host: str, port: int, hearing: Hearing) -> None:
        """Until cancelled. While the port cannot be had, it is asked for again and again."""
        server = await self._bound(host, port, hearing)
        logger.info("Mail is taken at %s:%s", host, port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for connection in list(self.connections):
                connection.end()

    async def _bound(self, host: str, port: int, hearing: Hearing) -> asyncio.Server:
        way, rest = f"taking mail at {host}:{port}", 1.0
        while True:
            try:
                server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port)
            except OSError as error:
                hearing.failed(way, _in_words(error), rest=rest)
            else:
                hearing.works(way)
                return server
            await asyncio.sleep(rest)
            rest = min(rest * 2, _LONGEST_REST)


def not_free(host: str, port: int) -> str:
    """Why no listener could be opened there now; "" when one could."""
    try:
        binding.tried(host, port)
    except OSError as error:
        return _in_words(error)
    return ""


def _in_words(error: OSError) -> str:
    """asyncio's own words are about Python."""
    if error.errno == errno.EADDRINUSE:
        return "another program has this port"
    return os.strerror(error.errno) if error.errno else str(error)


async def is_ours(host: str, port: int) -> bool:
    """Whether it is an Afterword that listens there."""
    try:
        async with asyncio.timeout(_GREETING_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            greeting = await reader.readline()
            writer.close()
    except (OSError, ValueError):
        return False
    return greeting.startswith(b"220 ") and greeting.rstrip().endswith(_NAME.encode())


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._listener.takes(address):
            return _NOT_OURS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        logger.error("A mail could not be taken", exc_info=error)
        return _NOT_NOW


class _Connection(SMTP):
    line_length_limit = _PIECE

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        super().__init__(
            _Handler(listener),
            hostname=listener.host_name,
            ident=_NAME,
            enable_SMTPUTF8=True,
            data_size_limit=listener.largest,
            timeout=_PATIENCE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._is_lmtp = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._listener.connections) >= _AT_ONCE and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections, please come back\r\n")
            transport.close()
            return
        self._listener.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._listener.connections:
            self._listener.connections.discard(self)
            super().connection_lost(error)

    def end(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        self._is_lmtp = True
        await self.smtp_EHLO(hostname)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """In place of the library's, which goes through a mail line by line and lets nobody else in meanwhile."""
        envelope = self.envelope or Envelope()
        if await self.check_helo_needed():
            return
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Say first who it is for (RCPT)")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        answer = _TOO_LARGE if content.too_large else await self._stored(content.taken(), envelope)
        answers = len(envelope.rcpt_tos) if self._is_lmtp else 1
        self.envelope = Envelope()
        await self.push("\r\n".join([answer] * answers))

    async def _content(self) -> Content:
        content = Content(self._listener.largest)
        while not content.ended:
            piece = await self._reader.read(sys.maxsize)  # all that has come; so the rest can be put back below
            if not piece:
                raise ConnectionResetError("the mail has no end")
            rest = content.feed(piece)
        if rest:
            self._reader.feed_data(rest)
        return content

    async def _stored(self, raw: bytes, envelope: Envelope) -> str:
        sender = (envelope.mail_from or "").strip("<>")
        try:
            came = await asyncio.to_thread(arrival, raw, recipients=tuple(envelope.rcpt_tos), sender=sender)
            await self._listener.take([came])
        except Exception:
            logger.exception("A mail could not be stored; its server will try again")
            return _NOT_NOW
        return "250 2.0.0 Stored"

    async def push(self, status: AnyStr) -> None:
        """Many commands that came in one piece are answered one by one, and others have their turn in between."""
        await super().push(status)
        await asyncio.sleep(0)
