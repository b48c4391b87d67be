"""`/admin/templates/ab-tests/new`: a draft against what goes out, and the rule by which it ends, chosen before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.web.admin import ab_words, template_scope
from bot.web.admin.ab_words import Side
from bot.web.admin.board_shown import Shown
from bot.web.admin.door import Member, Visit
from core import errors
from core.accounts.roles import Right
from core.errors import Invalid
from core.insight import figures, statistics
from core.models import lookup
from core.models.setup import Team
from core.surveys import catalogue
from core.wordings import ab_tests, asking, drafts
from core.wordings.ab_tests import Before, Plan
from core.wordings.drafts import StaleDraft, Words
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
PATH = "/admin/templates/ab-tests"
NEW = f"{PATH}/new"
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
USUAL = {"share": "50", "difference": "10", "days": "28", "base": "30", "with_reminder": ""}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is about: the scope, what is known of it, and the words. Without a draft there is no B."""

    scope: Scope
    mark: str
    before: Before
    a: dict[str, Words]
    b: dict[str, Words]
    has_reminder: bool

    @property
    def is_known(self) -> bool:
        """Whether enough were asked before to say how many answer."""
        return self.before.participation.of >= statistics.FEW


@router.api_route(NEW, methods=["GET", "HEAD"])
async def look(visit: Changing) -> Response:
    return await _page(visit, await _asked(visit, visit.request.query_params), USUAL)


@router.post(NEW)
async def start(visit: Changing) -> Response:
    """Start it; with `do=reckon`, only say how many it takes."""
    form = await visit.form()
    asked = await _asked(visit, form)
    if form.get("do") == "reckon":
        return await _page(visit, asked, form)
    pairs = await ab_words.pair(visit, asked.scope, asked.a, asked.b)
    if not asked.b or any(side.wrong for both in pairs for side in both) or _wrong(visit, asked, form):
        return await _page(visit, asked, form, status=422)
    try:
        test = await ab_tests.start(
            asked.scope,
            _plan(asked, form),
            a=asked.a,
            b=asked.b,
            seen=form.get("seen", ""),
            actor=visit.account.email,
            now=visit.now,
        )
    except StaleDraft as stale:
        return await _page(visit, asked, form, refusal=stale, status=409)
    except errors.Refusal as refusal:
        status = 409 if isinstance(refusal, errors.Conflict) else 422
        return await _page(visit, asked, form, refusal=refusal, status=status)
    return visit.back(f"{PATH}/{test.id}", said="ab_started")


@router.post(f"{NEW}/reckon")
async def reckon(visit: Changing) -> Response:
    """While somebody types: how many it takes."""
    form = await visit.form()
    asked = await _asked(visit, form)
    reckoned, refusal = _reckoned(visit, asked, form)
    return visit.draw("ab_reckoned", reckoned=reckoned, problem=visit.why(refusal) if refusal else "")


async def _asked(visit: Visit, given: Mapping[str, str]) -> Asked:
    scope = await template_scope.read(given)
    if scope.kind not in asking.KINDS:
        raise HTTPException(404)
    b: dict[str, Words] = {}
    if own := await ab_words.draft_of(scope):
        b[scope.kind] = own
    reminder = replace(scope, kind="reminder")
    again = await ab_words.draft_of(reminder) if scope.kind == "invite" else None
    if again and given.get("with_reminder"):
        b["reminder"] = again
    a = {kind: await ab_words.in_force(visit, replace(scope, kind=kind)) for kind in b}
    mark = (await drafts.standing(scope)).mark
    return Asked(scope, mark, await _before(visit, scope), a, b, again is not None)


async def _before(visit: Visit, scope: Scope) -> Before:
    """Of the invites that would have been of this scope. Until those who were asked last have had their time."""
    team = await lookup.by_key(Team, scope.team)
    words, kinds = visit.site.templates, {one.name: one.kind for one in visit.site.channels.values()}
    chosen = [
        one.id
        for one in await figures.slices()
        if (not scope.locale or words.locale_of_templates(one.locale) == scope.locale)
        and (not scope.team or (team is not None and one.team_id == team.id))
        and (not scope.channel or kinds.get(one.channel) == scope.channel)
    ]
    spans = [catalogue.settings_of(one).expire_after for one in await catalogue.current()]
    return await ab_tests.before(chosen, scope.kind, until=visit.now - max(spans, default=timedelta(days=7)))


def _plan(asked: Asked, form: Mapping[str, str]) -> Plan:
    """Raises errors.Invalid, naming the field."""
    known = asked.before.participation.value
    base = min(max((known or 0.0) * 100, 1.0), 99.0) if asked.is_known else float(_whole(form, "base"))
    plan = Plan(_whole(form, "share"), base, _whole(form, "difference"), _whole(form, "days"))
    plan.check()
    return plan


def _wrong(visit: Visit, asked: Asked, form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field: all of it at once."""
    found: dict[str, str] = {}
    for name in ab_tests.LIMITS:
        try:
            if name != "base" or not asked.is_known:
                ab_tests.check_one(name, _whole(form, name))
        except Invalid as refusal:
            found[name] = visit.why(refusal)
    return found


def _whole(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "").strip().removesuffix("%").strip()
    if not re.fullmatch(r"[-−]?[0-9]{1,5}", text):
        raise Invalid("must be a whole number", field=name, label="ab.not_a_number")
    return int(text.replace("−", "-"))


def _reckoned(visit: Visit, asked: Asked, form: Mapping[str, str]) -> tuple[list[str], errors.Refusal | None]:
    """In sentences: how many of each, and how long that takes as things go now."""
    try:
        plan = _plan(asked, form)
    except Invalid as refusal:
        return [], refusal
    size_a, size_b = plan.sizes
    base = Shown(visit).percent(plan.base / 100)
    told = [visit.say("ab.takes", a=f"{size_a:,}", b=f"{size_b:,}", difference=plan.difference, base=base)]
    if asked.before.per_day > 0:
        days = max(size_a / (100 - plan.share), size_b / plan.share) * 100 / asked.before.per_day
        told.append(visit.say("ab.lasts", per_day=f"{asked.before.per_day:.1f}", days=f"{max(1, round(days)):,}"))
        if days > plan.days:
            told.append(visit.say("ab.lasts_longer", days=plan.days))
    return told, None


async def _page(
    visit: Visit,
    asked: Asked,
    form: Mapping[str, str],
    *,
    refusal: errors.Refusal | None = None,
    status: int = 200,
) -> Response:
    pairs: list[tuple[Side, Side]] = await ab_words.pair(visit, asked.scope, asked.a, asked.b)
    reckoned, wrong = _reckoned(visit, asked, form)
    problems = _wrong(visit, asked, form)
    if status == 200 and wrong:
        status = 422
    return visit.draw(
        "ab_start",
        status=status,
        asked=asked,
        scope=asked.scope,
        scope_words=template_scope.in_words(visit, asked.scope, await template_scope.teams()),
        query=template_scope.query(asked.scope),
        reminder_query=template_scope.query(replace(asked.scope, kind="reminder")),
        before=Shown(visit).percent(asked.before.participation.value),
        typed={**USUAL, **form} if "seen" in form else USUAL,
        language=visit.site.templates.best_locale(asked.scope.locale),
        pairs=[(a, b, ab_words.lines(visit, a.words, b.words)) for a, b in pairs],
        cannot=any(side.wrong for both in pairs for side in both),
        others=await ab_tests.overlapping(asked.scope),
        reckoned=reckoned,
        problems=problems,
        **visit.wrong(refusal or wrong),
    )
