"""`/admin/audit`: every change, the latest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from bot.web.admin import audit_names, audit_words, differences
from bot.web.admin.differences import Difference
from bot.web.admin.door import Member, Visit
from core import audit
from core.accounts.roles import Right
from core.models.accounts import AuditLine

router = APIRouter(include_in_schema=False)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown."""

    row: AuditLine
    action: str
    subject: str
    actor: str
    changes: list[Difference]


@router.api_route("/admin/audit", methods=["GET", "HEAD"])
async def look(
    visit: Annotated[Visit, Depends(Member(Right.SEE_AUDIT))],
    before: Annotated[int, Query(ge=1, lt=2**63)] | None = None,
    about: Annotated[str, Query(max_length=254)] = "",
) -> Response:
    lines = await audit.latest(PAGE + 1, before=before, about=about)
    following = lines[PAGE - 1].id if len(lines) > PAGE else None
    names = await audit_names.of(visit, lines[:PAGE], about)
    shown = [
        Line(
            line,
            visit.named("audit", line.action),
            audit_words.subject(visit, line.subject, names),
            audit_words.actor(visit, line.actor),
            list(differences.between(visit, line.before or {}, line.after or {}, names)),
        )
        for line in lines[:PAGE]
    ]
    named = audit_words.subject(visit, about, names)
    return visit.draw("audit", lines=shown, following=following, about=about, named=named)
