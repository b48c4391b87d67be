"""What stands under and before a message, in the Bot API's own types."""

from __future__ import annotations

from aiogram.types import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from bot.channels.telegram.drawing import Drawing
from core.ports import Message

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def of(drawn: Drawing) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(text=key.text, url=key.url, callback_data=key.data, style=key.style) for key in row]
        for row in drawn.buttons()
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def answering(message: Message) -> ReplyParameters | None:
    if not message.thread.isdecimal():
        return None
    return ReplyParameters(message_id=int(message.thread), allow_sending_without_reply=True)


def prompt(message: Message) -> ForceReply | None:
    """Opens the keyboard for an answer; only where no button is needed, for a message has one or the other."""
    return ForceReply(force_reply=True) if message.asks_text else None
