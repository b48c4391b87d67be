"""`/admin/templates`: all kinds of message, what they are for, and where own words stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.placeholders import KINDS
from bot.trials import samples
from bot.trials.surfaces import SURFACES
from bot.web.admin import template_looks, template_scope
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.models.setup import Wording
from core.models.wordings import WordingDraft
from core.wordings.scopes import Scope

router = APIRouter(include_in_schema=False)
PATH = "/admin/templates"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    groups = [(name, list(kinds)) for name, kinds in samples.GROUPS.items()] + [("staff", list(samples.STAFF))]
    return visit.draw("templates", groups=groups, own=await _own(visit))


@router.api_route(f"{PATH}/{{kind}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, kind: str) -> Response:
    """Where this kind has own words, and a choice of where to write some."""
    if kind not in KINDS:
        raise HTTPException(404)
    return visit.draw(
        "template_kind",
        kind=kind,
        own=(await _own(visit)).get(kind, []),
        teams=await template_scope.teams(),
        channels=list(SURFACES),
    )


async def _own(visit: Visit) -> dict[str, list[dict[str, object]]]:
    """By kind: each scope with own words or a draft."""
    names = await template_scope.teams()
    found: dict[Scope, dict[str, object]] = {}
    for row in await Wording.all().order_by("kind", "locale", "team", "channel"):
        scope = Scope(row.kind, row.locale, row.team, row.channel)
        found[scope] = {"published": True, "draft": False, "problem": template_looks.trouble(visit, row)}
    for draft in await WordingDraft.all().order_by("kind", "locale", "team", "channel"):
        scope = Scope(draft.kind, draft.locale, draft.team, draft.channel)
        found.setdefault(scope, {"published": False, "problem": ""})["draft"] = True
    own: dict[str, list[dict[str, object]]] = {}
    for scope, about in found.items():
        about |= {"words": template_scope.in_words(visit, scope, names), "query": template_scope.query(scope)}
        own.setdefault(scope.kind, []).append(about)
    return own
