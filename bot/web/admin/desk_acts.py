"""What can be done from the browser about alerts, recoveries and tickets: as in Slack, each with an audit line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from bot.staff import forms
from bot.web.admin.desk import Desk
from core import audit, errors
from core.desk import homes, meanwhile, tickets
from core.models import lookup
from core.models.desk import OPEN_STATUSES, Priority, Ticket
from core.models.reactions import Alert
from core.models.setup import Staff
from core.reactions import recoveries, requests
from core.reactions.recoveries import About
from core.surveys import by_hand

Form = Mapping[str, str]
OF_ALERTS = ("take", "reply", "assign", "snooze", "resolve", "dismiss")
OF_TICKETS = ("take", "reply", "note", "assign", "snooze", "resolve", "dismiss", "reopen", "priority", "survey")
_MOST = {"text": 3000, "note": 2000, "result": 2000, "because": 2000, "reason": by_hand.REASON_LIMIT}
_Did = Awaitable[str]
"""The words that pass by."""


async def about_alert(desk: Desk, about: About, verb: str, form: Form) -> str:
    """Do it in one unit of work with its audit line; answers with what to tell. Raises errors.Refusal.

    A recovery without an alert is acted on in the same way; there is only no alert of it to be put off.
    """
    act = _OF_ALERTS[verb]
    return await _done(desk, about.ticket, verb, form, lambda: act(desk, about, form))


async def about_ticket(desk: Desk, ticket: Ticket, verb: str, form: Form) -> str:
    """The same under a ticket; while the staff are alerted about it, it is about the alert as well."""
    act = _OF_TICKETS[verb]
    name = "reply_reopen" if verb == "reply" and form.get("reopen") else verb
    return await _done(desk, ticket, name, form, lambda: act(desk, ticket, form))


async def _done(desk: Desk, ticket: Ticket, verb: str, form: Form, work: Callable[[], _Did]) -> str:
    _check(form)
    me, before = desk.me(), await Staff.get_or_none(id=ticket.assignee_id) if ticket.assignee_id else None
    told = {name: form[name] for name in _KEPT.get(verb, ()) if form.get(name)}
    by = desk.visit.account.email
    ends_recovery = verb == "resolve" and await recoveries.under_way(ticket) is not None
    what = "end" if ends_recovery else verb
    said = await audit.doing(
        work, by, f"ticket.{_PAST[what]}", f"ticket:{ticket.number}", after={"as": me.key, **told}, now=desk.now
    )
    for one in {person.id: person for person in (me, before, await _given(verb, form)) if person}.values():
        await homes.refresh(one, now=desk.now)
    return said


_PAST = {
    "take": "taken",
    "reply": "replied",
    "reply_reopen": "replied_and_reopened",
    "note": "noted",
    "assign": "assigned",
    "snooze": "snoozed",
    "resolve": "resolved",
    "end": "recovery_closed",
    "dismiss": "dismissed",
    "reopen": "reopened",
    "priority": "prioritised",
    "survey": "surveyed",
}
_KEPT = {
    "assign": ("assignee",),
    "snooze": ("minutes",),
    "resolve": ("outcome", "reason"),
    "dismiss": ("reason",),
    "priority": ("priority",),
}
"""What of the form the audit keeps; words to customers and notes stand in the ticket's history alone."""


def _check(form: Form) -> None:
    for name, most in _MOST.items():
        if len(form.get(name, "")) > most:
            raise errors.Invalid("too long", field=name, label="note.too_long", limit=most)


async def _given(verb: str, form: Form) -> Staff | None:
    return await lookup.by_key(Staff, form.get("assignee", "")) if verb == "assign" else None


async def _assignee(form: Form) -> Staff:
    if not form.get("assignee"):
        raise errors.Invalid("say to whom", field="assignee", label="admin.desk.choose")
    return await forms.assignee({"assignee": (form["assignee"],)})


def _one_of(form: Form, name: str, allowed: tuple[str, ...]) -> str:
    if form.get(name, "") not in allowed:
        raise errors.Invalid(f"choose one of {', '.join(allowed)}", field=name, label="admin.desk.choose")
    return form[name]


# ---------------------------------------------------------------- about an alert


async def _take(desk: Desk, about: About, form: Form) -> str:
    await recoveries.take(about, desk.me(), now=desk.now)
    return desk.say("admin.desk.taken")


async def _reply(desk: Desk, about: About, form: Form) -> str:
    await meanwhile.check(about.ticket, form.get("seen", ""), by=desk.me())
    if isinstance(about, Alert):
        await recoveries.reply(about, form.get("text", ""), by=desk.me(), now=desk.now)
    else:
        await requests.reply(about.ticket, form.get("text", ""), by=desk.me(), now=desk.now)
    return desk.say("note.replied")


async def _assign(desk: Desk, about: About, form: Form) -> str:
    to = await _assignee(form)
    await recoveries.assign(about, to, by=desk.me(), now=desk.now)
    return desk.say("note.assigned", name=to.name or to.key)


async def _snooze(desk: Desk, about: About, form: Form) -> str:
    if not isinstance(about, Alert):
        raise errors.Conflict("nobody is alerted about it", label="note.out_of_date")
    until = desk.now + timedelta(minutes=int(_one_of(form, "minutes", forms.SNOOZES)))
    await recoveries.snooze(about, until, by=desk.me(), now=desk.now)
    return desk.say("note.snoozed", until=desk.when(until))


async def _resolve(desk: Desk, about: About, form: Form) -> str:
    await meanwhile.check(about.ticket, form.get("seen", ""), by=desk.me())
    outcome = _one_of(form, "outcome", recoveries.OUTCOMES)
    await recoveries.resolve(about, outcome, form.get("note", ""), by=desk.me(), now=desk.now)
    return desk.say("admin.desk.resolved" if outcome == "not_reachable" else "note.resolved")


async def _dismiss(desk: Desk, about: About, form: Form) -> str:
    reason = _one_of(form, "reason", recoveries.DISMISSALS)
    await recoveries.dismiss(about, reason, form.get("note", ""), by=desk.me(), now=desk.now)
    return desk.say("note.dismissed")


_OF_ALERTS: Mapping[str, Callable[[Desk, About, Form], _Did]] = {
    "take": _take,
    "reply": _reply,
    "assign": _assign,
    "snooze": _snooze,
    "resolve": _resolve,
    "dismiss": _dismiss,
}


# ---------------------------------------------------------------- about a ticket


async def _ticket_take(desk: Desk, ticket: Ticket, form: Form) -> str:
    await requests.take(ticket, desk.me(), now=desk.now)
    return desk.say("admin.desk.taken")


async def _ticket_reply(desk: Desk, ticket: Ticket, form: Form) -> str:
    """Of what is over, too; on request it is open again then."""
    await meanwhile.check(ticket, form.get("seen", ""), by=desk.me())
    if form.get("reopen"):
        await _reopen(desk, ticket, "")
    await requests.reply(ticket, form.get("text", ""), by=desk.me(), now=desk.now)
    return desk.say("note.replied")


async def _ticket_note(desk: Desk, ticket: Ticket, form: Form) -> str:
    if not form.get("note", "").strip():
        raise errors.Invalid("write the note", field="note", label="admin.desk.nothing_noted")
    await tickets.note(ticket, form["note"], by=desk.me().name, now=desk.now)
    return desk.say("admin.desk.noted")


async def _ticket_assign(desk: Desk, ticket: Ticket, form: Form) -> str:
    to = await _assignee(form)
    await requests.assign(ticket, to, by=desk.me(), now=desk.now)
    return desk.say("note.assigned", name=to.name or to.key)


async def _under_way(ticket: Ticket) -> About:
    about = await recoveries.under_way(ticket)
    if about is None:
        raise errors.Conflict("this is finished already", label="note.already_finished")
    return about


async def _ticket_snooze(desk: Desk, ticket: Ticket, form: Form) -> str:
    return await _snooze(desk, await _under_way(ticket), form)


async def _ticket_dismiss(desk: Desk, ticket: Ticket, form: Form) -> str:
    return await _dismiss(desk, await _under_way(ticket), form)


async def _ticket_resolve(desk: Desk, ticket: Ticket, form: Form) -> str:
    """While staff are alerted the form asks for an outcome; whichever it had is understood, as in Slack."""
    await meanwhile.check(ticket, form.get("seen", ""), by=desk.me())
    end = form.get("outcome") or _one_of(form, "reason", tickets.CLOSE_REASONS)
    words = form.get("note") or form.get("result") or ""
    await requests.resolve(ticket, end, words, by=desk.me(), now=desk.now)
    return desk.say("note.request_resolved", number=ticket.number)


async def _ticket_reopen(desk: Desk, ticket: Ticket, form: Form) -> str:
    if not await _reopen(desk, ticket, form.get("because", "")):
        raise errors.Conflict("it is open already", label="admin.desk.open_already")
    return desk.say("admin.desk.reopened")


async def _reopen(desk: Desk, ticket: Ticket, because: str) -> bool:
    who = desk.me().name
    label, values = "history.reopened_by", {"name": who}
    return await tickets.reopen(
        ticket, because=because, by=who, label=label, values=dict(values), tell=True, now=desk.now
    )


async def _ticket_priority(desk: Desk, ticket: Ticket, form: Form) -> str:
    wanted = _one_of(form, "priority", tuple(one.value for one in Priority))
    await tickets.set_priority(ticket, Priority(wanted), by=desk.me().name, now=desk.now)
    return desk.say("admin.said.saved")


async def _ticket_survey(desk: Desk, ticket: Ticket, form: Form) -> str:
    decision, invite = await by_hand.send(ticket, reason=form.get("reason", ""), by=desk.me().name, now=desk.now)
    if invite is None:
        return desk.say("admin.desk.not_asked", why=desk.say(f"decision.{decision.reason}", **decision.values))
    return desk.say("note.survey_sent", number=ticket.number)


_OF_TICKETS: Mapping[str, Callable[[Desk, Ticket, Form], _Did]] = {
    "take": _ticket_take,
    "reply": _ticket_reply,
    "note": _ticket_note,
    "assign": _ticket_assign,
    "snooze": _ticket_snooze,
    "resolve": _ticket_resolve,
    "dismiss": _ticket_dismiss,
    "reopen": _ticket_reopen,
    "priority": _ticket_priority,
    "survey": _ticket_survey,
}


def possible(ticket: Ticket, *, alerted: bool, is_taken: bool, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """What the ticket allows now, in the order in which it is shown; `beside` is what its alert allows as well."""
    if ticket.status not in OPEN_STATUSES and not alerted:
        return ("reply", "note", "reopen", "survey", "priority")
    untouched = ticket.status in tickets.UNTOUCHED or ticket.assignee_id is None
    free = not is_taken if alerted else untouched
    verbs = (*(("take",) if free else ()), "reply", "note", "assign", *beside, "resolve", "priority", "survey")
    return tuple(sorted(set(verbs), key=OF_TICKETS.index))
