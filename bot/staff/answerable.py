"""Mails to the staff say whose ticket they are about, so that an answer to them finds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

from bot.site import Site
from core.ports import Channel, Message
from core.surveys import tokens


@runtime_checkable
class HearsReplies(Protocol):
    """A channel in which an answer to a message comes back to us by itself (e-mail)."""

    answers_by_reply: bool


def answerable(message: Message, ticket_id: int | None, channel: Channel, site: Site) -> Message:
    """The same with an address for answers that nobody else can make, and what becomes of them in words."""
    if ticket_id is None or not isinstance(channel, HearsReplies) or not channel.answers_by_reply:
        return message
    say = site.templates.label
    return replace(
        message,
        reply_token=tokens.reply_token_for("staff", str(ticket_id)),
        marker=say("mail.marker", message.locale),
        footer=say("mail.staff_footer", message.locale),
    )
