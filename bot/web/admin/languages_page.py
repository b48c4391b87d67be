"""`/admin/languages`: what is translated, a language as a file for translators, and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot import own_words
from bot.translations import counting, importing, po, survey_entries
from bot.translations.counting import Own
from bot.translations.standing import Standing
from bot.web import limits
from bot.web.admin import language_imports, survey_words, template_looks
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.setup import SetupError, Stale
from core.wordings import asking
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
See = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Change = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
PATH = language_imports.PATH
_AROUND = 2048  # what a form needs beside its file


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: See) -> Response:
    """`too_large`: a file was, and `bot.web.limits` has not read it."""
    if visit.request.query_params.get("too_large"):
        return await _page(visit, problem=_too_large(visit), field="file")
    return await _page(visit)


@router.api_route(f"{PATH}/file", methods=["GET", "HEAD"])
async def download(visit: See) -> Response:
    """The language as a PO file; one that is new begins with this."""
    tag = visit.request.query_params.get("locale", "").strip()[:30]
    try:
        locale = po.locale_named(tag)
    except po.NotAFile:
        return await _page(visit, problem=visit.say("languages.unknown" if tag else "languages.no_tag"), field="locale")
    own, name = await _own(), visit.site.name
    body = await asyncio.to_thread(po.write, visit.site.templates, own, locale, project=name)
    headers = {"Content-Disposition": f'attachment; filename="{locale}.po"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/x-gettext-translation; charset=utf-8", headers=headers)


@router.post(f"{PATH}/compare")
async def compare(visit: Change) -> Response:
    """What a file would change, before anything is."""
    form = await visit.form()
    return await _compared(visit, await visit.file("file"), form.get("locale", ""))


async def _compared(
    visit: Visit, body: bytes, locale: str, *, stale: str | None = None, asks: bool = False
) -> Response:
    """`stale`: the mark of what was compared before and is not so any more. `asks`: publishing would end A/B tests of
    which that was not said before.
    """
    own = await _own()
    try:
        found = await _read(visit, body, locale, own)
        changes = await importing.plan(found) if not found.wrong else []
    except po.NotAFile as error:
        return await _page(visit, problem=visit.say("languages.no_file", why=visit.tell(error.said)), field="file")
    except SetupError as error:
        return await _page(visit, problem=" ".join(visit.tell(one.said) for one in error.problems), field="file")
    ending = await _ending(found)
    standing = Standing(visit.site.templates, own, found.locale)
    return visit.draw(
        "language_compare",
        status=422 if found.wrong else 409 if asks or stale is not None else 200,
        found=found,
        changes=changes,
        text=po.text_of(body),
        path=PATH,
        stale=stale is not None,
        meanwhile=_meanwhile(visit, own, found, importing.changed_since(found, stale or "")),
        ending=sorted(ending),
        seen=await importing.mark(found),
        wrong=[(one, _entry(visit, own, one.entry)) for one in found.wrong],
        messages=[
            (kind, template_looks.differing(visit, standing.message(kind), source))
            for kind, source in found.templates.items()
        ],
        words=[
            (name, text, language_imports.source(visit, name) or name, standing.word(name))
            for name, text in found.labels.items()
        ],
        asked=_asked(visit, own, found),
    )


@router.post(f"{PATH}/publish")
async def publish(visit: Change) -> Response:
    form = await visit.form()
    try:
        found = await _read(visit, form.get("po", "").encode(), form.get("locale", ""), await _own())
        if found.wrong:
            raise HTTPException(422)
        if not {str(one) for one in await _ending(found)} <= set(form.get("ends", "").split(" ")):
            return await _compared(visit, form.get("po", "").encode(), form.get("locale", ""), asks=True)
        await importing.publish(found, actor=visit.account.email, now=visit.now, seen=form.get("seen", ""))
    except Stale:
        return await _compared(visit, form.get("po", "").encode(), form.get("locale", ""), stale=form.get("seen", ""))
    except po.NotAFile as error:
        return await _page(visit, problem=visit.say("languages.no_file", why=visit.tell(error.said)), field="file")
    except SetupError as error:
        return await _page(visit, problem=" ".join(visit.tell(one.said) for one in error.problems), field="file")
    await language_imports.use_at_once(visit)
    is_used = found.locale in visit.site.templates.locales()
    return visit.back(PATH, said="published" if is_used else "language_waits")


async def _read(visit: Visit, body: bytes, locale: str, own: Own) -> po.Translation:
    """Beside everything else: a whole language takes its time. Raises po.NotAFile."""
    return await asyncio.to_thread(po.read, body, visit.site.templates, locale=locale[:30], own=own)


async def _ending(found: po.Translation) -> set[int]:
    """The running A/B tests that publishing it would end."""
    return {test.id for kind in found.templates for test in await asking.losing_a(Scope(kind, found.locale))}


def _entry(visit: Visit, own: Own, name: str) -> str:
    """What an entry of the file is about, as people call it, and its name in the file."""
    [words] = language_imports.called(visit, own, [name])
    return f"{words} ({name})" if words != name else name


def _meanwhile(visit: Visit, own: Own, found: po.Translation, names: Sequence[str]) -> list[tuple[str, str]]:
    """What was changed since the comparison, as people call it, and how it is said now."""
    called = language_imports.called(visit, own, names)
    return [(words, found.stood[name]) for words, name in zip(called, names, strict=True)]


def _asked(visit: Visit, own: Own, found: po.Translation) -> list[tuple[str, str, str, str]]:
    """Of the words of surveys: where each stands, what it says, its source, and what is said here so far."""
    templates = visit.site.templates
    return [
        (survey_words.named(visit, one.survey, one.spot), text, one.source(templates.default_locale), before)
        for one in survey_entries.entries(own.surveys, templates)
        if (text := found.surveys.get(one.survey, {}).get(one.spot))
        for before in [one.words.get(found.locale, "")]
    ]


def _too_large(visit: Visit) -> str:
    return visit.say("languages.too_large", most=limits.FILE_LIMIT // 1024**2)


async def _own() -> Own:
    return Own(await own_words.read_labels(), await own_words.read(), await survey_entries.current())


async def _page(visit: Visit, *, problem: str = "", field: str = "") -> Response:
    own, templates = await _own(), visit.site.templates
    in_use = set(templates.locales())
    rows = [
        {
            "tag": tag,
            "name": templates.label("language.name", tag) if tag in in_use else tag,
            "in_use": tag in in_use,
            "ships": templates.shipped_labels_of(tag) is not None,
            "counts": counting.count(templates, own, tag),
            "surveys": survey_words.told(visit, own.surveys, tag),
        }
        for tag in counting.locales(templates, own)
    ]
    return visit.draw(
        "languages",
        status=422 if problem else 200,
        rows=rows,
        imports=await language_imports.shown(visit, own),
        path=PATH,
        problem=problem,
        field=field,
        most=limits.FILE_LIMIT - _AROUND,
        too_large=_too_large(visit),
        changing=visit.may(Right.CHANGE_SETUP),
    )
