"""`/admin/templates/ab-tests`: the A/B tests that run and that have ended, their figures, and the decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.web.admin import ab_shown, ab_words, authors, template_notes, template_scope
from bot.web.admin.ab_start import PATH
from bot.web.admin.board_shown import Shown
from bot.web.admin.door import Member, Visit
from core import errors
from core.accounts.roles import Right
from core.models.wordings import Variant
from core.setup import SetupError
from core.wordings import ab_tests, asking
from core.wordings.ab_tests import Phase, Standing

router = APIRouter(include_in_schema=False)
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    names, tests = await template_scope.teams(), await ab_tests.listed(now=visit.now)
    people = await authors.names(visit, [one.test.started_by for one in tests])
    told = [
        {
            "stands": one,
            "started_by": people[one.test.started_by],
            "words": template_scope.in_words(visit, one.scope, names),
            "verdict": ab_shown.verdict(visit, one.figures) if one.was_met else "",
        }
        for one in tests
    ]
    return visit.draw("ab_tests", tests=told)


@router.api_route(f"{PATH}/{{test_id:int}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, test_id: int) -> Response:
    return await _page(visit, await _standing(visit, test_id))


@router.post(f"{PATH}/{{test_id:int}}/keep")
async def keep(visit: Changing, test_id: int) -> Response:
    """`variant` says which."""
    stands = await _standing(visit, test_id)
    form = await visit.form()
    if form.get("variant") not in tuple(Variant):
        raise HTTPException(422)
    variant, note = Variant(form["variant"]), template_notes.ab_kept(test_id)
    try:
        await ab_tests.keep(test_id, variant, actor=visit.account.email, now=visit.now, note=note)
    except errors.Refusal as refusal:
        return await _page(visit, stands, refusal=refusal)
    except SetupError:  # the team is gone
        return await _page(visit, stands, refusal=errors.Conflict("it cannot be published", label="ab.cannot_publish"))
    return visit.back(f"{PATH}/{test_id}", said=f"ab_kept_{variant}")


@router.post(f"{PATH}/{{test_id:int}}/stop")
async def stop(visit: Changing, test_id: int) -> Response:
    stands = await _standing(visit, test_id)
    try:
        await ab_tests.stop(test_id, actor=visit.account.email, now=visit.now)
    except errors.Refusal as refusal:
        return await _page(visit, stands, refusal=refusal)
    return visit.back(f"{PATH}/{test_id}", said="ab_stopped")


async def _standing(visit: Visit, test_id: int) -> Standing:
    if not 0 < test_id < 2**63:
        raise HTTPException(404)
    try:
        return await ab_tests.standing(test_id, now=visit.now)
    except errors.NotFound as error:
        raise HTTPException(404) from error


async def _page(visit: Visit, stands: Standing, *, refusal: errors.Refusal | None = None) -> Response:
    if refusal is not None:
        stands = await ab_tests.standing(stands.test.id, now=visit.now)
    people = await authors.names(visit, [stands.test.started_by, stands.test.ended_by])
    a, b = stands.words(Variant.A), stands.words(Variant.B)
    closer = await asking.closer_words(stands.test) if stands.phase != Phase.ENDED else []
    names = await template_scope.teams()
    return visit.draw(
        "ab_test",
        closer=[(template_scope.in_words(visit, one, names), template_scope.query(one)) for one in closer],
        status=409 if refusal else 200,
        stands=stands,
        test=stands.test,
        started_by=people[stands.test.started_by],
        ended_by=people[stands.test.ended_by],
        scope_words=template_scope.in_words(visit, stands.scope, names),
        query=template_scope.query(stands.scope),
        language=visit.site.templates.best_locale(stands.scope.locale),
        base=Shown(visit).percent(stands.test.base),
        pairs=[
            (one, two, ab_words.lines(visit, one.words, two.words))
            for one, two in await ab_words.pair(visit, stands.scope, a, b)
        ],
        changing=visit.may(Right.CHANGE_SETUP),
        **await ab_shown.of(visit, stands),
        **visit.wrong(refusal),
    )
