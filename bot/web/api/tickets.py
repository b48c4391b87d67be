"""`GET /api/v1/tickets`: the tickets, one ticket, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from bot.staff import called
from bot.web.api import names, paging, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.policies import Reader
from bot.web.site import Here
from core.desk import attachments, tickets
from core.models.desk import Attachment, Priority, Ticket, TicketEntry, TicketStatus
from core.models.invites import Decision

router = APIRouter(prefix="/api/v1", tags=["Tickets"])


class Filter(paging.Paged):
    status: TicketStatus | None = None
    priority: Priority | None = None
    team: str | None = None
    channel: str | None = None


@router.get("/tickets", response_model=shapes.Page[shapes.TicketShape], responses=REFUSALS, summary="List tickets")
async def every(site: Here, asked: Annotated[Filter, Query()], _: Reader) -> Response:
    """Newest first."""
    rows = Ticket.all().select_related("contact", "team", "assignee")
    for field, wanted in (("status", asked.status), ("priority", asked.priority), ("channel", asked.channel)):
        if wanted is not None:
            rows = rows.filter(**{field: wanted})
    if asked.team is not None:
        rows = rows.filter(team__key=asked.team)
    found, after = await paging.page(rows, asked)
    who = await called.names((row.contact for row in found), site.place(), "")
    items = [shapes.TicketShape(**_fields(row, who)) for row in found]
    return answer(shapes.Page[shapes.TicketShape](items=items, next_cursor=after))


@router.get("/tickets/{ticket}", response_model=shapes.TicketWithDecisions, responses=REFUSALS, summary="One ticket")
async def one(site: Here, ticket: str, _: Reader) -> Response:
    """By id (`tkt_17`), number (`CS202611220001`) or your own ref."""
    row = await tickets.find(ticket)
    who = await called.names([row.contact], site.place(), "")
    decisions = [names.decision(one) for one in await Decision.filter(ticket_id=row.id).order_by("id")]
    files = [names.attachment(one) for one in await attachments.of_ticket(row)]
    return answer(shapes.TicketWithDecisions(**_fields(row, who), decisions=decisions, attachments=files))


@router.get(
    "/tickets/{ticket}/history",
    response_model=shapes.Page[shapes.EntryShape],
    responses=REFUSALS,
    summary="What happened to a ticket",
)
async def history(ticket: str, asked: Annotated[paging.Paged, Query()], _: Reader) -> Response:
    """Newest first; internal lines too."""
    rows = TicketEntry.filter(ticket_id=(await tickets.find(ticket)).id)
    found, after = await paging.page(rows, asked)
    sent_along = await attachments.of_entries([row.id for row in found])
    items = [_entry(row, sent_along.get(row.id, [])) for row in found]
    return answer(shapes.Page[shapes.EntryShape](items=items, next_cursor=after))


def _entry(row: TicketEntry, files: list[Attachment]) -> shapes.EntryShape:
    said = ("kind", "cycle", "actor", "internal", "text", "label", "values", "at")
    shape = {name: getattr(row, name) for name in said}
    return shapes.EntryShape(**shape, attachments=[names.attachment(one) for one in files])


def _fields(row: Ticket, who: Mapping[int, str]) -> dict[str, Any]:
    staff = row.assignee
    return {
        **names.ticket(row).model_dump(),
        "subject": row.subject,
        "type": row.type,
        "priority": row.priority,
        "channel": row.channel,
        "team": row.team.key if row.team else None,
        "assignee": shapes.StaffName(name=staff.name, email=staff.email) if staff else None,
        "contact": names.contact(row.contact, who),
        "tags": row.tags,
        "cycle": row.cycle,
        "reopened_by_rating": row.reopened_by_rating,
        "close_reason": row.close_reason,
        "result": row.result,
        "created_at": row.created_at,
        "resolved_at": row.resolved_at,
    }
