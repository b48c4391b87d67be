"""Everything that comes in: committed before it is acknowledged, counted once, quarantined when poisonous."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from core import transactions
from core.models.deliveries import Arrival, ArrivalState
from core.ports import RawArrival
from core.store.prepared import update, update_large

MOST_ATTEMPTS = 5
_AS_LARGE = 64 * 1024


def key_of(channel: str, arrival: RawArrival) -> str:
    return f"{channel}:{arrival.external_id}"[:255]


async def store(channel: str, arrivals: Sequence[RawArrival], *, now: datetime) -> None:
    """Write them down; what is there already stays as it is, so a repeated call has no second effect."""
    rows = [
        Arrival(
            key=key_of(channel, one),
            channel=channel,
            chat=one.chat[:320],
            body=one.body,
            received_at=now,
            state=ArrivalState.NEW,
        )
        for one in arrivals
    ]
    await Arrival.bulk_create(rows, ignore_conflicts=True)


async def claim(key: str, *, size: int = 0) -> bool:
    """Mark it handled, in the transaction that handles it. False: somebody else did, or it is in quarantine.

    `size`: of its body, in bytes; a large one keeps nobody waiting.
    """
    write = update_large if size > _AS_LARGE else update
    return bool(await write(Arrival, {"key": key, "state": ArrivalState.NEW}, state=ArrivalState.HANDLED))


async def forget(key: str) -> None:
    """That it came is kept, so that it does not come twice; what it said, and from where, is not."""
    await update(Arrival, {"key": key}, body=b"", chat="")


async def failed(key: str, problem: str) -> None:
    """Handling raised: try again at the next sweep, and put it in quarantine after the fifth time."""
    row = await Arrival.get_or_none(key=key)
    if row is None or row.state != ArrivalState.NEW:
        return
    state = ArrivalState.QUARANTINED if row.attempts + 1 >= MOST_ATTEMPTS else ArrivalState.NEW
    await Arrival.filter(key=key, state=ArrivalState.NEW).update(
        attempts=row.attempts + 1, problem=problem[:500], state=state
    )


async def quarantine(key: str, problem: str) -> None:
    """It cannot be understood, and will not be the next time: kept, shown, and out of the way."""
    await Arrival.filter(key=key, state=ArrivalState.NEW).update(state=ArrivalState.QUARANTINED, problem=problem[:500])


async def left_behind(*, before: datetime, most: int = 500) -> list[Arrival]:
    """What nobody has handled although it came before then, oldest first: a crash happened, or handling failed."""
    waiting = Arrival.filter(state=ArrivalState.NEW, received_at__lte=before)
    return await waiting.order_by("received_at", "key").limit(most)


async def probe(*, now: datetime) -> None:
    """Write something as large as an arrival and delete it; raises StoreUnavailable while there is no room for it.

    When it works, the store counts as well again.
    """
    key = f"probe:{secrets.token_hex(8)}"
    large = Arrival(key=key, channel="", body=bytes(_AS_LARGE), state=ArrivalState.HANDLED, received_at=now)
    await transactions.run(lambda: Arrival.bulk_create([large]))
    await transactions.run(lambda: Arrival.filter(key=key).delete())
    transactions.take_back_refusal()
