"""A Telegram bot as a channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from aiogram.exceptions import TelegramBadRequest, TelegramMigrateToChat
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetMe,
    GetWebhookInfo,
    SendMessage,
    SetMessageReaction,
    SetMyCommands,
    TelegramMethod,
)
from aiogram.types import BotCommand, BotCommandScopeAllGroupChats, ReactionTypeEmoji, WebhookInfo

from bot.channels.hearing import Hearing
from bot.channels.telegram import drawing, errors, files, hooks, keyboard, polling, reading, webhook
from bot.channels.telegram.api import Api
from bot.channels.telegram.drawing import Drawing
from bot.channels.telegram.pace import GroupPace
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.shift import Shift
from core.ports import (
    Accepted,
    Acknowledgement,
    Dialect,
    File,
    Finding,
    Forgetful,
    Heard,
    Keep,
    Limits,
    Message,
    Receipt,
    Refused,
    Take,
    Tapped,
    TryLater,
    Wrote,
)

T = TypeVar("T")

_USUAL_PACE = 25  # messages a second over all chats; Telegram begins to refuse at about 30
_NOTE_LIMIT = 200
_SEEN = ReactionTypeEmoji(emoji="👀")
_CANNOT_EDIT = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "identifier is not",
    "no text in the message",
)

logger = logging.getLogger(__name__)


class TelegramChannel:
    """Holds no state that matters: a restart loses a cached name and nothing else."""

    kind = "telegram"
    dialect = Dialect.HTML
    command_prefix = "/"
    has_buttons = True
    has_edits = True
    has_forms = False
    has_threads = True
    has_files = False
    serves_groups = True
    loses_taps = True  # Telegram keeps a tap for 150 s, and what is written for a day

    commands: Mapping[str, Sequence[tuple[str, str]]]
    """(command, description) by locale, shown by Telegram's menu. Set before `listen`; the first is for all others."""

    group_commands: Mapping[str, Sequence[tuple[str, str]]]
    """The same for groups, where few of them make sense."""

    recheck_seconds: float
    """How often a webhook is looked after."""

    def __init__(self, name: str, settings: TelegramSettings, *, base_url: str) -> None:
        self.name = name
        self.limits = Limits(per_second=settings.messages_per_second or _USUAL_PACE, per_target_seconds=1)
        self.commands = {}
        self.group_commands = {}
        self.keep: Keep = Forgetful()
        self.recheck_seconds = 300
        self._settings = settings
        self._api = Api(settings.token, settings.api_base, timeout=settings.timeout_seconds)
        self._secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
        self._hook = webhook.wanted(settings.webhook_url or f"{base_url}/hooks/{name}", self._secret)
        self._pace = GroupPace()
        self._hearing = Hearing(name)
        self._username = ""
        self._introduced = False

    async def open(self) -> None:
        """Nothing: connections are made with the first call."""

    async def close(self) -> None:
        await self._api.close()

    async def username(self) -> str:
        """The bot's name, asked for once. Raises TryLater, Undeliverable."""
        if not self._username:
            me = await self._api.call(GetMe())
            self._username = me.username or ""
        return self._username

    def start_link(self, token: str) -> str:
        """What opens a chat with the bot and says `/start <token>` there; "" until the bot's name is known."""
        return f"https://t.me/{self._username}?start={token}" if self._username else ""

    # ------------------------------------------------------------ out

    async def known_as(self, target: str) -> str:
        return ""

    async def send(self, target: str, message: Message) -> Receipt:
        async def request(chat: str, drawn: Drawing) -> Receipt:
            sent = await self._api.call(
                SendMessage(
                    chat_id=chat,
                    text=drawn.text,
                    parse_mode=drawn.parse_mode,
                    link_preview_options=keyboard.NO_PREVIEW,
                    reply_parameters=keyboard.answering(message),
                    reply_markup=keyboard.of(drawn) or keyboard.prompt(message),
                )
            )
            return Receipt(str(sent.message_id))

        return await self._reach(target, message, request)

    async def edit(self, target: str, receipt: Receipt, message: Message) -> Receipt:
        async def request(chat: str, drawn: Drawing) -> Receipt:
            await self._api.call(
                EditMessageText(
                    chat_id=chat,
                    message_id=int(receipt.ref),
                    text=drawn.text,
                    parse_mode=drawn.parse_mode,
                    link_preview_options=keyboard.NO_PREVIEW,
                    reply_markup=keyboard.of(drawn),
                )
            )
            return receipt

        if not receipt.ref.isdecimal():
            return await self._anew(target, receipt, message)
        try:
            return await self._reach(target, message, request)
        except TelegramBadRequest as error:
            complaint = error.message.lower()
            if "message is not modified" in complaint:
                return receipt  # it looks like that already: tapped twice, or drawn before a crash
            if not any(text in complaint for text in _CANNOT_EDIT):
                raise
        return await self._anew(target, receipt, message)

    async def _anew(self, target: str, gone: Receipt, message: Message) -> Receipt:
        return gone if message.stays_gone else await self.send(target, message)

    async def _reach(self, target: str, message: Message, request: Callable[[str, Drawing], Awaitable[T]]) -> T:
        """Follows a group that has become a supergroup; the store learns of it from the update that tells the same."""
        if seconds := self._pace.wait(target, asyncio.get_running_loop().time()):
            raise TryLater("a group takes twenty messages a minute", timedelta(seconds=seconds))
        try:
            return await self._draw(target, message, request)
        except TelegramMigrateToChat as moved:
            new = str(moved.migrate_to_chat_id)
        return await self._draw(new, message, request)

    async def _draw(self, chat: str, message: Message, request: Callable[[str, Drawing], Awaitable[T]]) -> T:
        drawn = drawing.draw(message)
        while True:
            try:
                return await request(chat, drawn)
            except TelegramBadRequest as error:
                plainer = drawing.plainer(drawn, message, error.message)
                if plainer is None:
                    raise
                logger.warning("%s: %s is sent plainer: %s", self.name, message.kind, error.message)
                drawn = plainer

    async def acknowledge(self, heard: Heard, answer: Acknowledgement) -> None:
        """A tap is answered with the note; under words, where a note cannot pass by, stands that they were seen."""
        request: TelegramMethod[bool]
        if isinstance(heard, Tapped) and heard.handle:
            note = drawing.cut(answer.note, _NOTE_LIMIT)
            request = AnswerCallbackQuery(callback_query_id=heard.handle, text=note or None, show_alert=answer.alarming)
        elif isinstance(heard, Wrote) and heard.handle.isdecimal() and answer.note:
            request = SetMessageReaction(chat_id=heard.target, message_id=int(heard.handle), reaction=[_SEEN])
        else:
            return
        try:
            await self._api.call(request)
        except Exception as error:  # most often the tap is too old; what counts is on the screen
            logger.info("%s: nobody was told that they were heard: %s", self.name, error)

    # ------------------------------------------------------------ in

    async def fetch(self, file: File, *, most: int) -> bytes:
        return await files.fetch(self._api, file.ref, most=most)

    def accept(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Accepted:
        if self._settings.mode != "webhook":
            raise Refused("this bot is polled, it has no hook", 404)
        hooks.verify(headers, self._secret)
        return Accepted((hooks.arrival(body),))

    async def read(self, body: bytes) -> Sequence[Heard]:
        return reading.read(body, username=self._username)

    async def listen(self, take: Take) -> None:
        """Polls, or keeps the webhook set; in both modes until cancelled."""
        if self._settings.mode == "webhook":
            await webhook.keep(
                self.name, self._api, self._hook, self._introduce, self._hearing, every=self.recheck_seconds
            )
        else:
            await polling.poll(self.name, self._api, take, self._introduce, Shift(self.keep), self._hearing)

    async def deaf(self) -> str:
        return self._hearing.trouble()

    async def _introduce(self) -> None:
        """Learns the bot's name and shows its commands, once. A menu that is refused keeps nobody from listening."""
        if self._introduced:
            return
        await self.username()
        try:
            await self._show(self.commands)
            await self._show(self.group_commands, BotCommandScopeAllGroupChats())
        except TelegramBadRequest as error:
            logger.error("%s: the commands were not set: %s", self.name, error.message)  # noqa: TRY400 - it says it all
        self._introduced = True

    async def _show(
        self, menu: Mapping[str, Sequence[tuple[str, str]]], scope: BotCommandScopeAllGroupChats | None = None
    ) -> None:
        for number, (locale, lines) in enumerate(menu.items()):
            commands = [BotCommand(command=command, description=words) for command, words in lines]
            if number == 0:
                await self._api.call(SetMyCommands(commands=commands, scope=scope))
            language = locale[:2].lower()
            await self._api.call(SetMyCommands(commands=commands, scope=scope, language_code=language))

    async def check(self) -> Sequence[Finding]:
        try:
            me = await self._api.call(GetMe())
            info = await self._api.call(GetWebhookInfo())
        except Exception as error:  # a check reports, it does not fail
            remedy = "Is the token right, and does this machine reach the Bot API server?"
            return (Finding.problem(errors.in_words(error), remedy),)
        known = Finding.good(f"@{me.username} answers")
        return (known, *(self._polled(info) if self._settings.mode == "polling" else self._hooked(info)))

    def _polled(self, info: WebhookInfo) -> Sequence[Finding]:
        if not info.url:
            return ()
        trouble = f"another program has set a webhook, to {self._api.scrub(info.url)}"
        return (Finding.warning(trouble, "`serve` removes it. If it comes back, somebody else uses this bot's token."),)

    def _hooked(self, info: WebhookInfo) -> Sequence[Finding]:
        if not info.url:
            return (Finding.warning("the webhook is not set", "It is set while `serve` runs."),)
        if info.url != self._hook.url:
            trouble = f"another program has set the webhook, to {self._api.scrub(info.url)}"
            return (Finding.problem(trouble, "`serve` takes it back. Find out who else has this bot's token."),)
        if not webhook.is_ours(info, self._hook):
            return (Finding.warning("the webhook lacks updates", "It is set while `serve` runs."),)
        if info.pending_update_count and info.last_error_message:
            trouble = f"{info.pending_update_count} updates wait: {self._api.scrub(info.last_error_message)}"
            return (Finding.problem(trouble, f"Can Telegram reach {self._hook.url}?"),)
        return (Finding.good("the webhook is set"),)
