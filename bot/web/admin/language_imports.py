"""The language files that were published, each with the way back from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot import own_words
from bot.placeholders import KINDS
from bot.translations import survey_entries, taking_back
from bot.translations.counting import Own
from bot.web.admin import asking, authors, survey_words
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.errors import Conflict
from core.models.wordings import LanguageImport
from core.setup import SetupError
from core.wordings import asking as tests
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
Change = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
PATH = "/admin/languages"
SHOWN = 10
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One file as its line on the page says it."""

    id: int
    words: str
    taken_back: str
    left: str


async def shown(visit: Visit, own: Own) -> list[Shown]:
    """The last ones, the newest first."""
    rows = await LanguageImport.all().order_by("-id").limit(SHOWN)
    people = await authors.names(visit, [one for row in rows for one in (row.author, row.taken_back_by) if one])
    return [
        Shown(
            row.id,
            _told(visit, row, people[row.author]),
            visit.say("languages.was_taken_back", when=visit.when(row.taken_back_at), who=people[row.taken_back_by])
            if row.taken_back_at
            else "",
            _left(visit, own, row.left),
        )
        for row in rows
    ]


@router.post(f"{PATH}/take-back")
async def take_back(visit: Change) -> Response:
    """All that a file changed is as it was, save what somebody changed since."""
    number = (await visit.form()).get("id", "")
    row = await LanguageImport.get_or_none(id=int(number)) if _is_number(number) else None
    if row is None:
        raise HTTPException(404)
    question = await asking.first(
        visit,
        title=visit.say("languages.take_back_title"),
        about="\n".join(await _consequences(visit, row)),
        button=visit.say("languages.take_back"),
        back=PATH,
        along={"id": number},
    )
    if question is not None:
        return question
    try:
        done = await taking_back.take_back(row.id, actor=visit.account.email, now=visit.now)
    except Conflict:
        return visit.back(PATH, said="language_taken_back")
    except SetupError as error:
        raise HTTPException(409) from error
    await use_at_once(visit)
    return visit.back(PATH, said="language_partly_taken_back" if done.left else "language_taken_back")


async def use_at_once(visit: Visit) -> None:
    """This process need not wait until it looks for changes: the next page shows them."""
    visit.site.templates.use_labels(await own_words.read_labels())


def called(visit: Visit, own: Own, names: Sequence[str]) -> list[str]:
    """Entries of a file as people call them; one that only its name tells by that."""
    surveys = {one.context: one for one in survey_entries.entries(own.surveys, visit.site.templates)}
    return [
        survey_words.named(visit, surveys[name].survey, surveys[name].spot)
        if name in surveys
        else in_words(visit, name) or name
        for name in names
    ]


def in_words(visit: Visit, name: str) -> str:
    """What a message or a short word is about; "" where only its name tells."""
    kind = name.removeprefix("template:")
    return visit.named("kind", kind) if kind != name and kind in KINDS else source(visit, name)


def source(visit: Visit, name: str) -> str:
    """What a short word says in the default language."""
    labels = visit.site.templates.default_labels
    key, _, form = name.rpartition(".")
    if name in labels:
        return labels.forms(name)["other"]
    return labels.forms(key).get(form, labels.forms(key)["other"]) if key in labels else ""


def counted(visit: Visit, messages: int, words: int, asked: int) -> str:
    """ "35 messages, 2,765 short words"."""
    counts = (("messages", messages), ("words", words), ("asked", asked))
    return visit.listed(visit.say(f"languages.count_{name}", count=count) for name, count in counts if count)


async def _consequences(visit: Visit, row: LanguageImport) -> list[str]:
    author = await authors.name(visit, row.author)
    about = [_told(visit, row, author), visit.say("languages.take_back_about")]
    ends = {test.id for kind in row.changed["messages"] for test in await tests.losing_a(Scope(kind, row.locale))}
    return [*about, visit.say("ab.ends"), *(visit.say("ab.to_test", id=one) for one in sorted(ends))] if ends else about


def _told(visit: Visit, row: LanguageImport, author: str) -> str:
    changed = row.changed
    asked = sum(len(one) for one in changed["surveys"].values())
    counts = counted(visit, len(changed["messages"]), len(changed["words"]), asked)
    language = visit.language(row.locale)
    return visit.say("languages.import", when=visit.when(row.published_at), who=author, language=language, what=counts)


def _left(visit: Visit, own: Own, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = len(names) - _NAMED
    shown = called(visit, own, names[:_NAMED]) + ([visit.say("languages.and_more", count=more)] if more > 0 else [])
    return visit.say("languages.left_changed", names=visit.listed(shown, long=True))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
