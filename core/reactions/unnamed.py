"""What the staff are told of anonymous answers: that somebody is unhappy and why, at the next full hour, and never who.

Not at once, for the moment would name them: the ticket's timeline and the figures say who answered when. Of a rule that
fits, only what tells somebody is done; it cannot look at what is the contact's own, which an anonymous answer has not.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from core import errors, occasions, transactions
from core.desk import routes
from core.models.invites import InvitePurpose, Slice
from core.models.responses import Response
from core.models.setup import Team
from core.plumbing import deliveries
from core.reactions import acting
from core.reactions.conditions import Facts, unmet
from core.reactions.settings import Action, Do, Event, RuleSettings
from core.surveys import anonymity
from core.surveys.tokens import new_key

logger = logging.getLogger(__name__)

KIND = "alert_unnamed"
LISTED = 5
"""So many in one message."""
MESSAGES = 4
"""So many messages for one place and hour; the last one says how many more there are."""
_Place = tuple[str, str]


async def look(*, now: datetime) -> None:
    """Let staff hear of what is due, and only then let it count. Nobody waits for a sweep that finds nothing to do."""
    waiting = await anonymity.waiting(now=now)
    if waiting.told:
        await _tell(waiting.told, now=now)
    if waiting.enough:
        await anonymity.count_enough(waiting.enough.values(), now=now)


@transactions.atomic
async def _tell(kinds: Mapping[int, Slice], *, now: datetime) -> None:
    """Each place hears of all answers of the last hours that a rule tells it of, in no order; each is told once."""
    due = Response.filter(slice_id__in=list(kinds), settle_at__lte=now)
    rows = await due.order_by("id").select_for_update()
    told: defaultdict[_Place, list[int]] = defaultdict(list)
    for row in rows:
        for place in await _places(row, kinds[row.slice_id or 0]):
            told[place].append(row.id)
    for place, answers in told.items():
        await _schedule(place, answers, now=now)
    await Response.filter(id__in=[row.id for row in rows]).update(settle_at=None)


async def _places(row: Response, kind: Slice) -> list[_Place]:
    """Whom the rules tell, in their order, nobody twice."""
    team = await Team.get_or_none(id=kind.team_id) if kind.team_id else None
    facts = facts_of(row, kind, team)
    found: dict[_Place, None] = {}
    for rule in await occasions.ENABLED.all():
        settings = RuleSettings.model_validate(rule.settings)
        if settings.event != Event.SETTLED or unmet(settings.when, facts) is not None:
            continue
        for step in settings.then:
            try:
                if step.do == Action.ALERT:
                    found[await _place(step, team)] = None
            except errors.Refusal as refusal:
                logger.warning("Rule %s could not tell of an anonymous answer: %s", rule.key, refusal.message)
        if settings.last:
            break
    return list(found)


def facts_of(row: Response, kind: Slice, team: Team | None) -> Facts:
    """All that is known; a condition on anything else does not hold."""
    return Facts(
        band=row.band.value if row.band else "",
        scores=row.judged or {},
        comment=row.comment,
        survey=kind.survey_key,
        purpose=InvitePurpose.SERVICE.value,
        type=kind.type,
        team=team.key if team is not None else "",
    )


async def _place(step: Do, team: Team | None) -> _Place:
    if step.staff or step.channel:
        return await acting.place_of(step)
    return acting.alerts_of(await routes.of_team(team))


async def _schedule(place: _Place, answers: Sequence[int], *, now: datetime) -> None:
    batches = [answers[at : at + LISTED] for at in range(0, len(answers), LISTED)][:MESSAGES]
    left = len(answers) - LISTED * MESSAGES
    for batch in batches:
        draft = deliveries.Draft(
            key=f"unnamed:{new_key()}",
            kind=KIND,
            channel=place[0],
            target=place[1],
            priority=deliveries.URGENT,
            payload={"answers": list(batch), "more": left if batch is batches[-1] and left > 0 else 0},
        )
        await deliveries.schedule(draft, due=now, now=now)
