"""Actions of rules that could not be done lately, and those that could not be done if a rule fired now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import errors
from core.models.reactions import Reaction
from core.models.setup import Staff, Team
from core.models.webhooks import Webhook
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


@dataclass(frozen=True, slots=True)
class Means:
    """What rules need in order to do what they say, as it is now: read once, however many rules there are."""

    staff: Mapping[str, Staff]
    webhooks: Mapping[str, Webhook]
    is_a_team_alerted: bool

    def missing(self, settings: RuleSettings) -> Sequence[tuple[int, errors.Refusal]]:
        """What a rule says that cannot be done, by the places of its actions."""
        found = []
        for index, step in enumerate(settings.then):
            try:
                self._attempt(step)
            except errors.Refusal as refusal:
                found.append((index, refusal))
        return found

    def _attempt(self, step: Do) -> None:
        """Whether it could be done, as far as that can be said without a ticket. Raises errors.Refusal."""
        if step.do == Action.ASSIGN or (step.do == Action.ALERT and step.staff and not step.channel):
            member = acting.who_works_here(self.staff.get(step.staff), step.staff)
            if step.do == Action.ALERT:
                acting.place_at(member, next(iter(member.addresses), None))
        elif step.do == Action.WEBHOOK:
            webhooks.ready(self.webhooks.get(step.webhook), step.webhook)
        elif step.do == Action.ALERT and not step.channel and not self.is_a_team_alerted:
            raise errors.NotFound("no team has a place for its alerts", label="rule.no_place")


async def means(rules: Sequence[RuleSettings]) -> Means:
    """For these rules: of each kind that they name, all in one statement."""
    steps = [step for one in rules for step in one.then]
    people = {step.staff for step in steps if step.staff}
    called = {step.webhook for step in steps if step.webhook}
    told = any(step.do == Action.ALERT and not (step.staff or step.channel) for step in steps)
    staff = await Staff.filter(key__in=people).prefetch_related("addresses") if people else []
    return Means(
        {one.key: one for one in staff},
        {one.key: one for one in await Webhook.filter(key__in=called)} if called else {},
        is_a_team_alerted=told and await Team.exclude(alert_channel="").exists(),
    )
