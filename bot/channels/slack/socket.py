"""Socket Mode, run by Bolt: it connects, answers Slack's pings, and connects again for ever.

By itself Bolt acknowledges an event before its listeners have run, and a crash would lose it. So everything goes to one
middleware in front, which has the arrival committed and only then lets Bolt acknowledge the envelope. When committing
fails nothing is acknowledged, and Slack sends the event again.
"""

from __future__ import annotations

import asyncio
import json
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import network_words
from bot.channels.hearing import Hearing
from bot.channels.slack import payloads
from bot.channels.slack.errors import code
from core.ports import Take

LAST_ONES_SECONDS = 5.0
WAY = "Socket Mode"


class Socket:
    """One connection to Slack; made inside the running loop."""

    def __init__(
        self,
        client: AsyncWebClient,
        app_token: str,
        take: Take,
        hearing: Hearing,
        *,
        logger: logging.Logger,
        ping_seconds: float,
    ) -> None:
        self._take = take
        self._hearing = hearing
        self._in_order = asyncio.Lock()
        app = AsyncApp(
            name="afterword",
            client=client,
            authorize=None if client.token else _nobody_asks,
            before_authorize=self._commit,
            process_before_response=True,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            logger=logger,
        )
        told = logging.Logger(f"{logger.name}.socket", logger.level)
        told.parent = logger
        told.addFilter(_Failures(hearing, rest=ping_seconds))
        self._handler = AsyncSocketModeHandler(app, app_token, logger=told, ping_interval=ping_seconds)

    async def run(self) -> None:
        """Listen until cancelled; what has already come is committed and acknowledged before the connection closes."""
        try:
            await self._handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt left the annotation out
            await asyncio.Event().wait()
        finally:
            await self._finish()
            await self._handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt left the annotation out

    async def is_connected(self) -> bool:
        connected = await self._handler.client.is_connected()
        if connected:
            self._hearing.works(WAY)
        return connected

    async def _commit(self, req: AsyncBoltRequest) -> BoltResponse:
        """One after the other: Bolt hands every envelope to a task of its own, and a tap must not overtake a word."""
        body = json.dumps(req.body).encode()
        self._hearing.works(WAY)
        async with self._in_order:
            await self._take([payloads.arrival(req.body, body)])
        return BoltResponse(status=200, body="")

    async def _finish(self) -> None:
        """The lock is fair: whoever gets it last comes after all that waited."""
        try:
            async with asyncio.timeout(LAST_ONES_SECONDS), self._in_order:
                pass
        except TimeoutError:
            logging.getLogger(__name__).warning("closing the socket with an arrival still uncommitted")


class _Failures(logging.Filter):
    """The library tries for ever and tells each try with its traceback: we tell each kind of failure once."""

    _ABOUT = "Failed to connect", "Failed to retrieve WSS URL", "Failed to check the current session"

    def __init__(self, hearing: Hearing, *, rest: float) -> None:
        super().__init__()
        self._hearing, self._rest = hearing, rest

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.getMessage().startswith(self._ABOUT):
            return True
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            refused = code(error) if isinstance(error, SlackApiError) else ""
            self._hearing.failed(WAY, refused or f"no answer from Slack ({network_words.of(error)})", rest=self._rest)
        return False


async def _nobody_asks() -> AuthorizeResult:
    """Bolt wants to know how to find a token, and never gets so far: `_commit` answers before."""
    raise NotImplementedError
