"""`/admin/templates/edit` and what belongs to it: write, see, try on oneself, publish, take back."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import HTMLResponse, Response

from bot.placeholders import KINDS
from bot.rendering import RenderError, TemplateError
from bot.template_source import join
from bot.trials import drawing, samples, sending
from bot.trials.drawing import Trial
from bot.web.admin import ab_words, authors, meanwhile, template_looks, template_notes, template_scope
from bot.web.admin.door import Member, Visit
from bot.web.admin.template_looks import Typed
from bot.web.policy_headers import PAGE_POLICY
from core import errors
from core.accounts.roles import Right
from core.models.setup import Wording
from core.models.wordings import ABTest, Variant, WordingVersion
from core.wordings import ab_tests, asking, drafts, publishing
from core.wordings.drafts import StaleDraft, Standing, Words
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
PATH = "/admin/templates"
EDIT = f"{PATH}/edit"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
_LONGEST_NUMBER = 200
"""Of a ticket: its number, or the outside's own name for it."""
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
    scope = await _asked(visit)
    return await _page(visit, scope, await drafts.standing(scope), number=_number(visit, visit.request.query_params))


@router.post(EDIT)
async def save(visit: Changing) -> Response:
    """Keep the draft, and show it; with `do=publish`, on to what differs, with `do=ab` to a test of it, if it can be
    published.
    """
    form = await visit.form()
    scope, typed = await template_scope.read(form, typed=True), Typed.of_form(form)
    number = _number(visit, form)
    try:
        await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return await _page(visit, scope, stale.theirs, typed=typed, number=number, theirs=True)
    except errors.Refusal as refusal:
        return await _page(visit, scope, await drafts.standing(scope), typed=typed, number=number, refusal=refusal)
    grave = any(one.grave for one in template_looks.wrong_with(scope.kind, typed, visit))
    if grave:
        return await _page(visit, scope, await drafts.standing(scope), typed=typed, number=number)
    if form.get("do") in _LEADS_TO:
        return visit.back(f"{PATH}/{_LEADS_TO[form['do']]}", **_query(scope))
    return visit.back(EDIT, said="draft_saved", **_query(scope, number))


@router.post(f"{PATH}/check")
async def check(visit: Changing) -> Response:
    """While somebody types: keep the draft, and answer with what is wrong and how it looks."""
    form = await visit.form()
    scope, typed = await template_scope.read(form, typed=True), Typed.of_form(form)
    refusal: errors.Refusal | None = None
    try:
        standing = await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return visit.draw("template_stale", status=409, **{**await _stale(visit, scope, stale.theirs), "part": True})
    except errors.Refusal as refused:
        refusal, standing = refused, await drafts.standing(scope)
    checked = await _checked(visit, scope, typed, _number(visit, form), refusal)
    shown = {**await _common(visit, scope, standing), **checked, "part": True}
    return visit.draw("template_checked", status=422 if checked["is_wrong"] else 200, **shown)


@router.api_route(f"{PATH}/mail", methods=["GET", "HEAD"])
async def mail(visit: Seeing) -> Response:
    """The mail itself, for the frame in the editor: what is kept, on a phone or a desk, by day or by night.

    With `words=now`, what goes out now.
    """
    scope = await _asked(visit)
    standing = await drafts.standing(scope)
    words, _ = await _words(visit, scope, standing)
    if visit.request.query_params.get("words") == "now":
        words = await _now(visit, scope, standing)
    trial, _ = await _trial(visit, scope, Typed.of_words(words).source, _number(visit, visit.request.query_params))
    dark = visit.request.query_params.get("look") == "dark"
    try:
        return HTMLResponse(await template_looks.mail(trial, visit, dark=dark), headers=_MAIL_POLICY)
    except (TemplateError, RenderError, ValueError, TypeError):
        return HTMLResponse("", 422, _MAIL_POLICY)


@router.api_route(f"{PATH}/publish", methods=["GET", "HEAD"])
async def compare(visit: Changing) -> Response:
    scope = await _asked(visit)
    return await _comparing(visit, scope, await drafts.standing(scope))


@router.post(f"{PATH}/publish")
async def publish(visit: Changing) -> Response:
    form = await visit.form()
    scope = await template_scope.read(form)
    standing = await drafts.standing(scope)
    if standing.draft is None:
        return visit.back(EDIT, **_query(scope))
    words = Words(standing.draft.subject, standing.draft.source)
    wrong = template_looks.wrong_with(scope.kind, Typed.of_words(words), visit)
    if any(one.grave for one in wrong):
        return await _page(visit, scope, standing)
    if ask := await ab_words.ask_before(visit, scope, form, f"{PATH}/publish"):
        return ask
    try:
        await publishing.publish(
            scope,
            words,
            seen=form.get("seen", ""),
            actor=visit.account.email,
            now=visit.now,
            note=form.get("note", ""),
        )
    except StaleDraft as stale:
        return await _comparing(visit, scope, stale.theirs, status=409)
    return visit.back(EDIT, said="published", **_query(scope))


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
        return await _page(visit, scope, stale.theirs, theirs=True)
    return visit.back(EDIT, said=said, **_query(scope))


@router.api_route(f"{PATH}/history", methods=["GET", "HEAD"])
async def history(visit: Seeing) -> Response:
    scope = await _asked(visit)
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
        **await _common(visit, scope, await drafts.standing(scope)),
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
    return visit.back(f"{PATH}/history", said="restored", **_query(scope))


@router.post(f"{PATH}/test")
async def test(visit: Changing) -> Response:
    """What stands in the editor, to an address of the person who is signed in. It is kept as a draft, too."""
    form = await visit.form()
    scope = await template_scope.read(form, typed=True)
    typed, number = Typed.of_form(form), _number(visit, form)
    doors = await sending.doors_of(visit.account, list(visit.site.channels.values()))
    door = next((one for one in doors if one.key == form.get("door")), None)
    try:
        standing = await _keep(visit, scope, typed, form)
    except StaleDraft as stale:
        return await _page(visit, scope, stale.theirs, typed=typed, number=number, theirs=True)
    except errors.Refusal as refusal:
        return await _page(visit, scope, await drafts.standing(scope), typed=typed, number=number, refusal=refusal)
    if door is None or any(one.grave for one in template_looks.wrong_with(scope.kind, typed, visit)):
        return await _page(visit, scope, standing, typed=typed, number=number, status=422)
    if visit.site.rates.trials.wait(str(visit.account.id)):
        return await _page(visit, scope, standing, typed=typed, number=number, status=429, too_many=True)
    await sending.send(
        door,
        kind=scope.kind,
        source=typed.source,
        locale=scope.locale,
        number=number,
        reader=visit.locale,
        now=visit.now,
    )
    return visit.back(EDIT, said="test_sent", **_query(scope, number))


# ---------------------------------------------------------------- what the pages are made of


async def _page(
    visit: Visit,
    scope: Scope,
    standing: Standing,
    *,
    typed: Typed | None = None,
    number: str = "",
    theirs: bool = False,
    refusal: errors.Refusal | None = None,
    status: int = 200,
    too_many: bool = False,
) -> Response:
    """`too_many`: the tests were, for the moment."""
    words, where = await _words(visit, scope, standing)
    shown = typed or Typed.of_words(words)
    checked = await _checked(visit, scope, shown, number, refusal)
    is_wrong = typed is not None and checked["is_wrong"]
    names = await template_scope.teams()
    row = await Wording.get_or_none(**scope.columns)
    doors = await sending.doors_of(visit.account, list(visit.site.channels.values()))
    running = await ab_tests.overlapping(scope) if scope.kind in asking.KINDS else []
    response = visit.draw(
        "template_editor",
        status=409 if theirs else 422 if is_wrong else status,
        typed=shown,
        start=template_scope.in_words(visit, where, names) if where else "",
        chain=await _chain(visit, scope, names),
        placeholders=_placeholders(visit, scope.kind, scope.locale),
        by_mail="email" in template_looks.channels_of(scope.kind, scope.channel),
        doors=doors,
        can_test=scope.kind in asking.KINDS,
        running=running,
        sent_by=[one for one in running if _sends(one, scope, standing)],
        before=await publishing.before(scope),
        trouble=template_looks.trouble(visit, row) if row else "",
        is_stale=theirs,
        too_many=too_many,
        longest_number=_LONGEST_NUMBER,
        part=False,
        **await _stale(visit, scope, standing),
        **checked,
    )
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-src 'self'"
    return response


async def _stale(visit: Visit, scope: Scope, standing: Standing) -> dict[str, Any]:
    """How it stands now, and who took it away where nothing stands."""
    gone_by = await meanwhile.removed(visit, "templates", scope.key) if standing.newest is None else ""
    return {**await _common(visit, scope, standing), "theirs": _told(visit, standing), "gone": gone_by}


async def _common(visit: Visit, scope: Scope, standing: Standing) -> dict[str, Any]:
    author = standing.draft.author if standing.draft else ""
    return {
        "scope": scope,
        "query": template_scope.query(scope),
        "scope_words": template_scope.in_words(visit, scope, await template_scope.teams()),
        "author": (await authors.names(visit, [author]))[author],
        "language": visit.site.templates.best_locale(scope.locale),
        "standing": standing,
        "changing": visit.may(Right.CHANGE_SETUP),
        "is_own": standing.draft is not None and standing.draft.author == visit.account.email,
    }


async def _checked(
    visit: Visit, scope: Scope, typed: Typed, number: str, refusal: errors.Refusal | None
) -> dict[str, Any]:
    """What is wrong, and the previews where nothing is. Words that are refused are never given to the renderer."""
    wrong = template_looks.wrong_with(scope.kind, typed, visit)
    if refusal:
        wrong = [template_looks.Wrong(visit.why(refusal)), *wrong]
    looks: list[template_looks.Look] = []
    unknown = False
    if not any(one.grave for one in wrong):
        trial, unknown = await _trial(visit, scope, typed.source, number)
        looks, more = await template_looks.looks(trial, visit, scope.channel)
        wrong += more + template_looks.cut_off(looks)
    return {
        "wrong": wrong,
        "wrong_lines": {one.line for one in wrong if one.field == "body" and one.grave},
        "is_wrong": any(one.grave for one in wrong),
        "is_kept": refusal is None,
        "looks": looks,
        "number": number,
        "number_unknown": unknown,
    }


async def _keep(visit: Visit, scope: Scope, typed: Typed, form: Mapping[str, str]) -> Standing:
    """As a draft, unless it is what holds here anyway: who only looks leaves nothing behind.

    `over` is the mark of another draft of one's own that was shown, and is to give way.
    """
    if await template_scope.is_without_team(scope):
        removed = await meanwhile.removed(visit, "teams", scope.team)
        raise errors.Invalid("its team was removed", label="template.team_gone", removed=removed)
    standing = await drafts.standing(scope)
    if standing.newest is None:
        words, _ = await _words(visit, scope, standing)
        if Typed.of_words(words) == typed:
            return standing
    if standing.newest is not None and Typed.of_words(standing.newest) == typed:
        return standing
    seen = form.get("over") or form.get("seen", "")
    return await drafts.save(scope, typed.words, seen=seen, author=visit.account.email, now=visit.now)


async def _words(visit: Visit, scope: Scope, standing: Standing) -> tuple[Words, Scope | None]:
    """What the editor begins with; the scope from which it is taken, where it is not one's own."""
    if standing.newest is not None:
        return standing.newest, None
    return await template_scope.wider(visit, scope)


async def _trial(visit: Visit, scope: Scope, source: str, number: str) -> tuple[Trial, bool]:
    """With the values of a real request where one is named; True where there is none of that number."""
    real = await drawing.values_of(number) if number else None
    known = {one.name for one in KINDS[scope.kind].placeholders}
    values = {name: value for name, value in (real or {}).items() if name in known}
    return Trial(scope.kind, source, scope.locale, values, visit.site.name), bool(number) and real is None


async def _comparing(visit: Visit, scope: Scope, standing: Standing, *, status: int = 200) -> Response:
    if standing.draft is None:
        return visit.back(EDIT, **_query(scope))
    old = await _now(visit, scope, standing)
    draft = Words(standing.draft.subject, standing.draft.source)
    lines = template_looks.differing(visit, Typed.of_words(old).source, Typed.of_words(draft).source)
    response = visit.draw(
        "template_publish",
        sides=[await _side(visit, scope, words) for words in (old, draft)],
        status=status,
        lines=lines,
        is_same=all(mark == " " for mark, _ in lines) and standing.published is not None,
        is_stale=status == 409,
        ending=await asking.losing_a(scope),
        **await _common(visit, scope, standing),
    )
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-src 'self'"
    return response


async def _now(visit: Visit, scope: Scope, standing: Standing) -> Words:
    """What goes out now."""
    return standing.published or (await template_scope.wider(visit, scope))[0]


async def _side(visit: Visit, scope: Scope, words: Words) -> dict[str, object]:
    """How these words look where most will read them, and where their end would be missing."""
    trial = Trial(scope.kind, Typed.of_words(words).source, scope.locale, {}, visit.site.name)
    looks, _ = await template_looks.looks(trial, visit, scope.channel)
    return {"look": looks[0] if looks else None, "cut": template_looks.cut_off(looks)}


def _sends(test: ABTest, scope: Scope, standing: Standing) -> bool:
    """Whether the test sends just what is drafted here."""
    b = test.words[Variant.B].get(scope.kind)
    draft = standing.draft
    return asking.scope_of(test, scope.kind) == scope and draft is not None and b == {
        "subject": draft.subject,
        "source": draft.source,
    }  # fmt: skip


async def _chain(visit: Visit, scope: Scope, names: Mapping[str, str]) -> list[dict[str, object]]:
    """Whose words are taken, the closest first."""
    found: list[dict[str, object]] = []
    for one in scope.chain():
        own = (await drafts.standing(one)).published is not None
        words = template_scope.in_words(visit, one, names)
        found.append({"words": words, "own": own, "query": template_scope.query(one), "here": one == scope})
    return found


def _placeholders(visit: Visit, kind: str, locale: str) -> list[dict[str, object]]:
    """What can be put in: the code, what it is, and a sample in the language of the message."""
    templates = visit.site.templates
    values = samples.context_of(kind, templates, templates.best_locale(locale), "/")
    found: list[dict[str, object]] = []
    for one in KINDS[kind].placeholders:
        about, value = _about(visit, kind, one.name), values.get(one.name)
        fields = [(field, _about(visit, kind, f"{one.name}_{field.name}")) for field in one.fields]
        if one.many:
            each = [{"code": f"{{{{ one.{field.name} }}}}", "about": told} for field, told in fields]
            words = " ".join(item["code"] for item in each) or "{{ one }}"
            code = f"{{% for one in {one.name} %}}\n{words}\n{{% endfor %}}"
            found.append({"code": code, "name": one.name, "about": about, "each": each, "sample": ""})
        elif one.fields:
            known = value if isinstance(value, dict) else {}
            for field, told in fields:
                code, sample = f"{{{{ {one.name}.{field.name} }}}}", known.get(field.name) or field.sample
                found.append(
                    {
                        "code": code,
                        "name": "",
                        "about": visit.say("audit.part", name=about, value=told),
                        "each": [],
                        "sample": sample,
                    }
                )
        else:
            sample = one.sample if value in (None, "") else value
            found.append({"code": f"{{{{ {one.name} }}}}", "name": "", "about": about, "each": [], "sample": sample})
    return found


def _about(visit: Visit, kind: str, name: str) -> str:
    own = f"placeholder.{kind}_{name}"
    return visit.say(own if visit.site.templates.has_label(own) else f"placeholder.{name}")


async def _asked(visit: Visit) -> Scope:
    return await template_scope.read(visit.request.query_params)


def _number(visit: Visit, given: Mapping[str, str]) -> str:
    """Of the real request to show it with, for those who may see requests."""
    number = given.get("ticket", "").strip()[:_LONGEST_NUMBER]
    return number if visit.may(Right.SEE_TICKETS) else ""


def _query(scope: Scope, number: str = "") -> dict[str, str]:
    given = {**scope.columns, "ticket": number}
    return {name: value for name, value in given.items() if value}


def _told(visit: Visit, standing: Standing) -> str:
    words = standing.newest
    return template_looks.told(visit, Typed.of_words(words).source) if words else ""


def _of_version(version: WordingVersion) -> str:
    return join(version.subject, version.source) if version.source else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
