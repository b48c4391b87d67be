"""How another workspace gets the app: Slack's OAuth, version 2. The web's pages call this; they know no Slack."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import quote

from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator

from bot.channels.slack import addresses, methods
from bot.channels.slack.errors import code
from bot.channels.slack.installations import granted
from bot.channels.slack.workspaces import Workspaces
from core.ports import Refused, TryLater, Undeliverable

log = logging.getLogger(__name__)

# What a person's browser brought is not good any more; the next try may be.
_TRY_AGAIN = frozenset({"invalid_code", "code_expired", "code_already_used", "oauth_authorization_url_mismatch"})


class Installer:
    """One channel's."""

    def __init__(self, workspaces: Workspaces, channel: str, base_url: str, clock: Callable[[], float]) -> None:
        self._workspaces = workspaces
        self._redirect = addresses.redirect(base_url, channel)
        self._clock = clock
        credentials = workspaces.credentials
        # It does not escape what is put into it.
        self._generator = AuthorizeUrlGenerator(
            client_id=quote(credentials.client_id if credentials else "", safe=""),
            redirect_uri=quote(self._redirect, safe=""),
            scopes=methods.scopes(),
            authorization_url=addresses.authorize(workspaces.wire.base_url),
        )

    def authorize_url(self, state: str) -> str:
        """Slack's page that asks which workspace, and whether it may."""
        return self._generator.generate(quote(state, safe=""))

    async def claim(self, state: str) -> bool:
        """True the first time."""
        return await self._workspaces.installations.claim(state, now=self._clock())

    async def install(self, grant: str) -> str:
        """Exchange what Slack's page gave for a token, keep it, and answer the workspace's name.

        Raises Refused when it must be begun anew, TryLater, and Undeliverable when our own set-up is wrong.
        """
        credentials = self._workspaces.credentials
        if credentials is None:
            raise Refused("this channel is in one workspace only", 404)
        home = await self._workspaces.home_id()
        try:
            answer = await credentials.exchange(self._workspaces.app, code=grant, redirect_uri=self._redirect)
        except SlackApiError as refused:
            if code(refused) in _TRY_AGAIN:
                raise Refused(code(refused)) from refused
            raise Undeliverable(code(refused), dead_address=False) from refused
        try:
            installation = granted(answer, now=self._clock())
        except ValueError as odd:
            raise TryLater(f"no proper answer from Slack: {odd}") from odd
        if installation.id != home:
            await self._workspaces.installations.save(installation)
            self._workspaces.forget(installation)
        log.info("The Slack workspace %s has installed the app", installation.id)
        return installation.team
