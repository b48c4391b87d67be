"""Rules look at an answer each time it has settled, and at other occasions: once each, whatever happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial

from core import history, occasions, transactions
from core.desk import tickets
from core.models.contacts import Contact
from core.models.desk import EntryKind, Ticket
from core.models.invites import Invite
from core.models.reactions import Alert, Occasion, Reaction, Recovery
from core.models.responses import Band, Response, ResponseRevision, Score
from core.models.setup import Rule
from core.plumbing import jobs
from core.reactions import acting, alerts, conditions, recoveries
from core.reactions.acting import Case
from core.reactions.conditions import Facts
from core.reactions.settings import DEFAULT_RULES, Event, RuleSettings, When
from core.store.prepared import insert_all
from core.surveys import invites

AGAIN, LAST, TOO_OFTEN = "again", "last", "too_often"
"""Why a rule does nothing more: it fired for the answer before, an earlier rule was the last, or the cap is reached."""
MOST_A_DAY = 20
"""A rule fires so often for one ticket in a day, and no oftener: what it causes outside may come back to it."""
_DAY = timedelta(days=1)
Own = Mapping[str, int]
Count = Callable[[timedelta], Awaitable[int]]


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
    before = await Reaction.filter(response_id=response.id).order_by("revision")
    looked = {one.rule for one in before if one.revision == response.revision}
    fired = {one.rule: one.fired for one in before if one.revision < response.revision}
    own: Own = {"response_id": response.id, "revision": response.revision}
    again = {rule for rule, so in fired.items() if so}
    await _look(case, own, f"{response.id}.{response.revision}", looked=looked, again=again, now=now)
    if case.recovery is not None and known is None and not case.alerted:
        await jobs.enqueue(recoveries.JOB, case.recovery.id, due=case.recovery.due_at, now=now)
    if known is not None and previous is not None:
        await _tell_change(known, scores, response, previous, now=now)


@transactions.atomic
async def look(occasion_id: int, *, now: datetime) -> None:
    """The job's "look at occasion 5": the same for what is no answer."""
    occasion = await Occasion.filter(id=occasion_id).select_for_update().first()  # a job that comes twice waits here
    case = await _case(occasion) if occasion is not None else None
    if occasion is None or case is None:
        return
    looked = {one.rule for one in await Reaction.filter(occasion_id=occasion.id)}
    await _look(case, {"occasion_id": occasion.id}, f"o{occasion.id}", looked=looked, now=now)


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


async def _look(
    case: Case, own: Own, once: str, *, looked: Collection[str], again: Collection[str] = (), now: datetime
) -> None:
    """Let each rule of this event look, in order: those that have not `looked` yet, and fire unless they do so `again`.

    What they saw is written down in one statement, however many they are; should somebody else have been faster, that
    fails, and with it all that was done.
    """
    over, looks = "", []
    count = partial(_negatives, case.ticket.contact, {}, now=now)
    for rule in await occasions.ENABLED.all():
        settings = RuleSettings.model_validate(rule.settings)
        if settings.event != case.event:
            continue
        reason, values = await _why(settings.when, case, over, count)
        if not reason and case.event != Event.SETTLED and await _fires_too_often(rule, case.ticket, now=now):
            reason = TOO_OFTEN
        if rule.key not in looked:
            why = reason or (AGAIN if rule.key in again else "")
            seen = {"rule": rule.key, "fired": not reason, "why": why, "values": values, "at": now}
            failed = [] if why else await _fire(rule, settings, case, once, now=now)
            values |= {} if why else {"then": [step.model_dump(mode="json") for step in settings.then]}
            looks.append({**own, **seen, "failed": failed})
        if settings.last and not reason:
            over = rule.key
    await insert_all(Reaction, looks)


async def _why(when: When, case: Case, over: str, count: Count) -> tuple[str, dict[str, object]]:
    """Why the rule does not fire, and the values for its words; "" when it does, and what held with what was found."""
    if over:
        return LAST, {"rule": over}
    negatives = await count(when.repeat.span) if when.repeat else 0
    found = list(conditions.look(when, facts_of(case, negatives)))
    not_met = next((one for one in found if not one.holds), None)
    if not_met is not None:
        return not_met.name, not_met.values
    return "", {"met": [{"name": one.name, **one.values} for one in found]}


async def _negatives(contact: Contact, known: dict[timedelta, int], span: timedelta, *, now: datetime) -> int:
    """How often the contact was unhappy within the span of `repeat`, this time included; each span is counted once."""
    if span not in known:
        known[span] = await Response.filter(
            invite__contact_id=contact.id, band=Band.NEGATIVE, created_at__gt=now - span, created_at__lte=now
        ).count()
    return known[span]


async def _fires_too_often(rule: Rule, ticket: Ticket, *, now: datetime) -> bool:
    lately = Reaction.filter(rule=rule.key, fired=True, occasion__ticket_id=ticket.id, at__gt=now - _DAY)
    return await lately.count() >= MOST_A_DAY


async def _fire(rule: Rule, settings: RuleSettings, case: Case, once: str, *, now: datetime) -> list[dict[str, object]]:
    """Do what it says; answers with what could not be done."""
    case.once = f"{rule.id}:{once}"
    if case.event == Event.SETTLED and case.response is not None:
        case.recovery = await Recovery.get_or_none(response_id=case.response.id)
    await history.write(case.ticket, EntryKind.RULE, label="history.rule", values={"rule": rule.key}, now=now)
    return [one.kept for one in await acting.act(rule.key, settings.then, case, now=now)]


async def _case(occasion: Occasion) -> Case | None:
    """What happened, as it stands now; None when what it was about is gone, or whom it was about is erased."""
    ticket = await tickets.by_id(occasion.ticket_id)
    if ticket is None or ticket.contact.erased_at is not None:
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
        event = "changed" if any(one["old"] for one in changes) else "rated_more"
        await alerts.tell(alert, "alert_update", line, now=now, event=event, changes=changes)
    if response.comment != previous.comment:
        line = f"comment:{response.revision}"
        await alerts.tell(alert, "alert_update", line, now=now, event="comment_added", text=response.comment)
