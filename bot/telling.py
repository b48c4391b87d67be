"""A line of a ticket's history in words: its label with codes, channels and moments put into the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from core.models.desk import TicketEntry
from core.models.invites import Invite, InvitePurpose, InviteState

_MOMENTS = ("when", "due", "until")
_CODES = {
    "outcome": ("outcome", "dismissal"),
    "condition": ("condition",),
    "old": ("priority", "ticket_status"),
    "new": ("priority", "ticket_status"),
    "action": ("rule.action",),
    "band": ("band",),
    "dimension": ("dimension",),
}
_TROUBLE = "reason"
_TROUBLED = frozenset({"history.alert_failed", "history.came_back"})
"""Whose reason is not a person's, but why something went wrong."""
_FAILED = "history.rule_failed"
_PLANNED = "decision.planned"
Asked = Mapping[tuple[int, int], Invite]
"""What was asked, by ticket and cycle."""


class Reader(Protocol):
    """Whoever reads it: in their language, at their time."""

    def say(self, key: str, **values: object) -> str: ...

    def knows(self, key: str) -> bool: ...

    def when(self, moment: datetime) -> str: ...

    def channel(self, name: str) -> str: ...

    def trouble(self, sentence: str) -> str: ...


async def asked_about(entries: Iterable[TicketEntry]) -> Asked:
    """What became of each plan to ask that these lines tell of, for `words_of`."""
    planned = {(one.ticket_id, one.cycle) for one in entries if one.label == _PLANNED}
    if not planned:
        return {}
    rows = Invite.filter(ticket_id__in=sorted({ticket for ticket, _ in planned}), purpose=InvitePurpose.SERVICE)
    return {(row.ticket_id, row.cycle): row for row in await rows.order_by("-id")}


def words_of(
    entry: TicketEntry, reader: Reader, asked: Asked, dimensions: Mapping[str, str] = MappingProxyType({})
) -> str:
    """What happened, in one sentence. `dimensions`: as the survey calls them that asked."""
    if entry.label == _PLANNED:
        return _asked(entry, reader, asked.get((entry.ticket_id, entry.cycle)))
    if not entry.label or not reader.knows(entry.label):
        return entry.text or entry.kind.value
    values = values_of(entry.values, reader)
    if named := dimensions.get(str(entry.values.get("dimension", ""))):
        values["dimension"] = named
    if entry.label in _TROUBLED:
        values[_TROUBLE] = reader.trouble(str(values.get(_TROUBLE, "")))
    why = str(values.get("why", ""))
    if entry.label == _FAILED and reader.knows(why):  # after an erasure it is known no more
        return reader.say("history.rule_failed_because", **{**values, "why": reader.say(why, **values)})
    return reader.say(entry.label, **values)


def _asked(entry: TicketEntry, reader: Reader, invite: Invite | None) -> str:
    """The plan was written down once; what became of it decides in which tense it is told."""
    values = dict(entry.values)
    if invite is None or invite.state == InviteState.SCHEDULED:
        label = _PLANNED
    elif invite.delivered_at is None:
        label = "decision.was_planned"
    else:
        label, values["when"] = "decision.was_sent", invite.delivered_at.isoformat()
    return reader.say(label, **values_of(values, reader))


def values_of(values: Mapping[str, object], reader: Reader) -> dict[str, object]:
    return {name: _value(name, value, reader) for name, value in values.items()}


def _value(name: str, value: object, reader: Reader) -> object:
    if name in _MOMENTS and isinstance(value, str) and value:
        return reader.when(datetime.fromisoformat(value))
    if name == "channel" and isinstance(value, str):
        return reader.channel(value)
    for section in _CODES.get(name, ()):
        if isinstance(value, str) and reader.knows(f"{section}.{value}"):
            return reader.say(f"{section}.{value}")
    return value
