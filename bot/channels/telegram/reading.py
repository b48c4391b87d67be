"""From an update to what somebody did."""

from __future__ import annotations

import re

from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Location, Message, Update, User
from pydantic import ValidationError

from bot.channels.telegram import files
from core.ports import Blocked, Commanded, Heard, Moved, Person, Tapped, Unblocked, Wrote

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)


def read(body: bytes, *, username: str = "") -> tuple[Heard, ...]:
    """Raises ValueError, without the person's words in it, for what is not an update.

    With a `username`, commands that a group gives to other bots are left to them.
    """
    try:
        update = Update.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"not an update that can be read: {where}: {first['type']}") from None
    heard = _heard(update, username)
    return () if heard is None else (heard,)


def _heard(update: Update, username: str) -> Heard | None:
    if update.callback_query:
        return _tapped(update.callback_query)
    if update.message:
        return _moved(update.message) or _said(update.message, username)
    if update.my_chat_member:
        return _membership(update.my_chat_member)
    return None


def _tapped(query: CallbackQuery) -> Tapped | None:
    message = query.message  # may be InaccessibleMessage; that one has a chat and an id as well
    if message is None or query.data is None or query.from_user.is_bot:
        return None
    return Tapped(
        person=_person(query.from_user),
        target=str(message.chat.id),
        handle=query.id,
        receipt=str(message.message_id),
        private=_is_private(message.chat),
        action=query.data,
    )


def _said(message: Message, username: str) -> Heard | None:
    text, sent_along = _words(message), files.sent_along(message)
    if not (text or sent_along) or message.from_user is None or message.from_user.is_bot:
        return None
    if message.sender_chat is not None:  # a channel, or an administrator who wants to be nobody
        return None
    person, target, private = _person(message.from_user), str(message.chat.id), _is_private(message.chat)
    command = _COMMAND.fullmatch(message.text or "")
    if command is None:
        return Wrote(
            person,
            target,
            handle=str(message.message_id),
            receipt=_answered(message),
            private=private,
            text=text,
            files=sent_along,
        )
    name, addressee, argument = command.groups(default="")
    if addressee and username and addressee.lower() != username.lower():
        return None
    return Commanded(
        person,
        target,
        handle=str(message.message_id),
        receipt=_answered(message),
        private=private,
        name=name.lower(),
        argument=argument.strip(),
    )


def _words(message: Message) -> str:
    """What was written; of a sticker, a place or a person's card what can be written of it, in nobody's language."""
    if message.text or message.caption:
        return message.text or message.caption or ""
    if message.sticker:
        return message.sticker.emoji or "🖼"
    if message.dice:
        return f"{message.dice.emoji} {message.dice.value}"
    if venue := message.venue:
        return f"{venue.title}\n{venue.address}\n{_place(venue.location)}"
    if message.location:
        return _place(message.location)
    if card := message.contact:
        return " ".join(part for part in (card.first_name, card.last_name, card.phone_number) if part)
    if message.poll:
        return "\n".join([message.poll.question, *(f"– {option.text}" for option in message.poll.options)])
    return ""


def _place(location: Location) -> str:
    """As RFC 5870 writes it; a phone opens it as a map."""
    return f"geo:{location.latitude:.6f},{location.longitude:.6f}"


def _answered(message: Message) -> str:
    """In a forum every message "answers" the service message that opened its topic; that is nobody's question."""
    original = message.reply_to_message
    return "" if original is None or original.forum_topic_created else str(original.message_id)


def _moved(message: Message) -> Moved | None:
    if message.migrate_to_chat_id is None:
        return None
    old = str(message.chat.id)
    return Moved(Person(old), old, private=False, new_address=str(message.migrate_to_chat_id))


def _membership(change: ChatMemberUpdated) -> Heard | None:
    """In a private chat this is how blocking and unblocking the bot looks."""
    if not _is_private(change.chat):
        return None
    person, target = _person(change.from_user), str(change.chat.id)
    match change.new_chat_member.status:
        case "kicked":
            return Blocked(person, target)
        case "member":
            return Unblocked(person, target)
    return None


def _person(user: User) -> Person:
    return Person(address=str(user.id), name=user.full_name, locale=user.language_code or "")


def _is_private(chat: Chat) -> bool:
    return chat.type == "private"
