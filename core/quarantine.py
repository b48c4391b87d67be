"""Arrivals that could not be understood: seen, tried once more, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q

from core import audit, errors, transactions
from core.models import lookup
from core.models.accounts import AuditLine
from core.models.deliveries import Arrival, ArrivalState

_RETRIED = "arrival.retried"


async def latest(most: int, *, before: str = "") -> list[Arrival]:
    """The newest first; those that come after the one of the key `before`, where that is said."""
    rows = Arrival.filter(state=ArrivalState.QUARANTINED)
    last = await lookup.by_key(Arrival, before)
    if last is not None:
        rows = rows.filter(Q(received_at__lt=last.received_at) | Q(received_at=last.received_at, key__lt=last.key))
    return await rows.order_by("-received_at", "-key").limit(most)


async def find(key: str) -> Arrival:
    """What is in quarantine under this key. Raises errors.NotFound when it is not there (any more)."""
    row = await lookup.by_key(Arrival, key)
    if row is None or row.state != ArrivalState.QUARANTINED:
        raise _gone()
    return row


async def retried(rows: Sequence[Arrival]) -> dict[str, list[AuditLine]]:
    """By key, each time that somebody let it be tried again, the oldest first."""
    found = await audit.lines_of(_RETRIED, [_subject(one.key) for one in rows])
    return {one.key: found.get(_subject(one.key), []) for one in rows}


@transactions.atomic
async def retry(key: str, *, by: str, now: datetime) -> None:
    """Let it be handled as if it had just come in. Raises errors.NotFound when it is not in quarantine (any more)."""
    await _released(key, ArrivalState.NEW, _RETRIED, by=by, now=now)


@transactions.atomic
async def discard(key: str, *, by: str, now: datetime) -> None:
    """Nothing will come of it; should its network send it again, it is known. Raises errors.NotFound as `retry`."""
    await _released(key, ArrivalState.HANDLED, "arrival.discarded", by=by, now=now)


async def _released(key: str, state: ArrivalState, action: str, *, by: str, now: datetime) -> None:
    row = await find(key)
    if not await Arrival.filter(key=row.key, state=ArrivalState.QUARANTINED).update(state=state, attempts=0):
        raise _gone()
    before = {"state": ArrivalState.QUARANTINED.value, "problem": row.problem}
    await audit.record(by, action, f"arrival:{key}"[:254], before=before, after={"state": state.value}, now=now)


def _gone() -> errors.NotFound:
    return errors.NotFound("nothing of that name is in quarantine", field="arrival", label="admin.arrivals.gone")


def _subject(key: str) -> str:
    return f"arrival:{key}"[:254]
