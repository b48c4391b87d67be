"""`/admin/templates/edit` and what belongs to it: write, see, try on oneself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from bot.rendering import RenderError, TemplateError
from bot.trials import sending
from bot.web.admin import meanwhile, template_drawn, template_looks, template_scope
from bot.web.admin.door import Member, Visit
from bot.web.admin.template_drawn import EDIT, PATH
from bot.web.admin.template_looks import Typed
from core import errors
from core.accounts.roles import Right
from core.wordings import drafts
from core.wordings.drafts import StaleDraft, Standing
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
_LEADS_TO = {"publish": "publish", "ab": "ab-tests/new"}
_MAIL_POLICY = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}
"""A mail is dressed in its own styles. It runs nothing, loads nothing, and stands only in a frame of ours."""


@router.api_route(EDIT, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    scope = await template_drawn.asked(visit)
    number = template_drawn.number_in(visit, scope, visit.request.query_params)
    return await template_drawn.page(visit, scope, await drafts.standing(scope), number=number)


@router.post(EDIT)
async def save(visit: Changing) -> Response:
    """Keep the draft, and show it; with `do=publish`, on to what differs, with `do=ab` to a test of it, if it can be
    published.
    """
    form = await visit.form()
    scope, typed = await template_scope.read(form, typed=True), Typed.of_form(form)
    number = template_drawn.number_in(visit, scope, form)
    try:
        await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return await template_drawn.page(visit, scope, stale.theirs, typed=typed, number=number, theirs=True)
    except errors.Refusal as refusal:
        return await template_drawn.page(
            visit, scope, await drafts.standing(scope), typed=typed, number=number, refusal=refusal
        )
    grave = any(one.grave for one in template_looks.wrong_with(scope.kind, typed, visit))
    if grave:
        return await template_drawn.page(visit, scope, await drafts.standing(scope), typed=typed, number=number)
    if form.get("do") in _LEADS_TO:
        return visit.back(f"{PATH}/{_LEADS_TO[form['do']]}", **template_drawn.query(scope))
    return visit.back(EDIT, said="draft_saved", **template_drawn.query(scope, number))


@router.post(f"{PATH}/check")
async def check(visit: Changing) -> Response:
    """While somebody types: keep the draft, and answer with what is wrong and how it looks."""
    form = await visit.form()
    scope, typed = await template_scope.read(form, typed=True), Typed.of_form(form)
    refusal: errors.Refusal | None = None
    try:
        standing = await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return visit.draw(
            "template_stale", status=409, **{**await template_drawn.stale(visit, scope, stale.theirs), "part": True}
        )
    except errors.Refusal as refused:
        refusal, standing = refused, await drafts.standing(scope)
    checked = await template_drawn.checks(visit, scope, typed, template_drawn.number_in(visit, scope, form), refusal)
    shown = {**await template_drawn.common(visit, scope, standing), **checked, "part": True}
    return visit.draw("template_checked", status=422 if checked["is_wrong"] else 200, **shown)


@router.api_route(f"{PATH}/mail", methods=["GET", "HEAD"])
async def mail(visit: Seeing) -> Response:
    """The mail itself, for the frame in the editor: what is kept, on a phone or a desk, by day or by night.

    With `words=now`, what goes out now.
    """
    scope = await template_drawn.asked(visit)
    standing = await drafts.standing(scope)
    words, _ = await template_drawn.words_of(visit, scope, standing)
    if visit.request.query_params.get("words") == "now":
        words = await template_drawn.now_sent(visit, scope, standing)
    trial, _ = await template_drawn.trial_of(
        visit, scope, Typed.of_words(words).source, template_drawn.number_in(visit, scope, visit.request.query_params)
    )
    dark = visit.request.query_params.get("look") == "dark"
    try:
        return HTMLResponse(await template_looks.mail(trial, visit, dark=dark), headers=_MAIL_POLICY)
    except (TemplateError, RenderError, ValueError, TypeError):
        return HTMLResponse("", 422, _MAIL_POLICY)


@router.post(f"{PATH}/test")
async def test(visit: Changing) -> Response:
    """What stands in the editor, to an address of the person who is signed in. It is kept as a draft, too."""
    form = await visit.form()
    scope = await template_scope.read(form, typed=True)
    typed, number = Typed.of_form(form), template_drawn.number_in(visit, scope, form)
    doors = await sending.doors_of(visit.account, list(visit.site.channels.values()))
    door = next((one for one in doors if one.key == form.get("door")), None)
    try:
        standing = await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return await template_drawn.page(visit, scope, stale.theirs, typed=typed, number=number, theirs=True)
    except errors.Refusal as refusal:
        return await template_drawn.page(
            visit, scope, await drafts.standing(scope), typed=typed, number=number, refusal=refusal
        )
    if door is None or any(one.grave for one in template_looks.wrong_with(scope.kind, typed, visit)):
        return await template_drawn.page(visit, scope, standing, typed=typed, number=number, status=422)
    if visit.site.rates.trials.wait(str(visit.account.id)):
        return await template_drawn.page(visit, scope, standing, typed=typed, number=number, status=429, too_many=True)
    await sending.send(
        door,
        kind=scope.kind,
        source=typed.source,
        locale=scope.locale,
        number=number,
        reader=visit.locale,
        now=visit.now,
    )
    return visit.back(EDIT, said="test_sent", **template_drawn.query(scope, number))


async def _keep(visit: Visit, scope: Scope, typed: Typed, form: Mapping[str, str]) -> Standing:
    """As a draft, unless it is what holds here anyway: who only looks leaves nothing behind.

    `over` is the mark of another draft of one's own that was shown, and is to give way.
    """
    template_drawn.check_number(scope, form)
    if await template_scope.is_without_team(scope):
        removed = await meanwhile.removed(visit, "teams", scope.team)
        raise errors.Invalid("its team was removed", label="template.team_gone", removed=removed)
    standing = await drafts.standing(scope)
    if standing.newest is None:
        words, _ = await template_drawn.words_of(visit, scope, standing)
        if Typed.of_words(words) == typed:
            return standing
    if standing.newest is not None and Typed.of_words(standing.newest) == typed:
        return standing
    seen = form.get("over") or form.get("seen", "")
    return await drafts.save(scope, typed.words, seen=seen, author=visit.account.email, now=visit.now)
