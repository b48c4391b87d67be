"""By what figures are cut: the one row for all that is asked alike."""

from __future__ import annotations

from typing import Any, cast

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from core import transactions
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.models.invites import UNCOUNTED, UNNAMED, Invite, InvitePurpose, Slice
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


@transactions.atomic
async def unnamed(invite: Invite) -> int:
    """The slice of anonymous answers to such questions, uncounted as yet: team, type and survey, and nothing that is
    anybody's own.
    """
    own = await Slice.get(id=invite.slice_id) if invite.slice_id is not None else None
    team, type_ = (own.team_id, own.type) if own is not None else (invite.ticket.team_id or 0, invite.ticket.type)
    return await _unnamed(team, type_, invite.survey_key, UNCOUNTED)


@transactions.atomic
async def counted(uncounted: Slice) -> int:
    """The slice into which these go when they are enough."""
    return await _unnamed(uncounted.team_id, uncounted.type, uncounted.survey_key, UNNAMED)


async def _unnamed(team: int, type_: str, survey: str, purpose: str) -> int:
    nobody: dict[str, int | str] = {"channel": "", "agent_id": 0, "locale": ""}
    return await _id_of({**nobody, "team_id": team, "type": type_, "survey_key": survey, "purpose": purpose})


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
