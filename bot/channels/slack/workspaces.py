"""The workspaces that one Slack channel speaks to: the one of its bot_token, and those that installed the app."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from bot.channels.slack import addresses, workspace_ids
from bot.channels.slack.calling import Api, Wire
from bot.channels.slack.installations import Installation, Installations
from bot.channels.slack.installed import Credentials, InstalledApi
from bot.channels.slack.settings import SlackSettings
from core.ports import Keep, TryLater, Undeliverable

log = logging.getLogger(__name__)


class Workspaces:
    """Ids of the usual workspace are bare: that of the bot_token, or without one the first that installed the app."""

    def __init__(
        self, wire: Wire, settings: SlackSettings, keep: Keep, *, clock: Callable[[], float] = time.time
    ) -> None:
        token = settings.bot_token.get_secret_value() if settings.bot_token else None
        self.wire = wire
        self.app = Api(wire, token, clock=clock)  # also for what needs no workspace: connecting, installing
        self.home = self.app if token else None
        self.installations = Installations(keep)
        self.credentials = _credentials(settings)
        self._token = token or ""
        self._clock = clock
        self._opened: dict[str, InstalledApi] = {}

    async def of(self, address: str) -> tuple[Api, str]:
        """The workspace of an address, and the address in it. Raises Undeliverable where the app is not installed."""
        if self.credentials is None and self.home is not None:
            return self.home, address
        prefix, bare = workspace_ids.split(address)
        id_ = prefix.rstrip("/")
        if (opened := self._opened.get(id_)) is not None:
            return opened, bare
        if self.home is not None and (not id_ or id_ == await self.installations.home(self._token)):
            return self.home, bare
        id_ = id_ or await self.installations.default()
        if not id_:
            raise Undeliverable("no workspace has installed the app yet", dead_address=False)
        return await self._installed(id_), bare

    async def prefix(self, team: str, enterprise: str) -> str:
        """What to put before the ids of something that came in from there."""
        if self.credentials is None or not team:
            return ""
        found = await self.installations.get(team) or (await self.installations.get(enterprise) if enterprise else None)
        id_ = found.id if found else team
        if self.home is None:
            return "" if id_ == await self.installations.default() else f"{id_}/"
        if found is None or id_ == await self._home_if_known():
            return ""
        return f"{id_}/"

    async def home_id(self) -> str:
        """The workspace of the bot_token, "" without one. Raises TryLater or Undeliverable when Slack does not say."""
        if self.home is None:
            return ""
        known = await self.installations.home(self._token)
        if not known:
            known = str((await self.home.call(self.home.client.auth_test)).get("team_id", ""))
            await self.installations.learn_home(self._token, known)
        return known

    async def installed(self) -> Sequence[InstalledApi]:
        if self.credentials is None:
            return ()
        return [await self._installed(one.id) for one in await self.installations.every()]

    async def remove(self, team: str, enterprise: str, *, at: float) -> None:
        """The app was removed there. Nobody else's installation is touched."""
        for id_ in [team, enterprise]:
            if id_ and await self.installations.remove(id_, at=at):
                self._opened.pop(id_, None)
                log.warning("The Slack workspace %s has removed the app", id_)
                return

    def forget(self, installation: Installation) -> None:
        """It was installed anew: its old token is not to be used any more."""
        self._opened.pop(installation.id, None)

    async def _installed(self, id_: str) -> InstalledApi:
        if (opened := self._opened.get(id_)) is not None:
            return opened
        found = await self.installations.get(id_)
        if found is None or not found.is_live or self.credentials is None:
            raise Undeliverable(f"the app is not installed in the workspace {id_}", dead_address=False)
        usual = self.home is None and id_ == await self.installations.default()
        prefix = "" if usual else f"{id_}/"
        made = InstalledApi(self.wire, found, self.installations, self.credentials, self._clock, prefix=prefix)
        return self._opened.setdefault(id_, made)

    async def _home_if_known(self) -> str:
        try:
            return await self.home_id()
        except (TryLater, Undeliverable):
            return ""


def _credentials(settings: SlackSettings) -> Credentials | None:
    if not settings.client_id or settings.client_secret is None:
        return None
    return Credentials(settings.client_id, settings.client_secret.get_secret_value())


def not_installed(base_url: str, channel: str) -> str:
    return f"Open {addresses.install(base_url, channel)} in a browser and choose a workspace."
