"""What becomes of a draft: compared, published, thrown away, undone; and the versions that were."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.template_source import join
from bot.trials.drawing import Trial
from bot.web.admin import ab_words, authors, template_drawn, template_looks, template_notes, template_scope
from bot.web.admin.door import Member, Visit
from bot.web.admin.template_drawn import EDIT, PATH
from bot.web.admin.template_looks import Typed
from bot.web.policy_headers import PAGE_POLICY
from core import errors
from core.accounts.roles import Right
from core.models.wordings import WordingVersion
from core.wordings import asking, drafts, publishing
from core.wordings.drafts import StaleDraft, Standing, Words
from core.wordings.publishing import LONGEST_NOTE
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(f"{PATH}/publish", methods=["GET", "HEAD"])
async def compare(visit: Changing) -> Response:
    scope = await template_drawn.asked(visit)
    return await _comparing(visit, scope, await drafts.standing(scope))


@router.post(f"{PATH}/publish")
async def publish(visit: Changing) -> Response:
    form = await visit.form()
    scope = await template_scope.read(form)
    standing = await drafts.standing(scope)
    if standing.draft is None:
        return visit.back(EDIT, **template_drawn.query(scope))
    words = Words(standing.draft.subject, standing.draft.source)
    wrong = template_looks.wrong_with(scope.kind, Typed.of_words(words), visit)
    if any(one.grave for one in wrong):
        return await template_drawn.page(visit, scope, standing)
    if ask := await ab_words.ask_before(visit, scope, form, f"{PATH}/publish"):
        return ask
    note, seen = form.get("note", "").strip(), form.get("seen", "")
    if len(note) > LONGEST_NOTE and seen == standing.mark:
        return await _comparing(visit, scope, standing, status=422, note=note)
    try:
        await publishing.publish(
            scope,
            words,
            seen=seen,
            actor=visit.account.email,
            now=visit.now,
            note=note,
        )
    except StaleDraft as stale:
        return await _comparing(visit, scope, stale.theirs, status=409, note=note)
    return visit.back(EDIT, said="published", **template_drawn.query(scope))


@router.post(f"{PATH}/discard")
async def discard(visit: Changing) -> Response:
    form = await visit.form()
    scope = await template_scope.read(form)
    seen = form.get("seen", "")
    work = drafts.discard(scope, seen=seen, actor=visit.account.email, now=visit.now)
    return await _taken_back(visit, scope, work, said="draft_discarded")


@router.post(f"{PATH}/take-away")
async def take_away(visit: Changing) -> Response:
    """Back to the next wider words, at last the shipped ones."""
    form = await visit.form()
    scope = await template_scope.read(form)
    if ask := await ab_words.ask_before(visit, scope, form, EDIT):
        return ask
    seen = form.get("seen", "")
    work = publishing.take_away(scope, seen=seen, actor=visit.account.email, now=visit.now)
    return await _taken_back(visit, scope, work, said="taken_away")


@router.post(f"{PATH}/undo")
async def undo(visit: Changing) -> Response:
    """Back to what went out before the last publishing."""
    form = await visit.form()
    scope = await template_scope.read(form)
    if ask := await ab_words.ask_before(visit, scope, form, EDIT):
        return ask
    who, seen = visit.account.email, form.get("seen", "")
    work = publishing.undo(scope, seen=seen, actor=who, now=visit.now, note=template_notes.restored)
    return await _taken_back(visit, scope, work, said="taken_away")


async def _taken_back(visit: Visit, scope: Scope, work: Awaitable[None], *, said: str) -> Response:
    """Done, and back in the editor; where somebody else has changed it meanwhile, nothing is done and theirs shown."""
    try:
        await work
    except StaleDraft as stale:
        return await template_drawn.page(visit, scope, stale.theirs, theirs=True)
    return visit.back(EDIT, said=said, **template_drawn.query(scope))


@router.api_route(f"{PATH}/history", methods=["GET", "HEAD"])
async def history(visit: Seeing) -> Response:
    scope = await template_drawn.asked(visit)
    versions = await publishing.history(scope)
    shipped = visit.site.templates.shipped(scope.kind, scope.locale)
    told: list[dict[str, object]] = []
    names = await authors.names(visit, [one.author for one in versions])
    for at, one in enumerate(versions):
        before = _of_version(versions[at + 1]) if at + 1 < len(versions) else ""
        lines = template_looks.differing(visit, before or shipped, _of_version(one) or shipped)
        note = template_notes.shown(visit, one)
        told.append({"row": one, "lines": lines, "author": names[one.author], "note": note})
    _, start = await template_scope.wider(visit, scope)
    return visit.draw(
        "template_history",
        versions=told,
        start=template_scope.in_words(visit, start, await template_scope.teams()) if start else "",
        **await template_drawn.common(visit, scope, await drafts.standing(scope)),
    )


@router.post(f"{PATH}/restore")
async def restore(visit: Changing) -> Response:
    form = await visit.form()
    number = form.get("version", "")
    version = await WordingVersion.get_or_none(id=int(number)) if _is_number(number) else None
    if version is None:
        raise HTTPException(404)
    if ask := await ab_words.ask_before(visit, publishing.scope_of(version), form, f"{PATH}/history"):
        return ask
    note = template_notes.restored(version.number)
    try:
        scope = await publishing.restore(version.id, actor=visit.account.email, now=visit.now, note=note)
    except errors.Conflict as error:
        raise HTTPException(409) from error
    return visit.back(f"{PATH}/history", said="restored", **template_drawn.query(scope))


async def _comparing(visit: Visit, scope: Scope, standing: Standing, *, status: int = 200, note: str = "") -> Response:
    """What goes out now beside the draft, with the note as it was typed."""
    if standing.draft is None:
        return visit.back(EDIT, **template_drawn.query(scope))
    old = await template_drawn.now_sent(visit, scope, standing)
    draft = Words(standing.draft.subject, standing.draft.source)
    lines = template_looks.differing(visit, Typed.of_words(old).source, Typed.of_words(draft).source)
    response = visit.draw(
        "template_publish",
        sides=[await _side(visit, scope, words) for words in (old, draft)],
        status=status,
        lines=lines,
        is_same=all(mark == " " for mark, _ in lines) and standing.published is not None,
        is_stale=status == 409,
        note=note,
        problem=visit.say("problem.too_long", limit=LONGEST_NOTE) if len(note) > LONGEST_NOTE else "",
        ending=await asking.losing_a(scope),
        losing_messages=await template_drawn.losing_messages(visit, scope),
        **await template_drawn.common(visit, scope, standing),
    )
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-src 'self'"
    return response


async def _side(visit: Visit, scope: Scope, words: Words) -> dict[str, object]:
    """How these words look where most will read them, and where their end would be missing."""
    trial = Trial(scope.kind, Typed.of_words(words).source, scope.locale, {}, visit.site.name)
    looks, _ = await template_looks.looks(trial, visit, scope.channel)
    return {"look": looks[0] if looks else None, "cut": template_looks.cut_off(looks)}


def _of_version(version: WordingVersion) -> str:
    return join(version.subject, version.source) if version.source else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
