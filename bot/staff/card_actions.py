"""What staff press under a card: "t:CS202611220001:take"."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.site import Site
from bot.staff import forms
from bot.turn import Turn
from core import errors
from core.desk import conversations, tickets
from core.models.desk import Ticket
from core.models.setup import Staff
from core.ports import Acknowledgement, Form, Submitted, Tapped

PREFIX = "t:"
_ACTION = re.compile(r"t:(CS\d{12,17}):([a-z]+)")
_Values = Mapping[str, tuple[str, ...]]


def write(number: str, verb: str) -> str:
    return f"{PREFIX}{number}:{verb}"


async def act(site: Site, event: Tapped | Submitted, staff: Staff | None, *, now: datetime) -> Turn:
    """Do it, or open the form behind it. Raises errors.Refusal for who may not, and for what is not there."""
    if staff is None:  # first, for numbers can be guessed: nobody else learns which tickets there are
        raise errors.NotAllowed("only staff can do that", label="note.staff_only")
    match = _ACTION.fullmatch(event.action)
    ticket = await tickets.by_ref(match[1]) if match else None
    if match is None or ticket is None or match[2] not in _ACTS:
        raise errors.NotFound("this message is out of date", label="note.out_of_date")
    if isinstance(event, Tapped) and match[2] in _FORMS:
        form = await _FORMS[match[2]](site, event.action, staff)
        return Turn(Acknowledgement(form=replace(form, intro=forms.about(ticket))))
    values = event.values if isinstance(event, Submitted) else {}
    label = await _ACTS[match[2]](ticket, staff, values, now)
    return Turn(Acknowledgement(note=site.templates.label(label, staff.locale, number=ticket.number)))


async def _take(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> str:
    await tickets.take(ticket, staff, now=now)
    return "note.request_taken"


async def _reply(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> str:
    await conversations.reply(ticket, _one(values, "text"), by=staff, now=now)
    return "note.replied"


async def _resolve(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> str:
    """The survey follows as it does after every resolution."""
    reason = _one(values, "reason")
    if reason not in tickets.CLOSE_REASONS:
        raise errors.Invalid(f"a reason is one of {', '.join(tickets.CLOSE_REASONS)}", field="reason")
    walk = await tickets.resolve(ticket, reason=reason, result=_one(values, "result"), by=staff.name, now=now)
    if walk.repeated:
        raise errors.Conflict("this is finished already", label="note.already_finished")
    return "note.request_resolved"


_Act = Callable[[Ticket, Staff, _Values, datetime], Awaitable[str]]
_FORMS: Mapping[str, Callable[[Site, str, Staff], Awaitable[Form]]] = {
    "reply": forms.reply,
    "resolve": forms.resolve_request,
}
_ACTS: Mapping[str, _Act] = {"take": _take, "reply": _reply, "resolve": _resolve}


def _one(values: _Values, name: str) -> str:
    return next(iter(values.get(name, ())), "")
