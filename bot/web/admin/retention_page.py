"""`/admin/retention`: how long each kind of data is kept, and how much would go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web.admin.door import Member, Visit
from core import setup as setups
from core import transactions
from core.accounts.roles import Right
from core.models.setup import Kind
from core.privacy import retention
from core.setup import RetentionSetup, Stale

router = APIRouter(include_in_schema=False)
PATH = "/admin/retention"
LONGEST = 36_500
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@dataclass(slots=True)
class Line:
    """One kind as the page shows it. `days` is what was typed, unless it is for ever; `going` is None where that is no
    number of days."""

    kind: Kind
    days: str
    seen: str
    usual: int
    ever: bool = False
    going: int | None = None
    problem: str = ""

    @property
    def wanted(self) -> int | None:
        """As the set-up has it: 0 is for ever."""
        if self.ever:
            return 0
        typed = self.days.strip()
        right = typed.isascii() and typed.isdigit() and len(typed) < 6 and 1 <= int(typed) <= LONGEST
        return int(typed) if right else None


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    return await _draw(visit, await _now())


@router.post(PATH)
async def save(visit: Changing) -> Response:
    """With `look`, or when more would go than before: how much; it is written when `sure` is of the same numbers."""
    form, now = await visit.form(), await _now()
    lines = [_typed(one, form) for one in now]
    for line in lines:
        if line.wanted is None:
            line.problem = visit.say("retention.wrong")
    if any(line.problem for line in lines):
        return await _draw(visit, lines, status=422)
    changed = [line for line, old in zip(lines, now, strict=True) if line.wanted != old.wanted]
    going = await _going(visit, changed)
    if "look" in form or (going and form.get("sure") != _numbers(lines)):
        return await _draw(visit, lines, warn=going)
    if refused := await _write(visit, changed):
        refused.problem = visit.say("retention.stale", days=_days(visit, (await retention.days())[refused.kind]))
        return await _draw(visit, lines, status=409)
    return visit.back(PATH, said="saved")


async def _now() -> list[Line]:
    seen = {one.key: one for one in await setups.read("retention")}
    kept = await retention.days()
    return [
        Line(kind, str(kept[kind] or ""), seen[kind].mark if kind in seen else "", usual, ever=not kept[kind])
        for kind, usual in retention.USUAL.items()
    ]


def _typed(now: Line, form: Mapping[str, str]) -> Line:
    """What the form says of a kind; what it does not have is as it is now."""
    if now.kind not in form:
        return now
    seen, ever = form.get(f"seen-{now.kind}", now.seen), form.get(f"{now.kind}.keep") == "ever"
    return Line(now.kind, form[now.kind], seen, now.usual, ever=ever)


def _days(visit: Visit, days: int) -> str:
    if not days:
        return visit.say("retention.usual_ever")
    told, (years, left) = visit.say("retention.usual_days", count=days), divmod(days, 365)
    return (
        visit.say("retention.in_years", days=told, years=visit.say("duration.year", count=years)) if not left else told
    )


async def _going(visit: Visit, lines: list[Line]) -> int:
    return sum([await retention.too_old(line.kind, line.wanted or 0, now=visit.now) for line in lines])


async def _write(visit: Visit, lines: list[Line]) -> Line | None:
    """All of them or none. The one that somebody else has changed meanwhile, if there is one."""

    async def write() -> None:
        for line in lines:
            part = RetentionSetup(key=line.kind, days=line.wanted or 0)
            try:
                await setups.save(part, seen=line.seen, actor=visit.account.email, now=visit.now)
            except Stale as stale:
                raise _Refused(line, stale.theirs.mark if stale.theirs else "") from stale

    try:
        await transactions.run(write)
    except _Refused as refused:
        refused.line.seen = refused.mark
        return refused.line
    return None


class _Refused(Exception):
    def __init__(self, line: Line, mark: str) -> None:
        super().__init__(line.kind)
        self.line = line
        self.mark = mark


def _numbers(lines: list[Line]) -> str:
    return "-".join(str(line.wanted) for line in lines)


async def _draw(visit: Visit, lines: list[Line], *, warn: int = 0, status: int = 200) -> Response:
    for line in lines:
        if line.wanted is not None:
            line.going = await retention.too_old(line.kind, line.wanted, now=visit.now)
    return visit.draw(
        "retention",
        status=status,
        lines=lines,
        warn=warn,
        numbers=_numbers(lines),
        usual={line.kind: _days(visit, line.usual) for line in lines},
        changing=visit.may(Right.CHANGE_SETUP),
    )
