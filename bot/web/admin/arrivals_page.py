"""`/admin/arrivals`: what came in and could not be understood; it is tried once more, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.responses import Response

from bot.web.admin.door import Member, Visit
from core import quarantine
from core.accounts.roles import Right
from core.errors import NotFound
from core.models.deliveries import Arrival

router = APIRouter(include_in_schema=False)
PATH = "/admin/arrivals"
PAGE, SHOWN = 30, 4000
Seeing = Annotated[Visit, Depends(Member(Right.SEE_DELIVERIES))]
Changing = Annotated[Visit, Depends(Member(Right.REPLAY_DELIVERIES))]


@dataclass(frozen=True, slots=True)
class Raw:
    """`text` is what came, as far as it is shown; of `size` bytes in all."""

    key: str
    channel: str
    problem: str
    when: str
    text: str
    size: int
    cut: bool


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing, before: Annotated[str, Query(max_length=255)] = "") -> Response:
    rows = await quarantine.latest(PAGE + 1, before=before)
    return visit.draw(
        "arrivals",
        rows=[_raw(one, visit) for one in rows[:PAGE]],
        following=rows[PAGE - 1].key if len(rows) > PAGE else "",
        changing=visit.may(Right.REPLAY_DELIVERIES),
    )


@router.post(f"{PATH}/retry")
async def retry(visit: Changing) -> Response:
    return await _decided(visit, "retry")


@router.post(f"{PATH}/discard")
async def discard(visit: Changing) -> Response:
    return await _decided(visit, "discard")


async def _decided(visit: Visit, verb: str) -> Response:
    """The name of an arrival is its network's, and may hold anything: it comes in the form, not in the address."""
    decide = quarantine.retry if verb == "retry" else quarantine.discard
    try:
        key = (await visit.form()).get("arrival", "")
        await decide(key, by=visit.account.email, now=visit.now)
    except NotFound as error:
        raise HTTPException(404) from error
    return visit.back(PATH, said=f"arrival_{verb}")


def _raw(row: Arrival, visit: Visit) -> Raw:
    body = bytes(row.body)
    text = readable(body[:SHOWN])
    return Raw(
        row.key,
        row.channel,
        visit.trouble(row.problem),
        visit.when(row.received_at),
        text,
        len(body),
        len(body) > SHOWN,
    )


def readable(body: bytes) -> str:
    """As text, whatever it is: what cannot be shown, or would change how the rest is read, stands as its number."""
    return "".join(
        one if one in "\n\t" or one.isprintable() else _number(one) for one in body.decode("utf-8", "backslashreplace")
    )


def _number(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) < 256 else f"\\u{ord(one):04x}"
