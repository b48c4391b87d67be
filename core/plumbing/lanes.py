"""The pace of a channel account. What may leave next is decided under the lane's row, so all workers keep one pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.queryset import QuerySet

from core import transactions
from core.failpoints import fp
from core.models.deliveries import Delivery, DeliveryState
from core.models.lanes import Lane
from core.plumbing import deliveries
from core.ports import Limits
from core.store.prepared import Prepared

PATIENT_FOR = timedelta(minutes=1)
BURST = timedelta(seconds=0.2)
LONGEST_REST = timedelta(seconds=15)
PATIENCE = 3
OUTAGE = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 30, 60))
"""How long a channel that is down rests before it is tried again. An alert is at most the last of them late."""
BATCH = 20
SLOWER, SLOWEST = 0.8, 0.1
QUICKEN = (timedelta(seconds=10), 0.1)
"""A channel that finds us too fast is asked for four fifths of the pace, down to a tenth; as long as it does not refuse
again, it gets so much more of its usual pace each time that so long has passed (additive increase, multiplicative
decrease, as TCP does: nobody publishes the real limits). One refusal costs three seconds' worth of messages."""


def _first(channel: str, priority: int) -> QuerySet[Delivery]:
    waiting = Delivery.filter(channel=channel, state=DeliveryState.WAITING, priority=priority)
    return waiting.order_by("due_at").limit(1)


_FIRST = Prepared(Delivery, _first, str, int)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is ours to send now, and when to look again."""

    deliveries: list[Delivery]
    look_again: datetime
    failures: int = 0  # in a row, of the channel as a whole
    blocked_until: datetime | None = None


@transactions.atomic
async def take(channel: str, limits: Limits, *, worker: str, most: int, now: datetime) -> Taken:
    """Take what is due, by priority, then age; no faster than `limits`, one at a time and in order per target.

    One who must wait for the channel (a retry) holds back only messages to the same target.
    """
    lane = await _locked(channel, now)
    if lane.blocked_until is not None and lane.blocked_until > now:
        return Taken([], lane.blocked_until, lane.failures, lane.blocked_until)
    step = timedelta(seconds=1 / (limits.per_second * pace_of(lane, now)))
    free_at = max(lane.free_at, now - BURST)
    if free_at > now:
        return Taken([], free_at, lane.failures)
    room = min(most, BATCH, 1 + int((now - free_at) / step))
    candidates = await _candidates(channel, limits, now, room)
    if candidates:
        candidates = await _ours(candidates, worker=worker, now=now)
        for row in candidates:
            row.taken_at, row.taken_by = now, worker
        fp("lane.taking", channel)
        lane.free_at = free_at + step * len(candidates)
        await Lane.filter(channel=channel).update(free_at=lane.free_at)
    look_again = await _look_again(channel, lane.free_at, limits, bool(candidates), now)
    return Taken(candidates, look_again, lane.failures)


async def _ours(rows: Sequence[Delivery], *, worker: str, now: datetime) -> list[Delivery]:
    """Those that became ours: one may have been cancelled or overtaken since it was read."""
    wanted = Delivery.filter(id__in=[row.id for row in rows], state=DeliveryState.WAITING)
    changed = await wanted.update(state=DeliveryState.SENDING, taken_at=now, taken_by=worker)
    if changed == len(rows):
        return list(rows)
    taken = Delivery.filter(id__in=[row.id for row in rows], state=DeliveryState.SENDING, taken_by=worker)
    ids = set(await taken.values_list("id", flat=True))
    return [row for row in rows if row.id in ids]


def pace_of(lane: Lane, now: datetime) -> float:
    """The share of its usual pace that the channel is thought to take now: 1 when it has not refused for long."""
    if lane.paced_at is None:
        return 1.0
    every, more = QUICKEN
    return min(1.0, lane.pace + more * max(0, (now - lane.paced_at) // every))


@transactions.atomic
async def block(channel: str, *, until: datetime, reason: str, now: datetime) -> datetime:
    """The channel asked for quiet: nothing leaves on it before the time that this answers, from any worker.

    After that it is asked for less. Refusals of messages that were under way together count as one.
    """
    lane = await _locked(channel, now)
    later = max(until, lane.blocked_until or until)
    values: dict[str, Any] = {"blocked_until": later, "reason": reason[:300], "failures": lane.failures + 1}
    if lane.blocked_until is None or lane.blocked_until <= now:
        values |= {"pace": max(SLOWEST, pace_of(lane, now) * SLOWER), "paced_at": until}
    await Lane.filter(channel=channel).update(**values)
    return later


@transactions.atomic
async def failed(channel: str, *, whole: bool, reason: str, now: datetime) -> datetime | None:
    """The channel did not work. Answers until when nothing leaves on it; None: once is no reason to stop the others.

    It rests longer after each failure in a row; those that were under way together count as one.
    """
    lane = await _locked(channel, now)
    if lane.blocked_until is not None and lane.blocked_until > now:
        return lane.blocked_until
    beyond = lane.failures + 1 - (1 if whole else PATIENCE)
    until = now + OUTAGE[min(beyond, len(OUTAGE) - 1)] if beyond >= 0 else None
    values = {"blocked_until": until} if until else {}
    await Lane.filter(channel=channel).update(**values, reason=reason[:300], failures=lane.failures + 1)
    return until


@transactions.atomic
async def recovered(channel: str, *, now: datetime) -> bool:
    """A message got through: the channel is well. If it had been closed, what failed on it lately is tried at once.

    Only what has not failed often: else a channel that is up and down would use up a message's tries within seconds.
    False while it asked for quiet: that message was under way before it did.
    """
    lane = await _locked(channel, now)
    if lane.blocked_until is not None and lane.blocked_until > now:
        return False
    await Lane.filter(channel=channel).update(failures=0, blocked_until=None, reason="")
    if lane.blocked_until is not None:
        tried = range(1, PATIENCE + 1)
        waiting = Delivery.filter(channel=channel, state=DeliveryState.WAITING, attempts__in=list(tried))
        await waiting.filter(due_at__gt=now).update(due_at=now)
    return True


async def _locked(channel: str, now: datetime) -> Lane:
    lane = await Lane.filter(channel=channel).select_for_update().first()
    if lane is None:
        await Lane.bulk_create([Lane(channel=channel, free_at=now)], ignore_conflicts=True)
        lane = await Lane.filter(channel=channel).select_for_update().get()
    return lane


async def _candidates(channel: str, limits: Limits, now: datetime, room: int) -> list[Delivery]:
    busy = set(await _held_back(channel, now))
    if limits.per_target_seconds:
        since = now - timedelta(seconds=limits.per_target_seconds)
        recent = Delivery.filter(channel=channel, taken_at__gt=since)
        busy |= set(await recent.values_list("target", flat=True))  # type: ignore[arg-type]
    chosen: dict[str, Delivery] = {}
    for priority, soonest in (await _soonest(channel)).items():
        if len(chosen) < room and soonest <= now:
            due = Delivery.filter(channel=channel, state=DeliveryState.WAITING, priority=priority, due_at__lte=now)
            if busy:
                due = due.exclude(target__in=list(busy))
            fresh = [row for row in await due.order_by("due_at", "id").limit(room * 4) if row.target not in chosen]
            for row in await _oldest(fresh, room, now):
                chosen.setdefault(row.target, row)
    return list(chosen.values())[:room]


async def _oldest(rows: Sequence[Delivery], room: int, now: datetime) -> list[Delivery]:
    """For the first `room` targets the oldest message each: one that was tried again is due later, but leaves first.

    What is due, and of which priority, is looked at here and not by SQLite, which would take the wrong index for it.
    """
    known = {row.id: row for row in rows}
    targets = list(dict.fromkeys(row.target for row in rows))[:room]
    first = {target: next(row for row in rows if row.target == target) for target in targets}
    if not first:
        return []
    same_places = Delivery.filter(channel=rows[0].channel, state=DeliveryState.WAITING, target__in=list(first))
    for other in await same_places.only("id", "target", "priority", "due_at"):
        chosen = first[other.target]
        if other.id < chosen.id and other.priority == chosen.priority and other.due_at <= now:
            first[other.target] = other
    missing = [row.id for row in first.values() if row.id not in known]
    if missing:
        known |= {row.id: row for row in await Delivery.filter(id__in=missing)}
    return [known[row.id] for row in first.values() if row.id in known]


async def _soonest(channel: str) -> dict[int, datetime]:
    """When the first of each priority is due. Priority by priority, because the index has it in front of the time: a
    hundred thousand that are not due yet are never looked at.
    """
    rows = [await _FIRST.first(channel, priority) for priority in deliveries.PRIORITIES]
    return {row.priority: row.due_at for row in rows if row is not None}


async def _held_back(channel: str, now: datetime) -> list[str]:
    """Targets with a message under way, or one that is tried again soon: what follows waits its turn. Not for long:
    a message that nobody takes must not keep an alert from leaving.

    Neither DISTINCT nor without `attempts`: SQLite would rather walk through all targets than look up these few rows.
    """
    under_way = Delivery.filter(channel=channel, state=DeliveryState.SENDING, attempts__gte=0)
    soon = now + PATIENT_FOR
    again = Delivery.filter(channel=channel, state=DeliveryState.WAITING, attempts__gt=0, due_at__gt=now)
    again = again.filter(due_at__lte=soon)
    found: list[str] = []
    for rows in (under_way, again):
        found += await rows.values_list("target", flat=True)  # type: ignore[arg-type]
    return found


async def _look_again(channel: str, free_at: datetime, limits: Limits, took: bool, now: datetime) -> datetime:
    first = min((await _soonest(channel)).values(), default=now + LONGEST_REST)
    if first > now:
        return min(first, now + LONGEST_REST)
    if took:
        return max(free_at, now)
    return now + timedelta(seconds=min(limits.per_target_seconds or 1.0, 1.0))
