"""The forms behind the buttons of alerts and cards. What comes back carries the action that opened them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.site import Site
from bot.staff import called
from core import errors
from core.desk.tickets import CLOSE_REASONS
from core.models import lookup
from core.models.desk import Ticket
from core.models.setup import Staff
from core.ports import FieldKind, Form, FormField, Option
from core.reactions.recoveries import DISMISSALS, OUTCOMES

SNOOZES = ("15", "30", "60", "240")


async def about(ticket: Ticket, site: Site, staff: Staff) -> str:
    """Whom and what a form is about: with several alerts open nobody must answer the wrong person."""
    who = await called.name(ticket.contact, site, staff.locale)
    return " · ".join(part for part in (ticket.number, who, ticket.subject) if part)


async def assign(site: Site, action: str, staff: Staff) -> Form:
    return assign_to(await Staff.filter(active=True).order_by("name").limit(100), site, action, staff)


def assign_to(people: Sequence[Staff], site: Site, action: str, staff: Staff) -> Form:
    """The form of `assign` with these people to choose from."""
    options = tuple(Option(one.key, one.name or one.key) for one in people)
    field = FormField("assignee", _say(site, staff, "form.assignee"), FieldKind.CHOICE, options, required=True)
    return _form(site, action, staff, "assign", field)


async def assignee(values: Mapping[str, tuple[str, ...]]) -> Staff:
    """Whom the form of `assign` names."""
    to = await lookup.by_key(Staff, next(iter(values.get("assignee", ())), ""))
    if to is None or not to.active:
        raise errors.NotFound("nobody of that name works here", label="note.unknown_person")
    return to


async def resolve(site: Site, action: str, staff: Staff) -> Form:
    options = tuple(Option(one, _say(site, staff, f"outcome.{one}")) for one in OUTCOMES)
    outcome = FormField("outcome", _say(site, staff, "form.outcome"), FieldKind.CHOICE, options, required=True)
    return _form(site, action, staff, "resolve", outcome, _note(site, staff, "form.outcome_note"))


async def dismiss(site: Site, action: str, staff: Staff) -> Form:
    options = tuple(Option(one, _say(site, staff, f"dismissal.{one}")) for one in DISMISSALS)
    reason = FormField("reason", _say(site, staff, "form.dismissal"), FieldKind.CHOICE, options, required=True)
    return _form(site, action, staff, "dismiss", reason, _note(site, staff, "form.note"))


async def reply(site: Site, action: str, staff: Staff) -> Form:
    text = FormField("text", _say(site, staff, "form.reply"), FieldKind.TEXT, required=True, max_length=3000)
    return _form(site, action, staff, "reply", text)


async def resolve_request(site: Site, action: str, staff: Staff) -> Form:
    options = tuple(Option(one, _say(site, staff, f"close_reason.{one}")) for one in CLOSE_REASONS)
    label = _say(site, staff, "form.close_reason")
    reason = FormField("reason", label, FieldKind.CHOICE, options, ("solved",), required=True)
    result = FormField("result", _say(site, staff, "form.result"), FieldKind.TEXT, max_length=2000)
    return _form(site, action, staff, "resolve", reason, result)


async def snooze(site: Site, action: str, staff: Staff) -> Form:
    options = tuple(Option(one, site.templates.span(timedelta(minutes=int(one)), staff.locale)) for one in SNOOZES)
    minutes = FormField("minutes", _say(site, staff, "form.snooze"), FieldKind.CHOICE, options, ("30",), required=True)
    return _form(site, action, staff, "snooze", minutes)


def _form(site: Site, action: str, staff: Staff, verb: str, *fields: FormField) -> Form:
    return Form(
        action=action,
        title=_say(site, staff, f"form.{verb}_title"),
        submit=_say(site, staff, "button.send" if verb == "reply" else f"form.{verb}_title"),
        cancel=_say(site, staff, "button.cancel"),
        fields=fields,
    )


def _note(site: Site, staff: Staff, label: str) -> FormField:
    return FormField("note", _say(site, staff, label), FieldKind.TEXT, max_length=2000)


def _say(site: Site, staff: Staff, label: str) -> str:
    return site.templates.label(label, staff.locale)
