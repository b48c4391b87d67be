"""Actions of rules that could not be done lately, and those that could not be done if a rule fired now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core import errors
from core.models.reactions import Reaction
from core.models.setup import Team
from core.reactions import acting, webhooks
from core.reactions.settings import Action, Do, RuleSettings

LATELY = timedelta(days=7)
_MOST = 20_000
"""So many of the newest looks are looked through: the page must come up."""


async def lately(*, now: datetime) -> Mapping[str, int]:
    """By rule, how often something could not be done in the last days."""
    newest = await Reaction.all().order_by("-id").first()
    if newest is None:
        return {}
    rows = Reaction.filter(id__gt=newest.id - _MOST, fired=True, at__gt=now - LATELY).exclude(failed=[])
    return Counter([row.rule for row in await rows.only("id", "rule")])


async def expected(settings: RuleSettings) -> Sequence[tuple[int, errors.Refusal]]:
    """What a rule says that cannot be done as things are, by the places of its actions."""
    found = []
    for index, step in enumerate(settings.then):
        try:
            await _attempt(step)
        except errors.Refusal as refusal:
            found.append((index, refusal))
    return found


async def _attempt(step: Do) -> None:
    """Whether it could be done, as far as that can be said without a ticket. Raises errors.Refusal."""
    if step.do == Action.ASSIGN:
        await acting.of_the_staff(step.staff)
    elif step.do == Action.WEBHOOK:
        await webhooks.that_works(step.webhook)
    elif step.do == Action.ALERT and (step.staff or step.channel):
        await acting.place_of(step)
    elif step.do == Action.ALERT and not await Team.exclude(alert_channel="").exists():
        raise errors.NotFound("no team has a place for its alerts", label="rule.no_place")
