"""Taking a team away: what would be left hanging is said before, and what would break is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import transactions
from core.errors import Conflict
from core.models.desk import Ticket, TicketStatus
from core.models.setup import Staff
from core.setup import rows
from core.setup.editing import remove as remove_part
from core.wordings import asking

OVER = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Named:
    """What says the team's key. `kind` is as the audit has it; `key` is the scope of a template and of an A/B test."""

    kind: str
    key: str
    id: int = 0
    """Of an A/B test."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """`named_by` are surveys, rules, digests, templates and running A/B tests that say the team's key: they keep it."""

    named_by: tuple[Named, ...]
    tickets: int
    members: int


async def hanging_on(key: str) -> Hanging:
    """What would be without it: open requests and members lose their team."""
    return Hanging(
        await _named_by(key),
        await Ticket.filter(team__key=key, status__not_in=OVER).count(),
        await Staff.filter(team__key=key).count(),
    )


@transactions.atomic
async def remove(key: str, *, seen: str, actor: str, now: datetime) -> None:
    """Take it away; its requests go on without a team, and are alerted where the first team with a place is.

    Raises Stale, and Conflict while a survey, a rule, a digest or a template names it: those would never match again.
    """
    if named_by := await _named_by(key):
        names = ", ".join(f"{one.kind} {one.key}" for one in named_by)
        raise Conflict(f"this team is named by: {names}", label="teams.is_named")
    await remove_part("teams", key, seen=seen, actor=actor, now=now)


async def _named_by(key: str) -> tuple[Named, ...]:
    present = await rows.read()
    surveys = [name for name, values in present["surveys"].items() if key in values["conditions"]["teams"]]
    rules = [name for name, values in present["rules"].items() if key in values.get("when", {}).get("teams", ())]
    templates = [name for name, values in present["templates"].items() if values["team"] == key]
    digests = [name for name, values in present["digests"].items() if values["team"] == key]
    return (
        *(Named("survey", name) for name in surveys),
        *(Named("rule", name) for name in rules),
        *(Named("digest", name) for name in digests),
        *(Named("template", name) for name in templates),
        *(Named("ab_test", asking.scope_of(one).key, one.id) for one in await asking.live() if one.team == key),
    )
