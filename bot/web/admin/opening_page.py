"""`/admin/tickets/new`: the staff open a request for a contact, who is told its number."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.staff import called
from bot.web.admin import addresses
from bot.web.admin import desk as desks
from bot.web.admin.desk import Desk
from bot.web.admin.door import Member, Visit
from core import contacts, directory, errors, unread
from core.accounts.roles import Right
from core.desk import homes, openings
from core.desk.openings import Opening
from core.models.contacts import Contact, Reach
from core.models.desk import Priority, Ticket, TicketType
from core.models.setup import Team
from core.text import colon

router = APIRouter(include_in_schema=False)
PATH = "/admin/tickets/new"
Working = Annotated[Visit, Depends(Member(Right.WORK_TICKETS))]
Form = Mapping[str, str]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Working, contact: Annotated[int | None, Query(ge=1, lt=2**63)] = None) -> Response:
    desk, whose = await desks.at(visit), await directory.one(contact) if contact is not None else None
    team = await Team.get_or_none(id=desk.staff.team_id) if desk.staff and desk.staff.team_id else None
    fresh = {"team": team.key if team else "", "mine": "on"}
    return await _page(desk, whose, fresh)


@router.post(PATH)
async def open_one(visit: Working) -> Response:
    desk, form = await desks.at(visit), await visit.form()
    whose = await _named(form)
    opening = _read(desk, form, whose)
    wrong = [*_wrong_address(desk, opening), *openings.wrong(opening)]
    if wrong:
        return await _page(desk, whose, form, refusals=wrong)
    if opening.contact is None:
        where = addresses.checked(visit.site.channels, opening.channel, opening.address)
        opening = replace(opening, address=where)
    try:
        ticket = await openings.open_ticket(opening, by=desk.me(), account=visit.account.email,
                                            now=desk.now)  # fmt: skip
    except errors.Refusal as refusal:
        return await _page(desk, whose, form, refusals=[refusal])
    if ticket.assignee_id is not None:
        await homes.refresh(desk.me(), now=desk.now)
    return visit.back(f"/admin/tickets/{ticket.number}", said=await _how_told(visit, ticket))


async def _named(form: Form) -> Contact | None:
    """For whom it is, where the form was opened for somebody; 404 for who is not there (any more)."""
    number = form.get("contact", "")
    if not number:
        return None
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise HTTPException(404)
    return await directory.one(int(number))


def _read(desk: Desk, form: Form, whose: Contact | None) -> Opening:
    channel, address = form.get("channel", ""), form.get("address", "").strip()
    return Opening(
        once=form.get("once", ""),
        contact=whose.id if whose is not None else None,
        channel=channel if channel in desk.visit.site.channels else "",
        address=address,
        mine="mine" in form,
        **{name: form.get(name, "") for name in ("name", "locale", "type", "team", "priority", "subject", "text")},
    )


def _wrong_address(desk: Desk, opening: Opening) -> Iterator[errors.Invalid]:
    """Whether somebody new can be written to there."""
    if opening.contact is not None:
        return
    if why := addresses.wrong(desk.visit.site.channels, opening.channel, opening.address):
        yield why
    if not opening.address:
        yield errors.Invalid("an address is needed", field="address", label="contacts.address_needed")


async def _how_told(visit: Visit, ticket: Ticket) -> str:
    """Whether the customer is told, as `admin.said` has it. A web chat only keeps it until somebody comes there."""
    contact = await Contact.get(id=ticket.contact_id)
    reached = next(iter(await contacts.reachable(contact, first=ticket.channel)), None)
    if reached is None:
        return "opened_untold"
    channel = visit.site.channels.get(reached.channel)
    if channel is None or channel.kind != "webchat":
        return "opened"
    return "opened_in_chat" if contact.created_at < ticket.created_at else "opened_for_nobody_yet"


async def _page(desk: Desk, whose: Contact | None, form: Form, *, refusals: Sequence[errors.Refusal] = ()) -> Response:
    visit = desk.visit
    problems = {one.field: visit.why(one) for one in reversed(refusals)}
    kept = dict.fromkeys(("channel", "address", "name", "locale", "type", "priority", "team", "subject", "text"), "")
    teams = await Team.all().order_by("name", "key")
    return visit.draw(
        "ticket_new",
        status=422 if refusals else 200,
        desk=desk,
        contact=whose,
        who=await called.name(whose, desk.place, desk.locale) if whose is not None else "",
        form={**kept, **form, "once": form.get("once") or secrets.token_urlsafe(16)},
        channels=_ways(desk, whose),
        types=[(one.value, desk.named("ticket_type", one.value)) for one in TicketType],
        teams=[("", "—"), *((one.key, one.name or one.key) for one in teams)],
        priorities=[
            ("", visit.say("admin.opening.as_kind")),
            *((one.value, desk.named("priority", one.value)) for one in Priority),
        ],
        problems=problems,
    )


def _ways(desk: Desk, whose: Contact | None) -> Sequence[tuple[str, str]]:
    """By which channel they are told: of somebody who is known, where they are reached; else any."""
    if whose is None:
        return [("", "—"), *((name, desk.channel(name)) for name in sorted(desk.visit.site.channels))]
    rows = [row for row in directory.in_use(whose) if row.reach == Reach.OK and not unread.nobody_reads(row.address)]
    named = {row.channel: f"{desk.channel(row.channel)}{colon(desk.locale)}{row.address}" for row in reversed(rows)}
    return [(name, named[name]) for name in dict.fromkeys(row.channel for row in rows)]
