"""Pages of a list, newest first, by a cursor that stays right while rows are added."""

from __future__ import annotations

import base64
import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tortoise.models import Model
from tortoise.queryset import QuerySet

from core import errors
from core.desk import tickets

Row = TypeVar("Row", bound=Model)

Limit = Annotated[int, Field(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str, Field(max_length=40, description="`next_cursor` of the page before.")]
TicketIs = Annotated[
    str, Field(min_length=1, max_length=200, description="Of this ticket: its id, number or ref.", examples=["T-1"])
]


class Paged(BaseModel):
    """What every list takes. An unknown parameter is refused: a misspelt filter must not answer with everything."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 50
    cursor: Cursor | None = None


async def page(rows: QuerySet[Row], asked: Paged) -> tuple[list[Row], str | None]:
    """The rows of this page and the cursor of the next; raises errors.Invalid for a cursor that we did not give."""
    if asked.cursor is not None:
        rows = rows.filter(id__lt=_read(asked.cursor))
    found = await rows.order_by("-id").limit(asked.limit + 1)
    shown = found[: asked.limit]
    return shown, _write(int(shown[-1].pk)) if len(found) > asked.limit else None


async def only_ticket(rows: QuerySet[Row], field: str, name: str | None) -> QuerySet[Row]:
    """Only those of the ticket `name`; raises errors.NotFound where there is no such ticket."""
    return rows if name is None else rows.filter(**{field: (await tickets.find(name)).id})


def _write(last: int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).rstrip(b"=").decode()


def _read(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise errors.Invalid("this is not a cursor that we gave you", field="cursor")
    return int(text)
