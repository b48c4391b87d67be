"""Slack: staff in channels, customers in direct messages."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from slack_sdk.errors import SlackApiError

from bot.channels.slack import checking, drawing, forms, payloads, reading
from bot.channels.slack.calling import Api
from bot.channels.slack.errors import NOT_EDITABLE, code, details
from bot.channels.slack.settings import SlackSettings
from bot.channels.slack.socket import Socket
from bot.channels.slack.verify import verify
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Form,
    Heard,
    Limits,
    Message,
    Receipt,
    Refused,
    Take,
    TryLater,
    Undeliverable,
)

log = logging.getLogger(__name__)

HOME = "home:"
NOTE = 3000


class SlackChannel:
    """A Slack app.

    A target is a channel (C…, D…), a person (U…) or the e-mail address of one; `home:U…` is a person's App Home, where
    a message takes the place of the one before. A receipt is "channel:ts".
    """

    kind = "slack"
    dialect = Dialect.MRKDWN
    has_buttons = True
    has_edits = True
    has_forms = True
    has_files = False

    timeout = timedelta(seconds=10)
    ping_seconds = 10.0
    response_urls = "https://hooks.slack.com/"

    def __init__(self, name: str, settings: SlackSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(per_second=settings.messages_per_second or 10, per_target_seconds=1.0)
        self.reply_prefix = settings.reply_prefix
        self._settings = settings
        self._opened: Api | None = None
        self._socket: Socket | None = None

    async def open(self) -> None:
        self._opened = Api(self._settings.bot_token.get_secret_value(), self._settings.api_base, timeout=self.timeout)

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def known_as(self, target: str) -> str:
        return await self._api.person(target) if "@" in target else ""

    def home_of(self, address: str) -> str:
        return HOME + address

    async def send(self, target: str, message: Message) -> Receipt:
        if target.startswith(HOME):
            return await self._publish(target, message)
        place = await self._api.place(target)
        thread = _in_thread(message.thread, place)
        try:
            posted = await self._api.call(
                self._api.client.chat_postMessage,
                channel=place,
                thread_ts=thread,
                unfurl_links=False,
                unfurl_media=False,
                **drawing.drawn(message),
            )
        except Undeliverable:
            self._api.forget(target)
            raise
        return Receipt(f"{posted['channel']}:{posted['ts']}")

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        channel, _, ts = receipt.ref.partition(":")
        if not ts or target.startswith(HOME):
            return await self.send(target, message)
        try:
            await self._api.call(self._api.client.chat_update, channel=channel, ts=ts, **drawing.drawn(message))
        except SlackApiError as error:
            if code(error) not in NOT_EDITABLE:
                raise
            return await self.send(target, message)
        return receipt

    async def fetch(self, file: File, *, most: int) -> bytes:
        raise Undeliverable("nobody sends files here")

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
        return reading.read(payloads.decode(body))

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
        api = self._api
        self._socket = Socket(
            api.client, token.get_secret_value(), take, logger=api.logger, ping_seconds=self.ping_seconds
        )
        try:
            await self._socket.run()
        finally:
            self._socket = None

    async def check(self) -> Sequence[Finding]:
        if self._opened is None:
            return [Finding(False, f"{self.name} is not open")]
        findings = [await checking.bot_token(self._api, self.name)]
        if self._settings.mode == "socket" and self._settings.app_token is not None:
            findings.append(await checking.socket(self._api, self._settings.app_token, self._socket))
        return findings

    @property
    def _api(self) -> Api:
        if self._opened is None:
            raise RuntimeError(f"the channel {self.name} is not open")
        return self._opened

    async def _publish(self, target: str, message: Message) -> Receipt:
        home = {"type": "home", "blocks": drawing.blocks(message)}
        await self._api.call(self._api.client.views_publish, user_id=target.removeprefix(HOME), view=home)
        return Receipt(target)

    async def _show(self, form: Form, heard: Heard, handle: Mapping[str, str]) -> None:
        view = forms.view(form, forms.Origin(handle.get("channel", ""), heard.receipt))
        try:
            await self._api.call(self._api.client.views_open, trigger_id=handle.get("trigger_id", ""), view=view)
        except (TryLater, Undeliverable, SlackApiError) as error:
            log.warning("Slack did not open the form: %s", _reason(error))

    async def _way_to(self, receipt: str) -> str:
        """The address of a message; "" when there is none, or Slack does not tell."""
        channel, _, ts = receipt.partition(":")
        if not ts:
            return ""
        try:
            found = await self._api.call(self._api.client.chat_getPermalink, channel=channel, message_ts=ts)
        except (TryLater, Undeliverable, SlackApiError) as error:
            log.info("Slack did not tell the way to a message: %s", _reason(error))
            return ""
        return str(found.get("permalink", ""))

    async def _note(self, note: str, heard: Heard, handle: Mapping[str, str], link: str = "") -> None:
        """For that person's eyes only, where it was done; by the response_url where we may not post (a command)."""
        text = drawing.shorten_marked(drawing.escape(note), NOTE) + (f"\n<{drawing.escape(link)}>" if link else "")
        channel = handle.get("channel") or heard.target
        try:
            await self._api.call(
                self._api.client.chat_postEphemeral,
                channel=channel,
                user=heard.person.address,
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
            async with self._api.session.post(
                url, json=answer, allow_redirects=False, proxy=self._api.client.proxy
            ) as answered:
                answered.raise_for_status()
        except (OSError, ValueError) as error:
            log.info("Slack did not take the note by response_url: %s", type(error).__name__)


def _in_thread(thread: str, place: str) -> str | None:
    """The root's ts, given as a receipt or bare; nothing for a thread of another channel."""
    channel, _, ts = thread.rpartition(":")
    return ts if ts and channel in ("", place) else None


def _reason(error: Exception) -> str:
    return details(error) if isinstance(error, SlackApiError) else str(error)
