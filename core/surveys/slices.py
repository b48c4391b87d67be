"""By what figures are cut: the one row for all that is asked alike."""

from __future__ import annotations

from typing import Any, cast

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from core import transactions
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import InvitePurpose, Slice
from core.store.prepared import Prepared, insert

_KNOWN = Prepared(
    Slice,
    lambda team, type_, channel, agent, survey, locale, purpose: Slice.filter(
        team_id=team,
        type=type_,
        channel=channel,
        agent_id=agent,
        survey_key=survey,
        locale=locale,
        purpose=purpose,
    ),
    *(int, str, str, int, str, str, str),
)


@transactions.atomic
async def of(ticket: Ticket, contact: Contact, *, channel: str, survey: str, purpose: InvitePurpose) -> int:
    """The slice of a question about this ticket, as it stands now; made when it is the first of its kind."""
    traits: dict[str, int | str] = {
        "team_id": ticket.team_id or 0,
        "type": ticket.type,
        "channel": channel,
        "agent_id": ticket.assignee_id or 0,
        "survey_key": survey,
        "locale": contact.locale,
        "purpose": purpose.value,
    }
    return await _id_of(traits)


@transactions.atomic
async def moved(slice_id: int, *, channel: str) -> int:
    """The slice that differs in the channel alone."""
    before = await Slice.get(id=slice_id)
    traits = {name: getattr(before, name) for name in _TRAITS}
    return await _id_of({**traits, "channel": channel})


_TRAITS = ("team_id", "type", "channel", "agent_id", "survey_key", "locale", "purpose")


async def _id_of(traits: dict[str, int | str]) -> int:
    values = tuple(traits[name] for name in _TRAITS)
    known = await _KNOWN.first(*values)
    if known is None:
        try:
            async with transactions.savepoint():
                known = await insert(Slice, **traits)
        except IntegrityError:  # another process was faster
            known = await Slice.filter(Q(**cast(dict[str, Any], traits))).get()
    return int(known.pk)
