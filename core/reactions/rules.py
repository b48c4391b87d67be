"""Rules look at a response each time it has settled: once per rule and revision, whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core import history, transactions
from core.desk import tickets
from core.models.desk import EntryKind, Ticket
from core.models.invites import Invite
from core.models.reactions import Alert, Reaction, Recovery
from core.models.responses import Response, ResponseRevision
from core.models.setup import Rule
from core.reactions import alerts, recoveries
from core.reactions.settings import DEFAULT_RULES, Action, RuleSettings, When
from core.store.prepared import Prepared
from core.surveys import catalogue
from core.surveys.settings import SurveySettings


@transactions.atomic
async def react(
    invite: Invite,
    response: Response,
    scores: Mapping[str, int],
    previous: ResponseRevision | None,
    *,
    now: datetime,
) -> None:
    """Let every enabled rule look at this revision, in order; then bring an alert that exists up to date.

    A rule that fired for the revision before does not fire again: what staff have begun is not begun anew.
    """
    known = await alerts.of_response(response.id)
    ticket = await tickets.by_id(invite.ticket_id) or invite.ticket
    for rule in await _ENABLED.all():
        settings = RuleSettings.model_validate(rule.settings)
        unmet = why_not(settings.when, invite, ticket, response)
        again = not unmet and await _fired_before(response, rule)
        if await _first_look(response, rule, unmet, now=now) and not unmet and not again:
            await history.write(ticket, EntryKind.RULE, label="history.rule", values={"rule": rule.key}, now=now)
            await _act(settings, invite, ticket, response, scores, now=now)
    if known is not None and previous is not None:
        await _tell_change(known, scores, response, previous, now=now)


def why_not(when: When, invite: Invite, ticket: Ticket, response: Response) -> str:
    """The first condition of the rule that does not hold, or "" when it fires."""
    team = ticket.team.key if ticket.team else ""
    checks: tuple[tuple[str, tuple[str, ...], set[str]], ...] = (
        ("band", tuple(when.bands), {response.band.value} if response.band else set()),
        ("survey", when.surveys, {invite.survey_key}),
        ("type", when.types, {ticket.type}),
        ("team", when.teams, {team}),
        ("reasons", when.reasons, set(response.reasons)),
        ("purpose", when.purposes, {invite.purpose.value}),
    )
    return next((name for name, wanted, has in checks if wanted and not set(wanted) & has), "")


@transactions.atomic
async def ensure_default() -> None:
    """A store without any rule gets the shipped ones."""
    if not await Rule.exists():
        for position, (key, settings) in enumerate(DEFAULT_RULES.items()):
            values = {"position": position, "settings": settings.model_dump(mode="json")}
            await Rule.get_or_create(key=key, defaults=values)


_ENABLED = Prepared(Rule, lambda: Rule.filter(enabled=True).order_by("position", "id"))


async def _fired_before(response: Response, rule: Rule) -> bool:
    earlier = Reaction.filter(response_id=response.id, rule=rule.key, revision__lt=response.revision)
    last = await earlier.order_by("-revision").first()
    return last is not None and last.fired


async def _first_look(response: Response, rule: Rule, unmet: str, *, now: datetime) -> bool:
    _, is_new = await Reaction.get_or_create(
        response_id=response.id,
        revision=response.revision,
        rule=rule.key,
        defaults={"fired": not unmet, "why": unmet, "at": now},
    )
    return is_new


async def _act(
    settings: RuleSettings,
    invite: Invite,
    ticket: Ticket,
    response: Response,
    scores: Mapping[str, int],
    *,
    now: datetime,
) -> None:
    survey = catalogue.settings_for(invite)
    recovery: Recovery | None = await Recovery.get_or_none(response_id=response.id)
    for action in settings.then:
        if action == Action.REOPEN:
            await _reopen(ticket, response, scores, survey, now=now)
        elif action == Action.RECOVER:
            recovery = await recoveries.open_recovery(ticket, response, within=survey.recover_within, now=now)
            await alerts.watch(response, recovery)
        elif action == Action.ALERT:
            await alerts.raise_alert(ticket, response, recovery, take_within=survey.take_within, now=now)
        elif action == Action.APOLOGISE and recovery is not None:
            await recoveries.apologise(ticket, recovery, channel=invite.address.channel, now=now)


async def _reopen(
    ticket: Ticket, response: Response, scores: Mapping[str, int], survey: SurveySettings, *, now: datetime
) -> None:
    """Open the ticket again, so often and no oftener; after that the alert alone must do."""
    values: dict[str, object] = {"value": min(scores.values()), "scores": dict(scores), "reasons": response.reasons}
    if ticket.reopened_by_rating >= survey.max_reopenings:
        values["count"] = ticket.reopened_by_rating
        await history.write(ticket, EntryKind.NOTE, label="desk.no_more_reopening", values=values, now=now)
        return
    if await tickets.reopen(ticket, label="history.reopened_by_rating", values=values, now=now):
        ticket.reopened_by_rating += 1
        await Ticket.filter(id=ticket.id).update(reopened_by_rating=ticket.reopened_by_rating)
        values["comment"] = response.comment
        await history.write(ticket, EntryKind.NOTE, label="desk.reopen_note", values=values, now=now)


async def _tell_change(
    alert: Alert, scores: Mapping[str, int], response: Response, previous: ResponseRevision, *, now: datetime
) -> None:
    """A change of mind is shown in place and told in the thread; what staff have begun stays."""
    old = previous.scores
    changes = [
        {"label": key, "old": old.get(key, 0), "new": value} for key, value in scores.items() if old.get(key) != value
    ]
    await alerts.redraw(alert, now=now)
    if changes:
        line = f"changed:{response.revision}"
        await alerts.tell(alert, "alert_update", line, now=now, event="changed", changes=changes)
    if response.comment != previous.comment:
        line = f"comment:{response.revision}"
        await alerts.tell(alert, "alert_update", line, now=now, event="comment_added", text=response.comment)
