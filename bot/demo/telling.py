"""A line of a ticket's history in words: its label with codes, channels and moments put into the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.demo.sight import Sight
from core.models.desk import TicketEntry
from core.models.invites import Invite, InvitePurpose, InviteState

_MOMENTS = ("when", "due", "until")
_CODES = {
    "channel": ("channel",),
    "outcome": ("outcome", "dismissal"),
    "condition": ("condition",),
    "old": ("priority", "ticket_status"),
    "new": ("priority", "ticket_status"),
    "band": ("band",),
}


_PLANNED = "decision.planned"


async def words_of(entry: TicketEntry, sight: Sight) -> str:
    """What happened, in one sentence."""
    if entry.label == _PLANNED:
        return await _asked(entry, sight)
    if not entry.label or not sight.knows(entry.label):
        return entry.text or entry.kind.value
    return sight.say(entry.label, **values_of(entry.values, sight))


async def _asked(entry: TicketEntry, sight: Sight) -> str:
    """The plan was written down once; what became of it decides in which tense it is told."""
    asked = Invite.filter(ticket_id=entry.ticket_id, cycle=entry.cycle, purpose=InvitePurpose.SERVICE)
    invite = await asked.order_by("id").first()
    values = dict(entry.values)
    if invite is None or invite.state == InviteState.SCHEDULED:
        label = _PLANNED
    elif invite.delivered_at is None:
        label = "decision.was_planned"
    else:
        label, values["when"] = "decision.was_sent", invite.delivered_at.isoformat()
    return sight.say(label, **values_of(values, sight))


def values_of(values: Mapping[str, object], sight: Sight) -> dict[str, object]:
    return {name: _value(name, value, sight) for name, value in values.items()}


def _value(name: str, value: object, sight: Sight) -> object:
    if name in _MOMENTS and isinstance(value, str) and value:
        return sight.when(datetime.fromisoformat(value))
    for section in _CODES.get(name, ()):
        if isinstance(value, str) and sight.knows(f"{section}.{value}"):
            return sight.say(f"{section}.{value}")
    return value
