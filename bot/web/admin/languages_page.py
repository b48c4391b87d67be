"""`/admin/languages`: what is translated, a language as a file for translators, and what comes back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot import own_words
from bot.placeholders import KINDS
from bot.translations import counting, importing, po, survey_entries
from bot.translations.counting import Own
from bot.web import limits
from bot.web.admin import survey_words
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.setup import SetupError, Stale, keys

router = APIRouter(include_in_schema=False)
See = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Change = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
PATH = "/admin/languages"
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
    body = po.write(visit.site.templates, await _own(), locale, project=visit.site.name)
    headers = {"Content-Disposition": f'attachment; filename="{locale}.po"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/x-gettext-translation; charset=utf-8", headers=headers)


@router.post(f"{PATH}/compare")
async def compare(visit: Change) -> Response:
    """What a file would change, before anything is."""
    form = await visit.form()
    return await _compared(visit, form.get("po", "") or form.get("file", ""), form.get("locale", ""))


async def _compared(visit: Visit, text: str, locale: str, *, stale: bool = False) -> Response:
    own = await _own()
    try:
        found = po.read(text.encode(), visit.site.templates, locale=locale[:30], surveys=own.surveys)
        changes = await importing.plan(found) if not found.wrong else []
    except po.NotAFile as error:
        return await _page(visit, problem=visit.say("languages.no_file", why=visit.tell(error.said)), field="file")
    except SetupError as error:
        return await _page(visit, problem=" ".join(visit.tell(one.said) for one in error.problems), field="file")
    return visit.draw(
        "language_compare",
        status=422 if found.wrong else 409 if stale else 200,
        found=found,
        changes=changes,
        text=text,
        path=PATH,
        stale=stale,
        seen=await importing.mark(found),
        wrong=[(one, _entry(visit, one.entry)) for one in found.wrong],
        messages=[(kind, source, _message_now(visit, own, kind, found)) for kind, source in found.templates.items()],
        words=[(name, text, *_word_now(visit, own, name, found)) for name, text in found.labels.items()],
        asked=_asked(visit, own, found),
    )


@router.post(f"{PATH}/publish")
async def publish(visit: Change) -> Response:
    form = await visit.form()
    try:
        surveys = await survey_entries.current()
        locale = form.get("locale", "")[:30]
        found = po.read(form.get("po", "").encode(), visit.site.templates, locale=locale, surveys=surveys)
        if found.wrong:
            raise HTTPException(422)
        await importing.publish(found, actor=visit.account.email, now=visit.now, seen=form.get("seen", ""))
    except Stale:
        return await _compared(visit, form.get("po", ""), form.get("locale", ""), stale=True)
    except po.NotAFile as error:
        return await _page(visit, problem=visit.say("languages.no_file", why=visit.tell(error.said)), field="file")
    except SetupError as error:
        return await _page(visit, problem=" ".join(visit.tell(one.said) for one in error.problems), field="file")
    await use_at_once(visit)
    is_used = found.locale in visit.site.templates.locales()
    return visit.back(PATH, said="published" if is_used else "language_waits")


async def use_at_once(visit: Visit) -> None:
    """This process need not wait until it looks for changes: the next page shows them."""
    visit.site.templates.use_labels(await own_words.read_labels())


def _entry(visit: Visit, name: str) -> str:
    """What an entry of the file is about, as people call it, and its name in the file."""
    kind = name.removeprefix("template:")
    words = visit.named("kind", kind) if kind != name and kind in KINDS else _source(visit, name)
    return f"{words} ({name})" if words else name


def _source(visit: Visit, name: str) -> str:
    """What a short word says in the default language."""
    labels = visit.site.templates.default_labels
    key, _, form = name.rpartition(".")
    if name in labels:
        return labels.forms(name)["other"]
    return labels.forms(key).get(form, labels.forms(key)["other"]) if key in labels else ""


def _word_now(visit: Visit, own: Own, name: str, found: po.Translation) -> tuple[str, str]:
    """The word in the default language, and what is said in this one so far."""
    shipped = visit.site.templates.shipped_labels_of(found.locale)
    key, _, form = name.rpartition(".")
    before = own.labels.get(found.locale, {}).get(name, "")
    if not before and shipped is not None:
        before = shipped.forms(name)["other"] if name in shipped else ""
        before = before or (shipped.forms(key).get(form, "") if key in shipped else "")
    return _source(visit, name) or name, before


def _asked(visit: Visit, own: Own, found: po.Translation) -> list[tuple[str, str, str, str]]:
    """Of the words of surveys: where each stands, what it says, its source, and what is said here so far."""
    templates = visit.site.templates
    return [
        (survey_words.named(visit, one.survey, one.spot), text, one.source(templates.default_locale), before)
        for one in survey_entries.entries(own.surveys, templates)
        if (text := found.surveys.get(one.survey, {}).get(one.spot))
        for before in [one.words.get(found.locale, "")]
    ]


def _message_now(visit: Visit, own: Own, kind: str, found: po.Translation) -> str:
    """What goes out in this language so far; nothing where it is in another."""
    templates = visit.site.templates
    ships = templates.shipped_labels_of(found.locale) is not None
    return own.template(kind, found.locale) or (templates.shipped(kind, found.locale) if ships else "")


def _too_large(visit: Visit) -> str:
    return visit.say("languages.too_large", most=limits.FILE_LIMIT // 1024**2)


async def _own() -> Own:
    return Own(await own_words.read_labels(), await own_words.read(), await survey_entries.current())


async def _page(visit: Visit, *, problem: str = "", field: str = "") -> Response:
    own, templates = await _own(), visit.site.templates
    in_use = set(templates.locales())
    surveys = {key: one for key, one in own.surveys.items() if keys.is_good(key)}
    rows = [
        {
            "tag": tag,
            "name": templates.label("language.name", tag) if tag in in_use else tag,
            "in_use": tag in in_use,
            "ships": templates.shipped_labels_of(tag) is not None,
            "counts": counting.count(templates, own, tag),
            "surveys": survey_words.told(visit, surveys, tag),
        }
        for tag in counting.locales(templates, own)
    ]
    return visit.draw(
        "languages",
        status=422 if problem else 200,
        rows=rows,
        path=PATH,
        problem=problem,
        field=field,
        most=limits.FILE_LIMIT - _AROUND,
        too_large=_too_large(visit),
        changing=visit.may(Right.CHANGE_SETUP),
    )
