"""A workspace that installed the app: its token may live for hours only, and be renewed by any of our processes.

slack_sdk's AsyncTokenRotator is not used. It asks the wall clock by itself, answers None both for "not yet" and for a
reply that it did not understand, and leaves open what happens between the reply and its being stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.slack.calling import Api, Wire
from bot.channels.slack.errors import code
from bot.channels.slack.installations import Installation, Installations, renewed
from core.ports import TryLater, Undeliverable

log = logging.getLogger(__name__)

EARLY_SECONDS = 2 * 3600.0
BUSY = timedelta(seconds=30)

# Another process may have a newer token than we.
_STALE = frozenset({"token_expired", "token_revoked", "invalid_auth", "not_authed", "account_inactive"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to Slack."""

    client_id: str
    client_secret: str = field(repr=False)

    async def exchange(self, api: Api, **given: str) -> dict[str, Any]:
        """What oauth.v2.access hands out for a code or a refresh token; raises as `Api.call` does.

        Not by the library's `oauth_v2_access`, which proves who we are by a deprecated part of aiohttp.
        """
        proof = {"client_id": self.client_id, "client_secret": self.client_secret}
        client = api.wire.client(None)
        return await api.call(client.api_call, api_method="oauth.v2.access", data={**proof, **given})


class InstalledApi(Api):
    """Its limits are its own: a workspace that is busy does not stop the others."""

    def __init__(
        self,
        wire: Wire,
        installation: Installation,
        installations: Installations,
        credentials: Credentials,
        clock: Callable[[], float],
        *,
        prefix: str,
    ) -> None:
        super().__init__(wire, installation.token, clock=clock)
        self.prefix = prefix
        self._held = installation
        self._unsaved: Installation | None = None
        self._installations = installations
        self._credentials = credentials
        self._closed_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    @property
    def team(self) -> str:
        return self._held.team

    async def token(self) -> str:
        await self._be_fresh()
        return self._held.token

    async def call(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any) -> dict[str, Any]:
        if (wait := self._closed_until - self._clock()) > 0:
            raise TryLater("ratelimited", timedelta(seconds=wait))
        await self._be_fresh()
        used = self._held.token
        try:
            return await self._call(method, **arguments)
        except Undeliverable as refused:
            if refused.reason not in _STALE or not await self._replaced(used, refused.reason):
                raise
        return await self._call(method, **arguments)

    async def _call(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any) -> dict[str, Any]:
        try:
            return await super().call(method, **arguments)
        except TryLater as busy:
            if not busy.whole_channel:
                raise
            after = busy.after or BUSY
            self._closed_until = self._clock() + after.total_seconds()
            raise TryLater(busy.reason, after) from busy
        except Undeliverable as refused:  # a token that was revoked is one workspace's; the others go on
            raise Undeliverable(refused.reason, dead_address=refused.dead_address) from refused

    async def _be_fresh(self) -> None:
        """Renew the token well before its end. As long as the old one is good, a failure costs nothing."""
        if not self._is_due(self._held) and self._unsaved is None:
            return
        async with self._one_at_a_time:
            if self._unsaved is None and not self._is_due(self._held):
                return
            try:
                await self._renew()
            except (TryLater, Undeliverable) as failed:
                if self._clock() >= self._held.expires_at:
                    raise
                log.warning("%s: the token could not be renewed yet: %s", self.team, failed.reason)

    async def _replaced(self, used: str, reason: str) -> bool:
        """Whether there is a better token than the one that was refused."""
        async with self._one_at_a_time:
            if self._held.token == used:
                await self._adopt_stored()
            if self._held.token == used and reason == "token_expired" and self._held.refresh_token:
                await self._renew()
            return bool(self._held.token) and self._held.token != used

    async def _adopt_stored(self) -> None:
        stored = await self._installations.get(self._held.id)
        if stored is not None and stored.is_live and stored.token != self._held.token:
            self._hold(stored)

    async def _renew(self) -> None:
        """Not to be cut off half-way: the old refresh token is worth nothing once it was used."""
        await asyncio.shield(asyncio.ensure_future(self._exchange()))

    async def _exchange(self) -> None:
        if self._unsaved is None:
            before = self._held.token
            await self._adopt_stored()
            if self._held.token != before and not self._is_due(self._held):
                return
            self._unsaved = await self._ask(self._held)
        if self._unsaved is not None:
            await self._installations.save(self._unsaved)
            fresh, self._unsaved = self._unsaved, None
            self._hold(fresh)

    async def _ask(self, held: Installation) -> Installation | None:
        """New tokens; None when another process was faster, whose tokens are held then."""
        try:
            answer = await self._credentials.exchange(
                Api(self.wire, None), grant_type="refresh_token", refresh_token=held.refresh_token
            )
        except (SlackApiError, Undeliverable) as refused:
            await self._adopt_stored()
            if self._held.token != held.token:
                return None
            reason = code(refused) if isinstance(refused, SlackApiError) else refused.reason
            raise Undeliverable(f"the token could not be renewed: {reason}", dead_address=False) from refused
        if not isinstance(answer.get("access_token"), str):
            raise TryLater("no proper answer from Slack: a renewal without a token")
        return renewed(held, answer, now=self._clock())

    def _is_due(self, held: Installation) -> bool:
        return bool(held.expires_at) and self._clock() >= held.expires_at - EARLY_SECONDS

    def _hold(self, installation: Installation) -> None:
        self._held = installation
        self.client.token = installation.token
