"""`/admin/audit`: every change, the latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from bot.web.admin import audit_names, audit_words, days, differences
from bot.web.admin.differences import Difference
from bot.web.admin.door import Member, Visit
from core import audit
from core.accounts.roles import Right
from core.models.accounts import Account, AuditLine

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
    by: Annotated[str, Query(max_length=254)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    first, last = (days.midnight(day, visit.site.timezone) for day in (since, until))
    end = last + timedelta(days=1) if last else None
    lines = await audit.latest(PAGE + 1, before=before, about=about, by=_alike(by), since=first, until=end)
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
    narrowed: dict[str, Any] = {"about": about, "by": by, "since": since, "until": until}
    return visit.draw(
        "audit",
        lines=shown,
        following=following,
        named=named,
        **narrowed,
        query=urlencode({name: value for name, value in narrowed.items() if value}),
        actors=await _actors(visit, by),
    )


def _alike(by: str) -> list[str]:
    """Who is called the same on this page: Afterword itself acts under more than one name."""
    called = audit_words.ACTORS.get(by)
    return [one for one, name in audit_words.ACTORS.items() if name == called] or ([by] if by else [])


async def _actors(visit: Visit, chosen: str) -> list[tuple[str, str]]:
    """Everybody who has or had an account, and what acts by itself; who is looked for is there in any case."""
    emails = await Account.all().order_by("email").values_list("email", flat=True)
    known = dict.fromkeys([*map(str, emails), *(_alike(one)[0] for one in audit_words.ACTORS), *_alike(chosen)[:1]])
    return [("", visit.say("admin.audit.anybody")), *((one, audit_words.actor(visit, one)) for one in known)]
