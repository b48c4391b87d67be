"""Connections to the relay, kept while there is mail to send: ten thousand mails need not log in as often."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPAuthenticationError, SMTPResponseException

from bot.channels.email.errors import FAILURES
from bot.channels.email.oauth import AccessTokens
from bot.channels.email.settings import EmailSettings

AT_ONCE = 4
IDLE_SECONDS = 10.0
_MAILS_EACH = 50  # many relays cut a connection off after a hundred
_GOODBYE_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class _Connection:
    smtp: SMTP
    mails: int = 0
    farewell: asyncio.TimerHandle | None = None


class Connections:
    """Up to four at a time. A kept one is asked whether it lives before it is used again."""

    def __init__(
        self, settings: EmailSettings, tokens: AccessTokens | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._settings = settings
        self._tokens = tokens if settings.smtp_by_token else None
        self._idle_seconds = idle_seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._idle: list[_Connection] = []
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._trust: ssl.SSLContext | None = None

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[SMTP]:
        """A connection of one's own, logged in; after a refusal it is kept, after anything worse it is closed."""
        async with self._turns:
            connection = await self._kept() or _Connection(await self.connected())
            try:
                yield connection.smtp
            except SMTPResponseException:
                self._keep(connection)
                raise
            except BaseException:
                connection.smtp.close()
                raise
            self._keep(connection)

    async def connected(self) -> SMTP:
        """A new connection, encrypted and logged in as the settings say: never less.

        A relay that does not take our token may have called it back: it is asked once more, with a new one.
        """
        if self._tokens is None:
            return await self._connected()
        token = await self._tokens.get()
        try:
            return await self._connected(token)
        except SMTPAuthenticationError:
            if not self._tokens.forget(token):
                raise
        return await self._connected(await self._tokens.get())

    async def _connected(self, token: str = "") -> SMTP:
        settings = self._settings
        smtp = SMTP(
            hostname=settings.smtp_host,
            port=settings.port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            oauth_token_generator=partial(_given, token) if token else None,
            local_hostname=settings.sender.domain,
            timeout=None,  # ours is for all of it together
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            tls_context=None if settings.smtp_tls == "none" else await self._trusted(),
        )
        async with asyncio.timeout(settings.smtp_timeout_seconds):
            await smtp.connect()
        return smtp

    async def close(self) -> None:
        while self._idle:
            self._dismiss(self._idle[-1])
        await asyncio.gather(*self._goodbyes)

    async def _kept(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.farewell is not None:
                connection.farewell.cancel()
            try:
                async with asyncio.timeout(self._settings.smtp_timeout_seconds):
                    await connection.smtp.rset()
            except FAILURES:
                connection.smtp.close()
            except BaseException:
                connection.smtp.close()
                raise
            else:
                return connection
        return None

    def _keep(self, connection: _Connection) -> None:
        connection.mails += 1
        if not connection.smtp.is_connected:
            return
        self._idle.append(connection)
        if connection.mails >= _MAILS_EACH:
            self._dismiss(connection)
        else:
            loop = asyncio.get_running_loop()
            connection.farewell = loop.call_later(self._idle_seconds, self._dismiss, connection)

    def _dismiss(self, connection: _Connection) -> None:
        self._idle.remove(connection)
        if connection.farewell is not None:
            connection.farewell.cancel()
        goodbye = asyncio.create_task(_say_goodbye(connection.smtp))
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    async def _trusted(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = await asyncio.to_thread(ssl.create_default_context, cafile=self._settings.smtp_tls_ca)
        return self._trust


async def _given(token: str) -> str:
    return token


async def _say_goodbye(smtp: SMTP) -> None:
    try:
        with suppress(*FAILURES):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await smtp.quit()
    finally:
        smtp.close()
