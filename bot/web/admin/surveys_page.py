"""`/admin/surveys`: what is asked, in the order in which surveys win; moved, tried on a ticket, removed."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from bot.web.admin import asking, survey_sentences, ticks
from bot.web.admin.door import Member, Visit
from bot.web.admin.survey_sentences import PATH, settings_of
from core import setup as setups
from core.accounts.roles import Right
from core.desk import tickets
from core.errors import NotFound
from core.models.desk import EntryKind, Ticket, TicketEntry
from core.models.setup import Survey
from core.setup import Stale, keys
from core.surveys import coverage, eligibility, invites, ordering
from core.surveys.settings import SurveySettings

router = APIRouter(include_in_schema=False)
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, ticket: Annotated[str, Query(max_length=80)] = "") -> Response:
    return await _list(visit, ticket=ticket.strip())


@router.post(f"{PATH}/order")
async def move(visit: Changing) -> Response:
    """`do` is "up" or "down", `order` the keys as the page showed them, one a line."""
    form = await visit.form()
    seen = form.get("order", "").replace("\r", "").split("\n")
    try:
        by = {"up": -1, "down": 1}.get(form.get("do", ""), 0)
        await ordering.move(form.get("key", ""), by, seen=seen, actor=visit.account.email, now=visit.now)
    except Stale:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    return visit.back(PATH, said="surveys_moved")


@router.post(f"{PATH}/remove")
async def remove(visit: Changing) -> Response:
    """Asks first. The key comes in the form: one that is there already may be one that cannot stand in an address."""
    form = await visit.form()
    seen, mark = await setups.find("surveys", form.get("key", "")), form.get("seen", "")
    if seen is None:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    sentence = survey_sentences.sentence(visit, settings_of(seen), await ticks.options(visit))
    question = await asking.first(
        visit,
        title=visit.say("surveys.remove_title", name=seen.key),
        about=f"{sentence}\n{visit.say('surveys.remove_hint')}",
        button=visit.say("surveys.remove_survey"),
        back=f"{PATH}/{quote(seen.key, safe='')}" if keys.is_good(seen.key) else PATH,
    )
    if question is not None:
        return question
    try:
        await setups.remove("surveys", seen.key, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale:
        return await _list(visit, problem=visit.say("surveys.order_stale"), status=409)
    return visit.back(PATH, said="surveys_removed")


async def _list(visit: Visit, *, ticket: str = "", problem: str = "", status: int = 200) -> Response:
    surveys = [(one, settings_of(one)) for one in await setups.read("surveys")]
    covered = coverage.never_wins([(one.key, settings) for one, settings in surveys])
    known = await ticks.options(visit)
    return visit.draw(
        "surveys",
        status=status,
        surveys=[
            {
                "key": one.key,
                "mark": one.mark,
                "opens": keys.is_good(one.key),
                "sentence": survey_sentences.sentence(visit, settings, known),
                "anonymous": settings.anonymous,
                "warnings": survey_sentences.warnings(visit, settings, covered.get(one.key, ()), known),
            }
            for one, settings in surveys
        ],
        removed=await _removed({one.key for one, _ in surveys}),
        order="\n".join(one.key for one, _ in surveys),
        ticket=ticket,
        tried=await _try(visit, ticket, [(one.key, settings) for one, settings in surveys]) if ticket else None,
        problem=problem,
        changing=visit.may(Right.CHANGE_SETUP),
    )


async def _try(visit: Visit, name: str, surveys: list[tuple[str, SurveySettings]]) -> dict[str, Any]:
    """Which survey would ask about this ticket now, and why each of the others would not."""
    try:
        found = await tickets.find(name)
    except NotFound:
        return {"ticket": None}
    ticket = await Ticket.get(id=found.id).select_related("contact", "team")
    person = await invites.traits_of(ticket.contact, [one for _, one in surveys], now=visit.now)
    closed = await TicketEntry.filter(ticket_id=ticket.id, kind=EntryKind.RESOLVED).order_by("-id").first()
    traits = tickets.traits_of(ticket, by=closed.actor if closed else "")
    winner, verdict = eligibility.judge(surveys, traits, person, now=visit.now)
    unmet = {
        key: list(eligibility.unmet_conditions(settings.conditions, traits, person.tier)) for key, settings in surveys
    }
    return {"ticket": ticket, "winner": winner, "verdict": verdict, "unmet": unmet}


async def _removed(current: set[str]) -> list[str]:
    """The keys of surveys that were asked once and are asked no more."""
    found = {row["key"] for row in await Survey.filter(current=False).distinct().values("key")}
    return sorted(key for key in found - current if keys.is_good(key))
