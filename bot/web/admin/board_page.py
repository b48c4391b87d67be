"""`/admin/board`: what people said, how many answered, what is being put right; each table as CSV too.

The scores by dimension, what became of the questions, and the tables by team, person, type and channel come after the
rest: they take as long again to count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from bot.web.admin import board_charts, board_choice, board_csv, board_tables, board_tiles
from bot.web.admin.board_choice import Choice
from bot.web.admin.board_names import Names
from bot.web.admin.board_shown import Shown
from bot.web.admin.board_tables import Table
from bot.web.admin.door import Member, Visit
from core.accounts.roles import Right
from core.contacts import zone_named
from core.errors import Refusal
from core.insight import figures
from core.insight.figures import Board, Details
from core.insight.spans import Span
from core.models.invites import Slice

router = APIRouter(include_in_schema=False)
PATH = "/admin/board"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_BOARD))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    known = await figures.slices()
    names = await Names.read(visit, known)
    choice = board_choice.of(visit.request.query_params)
    try:
        board = await _counted(visit, choice, known)
    except Refusal as refusal:
        return _drawn(visit, choice, names, None, refusal=refusal)
    return _drawn(visit, choice, names, board)


@router.api_route(f"{PATH}/details", methods=["GET", "HEAD"])
async def look_closer(visit: Seeing) -> Response:
    """How often each score was given, and what became of the questions."""
    choice = board_choice.of(visit.request.query_params)
    names = await Names.of_asked(visit)
    found = await _details(visit, choice)
    charts = {"spread": board_charts.spread(found, names)}
    return await _later(visit, "details", choice, board_tables.of_details(found, names, choice), charts)


@router.api_route(f"{PATH}/groups", methods=["GET", "HEAD"])
async def cut(visit: Seeing) -> Response:
    """The tables by team, person, type and channel."""
    known = await figures.slices()
    choice = board_choice.of(visit.request.query_params)
    names = await Names.read(visit, known)
    return await _later(visit, "groups", choice, await _groups(visit, choice, names, known), {})


async def _later(
    visit: Visit, part: str, choice: Choice, tables: Mapping[str, Table], charts: Mapping[str, dict[str, Any]]
) -> Response:
    """What the board fetches when it is there, or a page for who has no scripts."""
    alone = not visit.request.headers.get("hx-request")
    return visit.draw(
        "board_later" if alone else f"board_{part}",
        part=part,
        about=await _about(visit, choice) if alone else [],
        tables=tables,
        charts=charts,
        shown=Shown(visit),
        query=urlencode(choice.query),
    )


async def _about(visit: Visit, choice: Choice) -> list[str]:
    """Which days these are, and of what."""
    span = _span(visit, choice)
    names = await Names.read(visit, await figures.slices())
    return [
        Shown(visit).days(span.first, span.last),
        *([visit.zone_name(choice.zone)] if choice.zone else []),
        *(
            visit.say(
                "audit.part",
                name=visit.say(f"board.filter.{part}"),
                value=dict(names.options[part]).get(value) or visit.say("board.gone"),
            )
            for part, value in choice.given.items()
            if value
        ),
    ]


@router.api_route(f"{PATH}.csv", methods=["GET", "HEAD"])
async def hand_out(visit: Seeing) -> Response:
    """One table (`part`) of the board with the same choice."""
    known = await figures.slices()
    choice = board_choice.of(visit.request.query_params)
    names = await Names.read(visit, known)
    part = visit.request.query_params.get("part", "series")
    match part:
        case "team" | "type" | "channel" | "agent":
            tables = await _groups(visit, choice, names, known)
        case "distribution" | "dimensions" | "participation":
            tables = board_tables.of_details(await _details(visit, choice), names, choice)
        case _:
            tables = board_tables.of(await _counted(visit, choice, known), names, choice)
    if part not in tables:
        raise HTTPException(404)
    return Response(
        board_csv.written(tables[part], visit.say),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="board-{part}.csv"'},
    )


async def _counted(visit: Visit, choice: Choice, known: Sequence[Slice]) -> Board:
    return await figures.board(_span(visit, choice), choice.filters, now=visit.now, known=known)


async def _details(visit: Visit, choice: Choice) -> Details:
    return await figures.details(_span(visit, choice), choice.filters)


async def _groups(visit: Visit, choice: Choice, names: Names, known: Sequence[Slice]) -> dict[str, Table]:
    found = await figures.groups(_span(visit, choice), choice.filters, now=visit.now, known=known)
    return board_tables.of_groups(found, names, choice)


def _span(visit: Visit, choice: Choice) -> Span:
    return choice.span(zone=zone_named(visit.site.timezone), now=visit.now)


def _drawn(
    visit: Visit, choice: Choice, names: Names, board: Board | None, *, refusal: Refusal | None = None
) -> Response:
    return visit.draw(
        "board",
        status=422 if refusal else 200,
        board=board,
        choice=choice,
        names=names,
        tables=board_tables.of(board, names, choice) if board else {},
        charts=board_charts.of(board, names) if board else {},
        tiles=board_tiles.of(board, visit, choice) if board else [],
        shown=Shown(visit),
        query=urlencode(choice.query),
        is_live=board is not None and board.span.last >= visit.now.astimezone(board.span.zone).date(),
        **visit.wrong(refusal),
    )
