"""Slack's Web API, with its failures in the port's words, and the look-ups that are worth remembering."""

from __future__ import annotations

import logging
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.slack.errors import translated
from bot.channels.slack.pace import Line
from core.ports import TryLater, Undeliverable
from core.text import clean_line

log = logging.getLogger(__name__)

REMEMBERED = 20_000
LARGE_SECONDS = 60
"""For a file. The usual few seconds are for a message."""

_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")


class Wire:
    """The way to Slack's servers, shared by all workspaces."""

    def __init__(self, base_url: str, *, timeout: timedelta) -> None:
        # Slack's library logs every body at DEBUG: customers' words and one-time URLs. Ours to call it from INFO up.
        self.logger = logging.getLogger("bot.channels.slack.library")
        self.logger.setLevel(logging.INFO)
        self.base_url = base_url
        self.session = ClientSession(timeout=ClientTimeout(total=timeout.total_seconds()))

    def client(self, token: str | None) -> AsyncWebClient:
        return AsyncWebClient(
            token,
            self.base_url,
            session=self.session,
            logger=self.logger,
            retry_handlers=[],
            user_agent_prefix="afterword",
        )

    def uploading_client(self, token: str | None) -> AsyncWebClient:
        """With a session for each call, for the shared one has no time for files."""
        return AsyncWebClient(token, self.base_url, timeout=LARGE_SECONDS, logger=self.logger, retry_handlers=[])

    async def close(self) -> None:
        await self.session.close()


class Api:
    """One workspace. Nothing is retried here: a call that was cut off may have been carried out.

    `prefix` stands before every id of a workspace that is not the usual one: "T123/".
    """

    prefix = ""

    def __init__(self, wire: Wire, token: str | None, *, clock: Callable[[], float] = time.time) -> None:
        self.wire = wire
        self.client = wire.client(token)
        self._clock = clock
        self._lines: defaultdict[str, Line] = defaultdict(Line)
        self._places: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._names: dict[str, str] = {}

    async def token(self) -> str:
        """What opens the files that people share."""
        return self.client.token or ""

    async def uploading_client(self) -> AsyncWebClient:
        return self.wire.uploading_client(await self.token())

    async def call(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any) -> dict[str, Any]:
        """Slack's answer; raises TryLater or Undeliverable, or SlackApiError where the mistake is ours."""
        try:
            answer = (await method(**arguments)).data
        except Exception as error:
            known = translated(error)
            if known is None:
                raise
            raise _as_of(method, known) from error
        return answer if isinstance(answer, dict) else {}

    async def place(self, target: str, *, at_once: bool = False) -> str:
        """The channel to post to: of a person's direct messages, of the person with an e-mail address, or `target`.

        Too many look-ups wait for their turn, unless it must be known `at_once`: TryLater says when that is.
        """
        if target in self._places:
            return self._places[target]
        if "@" in target:
            person = await self.person(target, at_once=at_once)
            return self._remember(target, await self.place(person, at_once=at_once))
        if is_person(target):
            self._stand_in_line("conversations_open", target, at_once=at_once)
            opened = await self._look_up(self.client.conversations_open, users=target)
            return self._remember(target, opened["channel"]["id"])
        return target

    async def person(self, email: str, *, at_once: bool = False) -> str:
        """The user id of whoever has that e-mail address in the workspace."""
        if email not in self._people:
            self._stand_in_line("users_lookupByEmail", email, at_once=at_once)
            found = await self._look_up(self.client.users_lookupByEmail, email=email)
            if len(self._people) >= REMEMBERED:
                self._people.clear()
            self._people[email] = found["user"]["id"]
        return self._people[email]

    async def name(self, user: str) -> str:
        """What somebody is called; "" for who is not known here. Raises TryLater, also when too many were looked up."""
        if user in self._names:
            return self._names[user]
        if not self._lines["users_info"].spare(self._clock()):
            raise TryLater("too many people were looked up", not_yet=True)
        try:
            name = _called((await self._look_up(self.client.users_info, user=user))["user"])
        except (Undeliverable, SlackApiError) as error:
            log.info("Slack does not say who somebody is: %s", error)
            if not (isinstance(error, Undeliverable) and error.dead_address):
                return ""
            name = ""
        if len(self._names) >= REMEMBERED:
            self._names.clear()
        self._names[user] = name
        return name

    async def _look_up(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **arguments: Any) -> dict[str, Any]:
        try:
            return await self.call(method, **arguments)
        except TryLater as busy:
            if busy.not_yet and busy.after is not None:
                self._lines[method.__name__].rest(busy.after.total_seconds(), self._clock())
            raise

    def _stand_in_line(self, method: str, who: str, *, at_once: bool) -> None:
        """Returns when it is their turn; else TryLater says when that will be."""
        line = self._lines[method]
        if at_once:
            line.at_once(self._clock())
        elif wait := line.wait(who, self._clock()):
            raise TryLater("waits for its turn to be looked up", timedelta(seconds=wait), not_yet=True)

    def forget(self, target: str) -> None:
        self._places.pop(target, None)
        self._people.pop(target, None)

    def _remember(self, target: str, place: str) -> str:
        if len(self._places) >= REMEMBERED:
            self._places.clear()
        self._places[target] = place
        return place


_LOOKING_UP = frozenset({"conversations_open", "users_info", "users_lookupByEmail"})


def _as_of(method: Callable[..., Any], known: TryLater | Undeliverable) -> TryLater | Undeliverable:
    """Only a post that got no answer may be there already; whatever else we ask for can be asked for again. And each
    method has a limit of its own: alerts need not wait because too many people are looked up.
    """
    if not isinstance(known, TryLater):
        return known
    too_many_lookups = known.whole_channel and bool(known.after) and method.__name__ in _LOOKING_UP
    return TryLater(
        known.reason,
        known.after,
        whole_channel=known.whole_channel and not too_many_lookups,
        perhaps_sent=known.perhaps_sent and method.__name__ == "chat_postMessage",
        not_yet=too_many_lookups,
    )


def _called(user: dict[str, Any]) -> str:
    return clean_line(str(user.get("real_name") or user.get("name") or ""))


def is_person(target: str) -> bool:
    """An id of somebody, not of a channel and not an e-mail address."""
    return _PERSON.fullmatch(target) is not None
