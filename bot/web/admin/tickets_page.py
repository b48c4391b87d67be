"""`/admin/tickets`: finding tickets, and one ticket with all that happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from bot.staff import called, cards
from bot.web.admin import behind_choice, days, desk_acts, desk_items, ticket_story, tickets_behind
from bot.web.admin import desk as desks
from bot.web.admin.board_choice import NONE
from bot.web.admin.desk import Desk
from bot.web.admin.door import Member, Visit
from bot.web.admin.inbox_page import Failed
from bot.web.api.attachments import download
from core import errors
from core.accounts.roles import Right
from core.desk import attachments, searching, tickets
from core.insight import behind, inbox, story
from core.models.desk import OPEN_STATUSES, Ticket, TicketStatus
from core.models.reactions import Recovery
from core.models.setup import Team
from core.reactions import recoveries

router = APIRouter(include_in_schema=False)
PATH = "/admin/tickets"
PAGE, LINES = 50, 400
Seeing = Annotated[Visit, Depends(Member(Right.SEE_TICKETS))]
Working = Annotated[Visit, Depends(Member(Right.WORK_TICKETS))]


class Asked(BaseModel):
    """What the search form says. Whatever makes no sense is left out: an address that was typed must not fail."""

    model_config = ConfigDict(extra="ignore")

    q: str = Field("", max_length=200)
    status: str = Field("", max_length=40)
    team: str = Field("", max_length=60)
    whose: str = Field("", max_length=10)
    since: str = Field("", max_length=20)
    until: str = Field("", max_length=20)
    said: str = Field("", max_length=10, alias="messages")
    before: int | None = Field(None, ge=1, lt=2**63)


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, asked: Annotated[Asked, Query()]) -> Response:
    desk = await desks.at(visit)
    if narrowed := behind_choice.of(visit.request.query_params):
        if not visit.may(Right.SEE_BOARD):
            raise errors.NotAllowed("who may not see the board may not cut by it", label="admin.forbidden")
        return await tickets_behind.draw(desk, narrowed, before=asked.before)
    teams = await Team.all().order_by("name", "key")
    rows = await searching.search(_wanted(asked, teams, desk), PAGE + 1, before=asked.before)
    if len(rows) == 1 and asked.q.strip().upper() == rows[0].number:
        return RedirectResponse(f"{PATH}/{rows[0].number}", 303)
    kept = {name: value for name, value in asked.model_dump(by_alias=True).items() if value and name != "before"}
    said = await behind.latest([one.id for one in rows[:PAGE]])
    return visit.draw(
        "tickets",
        desk=desk,
        rows=await tickets_behind.of_tickets(rows[:PAGE], said, desk),
        statuses=[
            ("", visit.say("admin.tickets.any")),
            (searching.OPEN, visit.say("admin.tickets.open")),
            *_statuses(visit),
        ],
        teams=[
            ("", visit.say("admin.tickets.any")),
            *((one.key, one.name or one.key) for one in teams),
            (NONE, visit.say("board.none")),
        ],
        whoses=_whoses(desk),
        views=tickets_behind.views(desk, asked.whose),
        asked=asked,
        filtered=bool(kept),
        following=urlencode({**kept, "before": rows[PAGE - 1].id}) if len(rows) > PAGE else "",
    )


def _whoses(desk: Desk) -> list[tuple[str, str]]:
    mine = [(tickets_behind.MINE, desk.say("admin.tickets.mine"))] if desk.staff is not None else []
    return [("", desk.say("admin.tickets.any")), *mine, (tickets_behind.NOBODYS, desk.say("admin.tickets.nobodys"))]


def _statuses(visit: Visit) -> list[tuple[str, str]]:
    return [(one.value, visit.say(f"ticket_status.{one.value.removesuffix('_for_customer')}")) for one in TicketStatus]


def _wanted(asked: Asked, teams: list[Team], desk: Desk) -> searching.Wanted:
    until = days.midnight(asked.until, desk.zone)
    known = {searching.OPEN, *(one.value for one in TicketStatus)}
    return searching.Wanted(
        words=asked.q,
        status=asked.status if asked.status in known else "",
        team=searching.NONE if asked.team == NONE else next((one.id for one in teams if one.key == asked.team), None),
        assignee=_assignee(asked.whose, desk),
        since=days.midnight(asked.since, desk.zone),
        until=until + timedelta(days=1) if until else None,
        in_messages=bool(asked.said),
    )


def _assignee(whose: str, desk: Desk) -> int | None:
    if whose == tickets_behind.NOBODYS:
        return searching.NONE
    return desk.staff.id if whose == tickets_behind.MINE and desk.staff is not None else None


# ---------------------------------------------------------------- one ticket


@router.api_route(f"{PATH}/{{number}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, number: str) -> Response:
    return await _page(await desks.at(visit), await _found(number))


@router.post(f"{PATH}/{{number}}/{{verb}}")
async def act(visit: Working, number: str, verb: str) -> Response:
    ticket = await _found(number)
    if verb not in desk_acts.OF_TICKETS:
        raise HTTPException(404)
    desk, form = await desks.at(visit), await visit.form()
    try:
        said = await desk_acts.about_ticket(desk, ticket, verb, form)
    except errors.Refusal as refusal:
        news = await desk_items.news(refusal, ticket, desk)
        failed = Failed("", verb, refusal.field, visit.why(refusal), form, news)
        return await _page(desk, await _found(number), failed=failed)
    if verb == "survey":  # what was decided is not the same every time
        return await _page(desk, await _found(number), told=said)
    return visit.back(f"{PATH}/{ticket.number}", said=f"desk_{verb}")


@router.get(f"{PATH}/{{number}}/files/{{file_id}}")
async def file(visit: Seeing, number: str, file_id: int) -> Response:
    """One attachment of this ticket, as a download and as nothing else."""
    ticket = await _found(number)
    try:
        row = await attachments.stored(f"att_{file_id}")
    except errors.NotFound as error:
        raise HTTPException(404) from error
    if row.ticket_id != ticket.id:
        raise HTTPException(404)
    return download(row)


async def _found(number: str) -> Ticket:
    ticket = await tickets.by_ref(number[:200])
    if ticket is None:
        raise HTTPException(404)
    return ticket


async def _page(desk: Desk, ticket: Ticket, *, failed: Failed | None = None, told: str = "") -> Response:
    found = await story.of(ticket, most=LINES)
    alerted = await desk_items.items(await inbox.of_ticket(ticket.id), desk)
    who = await called.name(ticket.contact, desk.place, desk.locale)
    return desk.visit.draw(
        "ticket",
        status=409 if failed else 200,
        desk=desk,
        ticket=ticket,
        who=who,
        facts=_facts(ticket, desk, recovery=await recoveries.that_resolved(ticket)),
        ratings=ticket_story.ratings(found, desk),
        talk=ticket_story.talk(found, who, desk),
        chapters=await ticket_story.chapters(found, who, desk),
        cut=found.cut,
        alerted=alerted,
        verbs=_verbs(ticket, alerted) if desk.acting else (),
        seen=max((one.id for one in found.entries), default=0),
        is_over=ticket.status not in OPEN_STATUSES,
        choices=await desk_items.choices(desk),
        failed=failed,
        told=told,
    )


def _verbs(ticket: Ticket, alerted: Sequence[desk_items.Item]) -> tuple[str, ...]:
    """The newest alert is the one that goes with the ticket."""
    if not alerted:
        return desk_acts.possible(ticket, alerted=False, is_taken=False)
    newest = alerted[0]
    return desk_acts.possible(ticket, alerted=True, is_taken=not newest.is_open, beside=newest.verbs_beside)


def _facts(ticket: Ticket, desk: Desk, *, recovery: Recovery | None) -> Mapping[str, str]:
    """`recovery`: with whose closing it was resolved; the result was then written for the team alone."""
    nobody = desk.say("alert.nobody")
    end = desk.named("outcome", recovery.outcome) if recovery else desk.named("close_reason", ticket.close_reason)
    facts = {
        "status": cards.status_of(ticket, desk.place, desk.locale),
        "owner": ticket.assignee.name or ticket.assignee.key if ticket.assignee else nobody,
        "team": ticket.team.name or ticket.team.key if ticket.team else "",
        "priority": desk.named("priority", ticket.priority.value),
        "type": desk.named("ticket_type", ticket.type),
        "channel": desk.channel(ticket.channel),
        "tags": desk.visit.listed(ticket.tags),
        "ref": ticket.ref or "",
        "created": desk.when(ticket.created_at),
        "resolved": desk.when(ticket.resolved_at) if ticket.resolved_at else "",
        "end": end if ticket.resolved_at and ticket.close_reason else "",
        "result_inside" if recovery else "result": ticket.result if ticket.resolved_at else "",
    }
    return {name: value for name, value in facts.items() if value}
