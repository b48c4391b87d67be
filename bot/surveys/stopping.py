"""By letter: somebody wants no more surveys. It is done at once, and confirmed once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bot.turn import Turn
from core import suppressions, unread
from core.models.contacts import Address, Contact
from core.models.desk import Ticket
from core.models.invites import Invite
from core.plumbing import deliveries
from core.ports import Channel, Wrote
from core.surveys import invites, tokens

if TYPE_CHECKING:
    from bot.surveys.conversation import Conversation


async def stopped(
    talk: Conversation,
    channel: Channel,
    event: Wrote,
    contact: Contact,
    *,
    about: Invite | Ticket | None = None,
    now: datetime,
) -> Turn:
    """As by the link for it. Whoever has stopped already hears nothing more: it may be a robot that says so.

    The confirmation goes to an address of the contact's own, whoever wrote. An answer to it is `about` what this was.
    """
    if contact.opted_out_at is not None:
        return Turn()
    await invites.stop_asking(contact, now=now)
    target = await _target(channel, event, contact, about)
    if not target or unread.nobody_reads(target) or await suppressions.is_suppressed(channel.name, target):
        return Turn()
    draft = deliveries.Draft(
        key=f"stopped:{tokens.new_key()}",
        kind="stopped",
        channel=channel.name,
        target=target,
        priority=deliveries.ANSWER,
        contact_id=contact.id,
        payload={"thread": event.thread, "answers": _answers(about)},
    )
    return Turn(handed_over=[await deliveries.hand_over(draft, worker=talk.worker, now=now)])


def _answers(about: Invite | Ticket | None) -> list[str]:
    match about:
        case Invite():
            return ["invite", about.key]
        case Ticket():
            return ["ticket", str(about.id)]
    return []


async def _target(channel: Channel, event: Wrote, contact: Contact, about: Invite | Ticket | None) -> str:
    if isinstance(about, Invite) and about.address.channel == channel.name:
        return about.address.address
    own = await Address.filter(contact_id=contact.id, channel=channel.name).order_by("rank", "id")
    wrote = (one.address for one in own if one.address.lower() == event.person.address.lower())
    return next(wrote, own[0].address if own else "")
