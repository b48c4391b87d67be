"""`/r/{token}`: the survey behind each link. Looking never rates; what a robot may have sent waits for one more tap."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from bot.trials import samples
from bot.web import pages, policies, reading, robots, sessions, survey_form, survey_screens, visitors
from bot.web.site import Here
from bot.web.survey_screens import Screen
from core import errors
from core.surveys import visits
from core.surveys.visits import Answer, Evidence

router = APIRouter(dependencies=[policies.public], include_in_schema=False)


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
async def look(request: Request, site: Here, token: str) -> Response:
    """Writes no rating: at most a row that says that the page was opened."""
    if token == samples.LINK:
        return pages.trial(request)
    screen = await _screen(request, site, token)
    refused = await screen.closed()
    if refused is not None:
        return refused
    changes = screen.has_change_link()
    if await screen.is_theirs() and not changes:
        return await screen.thanks()
    if await screen.is_finished() and not changes:
        return await screen.notice("answered")
    overall = survey_form.score(request.query_params.get("overall", ""))
    before = await screen.before() if changes else Answer({})
    scores = {**before.scores, **({"overall": overall} if overall else {})}
    nonce = await _open(request, screen, overall)
    return await screen.form(Answer(scores, before.reasons, before.comment), nonce=nonce)


@router.get("/r/{token}/seen.css")
async def seen(request: Request, site: Here, token: str) -> Response:
    """The page's witness: browsers fetch it to draw the page."""
    screen = await _screen(request, site, token)
    nonce = request.query_params.get("v", "")[:100]
    await visits.shown(screen.invite, nonce=nonce, session=screen.session, now=site.clock())
    return Response(".seen{opacity:1}\n", media_type="text/css")


@router.post("/r/{token}")
async def send(request: Request, site: Here, token: str) -> Response:
    screen = await _screen(request, site, token, sends=True)
    fields = await reading.form(request)
    screen.language(survey_form.first(fields, survey_form.LANGUAGE))
    refused = await screen.closed()
    if refused is not None:
        return refused
    answer = survey_form.answer(fields, screen.words.settings)
    nonce = survey_form.first(fields, survey_form.NONCE)
    screen.change = survey_form.first(fields, survey_form.CHANGE)
    try:
        survey_form.check(answer)
        return await _judge(request, screen, answer, nonce)
    except errors.Invalid as wrong:
        return await screen.form(answer, nonce=nonce, wrong=wrong, status=422)


@router.post("/r/{token}/confirm")
async def confirm(request: Request, site: Here, token: str) -> Response:
    """The one more tap. It needs no cookie: whoever blocks them can rate too."""
    screen = await _screen(request, site, token, sends=True)
    fields = await reading.form(request)
    screen.language(survey_form.first(fields, survey_form.LANGUAGE))
    refused = await screen.closed()
    if refused is not None:
        return refused
    screen.change = survey_form.first(fields, survey_form.CHANGE)
    nonce = survey_form.first(fields, survey_form.NONCE)
    waiting = await visits.held(screen.invite, confirm=nonce)
    if waiting is None:
        return RedirectResponse(screen.address(), 303)
    known = await visits.evidence(screen.invite, nonce=nonce, session=screen.session, now=site.clock())
    if robots.too_quick(known):
        return screen.one_more_tap(waiting, nonce=nonce)
    try:
        changes = await screen.may_overwrite()
        await visits.confirm(screen.invite, nonce=nonce, changes=changes, now=site.clock())
    except errors.Conflict:
        await visits.hold_change(screen.invite, waiting, _kept(request, known, ()), now=site.clock())
        return await screen.notice("answered")
    except errors.Invalid as wrong:
        return await screen.form(waiting, nonce=await _open(request, screen, None), wrong=wrong, status=422)
    return RedirectResponse(screen.address(thanks=True), 303)


async def _judge(request: Request, screen: Screen, answer: Answer, nonce: str) -> Response:
    """A person's answer counts; a robot's, perhaps, waits; what would overwrite a person's is kept aside."""
    site, invite, now = screen.site, screen.invite, screen.site.clock()
    known = await visits.evidence(invite, nonce=nonce, session=screen.session, now=now)
    ours = await visits.answered_by(invite, screen.session)
    agent = request.headers.get("user-agent", "")
    doubts = () if ours else robots.doubts(known, robots.Request(agent, request.headers.get("sec-fetch-site", "")))
    may_change = await screen.may_overwrite()
    if not may_change and await visits.overwrites(invite, answer):
        await visits.hold_change(invite, answer, _kept(request, known, doubts), now=now)
        return await screen.notice("answered")
    if doubts:
        again = await _open(request, screen, None)
        await visits.hold(invite, answer, _kept(request, known, doubts), confirm=again, now=now)
        return screen.one_more_tap(answer, nonce=again)
    try:
        await visits.count(invite, answer, nonce=nonce, changes=may_change, now=site.clock())
    except errors.Conflict:
        await visits.hold_change(invite, answer, _kept(request, known, doubts), now=now)
        return await screen.notice("answered")
    return RedirectResponse(screen.address(thanks=True), 303)


async def _screen(request: Request, site: Here, token: str, *, sends: bool = False) -> Screen:
    """Raises a 404 that is the same whatever is wrong with the token, and errors.TooMany."""
    visitors.slow_down(request, site, token, sends=sends)
    screen = await survey_screens.find(request, site, token)
    if screen is None:
        raise HTTPException(404)
    return screen


async def _open(request: Request, screen: Screen, overall: int | None) -> str:
    """Note that a page is shown to this browser, which gets a secret if it has none; answers the page's nonce."""
    nonce = sessions.new_secret()
    if request.method == "HEAD":
        return nonce
    screen.session = screen.session or sessions.new_secret()
    agent = request.headers.get("user-agent", "")
    now = screen.site.clock()
    await visits.opened(screen.invite, nonce=nonce, session=screen.session, overall=overall, agent=agent, now=now)
    return nonce


def _kept(request: Request, known: Evidence, doubts: tuple[str, ...]) -> dict[str, Any]:
    """The evidence as admins see it; no address of the caller, which is nobody's business later."""
    seconds = {name: value.total_seconds() for name, value in asdict(known).items() if isinstance(value, timedelta)}
    facts = {**asdict(known), **seconds}
    return {**facts, "doubts": list(doubts), "agent": request.headers.get("user-agent", "")[:300]}
