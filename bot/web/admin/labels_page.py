"""`/admin/languages/{locale}/words`: the short words (buttons, notes, times), said as an admin likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.labels import Labels
from bot.translations import counting, label_rules, po
from bot.web.admin.door import Member, Visit
from bot.web.admin.language_imports import PATH, use_at_once
from core import setup as setups
from core.accounts.roles import Right
from core.setup import LabelsSetup, Seen, Stale

router = APIRouter(include_in_schema=False)
See = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Change = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
ON_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One short word: its name, what it says in the default language, what it says here without an admin, own words."""

    name: str
    source: str
    shipped: str
    own: str
    values: tuple[str, ...]
    problem: str = ""


@router.api_route(f"{PATH}/{{locale}}/words", methods=["GET", "HEAD"])
async def look(visit: See, locale: str) -> Response:
    return await _page(visit, _known(locale))


@router.post(f"{PATH}/{{locale}}/words")
async def change(visit: Change, locale: str) -> Response:
    """Only what the form holds is changed; an emptied field goes back to the shipped word."""
    tag, form = _known(locale), await visit.form()
    given = {name.removeprefix("own:"): text.strip("\r\n") for name, text in form.items() if name.startswith("own:")}
    wrong = {
        name: visit.tell(what.said)
        for name, text in given.items()
        if text and (what := label_rules.problem(name, text, visit.site.templates.default_labels))
    }
    if wrong:
        return await _page(visit, tag, given=given, wrong=wrong, status=422)
    before = await _seen(tag)
    words: dict[str, str] = dict(before.values["words"]) if before else {}
    for name, text in given.items():
        words.pop(name, None)
        if text:
            words[name] = text
    try:
        await setups.save(
            LabelsSetup(locale=tag, words=words), seen=form.get("seen", ""), actor=visit.account.email, now=visit.now
        )
    except Stale:
        return await _page(visit, tag, given=given, stale=True, status=409)
    await use_at_once(visit)
    return visit.back(f"{PATH}/{tag}/words", said="saved", **_place(form), page=form.get("page", "1")[:5])


def _place(form: dict[str, str]) -> dict[str, str]:
    """Which words the page showed."""
    return {"q": form.get("q", "")[:60], "for": form.get("for", "")[:20]}


def _known(locale: str) -> str:
    try:
        return po.locale_named(locale[:30])
    except po.NotAFile as error:
        raise HTTPException(404) from error


async def _seen(tag: str) -> Seen | None:
    return await setups.find("labels", tag)


async def _page(
    visit: Visit,
    tag: str,
    *,
    given: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    seen = await _seen(tag)
    query = visit.request.query_params
    wanted = query.get("q", "").strip()[:60]
    readers = query.get("for", "") if query.get("for", "") in counting.GROUPS else ""
    rows = _rows(visit, tag, dict(seen.values["words"]) if seen else {}, wanted, readers, given or {}, wrong or {})
    pages = max(1, -(-len(rows) // ON_A_PAGE))
    asked = query.get("page", "1")
    page = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1
    templates = visit.site.templates
    shown = rows if given else rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    return visit.draw(
        "labels",
        status=status,
        tag=tag,
        language=templates.label("language.name", tag) if tag in templates.locales() else tag,
        rows=shown,
        source=templates.default_labels.locale,
        count=len(rows),
        seen=seen.mark if seen else "",
        q=wanted,
        readers=readers,
        groups=counting.GROUPS,
        page=page,
        pages=pages,
        stale=stale,
        path=PATH,
        changing=visit.may(Right.CHANGE_SETUP),
    )


def _rows(
    visit: Visit, tag: str, own: dict[str, str], wanted: str, readers: str, given: dict[str, str], wrong: dict[str, str]
) -> list[Row]:
    templates = visit.site.templates
    default, shipped = templates.default_labels, templates.shipped_labels_of(tag)
    rows = []
    order = {group: at for at, group in enumerate(counting.GROUPS)}
    for key, group in sorted(counting.labels(templates), key=lambda one: order[one[1]]):
        if readers and group != readers:
            continue
        for name, source, here in _forms(key, default, shipped):
            if given and name not in given:
                continue
            text = given.get(name, own.get(name, ""))
            if wanted and wanted.casefold() not in f"{name}\n{source}\n{here}\n{text}".casefold():
                continue
            values = tuple(sorted(default.values_of(key)))
            rows.append(Row(name, source, here, text, values, wrong.get(name, "")))
    return rows


def _forms(key: str, default: Labels, shipped: Labels | None) -> list[tuple[str, str, str]]:
    """The name, the default language's text and the shipped text of a label, or of each of its plural forms."""
    there = shipped.forms(key) if shipped is not None and key in shipped else {}
    if not default.is_plural(key):
        return [(key, default.forms(key)["other"], there.get("other", ""))]
    forms = {**default.forms(key), **there}
    return [
        (f"{key}.{form}", default.forms(key).get(form, default.forms(key)["other"]), there.get(form, ""))
        for form in forms
    ]
