"""Nothing acknowledged is lost, nothing counts twice, and everything leaves in order and at its channel's pace."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from functools import partial

import pytest

from core import transactions
from core.errors import Conflict
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.lanes import Lane
from core.plumbing import arrivals, deliveries, lanes
from core.plumbing.grouping import GroupCommit, Together
from core.ports import Limits, RawArrival
from core.store import Store
from tests.core.builders import at

QUICK = Limits(per_second=1000, per_target_seconds=0)


def draft(
    number: int, *, target: str = "", priority: int = deliveries.INVITE, channel: str = "bot"
) -> deliveries.Draft:
    return deliveries.Draft(
        key=f"note:{number}", kind="note", channel=channel, target=target or f"t{number}", priority=priority
    )


async def schedule(wanted: deliveries.Draft, *, due: datetime = at()) -> Delivery:  # noqa: B008 - a fixed moment
    return await transactions.run(lambda: deliveries.schedule(wanted, due=due, now=at()))


async def take(limits: Limits = QUICK, *, now: datetime, worker: str = "w1", most: int = 20) -> list[Delivery]:
    return (await lanes.take("bot", limits, worker=worker, most=most, now=now)).deliveries


async def postpone(
    delivery: Delivery,
    *,
    after: timedelta | None = None,
    failed: bool = True,
    now: datetime = at(),  # noqa: B008 - a fixed moment
) -> DeliveryState:
    return await transactions.run(lambda: deliveries.postpone(delivery, "busy", after=after, failed=failed, now=now))


async def test_an_arrival_comes_once_however_often_it_is_sent(store: Store) -> None:
    one = RawArrival("42", b"{}")
    for _ in range(3):
        await arrivals.store("bot", [one], now=at())
    assert await Arrival.all().count() == 1
    assert await arrivals.claim("bot:42")
    assert not await arrivals.claim("bot:42")


async def test_two_bots_may_have_the_same_update_id(store: Store) -> None:
    await arrivals.store("bot", [RawArrival("42", b"a")], now=at())
    await arrivals.store("other", [RawArrival("42", b"b")], now=at())
    assert await Arrival.all().count() == 2


@pytest.mark.parametrize("size", [1000, 1_000_000])
async def test_an_arrival_of_any_size_is_claimed_once(store: Store, size: int) -> None:
    await arrivals.store("mail", [RawArrival("42", bytes(size))], now=at())
    claimed = [await transactions.run(lambda: arrivals.claim("mail:42", size=size)) for _ in range(2)]
    assert claimed == [True, False]


@pytest.mark.parametrize(("size", "beside"), [(1000, False), (1_000_000, True)])
async def test_a_large_arrival_is_claimed_beside_the_event_loop(sqlite_store: Store, size: int, beside: bool) -> None:
    """SQLite writes the whole row anew, which takes a quarter of a second for a mail of 18 MB."""
    await arrivals.store("mail", [RawArrival("42", bytes(size))], now=at())
    threads: list[int] = []
    raw = sqlite_store.client.live._conn  # type: ignore[union-attr]
    raw.set_trace_callback(lambda said: threads.append(threading.get_ident()) if said.startswith("UPDATE") else None)
    assert await transactions.run(lambda: arrivals.claim("mail:42", size=size))
    assert [one != threading.get_ident() for one in threads] == [beside]


async def test_a_poisonous_arrival_is_put_aside_after_the_fifth_time(store: Store) -> None:
    await arrivals.store("bot", [RawArrival("42", b"{}")], now=at())
    for _ in range(5):
        assert [one.key for one in await arrivals.left_behind(before=at())] == ["bot:42"]
        await arrivals.failed("bot:42", "KeyError: 'x'")
    assert await arrivals.left_behind(before=at()) == []
    assert (await Arrival.get()).state == ArrivalState.QUARANTINED


async def test_the_same_key_is_the_same_delivery(store: Store) -> None:
    first, second = await schedule(draft(1)), await schedule(draft(1, target="elsewhere"))
    assert first.id == second.id
    assert (await Delivery.get()).target == "t1"


async def test_two_workers_never_take_the_same_message(store: Store) -> None:
    for number in range(30):
        await schedule(draft(number))
    taken = await asyncio.gather(*(take(now=at(), worker=f"w{number}", most=5) for number in range(6)))
    ids = [one.id for batch in taken for one in batch]
    assert len(ids) == len(set(ids))


async def test_an_alert_overtakes_the_invites(store: Store) -> None:
    for number in range(10):
        await schedule(draft(number))
    await schedule(draft(99, priority=deliveries.URGENT))
    assert [one.key for one in await take(now=at(), most=1)] == ["note:99"]


async def test_messages_to_one_person_leave_one_after_another(store: Store) -> None:
    first, second = await schedule(draft(1, target="ann")), await schedule(draft(2, target="ann"))
    [taken] = await take(now=at())
    assert taken.id == first.id
    assert await take(now=at()) == []
    await deliveries.sent(taken, receipt="1", drawn={}, now=at())
    assert [one.id for one in await take(now=at(seconds=1))] == [second.id]


async def test_a_channel_keeps_its_pace(store: Store) -> None:
    for number in range(200):
        await schedule(draft(number))
    slow = Limits(per_second=25, per_target_seconds=1)
    taken = 0
    for step in range(100):  # four seconds
        taken += len(await take(slow, now=at(seconds=step * 0.04)))
    assert 100 <= taken <= 106


async def test_one_person_gets_no_more_than_one_message_a_second(store: Store) -> None:
    for number in range(5):
        await schedule(draft(number, target="ann"))
    slow = Limits(per_second=25, per_target_seconds=1)
    sent = 0
    for step in range(31):
        for one in await take(slow, now=at(seconds=step * 0.1)):
            await deliveries.sent(one, receipt="1", drawn={}, now=at(seconds=step * 0.1))
            sent += 1
    assert sent in (3, 4)


async def test_a_blocked_channel_is_left_alone_by_all_workers(store: Store) -> None:
    await schedule(draft(1))
    await lanes.take("bot", QUICK, worker="w0", most=0, now=at())
    await lanes.block("bot", until=at(seconds=30), reason="retry after 30", now=at())
    taken = await lanes.take("bot", QUICK, worker="w2", most=5, now=at(seconds=29))
    assert taken.deliveries == []
    assert taken.look_again == at(seconds=30)
    assert len(await take(now=at(seconds=30))) == 1


async def test_what_was_cancelled_since_it_was_read_does_not_leave(postgres_store: Store) -> None:
    kept, cancelled = await schedule(draft(1)), await schedule(draft(2))
    await Delivery.filter(id=cancelled.id).update(state=DeliveryState.SUPERSEDED)
    taken = await lanes._ours([kept, cancelled], worker="w1", now=at())
    assert [one.id for one in taken] == [kept.id]
    assert (await Delivery.get(id=cancelled.id)).state == DeliveryState.SUPERSEDED


async def test_a_channel_that_refuses_is_asked_for_less_and_gets_back_to_its_pace_bit_by_bit(store: Store) -> None:
    await lanes.take("bot", QUICK, worker="w0", most=0, now=at())
    for _ in range(3):  # three that were under way together
        await lanes.block("bot", until=at(seconds=10), reason="retry after 10", now=at())
    paces = [lanes.pace_of(await Lane.get(), at(seconds=10 + later)) for later in (0, 9, 10, 20, 3600)]
    assert paces == pytest.approx([0.8, 0.8, 0.9, 1.0, 1.0])
    for number in range(100):
        await schedule(draft(number))
    slow = Limits(per_second=20, per_target_seconds=0)
    taken = 0
    for step in range(80):  # four seconds
        taken += len(await take(slow, now=at(seconds=10 + step * 0.05)))
    assert 62 <= taken <= 68
    for refused in range(15):
        now = at(seconds=14 + refused)
        await lanes.block("bot", until=now + timedelta(seconds=0.5), reason="retry after", now=now)
    assert lanes.pace_of(await Lane.get(), now) == lanes.SLOWEST


async def test_a_message_is_tried_again_on_the_schedule_and_then_is_a_dead_letter(store: Store) -> None:
    await schedule(draft(1))
    now = at()
    for number, wait in enumerate(deliveries.RETRIES):
        [one] = await take(now=now)
        assert await postpone(one, now=now) == DeliveryState.WAITING
        row = await Delivery.get()
        assert row.attempts == number + 1
        assert wait * 0.8 <= row.due_at - now <= wait * 1.2
        now = row.due_at
    [one] = await take(now=now)
    assert await postpone(one, now=now) == DeliveryState.DEAD
    assert await transactions.run(lambda: deliveries.replay(one, now=now))
    assert len(await take(now=now)) == 1


async def test_while_its_channel_rests_a_message_waits_and_loses_no_try(store: Store) -> None:
    await schedule(draft(1))
    [one] = await take(now=at())
    one.attempts = len(deliveries.RETRIES)
    await postpone(one, after=timedelta(minutes=7), failed=False)
    row = await Delivery.get()
    assert (row.state, row.attempts, row.due_at) == (DeliveryState.WAITING, len(deliveries.RETRIES), at(minutes=7))


async def test_an_address_that_asks_for_time_gets_it_but_not_for_ever(store: Store) -> None:
    await schedule(draft(1))
    now, five = at(), timedelta(minutes=5)
    for _ in deliveries.RETRIES:
        [one] = await take(now=now)
        await postpone(one, after=five, now=now)
        row = await Delivery.get()
        assert row.due_at - now >= five
        now = row.due_at
    [one] = await take(now=now)
    await postpone(one, after=five, now=now)
    assert (await Delivery.get()).state == DeliveryState.DEAD


async def test_what_is_tried_again_still_leaves_before_what_came_later(store: Store) -> None:
    await schedule(draft(1, target="ann"))
    [first] = await take(now=at())
    await postpone(first)
    later = [await schedule(draft(number, target="ann"), due=at(seconds=1)) for number in range(2, 40)]
    assert await take(now=at(seconds=2)) == []
    [again] = await take(now=at(seconds=7))
    assert again.id == first.id
    await deliveries.sent(again, receipt="1", drawn={}, now=at(seconds=7))
    assert [one.id for one in await take(now=at(seconds=8))] == [later[0].id]


async def test_a_rest_of_the_channel_does_not_change_the_order(store: Store) -> None:
    await schedule(draft(1, target="ann"))
    [first] = await take(now=at())
    await schedule(draft(2, target="ann"))
    await postpone(first, after=timedelta(seconds=30), failed=False)
    assert [one.id for one in await take(now=at(seconds=31))] == [first.id]


async def test_a_channel_that_is_up_and_down_does_not_use_up_a_messages_tries(store: Store) -> None:
    sick = await schedule(draft(1))
    now = at()
    for _ in range(50):
        for one in await take(now=now):
            if one.id == sick.id:
                await lanes.failed("bot", whole=False, reason="502", now=now)
                await postpone(one, now=now)
        await lanes.recovered("bot", now=now)  # somebody else's message got through
        now += timedelta(seconds=0.5)
    row = await Delivery.get()
    assert row.state == DeliveryState.WAITING
    assert row.attempts <= 2


async def test_what_failed_lately_is_tried_at_once_when_a_closed_channel_is_back(store: Store) -> None:
    await schedule(draft(1))
    [one] = await take(now=at())
    await postpone(one)
    await lanes.failed("bot", whole=True, reason="down", now=at())
    assert await lanes.recovered("bot", now=at(seconds=6))
    assert (await Delivery.get()).due_at <= at(seconds=6)


async def test_who_lost_a_message_to_another_process_does_not_write_over_what_that_did(store: Store) -> None:
    await schedule(draft(1))
    [mine] = await take(now=at())
    over = at() + deliveries.LEASE + timedelta(seconds=1)
    await deliveries.reclaim(now=over)
    [theirs] = await take(now=over, worker="w2")
    assert await transactions.run(lambda: deliveries.give_up(mine, "gone")) == DeliveryState.SENDING
    await deliveries.drop(mine, DeliveryState.CANCELLED)
    await deliveries.sent(mine, receipt="mine", drawn={}, now=over)
    assert (await Delivery.get()).state == DeliveryState.SENDING
    await deliveries.sent(theirs, receipt="theirs", drawn={}, now=over)
    assert (await Delivery.get()).receipt == "theirs"


async def test_what_was_sent_after_the_lease_counts_as_sent_if_nobody_took_it_over(store: Store) -> None:
    await schedule(draft(1))
    [mine] = await take(now=at())
    over = at() + deliveries.LEASE + timedelta(seconds=1)
    await deliveries.reclaim(now=over)
    await deliveries.sent(mine, receipt="1", drawn={}, now=over)
    assert (await Delivery.get()).state == DeliveryState.SENT


async def test_messages_of_a_channel_that_is_not_configured_any_more_are_found(store: Store) -> None:
    lost = await schedule(draft(1, channel="old-bot"))
    await schedule(draft(2))
    await schedule(draft(3, channel="old-bot"), due=at(days=1))
    found = await deliveries.claim_homeless({"bot"}, worker="w1", now=at())
    assert [(one.id, one.taken_by) for one in found] == [(lost.id, "w1")]
    assert await deliveries.claim_homeless({"bot"}, worker="w2", now=at()) == []


async def test_an_invite_that_lost_its_meaning_is_not_tried_again(store: Store) -> None:
    wanted = draft(1)
    await schedule(
        deliveries.Draft(**{**{name: getattr(wanted, name) for name in wanted.__slots__}, "expires_at": at(seconds=3)})
    )
    [one] = await take(now=at())
    assert await postpone(one) == DeliveryState.DEAD


async def test_what_a_dead_process_had_in_hand_is_freed_when_its_lease_is_over(store: Store) -> None:
    await schedule(draft(1))
    await take(now=at())
    over = at() + deliveries.LEASE
    assert await deliveries.reclaim(now=over) == []
    assert await deliveries.reclaim(now=over + timedelta(seconds=1)) == ["bot"]
    assert len(await take(now=over + timedelta(seconds=1))) == 1


async def test_what_is_not_due_stays(store: Store) -> None:
    await schedule(draft(1), due=at(minutes=5))
    taken = await lanes.take("bot", QUICK, worker="w1", most=5, now=at())
    assert taken.deliveries == []
    assert await take(now=at(minutes=5)) != []


async def test_a_group_is_one_transaction_and_an_error_reaches_everybody_in_it(store: Store) -> None:
    sizes: list[int] = []

    async def write(batch: object) -> None:
        assert isinstance(batch, list)
        sizes.append(len(batch))
        if "bad" in batch:
            raise ValueError("bad")

    group: GroupCommit[str] = GroupCommit(write)
    await asyncio.gather(*(group.add(str(number)) for number in range(50)))
    assert sum(sizes) == 50
    assert len(sizes) < 5
    results = await asyncio.gather(group.add("bad"), group.add("good"), return_exceptions=True)
    assert all(isinstance(one, ValueError) for one in results)
    await group.add("after")


async def test_of_work_done_together_only_what_is_refused_is_undone(store: Store) -> None:
    together = Together()

    async def plan(number: int) -> int:
        await deliveries.schedule(draft(number), due=at(), now=at())
        if number == 2:
            raise Conflict("not this one")
        return number

    outcomes = await asyncio.gather(*(together.run(partial(plan, one)) for one in range(4)), return_exceptions=True)
    assert [one for one in outcomes if not isinstance(one, Conflict)] == [0, 1, 3]
    assert isinstance(outcomes[2], Conflict)
    assert {row.key for row in await Delivery.all()} == {"note:0", "note:1", "note:3"}
