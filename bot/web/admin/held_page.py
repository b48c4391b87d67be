"""`/admin/held`: answers that may be a robot's, with what speaks for one; a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.staff import called
from bot.web.admin import asking
from bot.web.admin import desk as desks
from bot.web.admin.desk import Desk
from bot.web.admin.door import Member, Visit
from bot.wording import wording_of
from core.accounts.roles import Right
from core.errors import NotFound, Refusal
from core.models.invites import InviteState
from core.models.responses import HeldAnswer
from core.surveys import held
from core.text import shorten

router = APIRouter(include_in_schema=False)
PATH = "/admin/held"
PAGE = 50
EXCERPT = 600
Seeing = Annotated[Visit, Depends(Member(Right.SEE_DELIVERIES))]
Changing = Annotated[Visit, Depends(Member(Right.REPLAY_DELIVERIES))]


@dataclass(frozen=True, slots=True)
class Held:
    id: int
    number: str
    subject: str
    contact: str
    scores: str
    reasons: str
    comment: str
    excerpt: str
    """Of a long comment, how it begins; "" of one that is short."""
    doubts: tuple[str, ...]
    facts: tuple[str, ...]
    agent: str
    when: str
    change: bool
    answered: bool  # by somebody else since: it cannot count any more


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, before: Annotated[int, Query(ge=1, lt=2**63)] | None = None) -> Response:
    return await _list(visit, before=before)


@router.post(f"{PATH}/{{held_id}}/count")
async def count(visit: Changing, held_id: int) -> Response:
    return await _decided(visit, held_id, "count")


@router.post(f"{PATH}/{{held_id}}/discard")
async def discard(visit: Changing, held_id: int) -> Response:
    row, invite = await held.find(held_id)
    row.invite = invite
    return await _sure(visit, row) or await _decided(visit, held_id, "discard")


async def _sure(visit: Visit, row: HeldAnswer) -> Response | None:
    desk = await desks.at(visit)
    contact = await called.name(row.invite.contact, desk.place, desk.locale)
    shown = _row(row, contact, desk)
    return await asking.first(
        visit,
        title=visit.say("admin.held.discard_title", who=contact),
        about=f"{shown.number} · {shown.subject} · {shown.when}\n{visit.say('admin.held.discard_about')}",
        button=visit.say("admin.held.discard"),
        back=PATH,
    )


async def _decided(visit: Visit, held_id: int, verb: str) -> Response:
    decide = held.count if verb == "count" else held.discard
    account = visit.account
    try:
        await decide(held_id, by=account.email, name=account.name or account.email, now=visit.now)
    except NotFound as error:
        raise HTTPException(404) from error
    except Refusal as refusal:
        return await _list(visit, refusal=refusal)
    return visit.back(PATH, said=f"held_{verb}")


async def _list(visit: Visit, *, before: int | None = None, refusal: Refusal | None = None) -> Response:
    desk = await desks.at(visit)
    rows = await held.latest(PAGE + 1, before=before)
    who = await called.names((one.invite.contact for one in rows[:PAGE]), desk.place, desk.locale)
    return visit.draw(
        "held",
        status=409 if refusal else 200,
        rows=[_row(one, who[one.invite.contact_id], desk) for one in rows[:PAGE]],
        following=rows[PAGE - 1].id if len(rows) > PAGE else None,
        problem=visit.why(refusal) if refusal else "",
        changing=visit.may(Right.REPLAY_DELIVERIES),
    )


def _row(row: HeldAnswer, contact: str, desk: Desk) -> Held:
    invite = row.invite
    words = wording_of(invite, desk.place.templates, desk.locale)
    answer: dict[str, Any] = row.answer
    evidence = row.evidence
    doubts, comment = evidence.get("doubts"), str(answer.get("comment", ""))
    return Held(
        id=row.id,
        number=invite.ticket.number,
        subject=invite.ticket.subject,
        contact=contact,
        scores=words.told(dict(answer.get("scores", {}))),
        reasons=words.listed(words.reason(str(one)) for one in answer.get("reasons", [])),
        comment=comment,
        excerpt=shorten(comment, EXCERPT) if len(comment) > EXCERPT else "",
        doubts=tuple(desk.named("admin.held.doubt", str(one)) for one in (doubts if isinstance(doubts, list) else [])),
        facts=tuple(_facts(evidence, desk)),
        agent=str(evidence.get("agent", "")),
        when=desk.when(row.at),
        change=bool(evidence.get("change")),
        answered=invite.state == InviteState.FINISHED and not evidence.get("change"),
    )


def _facts(evidence: Mapping[str, object], desk: Desk) -> list[str]:
    """What was measured, in words; not what a doubt says already."""
    told = []
    doubts = evidence.get("doubts")
    for name, doubt in (("open_for", "too_quick"), ("since_delivery", "just_delivered")):
        if isinstance(doubts, list) and doubt in doubts:
            continue
        seconds = evidence.get(name)
        if isinstance(seconds, int | float):
            span = desk.span(timedelta(seconds=seconds)) if seconds >= 1 else desk.say("duration.under_a_second")
            told.append(desk.say(f"admin.held.fact.{name}", span=span))
    links = evidence.get("links_at_once")
    if isinstance(links, int) and links > 1:
        told.append(desk.say("admin.held.fact.links_at_once", count=links))
    return told
