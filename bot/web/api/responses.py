"""`GET /api/v1/responses`: what came back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from bot.web.api import names, paging, shapes
from bot.web.api.answers import REFUSALS, answer
from bot.web.policies import Reader
from core.models.responses import Band
from core.models.responses import Response as Answer
from core.surveys import anonymity

router = APIRouter(prefix="/api/v1", tags=["Surveys"])


class Filter(paging.Paged):
    ticket: paging.TicketIs | None = None
    band: Band | None = None
    partial: bool | None = None


@router.get(
    "/responses", response_model=shapes.Page[shapes.ResponseShape], responses=REFUSALS, summary="List responses"
)
async def every(asked: Annotated[Filter, Query()], _: Reader) -> Response:
    """The answers to invites, partial ones too. Newest first. Anonymous ones are none of a ticket's, and not listed."""
    rows = Answer.filter(anonymity.SHOWN).select_related("invite", "invite__ticket").prefetch_related("scores")
    rows = await paging.only_ticket(rows, "invite__ticket_id", asked.ticket)
    for field, wanted in (("band", asked.band), ("partial", asked.partial)):
        if wanted is not None:
            rows = rows.filter(**{field: wanted})
    found, after = await paging.page(rows, asked)
    return answer(shapes.Page[shapes.ResponseShape](items=[_shape(row) for row in found], next_cursor=after))


def _shape(row: Answer) -> shapes.ResponseShape:
    scores = sorted(row.scores, key=lambda score: int(score.id))
    return shapes.ResponseShape(
        id=f"rsp_{row.id}",
        ticket=names.ticket(row.invite.ticket),
        invite=names.invite(row.invite),
        cycle=row.invite.cycle,
        purpose=row.invite.purpose,
        survey=row.invite.survey_key,
        scores={score.dimension: score.value for score in scores},
        reasons=row.reasons,
        comment=row.comment or None,
        band=row.band,
        partial=row.partial,
        settled=row.settled_version > 0 and row.settled_version == row.version,
        revision=row.revision,
        created_at=row.created_at,
        changed_at=row.changed_at,
        finished_at=row.finished_at,
    )
