"""Everything that goes out: a row in the transaction that caused it, carried by whoever changes the row first."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from core import transactions
from core.failpoints import fp
from core.models.deliveries import Delivery, DeliveryState
from core.models.lanes import Lane
from core.plumbing import jobs
from core.store.prepared import Prepared, insert, update

JOB = "delivery"
_BY_KEY = Prepared(Delivery, lambda key: Delivery.filter(key=key), str)
LEASE = timedelta(seconds=15)
"""How long a delivery belongs to a process that does not `hold` it any more. Longer than any call to a network."""
RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)

PERHAPS_SENT = "perhaps_sent"
"""In a delivery's payload: an earlier try was handed over, and nobody knows whether it arrived."""

URGENT, ANSWER, REPLY, INVITE = 1, 2, 3, 6
PRIORITIES = range(URGENT, INVITE + 1)
"""Priorities: alerts, the next screen of a running conversation, what staff write, and last the invites."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What to tell whom. `subject_id` names the invite, alert or ticket; the words are drawn when it leaves."""

    key: str
    kind: str
    channel: str
    target: str
    priority: int = REPLY
    contact_id: int | None = None
    address_id: int | None = None
    ticket_id: int | None = None
    subject_id: int | None = None
    screen: str = ""
    receipt: str = ""  # the message to redraw, where it is known already
    payload: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None


async def schedule(draft: Draft, *, due: datetime, now: datetime) -> Delivery:
    """Have it sent at `due`. A draft with a key that exists already is the same delivery and changes nothing."""
    if known := await _BY_KEY.first(draft.key):
        return known
    try:
        async with transactions.savepoint():
            delivery = await insert(Delivery, key=draft.key, **_columns(draft), due_at=due, created_at=now)
    except IntegrityError:
        return await Delivery.get(key=draft.key)  # another process was faster
    # Priorities of jobs are the other way round: a higher one is taken first.
    await jobs.enqueue(JOB, delivery.id, due=due, now=now, priority=10 - draft.priority)
    fp("delivery.planned", draft.kind)
    transactions.after_commit(partial(fp, "delivery.committed", draft.kind))
    return delivery


async def hand_over(draft: Draft, *, worker: str, now: datetime) -> Delivery:
    """The same, but already taken by this process, which sends it right after the commit, without the engine.

    Should the process die before, the sweep finds it when its lease is over.
    """
    return await insert(
        Delivery,
        key=draft.key,
        **_columns(draft),
        due_at=now,
        created_at=now,
        state=DeliveryState.SENDING,
        taken_at=now,
        taken_by=worker,
    )


async def sent(delivery: Delivery, *, receipt: str, drawn: dict[str, Any], now: datetime) -> bool:
    """It is with the channel. Also when our lease was over, unless somebody else has it in hand by now.

    False: nothing was written, for others have it in hand or have cancelled it.
    """
    values = {"state": DeliveryState.SENT, "sent_at": now, "receipt": receipt, "drawn": drawn, "problem": ""}
    free_or_ours = {"state": (DeliveryState.SENDING, DeliveryState.WAITING), "taken_by": (delivery.taken_by, "")}
    return bool(await update(Delivery, {"id": delivery.id, **free_or_ours}, **values))


async def postpone(
    delivery: Delivery, reason: str, *, after: timedelta | None = None, failed: bool = True, now: datetime
) -> DeliveryState:
    """Try again by the schedule ±20 %, not before `after`; after the last try it is a dead letter.

    `failed=False`: nothing is wrong with the message, only its time has not come (its channel rests, it is night); then
    it waits for `after` alone, and that uses up no try. Answers DEAD, WAITING, or SENDING when others took it over.
    """
    if failed and delivery.attempts >= len(RETRIES):
        return await give_up(delivery, f"given up after {delivery.attempts + 1} tries: {reason}")
    pause = after or timedelta(0)
    due = now + (max(pause, shaken(RETRIES[delivery.attempts])) if failed else pause)
    if delivery.expires_at is not None and due >= delivery.expires_at:
        return await give_up(delivery, f"no longer wanted by the time it could be sent: {reason}")
    attempts = delivery.attempts + (1 if failed else 0)
    ours = await _held(delivery).update(
        state=DeliveryState.WAITING, due_at=due, attempts=attempts, payload=delivery.payload, problem=reason[:500]
    )
    if not ours:
        return DeliveryState.SENDING
    await jobs.enqueue(JOB, delivery.id, due=due, now=now, priority=10 - delivery.priority)
    return DeliveryState.WAITING


async def give_up(delivery: Delivery, reason: str) -> DeliveryState:
    """A dead letter: kept, visible, and replayable. SENDING: others took it over meanwhile, and it is theirs."""
    ours = await _held(delivery).update(state=DeliveryState.DEAD, problem=reason[:500])
    return DeliveryState.DEAD if ours else DeliveryState.SENDING


async def cancel(*, screen: str, kind: str = "") -> int:
    """What still waits for this screen is not wanted any more; with a `kind`, only that."""
    waiting = Delivery.filter(screen=screen, state=DeliveryState.WAITING, **({"kind": kind} if kind else {}))
    return await waiting.update(state=DeliveryState.CANCELLED)


async def drop(delivery: Delivery, state: DeliveryState) -> None:
    """Taken, and then found to have no meaning any more: CANCELLED or SUPERSEDED."""
    await _held(delivery).update(state=state)


async def replay(delivery: Delivery, *, now: datetime) -> bool:
    """Send a dead letter again, with a fresh schedule. False when it is not dead (any more)."""
    revived = await Delivery.filter(id=delivery.id, state=DeliveryState.DEAD).update(
        state=DeliveryState.WAITING, due_at=now, attempts=0, problem="", expires_at=None
    )
    if revived:
        await jobs.enqueue(JOB, delivery.id, due=now, now=now, priority=10 - delivery.priority)
    return bool(revived)


async def claim_homeless(channels: Collection[str], *, worker: str, now: datetime) -> list[Delivery]:
    """Take what is due on a channel that is not configured (any more): no lane would ever look at it."""
    mine = []
    for channel in sorted(set(await every_channel()) - set(channels)):
        due = Delivery.filter(channel=channel, state=DeliveryState.WAITING, due_at__lte=now)
        for row in await due.limit(1000):
            taken = {"state": DeliveryState.SENDING, "taken_at": now, "taken_by": worker}
            if await Delivery.filter(id=row.id, state=DeliveryState.WAITING).update(**taken):
                row.update_from_dict(taken)
                mine.append(row)
    return mine


async def every_channel() -> list[str]:
    """All channels that ever had a delivery, one look into the index for each: there are many rows and few channels."""
    found: list[str] = []
    while True:
        beyond = Delivery.filter(channel__gt=found[-1]) if found else Delivery.all()
        row = await beyond.order_by("channel").limit(1).only("id", "channel").first()
        if row is None:
            return found
        found.append(row.channel)


async def hold(ids: Collection[int], *, worker: str, now: datetime) -> None:
    """This process lives and has them in hand: nobody takes them over for another lease."""
    if ids:
        await Delivery.filter(id__in=list(ids), state=DeliveryState.SENDING, taken_by=worker).update(taken_at=now)


async def is_held(delivery: Delivery) -> bool:
    """False for who was away for longer than the lease, and finds that others went on with it."""
    return await _held(delivery).exists()


async def reclaim(*, now: datetime, mine_only: bool = False) -> list[str]:
    """Free what a dead process had in hand; answers the channels concerned.

    `mine_only` says that there is no other process (SQLite at its start): every lease is void at once.
    """
    known = await Lane.all().values_list("channel", flat=True)  # the index begins with the channel
    stuck = Delivery.filter(channel__in=known, state=DeliveryState.SENDING)
    if not mine_only:
        stuck = stuck.filter(taken_at__lt=now - LEASE)
    rows = await stuck.limit(1000)
    for row in rows:
        await Delivery.filter(id=row.id, state=DeliveryState.SENDING, taken_at=row.taken_at).update(
            state=DeliveryState.WAITING, due_at=now, taken_by=""
        )
    return sorted({row.channel for row in rows})


async def shown(screen: str) -> Delivery | None:
    """The newest drawing of a screen that is with the channel: its receipt is the message to redraw."""
    return await Delivery.filter(screen=screen, state=DeliveryState.SENT).order_by("-sent_at", "-id").first()


def _held(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.filter(id=delivery.id, state=DeliveryState.SENDING, taken_by=delivery.taken_by)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "channel": draft.channel,
        "target": draft.target,
        "priority": draft.priority,
        "contact_id": draft.contact_id,
        "address_id": draft.address_id,
        "ticket_id": draft.ticket_id,
        "subject_id": draft.subject_id,
        "screen": draft.screen,
        "receipt": draft.receipt,
        "payload": draft.payload,
        "expires_at": draft.expires_at,
    }


def shaken(wait: timedelta) -> timedelta:
    """±20 %, so that what failed together does not come again together."""
    return wait * (0.8 + secrets.randbelow(401) / 1000)
