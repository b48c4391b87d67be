"""Conditions that are ticked: what is known is offered, what is not can be written below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.web.admin.door import Visit
from bot.wording import called
from core.desk import lately
from core.models.desk import Priority, TicketType
from core.models.setup import Team

Options = Mapping[str, Sequence[tuple[str, str]]]
"""By the name of the condition: each known value, and how people call it."""
_PARTS = re.compile(r"[,，、\r\n]+")
_ADDRESSED = frozenset({"teams", "channels"})
"""What is set up: a value that is not offered is gone, and was not only unseen lately."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One box. `mark` is said of a value that is set and no longer known."""

    value: str
    label: str
    on: bool
    mark: str = ""


async def options(visit: Visit) -> Options:
    """What is known now: teams and channels from the set-up, the rest from the newest tickets."""
    seen = await lately.seen()
    templates = visit.site.templates
    in_use = templates.locales()
    types = dict.fromkeys([*seen["types"], *(one.value for one in TicketType)])
    return {
        "types": [(one, visit.named("ticket_type", one)) for one in types],
        "teams": [(one.key, one.name or one.key) for one in await Team.all().order_by("name", "key")],
        "channels": [(one, visit.channel(one)) for one in sorted(visit.site.channels)],
        "priorities": [(one.value, visit.say(f"priority.{one.value}")) for one in Priority],
        "locales": [
            (one, templates.label("language.name", one) if one in in_use else one)
            for one in dict.fromkeys([*in_use, *seen["locales"]])
        ],
        "close_reasons": [(one, visit.named("close_reason", one)) for one in seen["close_reasons"]],
        **{name: [(one, one) for one in seen[name]] for name in ("tags", "tiers", "closed_by")},
    }


def ticks(visit: Visit, name: str, known: Options, chosen: Iterable[str]) -> list[Tick]:
    """The boxes of a condition. What is set stays ticked, also where it is no longer known."""
    wanted = list(dict.fromkeys(chosen))
    offered = [Tick(value, label, value in wanted) for value, label in known.get(name, ())]
    mark = visit.say("ticks.gone" if name in _ADDRESSED else "ticks.unseen")
    values = {one.value for one in offered}
    return [*offered, *(Tick(one, one, True, mark) for one in wanted if one not in values)]


def under(visit: Visit, dimensions: Sequence[Mapping[str, Any]], chosen: Iterable[str]) -> list[Tick]:
    """The dimensions of a form as boxes, each known by its place. One that is chosen and no longer there is marked."""
    wanted = list(chosen)
    rows = [(str(at), one["key"], one["label"]) for at, one in enumerate(dimensions) if one["key"]]
    offered = [
        Tick(at, called("dimension", key, label, visit.site.templates, visit.locale), key in wanted)
        for at, key, label in rows
    ]
    gone = dict.fromkeys(one for one in wanted if one not in {key for _, key, _ in rows})
    return [*offered, *(Tick(one, one, True, visit.say("ticks.gone")) for one in gone)]


def read(fields: Mapping[str, Sequence[str]], name: str) -> list[str]:
    """What is ticked, and what is written under it, with commas or lines between."""
    written = split((fields.get(f"{name}.others") or [""])[-1])
    return list(dict.fromkeys((*fields.get(name, ()), *written)))


def split(text: str) -> list[str]:
    return [one.strip() for one in _PARTS.split(text) if one.strip()]
