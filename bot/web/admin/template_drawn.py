"""What the template editor's pages are made of, by words and scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from bot.placeholders import KINDS
from bot.trials import drawing, sending
from bot.trials.drawing import Trial
from bot.web.admin import authors, meanwhile, template_looks, template_placeholders, template_scope
from bot.web.admin.door import Visit
from bot.web.admin.template_looks import Typed
from bot.web.policy_headers import PAGE_POLICY
from core import errors
from core.accounts.roles import Right
from core.models.setup import Wording
from core.models.wordings import ABTest, Variant
from core.wordings import ab_tests, asking, drafts, publishing
from core.wordings.drafts import Standing, Words
from core.wordings.scopes import Scope

PATH = "/admin/templates"
EDIT = f"{PATH}/edit"
_LONGEST_NUMBER = 200
"""Of a ticket: its number, or the outside's own name for it."""


async def page(
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
    words, where = await words_of(visit, scope, standing)
    shown = typed or Typed.of_words(words)
    checked = await checks(visit, scope, shown, number, refusal)
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
        placeholders=template_placeholders.shown(visit, scope.kind, scope.locale),
        by_mail="email" in template_looks.channels_of(scope.kind, scope.channel),
        doors=doors,
        can_test=scope.kind in asking.KINDS,
        running=running,
        sent_by=[one for one in running if _sends(one, scope, standing)],
        started_with_others=[one for one in running if _tests(one, scope)],
        losing_messages=await losing_messages(visit, scope),
        before=await publishing.before(scope),
        trouble=template_looks.trouble(visit, row) if row else "",
        is_stale=theirs,
        is_refused=is_wrong and not theirs,
        of_a_ticket=_is_of_a_ticket(scope.kind),
        too_many=too_many,
        part=False,
        **await stale(visit, scope, standing),
        **checked,
    )
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-src 'self'"
    return response


async def stale(visit: Visit, scope: Scope, standing: Standing) -> dict[str, Any]:
    """How it stands now, and who took it away where nothing stands."""
    gone_by = await meanwhile.removed(visit, "templates", scope.key) if standing.newest is None else ""
    return {**await common(visit, scope, standing), "theirs": _told(visit, standing), "gone": gone_by}


async def common(visit: Visit, scope: Scope, standing: Standing) -> dict[str, Any]:
    author = standing.draft.author if standing.draft else ""
    return {
        "scope": scope,
        "query": template_scope.query(scope),
        "scope_words": template_scope.in_words(visit, scope, await template_scope.teams()),
        "author": await authors.name(visit, author),
        "language": visit.site.templates.best_locale(scope.locale),
        "standing": standing,
        "changing": visit.may(Right.CHANGE_SETUP),
        "is_own": standing.draft is not None and standing.draft.author == visit.account.email,
    }


async def checks(
    visit: Visit, scope: Scope, typed: Typed, number: str, refusal: errors.Refusal | None
) -> dict[str, Any]:
    """What is wrong, and the previews where nothing is. Words that are refused are never given to the renderer."""
    wrong = template_looks.wrong_with(scope.kind, typed, visit)
    if refusal:
        wrong = [template_looks.Wrong(visit.why(refusal)), *wrong]
    looks: list[template_looks.Look] = []
    unknown = False
    if not any(one.grave for one in wrong):
        trial, unknown = await trial_of(visit, scope, typed.source, number)
        looks, more = await template_looks.looks(trial, visit, scope.channel)
        wrong += more + template_looks.cut_off(looks)
    return {
        "wrong": wrong,
        "wrong_lines": {one.line for one in wrong if one.field == "body" and one.grave},
        "wrong_fields": {one.field for one in wrong if one.grave},
        "is_wrong": any(one.grave for one in wrong),
        "is_kept": refusal is None,
        "looks": looks,
        "number": number,
        "number_unknown": unknown,
    }


async def words_of(visit: Visit, scope: Scope, standing: Standing) -> tuple[Words, Scope | None]:
    """What the editor begins with; the scope from which it is taken, where it is not one's own."""
    if standing.newest is not None:
        return standing.newest, None
    return await template_scope.wider(visit, scope)


async def trial_of(visit: Visit, scope: Scope, source: str, number: str) -> tuple[Trial, bool]:
    """With the values of a real request where one is named; True where there is none of that number."""
    real = await drawing.values_of(number) if number else None
    known = {one.name for one in KINDS[scope.kind].placeholders}
    values = {name: value for name, value in (real or {}).items() if name in known}
    return Trial(scope.kind, source, scope.locale, values, visit.site.name), bool(number) and real is None


async def now_sent(visit: Visit, scope: Scope, standing: Standing) -> Words:
    """What goes out now."""
    return standing.published or (await template_scope.wider(visit, scope))[0]


async def losing_messages(visit: Visit, scope: Scope) -> list[dict[str, object]]:
    """The tests from which words of this scope would take messages, and for whom they are."""
    names = await template_scope.teams()
    return [
        {"id": one.id, "words": template_scope.in_words(visit, asking.scope_of(one), names)}
        for one in await asking.losing_messages(scope)
    ]


def _tests(test: ABTest, scope: Scope) -> bool:
    """Whether the test has words of its own for just these messages."""
    return scope.kind in test.words[Variant.B] and asking.scope_of(test, scope.kind) == scope


def _sends(test: ABTest, scope: Scope, standing: Standing) -> bool:
    """Whether the test sends just what is drafted here."""
    draft = standing.draft
    if draft is None or not _tests(test, scope):
        return False
    return test.words[Variant.B][scope.kind] == {"subject": draft.subject, "source": draft.source}


async def _chain(visit: Visit, scope: Scope, names: Mapping[str, str]) -> list[dict[str, object]]:
    """Whose words are taken, the closest first."""
    found: list[dict[str, object]] = []
    for one in scope.chain():
        own = (await drafts.standing(one)).published is not None
        words = template_scope.in_words(visit, one, names)
        found.append({"words": words, "own": own, "query": template_scope.query(one), "here": one == scope})
    return found


def number_in(visit: Visit, scope: Scope, given: Mapping[str, str]) -> str:
    """Of the real request to show it with, for those who may see requests."""
    number = given.get("ticket", "").strip()[:_LONGEST_NUMBER]
    return number if visit.may(Right.SEE_TICKETS) and _is_of_a_ticket(scope.kind) else ""


def check_number(scope: Scope, given: Mapping[str, str]) -> None:
    """Raises Invalid for a request that is named where the words are about none."""
    if given.get("ticket", "").strip() and not _is_of_a_ticket(scope.kind):
        raise errors.Invalid(f"{scope.kind} is about no ticket", label="template.of_no_ticket")


def _is_of_a_ticket(kind: str) -> bool:
    return any(one.name in ("ticket", "contact") for one in KINDS[kind].placeholders)


def query(scope: Scope, number: str = "") -> dict[str, str]:
    given = {**scope.columns, "ticket": number}
    return {name: value for name, value in given.items() if value}


def _told(visit: Visit, standing: Standing) -> str:
    words = standing.newest
    return template_looks.told(visit, Typed.of_words(words).source) if words else ""


async def asked(visit: Visit) -> Scope:
    return await template_scope.read(visit.request.query_params)
