"""Rules look at an answer each time it has settled, and at other occasions: once each, whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from core import history, occasions, transactions
from core.desk import tickets
from core.models.contacts import Contact
from core.models.desk import EntryKind, Ticket
from core.models.invites import Invite
from core.models.reactions import Alert, Occasion, Reaction, Recovery
from core.models.responses import Band, Response, ResponseRevision, Score
from core.models.setup import Rule
from core.plumbing import jobs
from core.reactions import acting, alerts, recoveries
from core.reactions.acting import Case
from core.reactions.conditions import Facts, Unmet, unmet
from core.reactions.settings import DEFAULT_RULES, Event, RuleSettings, When
from core.surveys import invites

AGAIN, LAST, TOO_OFTEN = "again", "last", "too_often"
"""Why a rule does nothing more: it fired for the answer before, an earlier rule was the last, or the cap is reached."""
MOST_A_DAY = 20
"""A rule fires so often for one ticket in a day, and no oftener: what it causes outside may come back to it."""
_DAY = timedelta(days=1)


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
    case = Case(Event.SETTLED, "", ticket, invite, response, scores)
    over = ""
    for rule in await occasions.ENABLED.all():
        settings = RuleSettings.model_validate(rule.settings)
        if settings.event != Event.SETTLED:
            continue
        reason, values = await _why_not(settings.when, case, over, now=now)
        again = not reason and await _fired_before(response, rule)
        look = {"fired": not reason, "why": AGAIN if again else reason, "values": values, "at": now}
        _, is_new = await Reaction.get_or_create(
            response_id=response.id, revision=response.revision, rule=rule.key, defaults=look
        )
        if reason:
            continue
        if is_new and not again:
            await _fire(rule, settings, case, f"{response.id}.{response.revision}", now=now)
        if settings.last:
            over = rule.key
    if case.recovery is not None and known is None and not case.alerted:
        await jobs.enqueue(recoveries.JOB, case.recovery.id, due=case.recovery.due_at, now=now)
    if known is not None and previous is not None:
        await _tell_change(known, scores, response, previous, now=now)


@transactions.atomic
async def look(occasion_id: int, *, now: datetime) -> None:
    """The job's "look at occasion 5": the same for what is no answer."""
    occasion = await Occasion.get_or_none(id=occasion_id)
    case = await _case(occasion) if occasion is not None else None
    if occasion is None or case is None:
        return
    over = ""
    for rule in await occasions.ENABLED.all():
        settings = RuleSettings.model_validate(rule.settings)
        if settings.event != occasion.event:
            continue
        reason, values = await _why_not(settings.when, case, over, now=now)
        if not reason and await _fires_too_often(rule, case.ticket, now=now):
            reason = TOO_OFTEN
        seen = {"fired": not reason, "why": reason, "values": values, "at": now}
        _, is_new = await Reaction.get_or_create(occasion_id=occasion.id, rule=rule.key, defaults=seen)
        if reason:
            continue
        if is_new:
            await _fire(rule, settings, case, f"o{occasion.id}", now=now)
        if settings.last:
            over = rule.key


@transactions.atomic
async def look_at_recovery(recovery_id: int, *, now: datetime) -> None:
    """The job's "look at recovery 3": nobody is alerted about it, so its deadline has no ladder that watches it."""
    recovery = await Recovery.filter(id=recovery_id).select_related("ticket").first()
    if recovery is None or recovery.state not in recoveries.UNDER_WAY:
        return
    if not await Alert.filter(recovery_id=recovery.id).exists() and now >= recovery.due_at:
        await alerts.overdue(recovery, recovery.ticket, now=now)


@transactions.atomic
async def ensure_default() -> None:
    """A store without any rule gets the shipped ones."""
    if not await Rule.exists():
        for position, (key, settings) in enumerate(DEFAULT_RULES.items()):
            values = {"position": position, "settings": settings.model_dump(mode="json")}
            await Rule.get_or_create(key=key, defaults=values)


def facts_of(case: Case, negatives: int = 0) -> Facts:
    """What conditions look at: the ticket as it is now, and the answer as it was judged."""
    ticket, invite, response = case.ticket, case.invite, case.response
    return Facts(
        band=response.band.value if response and response.band else "",
        scores=case.scores,
        reasons=tuple(response.reasons) if response else (),
        comment=response.comment if response else "",
        survey=invite.survey_key if invite else "",
        purpose=invite.purpose.value if invite else "",
        type=ticket.type,
        team=ticket.team.key if ticket.team else "",
        priority=ticket.priority.value,
        tags=tuple(ticket.tags),
        channel=ticket.channel,
        tier=ticket.contact.tier,
        locale=ticket.contact.locale,
        negatives=negatives,
    )


async def _why_not(when: When, case: Case, over: str, *, now: datetime) -> tuple[str, dict[str, object]]:
    """Why the rule does not fire, and the values for its words; "" when it does."""
    if over:
        return LAST, {"rule": over}
    negatives = await _negatives(case.ticket.contact, when, now=now) if when.repeat else 0
    found: Unmet | None = unmet(when, facts_of(case, negatives))
    return (found.name, found.values) if found is not None else ("", {})


async def _negatives(contact: Contact, when: When, *, now: datetime) -> int:
    """How often the contact was unhappy within the span of `repeat`, this time included."""
    since = now - when.repeat.span if when.repeat else now
    return await Response.filter(
        invite__contact_id=contact.id, band=Band.NEGATIVE, created_at__gt=since, created_at__lte=now
    ).count()


async def _fired_before(response: Response, rule: Rule) -> bool:
    earlier = Reaction.filter(response_id=response.id, rule=rule.key, revision__lt=response.revision)
    last = await earlier.order_by("-revision").first()
    return last is not None and last.fired


async def _fires_too_often(rule: Rule, ticket: Ticket, *, now: datetime) -> bool:
    lately = Reaction.filter(rule=rule.key, fired=True, occasion__ticket_id=ticket.id, at__gt=now - _DAY)
    return await lately.count() >= MOST_A_DAY


async def _fire(rule: Rule, settings: RuleSettings, case: Case, once: str, *, now: datetime) -> None:
    case.once = f"{rule.id}:{once}"
    if case.event == Event.SETTLED and case.response is not None:
        case.recovery = await Recovery.get_or_none(response_id=case.response.id)
    await history.write(case.ticket, EntryKind.RULE, label="history.rule", values={"rule": rule.key}, now=now)
    failures = await acting.act(rule.key, settings.then, case, now=now)
    if failures:
        own = {"occasion_id": int(once[1:])} if once.startswith("o") else _revision(case)
        await Reaction.filter(rule=rule.key, **own).update(failed=[one.kept for one in failures])


def _revision(case: Case) -> dict[str, int]:
    return {"response_id": case.response.id, "revision": case.response.revision} if case.response else {}


async def _case(occasion: Occasion) -> Case | None:
    """What happened, as it stands now; None when what it was about is gone."""
    ticket = await tickets.by_id(occasion.ticket_id)
    if ticket is None:
        return None
    invite = await invites.by_id(occasion.invite_id) if occasion.invite_id else None
    case = Case(Event(occasion.event), "", ticket, invite)
    if case.event == Event.OVERDUE and invite is not None:
        case.response = await Response.get_or_none(invite_id=invite.id)
        if case.response is not None:
            scores = await Score.filter(response_id=case.response.id).order_by("id")
            case.scores = {one.dimension: one.value for one in scores}
            case.recovery = await Recovery.get_or_none(response_id=case.response.id)
    return case


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
