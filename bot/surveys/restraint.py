"""How often a mail is answered with a mail: two robots that answer each other fall silent here.

It is counted from what was sent, so it holds after a restart and for all processes together.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta

from core.models.deliveries import Delivery
from core.models.invites import Invite
from core.ports import Channel
from core.surveys import invites

logger = logging.getLogger(__name__)

IN_AN_HOUR = 3
"""So many answers of one kind in an hour."""
ABOUT_ONE_QUESTION = 6
"""So many answers about one question, over its whole life."""
NOTES_IN_A_WEEK = 6
_UNREAD = re.compile(r"(no|do[-_.]?not|don[-_.]?t)[-_.]?reply(?![a-z])[^@]*@", re.IGNORECASE)
_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)


async def may_answer(invite: Invite, channel: Channel, *, rated: bool, now: datetime) -> bool:
    """Whether what somebody wrote about a question is answered with a mail; it is kept in any case.

    Words without a score are answered once. The log says it with the last answer, and then no more.
    """
    sent = Delivery.filter(screen=invites.screen_of(invite.id), channel=channel.name, kind="question")
    before = await sent.count()
    if not rated:
        if not before:
            logger.info(
                "%s: further words without a score about %s are kept and not answered", *_about(channel, invite)
            )
        return not before
    lately = await sent.filter(created_at__gt=now - _HOUR).count()
    if before >= ABOUT_ONE_QUESTION or lately >= IN_AN_HOUR:
        return False
    if before + 1 == ABOUT_ONE_QUESTION:
        logger.warning(
            "%s: further answers to the question about %s are kept and not answered", *_about(channel, invite)
        )
    elif lately + 1 == IN_AN_HOUR:
        logger.warning(
            "%s: further answers to the question about %s within the hour are kept and not answered",
            *_about(channel, invite),
        )
    return True


def is_read(channel: Channel, address: str) -> bool:
    """Nobody reads what goes to noreply@; what comes from there may be a form on a web site, and is kept."""
    return channel.has_buttons or not _UNREAD.match(address)


async def may_note(channel: Channel, target: str, *, now: datetime) -> bool:
    """Whether a note goes out by mail, such as about files that were not kept: it may be a robot that sent them."""
    if channel.has_buttons:
        return True
    if not is_read(channel, target):
        return False
    sent = Delivery.filter(channel=channel.name, target=target, kind="note")
    lately = await sent.filter(created_at__gt=now - _HOUR).count()
    before = await sent.filter(created_at__gt=now - _WEEK).count()
    if lately + 1 == IN_AN_HOUR or before + 1 == NOTES_IN_A_WEEK:
        logger.warning("%s: whoever was told so often what was not kept is told it no more for a while", channel.name)
    return lately < IN_AN_HOUR and before < NOTES_IN_A_WEEK


def _about(channel: Channel, invite: Invite) -> tuple[str, str]:
    return channel.name, invite.ticket.number
