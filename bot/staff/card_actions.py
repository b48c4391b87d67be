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
from core.desk import homes, tickets
from core.models.desk import Ticket
from core.models.setup import Staff
from core.ports import Acknowledgement, Form, Submitted, Tapped
from core.reactions import recoveries, requests

PREFIX = "t:"
_ACTION = re.compile(r"t:(CS\d{12,17}):([a-z]+)")
_Values = Mapping[str, tuple[str, ...]]
_Said = tuple[str, Mapping[str, object]]
"""A label, and what stands in it."""
_Form = Callable[[Site, str, Staff], Awaitable[Form]]


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
        form = await (await _form(match[2], ticket))(site, event.action, staff)
        return Turn(Acknowledgement(form=replace(form, intro=await forms.about(ticket, site, staff))))
    values = event.values if isinstance(event, Submitted) else {}
    label, said = await _ACTS[match[2]](ticket, staff, values, now)
    return Turn(Acknowledgement(note=site.templates.label(label, staff.locale, **said)))


async def _take(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> _Said:
    await requests.take(ticket, staff, now=now)
    return "note.request_taken", {"number": ticket.number}


async def _assign(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> _Said:
    to, before = await forms.assignee(values), ticket.assignee
    await requests.assign(ticket, to, by=staff, now=now)
    for one in (to, before):
        if one is not None and one.id != staff.id:
            await homes.refresh(one, now=now)
    return "note.assigned", {"name": to.name}


async def _reply(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> _Said:
    await requests.reply(ticket, _one(values, "text"), by=staff, now=now)
    return "note.replied", {}


async def _resolve(ticket: Ticket, staff: Staff, values: _Values, now: datetime) -> _Said:
    """The survey follows as it does after every resolution."""
    end = _one(values, "outcome") or _one(values, "reason")
    await requests.resolve(ticket, end, _one(values, "note") or _one(values, "result"), by=staff, now=now)
    return "note.request_resolved", {"number": ticket.number}


async def _form(verb: str, ticket: Ticket) -> _Form:
    """While the staff are alerted about it, or a recovery is open, resolving it ends that too, with an outcome."""
    if verb == "resolve" and await recoveries.under_way(ticket) is not None:
        return forms.resolve
    return _FORMS[verb]


_Act = Callable[[Ticket, Staff, _Values, datetime], Awaitable[_Said]]
_FORMS: Mapping[str, _Form] = {
    "assign": forms.assign,
    "reply": forms.reply,
    "resolve": forms.resolve_request,
}
_ACTS: Mapping[str, _Act] = {"take": _take, "assign": _assign, "reply": _reply, "resolve": _resolve}


def _one(values: _Values, name: str) -> str:
    return next(iter(values.get(name, ())), "")
