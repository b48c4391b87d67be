"""How often a mail is answered with a mail: two robots that answer each other fall silent here.

It is counted from what was sent, so it holds after a restart and for all processes together.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from core import unread
from core.models.deliveries import Delivery
from core.models.invites import Invite
from core.ports import Channel
from core.surveys import invites

logger = logging.getLogger(__name__)

IN_AN_HOUR = 3
"""So many answers of one kind in an hour."""
ABOUT_ONE_QUESTION = 6
"""So many answers about one question, over its whole life."""
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
NOTES = {_HOUR: IN_AN_HOUR, _WEEK: 6}
"""So many notes in such a time to one address."""
RECEIPTS = {_HOUR: IN_AN_HOUR, _DAY: 10, _WEEK: 30}
"""So many receipts for new requests. A machine that answers each with a new request has none to answer any more."""


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


async def may_note(channel: Channel, target: str, *, now: datetime) -> bool:
    """Whether a note goes out by mail, such as about files that were not kept: it may be a robot that sent them."""
    if channel.has_buttons:
        return True
    if unread.nobody_reads(target):
        return False
    room = await _room(NOTES, "note", channel, target, now=now)
    if room == 1:
        logger.warning("%s: whoever was told so often what was not kept is told it no more for a while", channel.name)
    return room > 0


async def may_confirm(channel: Channel, target: str, *, now: datetime) -> bool:
    """Whether a new request by mail gets a receipt; it is kept in any case."""
    room = await _room(RECEIPTS, "received", channel, target, now=now)
    if room == 1:
        logger.warning(
            "%s: further requests of one who sent so many are kept and get no receipt for a while", channel.name
        )
    return room > 0


async def _room(most: Mapping[timedelta, int], kind: str, channel: Channel, target: str, *, now: datetime) -> int:
    """So many more of that kind may go there now."""
    sent = Delivery.filter(channel=channel.name, target=target, kind=kind)
    return min([most[span] - await sent.filter(created_at__gt=now - span).count() for span in most])


def _about(channel: Channel, invite: Invite) -> tuple[str, str]:
    return channel.name, invite.ticket.number
