"""What a rule does when it fires. An action that cannot be done says why, and keeps no other from being done."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core import contacts, errors, history, transactions
from core.desk import answering, notices, routes, tickets
from core.models.desk import OPEN_STATUSES, EntryKind, Ticket
from core.models.invites import Invite
from core.models.reactions import Recovery
from core.models.responses import Response
from core.models.setup import Staff, StaffAddress, Team
from core.plumbing import deliveries
from core.reactions import alerts, recoveries, webhooks
from core.reactions.settings import Action, Do, Event
from core.surveys import catalogue, scoring
from core.surveys.settings import SurveySettings

logger = logging.getLogger(__name__)

MOST_TAGS = 50


@dataclass(slots=True)
class Case:
    """What happened, to whom. `once` is a name that nothing else has: it makes every effect one of a kind."""

    event: Event
    once: str
    ticket: Ticket
    invite: Invite | None = None
    response: Response | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    recovery: Recovery | None = None
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An action that could not be done, by its place among the rule's. `label` says why, in words."""

    index: int
    action: str
    label: str
    values: Mapping[str, object]

    @property
    def kept(self) -> dict[str, object]:
        return {"step": self.index, "action": self.action, "label": self.label, "values": dict(self.values)}


async def act(rule: str, steps: tuple[Do, ...], case: Case, *, now: datetime) -> list[Failure]:
    """Do them in their order. What could not be done stands in the ticket's history, and is answered."""
    failures: list[Failure] = []
    for index, step in enumerate(steps):
        failure = await _try(rule, index, step, case, now=now)
        if failure is not None:
            failures.append(failure)
            logger.warning("Rule %s could not do %s for %s", rule, step.do.value, case.ticket.number)
            told = {"rule": rule, "action": step.called, "why": failure.label, **failure.values}
            await history.write(case.ticket, EntryKind.RULE, label="history.rule_failed", values=told, now=now)
    return failures


async def _try(rule: str, index: int, step: Do, case: Case, *, now: datetime) -> Failure | None:
    try:
        if step.do in _CERTAIN and not (step.staff or step.channel):
            await _DOES[step.do](rule, index, step, case, now)
        else:
            async with transactions.savepoint():
                await _DOES[step.do](rule, index, step, case, now)
    except errors.Refusal as refusal:
        return Failure(index, step.called, refusal.label or "rule.bug", refusal.values)
    except Exception as error:
        if transactions.is_unavailable(error) or step.do in _CERTAIN:
            raise
        logger.exception("Rule %s: a bug kept %s from being done", rule, step.do.value)
        return Failure(index, step.called, "rule.bug", {})
    return None


# ---------------------------------------------------------------- the actions of the shipped rule


async def _reopen(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    """Open the ticket again, so often and no oftener; after that the alert alone must do."""
    ticket, response = case.ticket, case.response
    values: dict[str, object] = {"rule": rule}
    of_dimension = ""
    if response is not None and case.scores:
        telling = scoring.telling_one(case.scores, _survey(case))
        of_dimension = "" if telling == "overall" else "_of_dimension"
        values = {
            "value": case.scores[telling],
            "dimension": telling,
            "scores": dict(case.scores),
            "reasons": response.reasons,
        }
    if ticket.reopened_by_rating >= _survey(case).max_reopenings:
        values["count"] = ticket.reopened_by_rating
        label = f"desk.no_more_reopening{of_dimension}" if response is not None else "desk.no_more_reopening_by_rule"
        await history.write(ticket, EntryKind.NOTE, label=label, values=values, now=now)
        return
    label = f"history.reopened_by_rating{of_dimension}" if response is not None else "history.reopened_by_rule"
    if not await tickets.reopen(ticket, label=label, values=values, by_rule=True, now=now):
        return
    ticket.reopened_by_rating += 1
    await Ticket.filter(id=ticket.id).update(reopened_by_rating=ticket.reopened_by_rating)
    if response is not None:
        values["comment"] = response.comment
        await history.write(ticket, EntryKind.NOTE, label=f"desk.reopen_note{of_dimension}", values=values, now=now)


async def _recover(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    if case.response is not None:
        within = _survey(case).recover_within
        case.recovery = await recoveries.open_recovery(case.ticket, case.response, within=within, now=now)
        await alerts.watch(case.response, case.recovery)


async def _alert(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    """The team's own alert, which must be acknowledged, is about an answer; everything else is told once."""
    if step.staff or step.channel:
        await _tell(rule, index, await place_of(step), case, now=now)
    elif case.event == Event.SETTLED and case.response is not None:
        take_within = _survey(case).take_within
        await alerts.raise_alert(case.ticket, case.response, case.recovery, take_within=take_within, now=now)
        case.alerted = True
    else:
        await _tell(rule, index, alerts_of(await routes.route(case.ticket)), case, now=now)


async def _apologise(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    if case.recovery is None:
        raise errors.Conflict("no recovery is open", label="rule.no_recovery")
    channel = case.invite.address.channel if case.invite else ""
    await recoveries.apologise(case.ticket, case.recovery, channel=channel, now=now)


# ---------------------------------------------------------------- telling somebody


async def place_of(step: Do) -> tuple[str, str]:
    """Channel and address of the place, or the person, that the rule names. Raises errors.Refusal."""
    if step.channel:
        return step.channel, step.to
    member = await of_the_staff(step.staff)
    return place_at(member, await StaffAddress.filter(staff_id=member.id).order_by("channel", "id").first())


def place_at(member: Staff, address: StaffAddress | None) -> tuple[str, str]:
    """Raises errors.NotFound where they have none."""
    if address is None:
        raise errors.NotFound("they have no address", label="rule.no_address", name=member.name or member.key)
    return address.channel, address.address


def alerts_of(team: Team | None) -> tuple[str, str]:
    """Where a team that was routed to hears of alerts. Raises errors.NotFound."""
    if team is None or not team.alert_channel:
        raise errors.NotFound("no team has a place for its alerts", label="rule.no_place")
    return team.alert_channel, team.alert_to


async def _tell(rule: str, index: int, to: tuple[str, str], case: Case, *, now: datetime) -> None:
    draft = deliveries.Draft(
        key=f"rule:{case.once}:{index}",
        kind=alerts.RULE_ALERT,
        channel=to[0],
        target=to[1],
        priority=deliveries.URGENT,
        ticket_id=case.ticket.id,
        subject_id=case.ticket.id,
        payload={
            "rule": rule,
            "event": case.event.value,
            "response": case.response.id if case.response else None,
            "due": case.recovery.due_at.isoformat() if case.recovery else None,
        },
    )
    await deliveries.schedule(draft, due=now, now=now)
    where: dict[str, object] = {"channel": to[0]}
    await history.write(case.ticket, EntryKind.ALERT, label="history.alerted", values=where, now=now)


async def _send(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    ticket = case.ticket
    await ticket.fetch_related("contact")
    if step.message == notices.REOPENED:
        if ticket.status not in OPEN_STATUSES:
            raise errors.Conflict("the request is not open", label="rule.not_open")
        await notices.reopened(ticket, now=now)
        return
    if ticket.contact.opted_out_at is not None or ticket.contact.internal:
        raise errors.Conflict("the contact does not want to hear from us", label="rule.opted_out")
    channel = case.invite.address.channel if case.invite else ""
    if not await contacts.reachable(ticket.contact) or not await answering.tell(
        ticket, f"follow_up:{case.once}:{index}", "follow_up", {}, channel=channel, alone=True, now=now
    ):
        raise errors.NotFound("the contact has no address that works", label="rule.unreachable")


# ---------------------------------------------------------------- the ticket


async def _assign(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    await _give(case, await of_the_staff(step.staff), now=now)


async def _assign_lead(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    team_id = case.ticket.team_id
    lead = await Staff.filter(team_id=team_id, leads=True, active=True).order_by("id").first() if team_id else None
    if lead is None:
        raise errors.NotFound("the ticket's team has no lead", label="rule.no_lead")
    await _give(case, lead, now=now)


async def _give(case: Case, to: Staff, *, now: datetime) -> None:
    if case.ticket.assignee_id == to.id:
        return
    if case.ticket.status not in OPEN_STATUSES:
        raise errors.Conflict("the request is not open", label="rule.not_open")
    await tickets.assign(case.ticket, to, tell=case.ticket.ref is None, now=now)
    case.ticket.assignee_id = to.id


async def _priority(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    ticket, priority = case.ticket, step.priority
    if priority is None or ticket.priority == priority:
        return
    values: dict[str, object] = {"rule": rule, "old": ticket.priority.value, "new": priority.value}
    await Ticket.filter(id=ticket.id).update(priority=priority)
    ticket.priority = priority
    await history.write(ticket, EntryKind.PRIORITY, label="history.priority_by_rule", values=values, now=now)


async def _tag(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    await _retag(case.ticket, [*(one for one in case.ticket.tags if one != step.tag), step.tag])


async def _untag(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    await _retag(case.ticket, [one for one in case.ticket.tags if one != step.tag])


async def _retag(ticket: Ticket, tags: list[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise errors.Conflict("it has too many tags already", label="rule.too_many_tags")
    if set(tags) != set(ticket.tags):
        await Ticket.filter(id=ticket.id).update(tags=tags)
        ticket.tags = tags


async def _webhook(rule: str, index: int, step: Do, case: Case, now: datetime) -> None:
    name = f"rule:{case.once}:{index}"
    data = payload(rule, case)
    await webhooks.call(step.webhook, name, f"{case.event.value}.v1", data, ticket=case.ticket, now=now)


def payload(rule: str, case: Case) -> dict[str, object]:
    """What a webhook is told: names and numbers, and nothing that says who the contact is or what they wrote."""
    ticket, response = case.ticket, case.response
    said: dict[str, object] = {
        "rule": rule,
        "ticket": {
            "id": f"tkt_{ticket.id}",
            "number": ticket.number,
            "ref": ticket.ref,
            "cycle": ticket.cycle,
            "type": ticket.type,
            "status": ticket.status.value,
            "priority": ticket.priority.value,
            "team": ticket.team.key if ticket.team else None,
            "channel": ticket.channel,
            "tags": list(ticket.tags),
        },
        "contact": {"ref": ticket.contact.ref},
    }
    if case.invite is not None:
        invite = case.invite
        said["invite"] = {"id": f"inv_{invite.id}", "survey": invite.survey_key, "purpose": invite.purpose.value}
    if response is not None:
        said["response"] = {
            "id": f"rsp_{response.id}",
            "revision": response.revision,
            "band": response.band.value if response.band else None,
            "scores": dict(case.scores),
            "reasons": list(response.reasons),
            "has_comment": bool(response.comment),
        }
    if case.recovery is not None:
        said["recovery"] = {"state": case.recovery.state.value, "due_at": case.recovery.due_at.isoformat()}
    return said


async def of_the_staff(key: str) -> Staff:
    """Who works here under that key. Raises errors.Refusal."""
    return who_works_here(await Staff.get_or_none(key=key), key)


def who_works_here(member: Staff | None, key: str) -> Staff:
    """Raises errors.Refusal where nobody of that key does."""
    if member is None:
        raise errors.NotFound("there is no such member of the staff", label="rule.no_member", name=key)
    if not member.active:
        raise errors.Conflict("they do not work here any more", label="rule.not_active", name=member.name or key)
    return member


def _survey(case: Case) -> SurveySettings:
    return catalogue.settings_for(case.invite) if case.invite is not None else SurveySettings()


_CERTAIN = frozenset({Action.REOPEN, Action.RECOVER, Action.ALERT, Action.APOLOGISE})
"""What the shipped rule does is part of every bad mark: it needs no savepoint of its own, and a bug is retried."""

_DOES: Mapping[Action, Callable[[str, int, Do, Case, datetime], Awaitable[None]]] = {
    Action.REOPEN: _reopen,
    Action.RECOVER: _recover,
    Action.ALERT: _alert,
    Action.APOLOGISE: _apologise,
    Action.ASSIGN: _assign,
    Action.ASSIGN_LEAD: _assign_lead,
    Action.PRIORITY: _priority,
    Action.TAG: _tag,
    Action.UNTAG: _untag,
    Action.SEND: _send,
    Action.WEBHOOK: _webhook,
}
