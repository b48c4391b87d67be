"""Slack: staff in channels, customers in direct messages."""

from __future__ import annotations

import dataclasses
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.channels.hearing import Hearing
from bot.channels.slack import checking, drawing, files, forms, payloads, reading, workspace_ids, workspaces
from bot.channels.slack.calling import Api, Wire, is_person
from bot.channels.slack.errors import NO_SUCH_THREAD, NOT_EDITABLE, code, details
from bot.channels.slack.installing import Installer
from bot.channels.slack.mentions import Names
from bot.channels.slack.settings import SlackSettings
from bot.channels.slack.socket import WAY, Socket
from bot.channels.slack.verify import verify
from bot.channels.slack.workspaces import Workspaces
from core.ports import (
    Accepted,
    Acknowledgement,
    Commanded,
    Dialect,
    File,
    Finding,
    Forgetful,
    Form,
    Heard,
    Keep,
    Limits,
    Message,
    Receipt,
    Refused,
    Take,
    TryLater,
    Undeliverable,
    Wrote,
)

log = logging.getLogger(__name__)

HOME = "home:"
NOTE = 3000
HALF_SENT = 1000

_AT_ONCE = frozenset({"alert", "alert_overdue"})
"""Somebody of the staff must see it now, also where it goes to one person who was never written to."""

_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")


class SlackChannel:
    """A Slack app.

    A target is a channel (C…, D…), a person (U…) or the e-mail address of one; `home:U…` is a person's App Home, where
    a message takes the place of the one before. A receipt is "channel:ts". In a workspace that is not the usual one
    each of them begins with its id: "T123/C456".
    """

    kind = "slack"
    dialect = Dialect.MRKDWN
    command_prefix = "/afterword "
    has_buttons = True
    has_edits = True
    has_forms = True
    has_threads = True
    has_files = True
    serves_threads = True
    form_text_limit = forms.TYPED

    timeout = timedelta(seconds=10)
    ping_seconds = 10.0
    response_urls = "https://hooks.slack.com/"
    clock: Callable[[], float] = staticmethod(time.time)

    def __init__(self, name: str, settings: SlackSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(per_second=settings.messages_per_second or 10, per_target_seconds=1.0)
        self.keep: Keep = Forgetful()
        self.nameless: Mapping[str, str] = {}
        self.reply_prefix = settings.reply_prefix
        self._settings = settings
        self._base_url = base_url
        self._opened: Workspaces | None = None
        self._socket: Socket | None = None
        self._hearing = Hearing(name)
        self._without_files: dict[str, Mapping[str, Any]] = {}

    async def open(self) -> None:
        wire = Wire(self._settings.api_base, timeout=self.timeout)
        self._opened = Workspaces(wire, self._settings, self.keep, clock=self.clock)

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.wire.close()

    @property
    def installer(self) -> Installer | None:
        """For the pages by which other workspaces get the app; None where they cannot."""
        workspaces = self._workspaces
        return Installer(workspaces, self.name, self._base_url, self.clock) if workspaces.credentials else None

    async def known_as(self, target: str) -> str:
        if "@" not in target:
            return ""
        api, email = await self._workspaces.of(target)
        return api.prefix + await api.person(email)

    def home_of(self, address: str) -> str:
        return HOME + address

    def has_onlookers(self, target: str, thread: str) -> bool:
        """Whether others than the person read what is sent there, under `thread` if that is in a channel."""
        bare = workspace_ids.bare(target)
        is_theirs = "@" in bare or is_person(bare)
        place = workspace_ids.bare(thread).rpartition(":")[0] if is_theirs else bare
        return bool(place) and not reading.is_private(place)

    async def send(self, target: str, message: Message) -> Receipt:
        if target.startswith(HOME):
            return await self._publish(target, message)
        api, bare = await self._workspaces.of(target)
        posted = self._without_files.get(message.key)
        if posted is None:
            posted = await self._post_under(api, bare, message) or await self._post(api, bare, message)
        if message.files:
            await self._add_files(api, posted, message)
        return Receipt(f"{api.prefix}{posted['channel']}:{posted['ts']}")

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        channel, _, ts = workspace_ids.bare(receipt.ref).partition(":")
        if not ts or target.startswith(HOME):
            return await self._anew(target, receipt, message)
        api, _ = await self._workspaces.of(target)
        try:
            await api.call(api.client.chat_update, channel=channel, ts=ts, **drawing.drawn(message))
        except SlackApiError as error:
            if code(error) not in NOT_EDITABLE:
                raise
            return await self._anew(target, receipt, message)
        return receipt

    async def _anew(self, target: str, gone: Receipt, message: Message) -> Receipt:
        return gone if message.stays_gone else await self.send(target, message)

    async def fetch(self, file: File, *, most: int) -> bytes:
        api, ref = await self._workspaces.of(file.ref)
        return await files.fetched(api, ref, file.media_type, most=most)

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        if self._settings.mode != "http":
            raise Refused("this channel listens by socket", 404)
        verify(headers, body, now, self._settings.signing_secrets)
        try:
            payload = payloads.decode(body)
        except ValueError:
            raise Refused("not readable") from None
        if payloads.text(payload, "type") == "url_verification":
            return Accepted(body=payloads.text(payload, "challenge").encode("utf-8", "replace"))
        if "ssl_check" in payload:
            return Accepted()
        return Accepted((payloads.arrival(payload, body),))

    async def read(self, body: bytes) -> Sequence[Heard]:
        payload = payloads.decode(body)
        heard = reading.read(payload, await self._names(payload))
        if self._opened is None:
            return heard
        if self._opened.credentials is None:
            return [await self._named(one) for one in heard]
        team, enterprise = reading.workspace(payload)
        if (at := reading.end_of_installation(payload)) is not None:
            await self._opened.remove(team, enterprise, at=at)
        prefix = await self._opened.prefix(team, enterprise) if heard else ""
        return [await self._named(workspace_ids.addressed(one, prefix)) for one in heard]

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        handle = reading.handle(heard.handle)
        if answer.form is not None:
            await self._show(answer.form, heard, handle)
        if answer.note:
            await self._note(answer.note, heard, handle, await self._way_to(answer.receipt))

    async def listen(self, take: Take) -> None:
        token = self._settings.app_token
        if self._settings.mode != "socket" or token is None:
            return
        app = self._workspaces.app
        self._socket = Socket(
            app.client,
            token.get_secret_value(),
            take,
            self._hearing,
            logger=app.wire.logger,
            ping_seconds=self.ping_seconds,
        )
        try:
            await self._socket.run()
        finally:
            self._socket = None

    async def deaf(self) -> str:
        if self._socket is None or await self._socket.is_connected():
            return ""
        return self._hearing.trouble() or f"{WAY}: not connected"

    async def check(self) -> Sequence[Finding]:
        if self._opened is None:
            return [Finding.problem("it is not open", "Start Afterword again")]
        app, home = self._opened.app, self._opened.home
        again = workspaces.not_installed(self._base_url, self.name)
        findings = [await checking.bot_token(home)] if home else []
        findings += [await checking.installed(one, again) for one in await self._opened.installed()]
        if not findings:
            findings.append(checking.nobody(self.keep, again))
        if self._settings.mode == "socket" and self._settings.app_token is not None:
            findings.append(await checking.socket(app, self._settings.app_token, self._socket))
        return findings

    @property
    def _workspaces(self) -> Workspaces:
        if self._opened is None:
            raise RuntimeError(f"the channel {self.name} is not open")
        return self._opened

    async def _names(self, payload: payloads.Payload) -> Names:
        """What those are called whom somebody mentions. Who cannot be looked up now is called what our words say."""
        people: dict[str, str] = {}
        mentioned = reading.mentioned(payload) if self._opened is not None else ()
        try:
            prefix = await self._workspaces.prefix(*reading.workspace(payload)) if mentioned else ""
            for user in mentioned:
                api, bare = await self._workspaces.of(prefix + user)
                people[user] = await api.name(bare)
        except (TryLater, Undeliverable) as error:
            log.info("Slack did not tell who is mentioned: %s", error.reason)
        return Names(people, self.nameless.get("person", ""), self.nameless.get("channel", ""))

    async def _named(self, heard: Heard) -> Heard:
        """With the name of whoever wrote, which Slack tells only to who asks. Not worth a failure or a wait."""
        if not isinstance(heard, Wrote | Commanded):
            return heard
        try:
            api, user = await self._workspaces.of(heard.person.address)
            name = await api.name(user)
        except (TryLater, Undeliverable) as error:
            log.info("Slack did not tell who has written: %s", error.reason)
            return heard
        return dataclasses.replace(heard, person=dataclasses.replace(heard.person, name=name)) if name else heard

    async def _add_files(self, api: Api, posted: Mapping[str, Any], message: Message) -> None:
        """Into the same conversation. Should Slack not take them now, the next try does not say the words again."""
        if len(self._without_files) >= HALF_SENT:
            self._without_files.clear()
        self._without_files[message.key] = posted
        thread = payloads.text(posted, "message", "thread_ts") or None
        await files.share(api, message.files, channel=posted["channel"], thread=thread)
        self._without_files.pop(message.key, None)

    async def _post(self, api: Api, target: str, message: Message) -> Mapping[str, Any]:
        place = await api.place(target, at_once=message.kind in _AT_ONCE)
        thread = _in_thread(workspace_ids.bare(message.thread), place)
        try:
            return await self._say(api, place, thread, message)
        except Undeliverable:
            api.forget(target)
            raise
        except SlackApiError as error:
            if thread is None or code(error) not in NO_SUCH_THREAD:
                raise
            return await self._say(api, place, None, message)

    async def _post_under(self, api: Api, target: str, message: Message) -> Mapping[str, Any] | None:
        """What is for one person stands in the thread where they asked; None where that cannot be."""
        place, _, ts = workspace_ids.bare(message.thread).rpartition(":")
        if not place or not _TS.fullmatch(ts) or not ("@" in target or is_person(target)):
            return None
        try:
            return await self._say(api, place, ts, message)
        except Undeliverable as refused:
            log.info("Slack does not take an answer in the thread, so it goes to the person: %s", refused.reason)
        except SlackApiError as error:
            if code(error) not in NO_SUCH_THREAD:
                raise
            log.info("there is no such thread, so the answer goes to the person: %s", code(error))
        return None

    async def _say(self, api: Api, place: str, thread: str | None, message: Message) -> Mapping[str, Any]:
        return await api.call(
            api.client.chat_postMessage,
            channel=place,
            thread_ts=thread,
            unfurl_links=False,
            unfurl_media=False,
            **drawing.drawn(message),
        )

    async def _publish(self, target: str, message: Message) -> Receipt:
        api, person = await self._workspaces.of(target.removeprefix(HOME))
        await api.call(api.client.views_publish, user_id=person, view=drawing.home(message))
        return Receipt(target)

    async def _show(self, form: Form, heard: Heard, handle: Mapping[str, str]) -> None:
        view = forms.view(form, forms.Origin(handle.get("channel", ""), workspace_ids.bare(heard.receipt)))
        try:
            api, _ = await self._workspaces.of(heard.target)
            await api.call(api.client.views_open, trigger_id=handle.get("trigger_id", ""), view=view)
        except (TryLater, Undeliverable, SlackApiError) as error:
            log.warning("Slack did not open the form: %s", _reason(error))

    async def _way_to(self, receipt: str) -> str:
        """The address of a message; "" when there is none, or Slack does not tell."""
        if not receipt:
            return ""
        try:
            api, message = await self._workspaces.of(receipt)
            channel, _, ts = message.partition(":")
            found = await api.call(api.client.chat_getPermalink, channel=channel, message_ts=ts)
        except (TryLater, Undeliverable, SlackApiError) as error:
            log.info("Slack did not tell the way to a message: %s", _reason(error))
            return ""
        return str(found.get("permalink", ""))

    async def _note(self, note: str, heard: Heard, handle: Mapping[str, str], link: str = "") -> None:
        """For that person's eyes only, where it was done; by the response_url where we may not post (a command)."""
        text = drawing.shorten_marked(drawing.escape(note), NOTE) + (f"\n<{drawing.escape(link)}>" if link else "")
        channel = handle.get("channel") or workspace_ids.bare(heard.target)
        try:
            api, user = await self._workspaces.of(heard.person.address)
            await api.call(
                api.client.chat_postEphemeral,
                channel=channel,
                user=user,
                text=text,
                thread_ts=handle.get("thread"),
                link_names=False,
                parse="none",
            )
        except (TryLater, Undeliverable, SlackApiError) as error:
            log.info("Slack did not show the note: %s", _reason(error))
            await self._answer(handle.get("response_url", ""), text)

    async def _answer(self, url: str, text: str) -> None:
        """`url` came from outside, if signed: it must be Slack's own, and leads nowhere else."""
        if not url.startswith(self.response_urls):
            return
        answer = {"response_type": "ephemeral", "replace_original": False, "text": text, "parse": "none"}
        try:
            app = self._workspaces.app
            async with app.wire.session.post(
                url, json=answer, allow_redirects=False, proxy=app.client.proxy
            ) as answered:
                answered.raise_for_status()
        except (OSError, ValueError) as error:
            log.info("Slack did not take the note by response_url: %s", type(error).__name__)


def _in_thread(thread: str, place: str) -> str | None:
    """The root's ts, given as a receipt or bare; nothing for a thread of another channel."""
    channel, _, ts = thread.rpartition(":")
    return ts if _TS.fullmatch(ts) and channel in ("", place) else None


def _reason(error: Exception) -> str:
    return details(error) if isinstance(error, SlackApiError) else str(error)
