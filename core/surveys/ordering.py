"""Which survey wins: the first whose conditions hold, so their order is set."""

from __future__ import annotations

from datetime import datetime

from core import setup as setups
from core import transactions
from core.errors import NotFound
from core.setup import Setup, Stale, SurveySetup


@transactions.atomic
async def move(key: str, by: int, *, seen: list[str], actor: str, now: datetime) -> None:
    """Put a survey `by` places further down (up: less than 0). `seen` is the order that the mover saw.

    Raises NotFound, and Stale when it is another by now.
    """
    order = [one.key for one in await setups.read("surveys")]
    if key not in order:
        raise NotFound("there is no such survey")
    if order != seen:
        raise Stale(None)
    place = min(max(order.index(key) + by, 0), len(order) - 1)
    order.remove(key)
    order.insert(place, key)
    moved = tuple(SurveySetup(key=one, position=at) for at, one in enumerate(order))
    await setups.apply(Setup(surveys=moved), actor=actor, now=now)
