"""Two processes on one PostgreSQL share the work; each message leaves once, and one takes over what the other drops."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import transactions
from core.models.deliveries import Delivery
from core.plumbing import deliveries, lanes
from core.ports import Limits
from core.store import Store
from tests.reliability import books
from tests.reliability.company import Company, founded, second
from tests.reliability.process import KILLED, Product

TICKETS = 200
QUICK = Limits(per_second=1000, per_target_seconds=0)
TAKEN_OVER_WITHIN = 30.0
_BY = "SELECT taken_by, count(*) FROM deliveries WHERE taken_by <> '' GROUP BY taken_by"
_SENDING = "SELECT taken_by, count(*) FROM deliveries WHERE state = 'sending' GROUP BY taken_by"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_workers_ask_two_hundred_people_and_tell_every_alert_once(postgres_url: str, tmp_path: Path) -> None:
    async with founded(postgres_url, tmp_path) as company, _a_second(company, tmp_path) as other:
        company.others.append(other.address)
        scores = [random.randint(1, 5) for _ in range(TICKETS)]
        company.welcome(scores, patience=120)
        await company.all_is_told(seconds=120)
        await books.at_rest(postgres_url, seconds=30)
        assert (company.repeated_messages(), company.repeated_alerts()) == (0, 0)
        assert await books.problems(company) == []
        shares = dict(await books.ask(postgres_url, _BY))
        assert len(shares) == 2, shares
        assert min(shares.values()) > TICKETS / 20, shares
        for product in (company.product, other):
            assert await product.stop() == 0


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_what_killed_workers_had_in_hand_is_done_by_the_one_that_is_left_within_their_lease(
    postgres_url: str, tmp_path: Path
) -> None:
    async with founded(postgres_url, tmp_path) as company, contextlib.AsyncExitStack() as stack:
        steps = ("delivery.taken.invite:2", "arrival.begun:2", "settle.begun:2")
        doomed = [
            await stack.enter_async_context(_a_second(company, tmp_path / str(number), failpoint=step))
            for number, step in enumerate(steps)
        ]
        async with asyncio.timeout(60):
            while living := [one for one in doomed if one.is_alive]:
                _share_out(company, living)
                company.welcome([1, 4] * 2, patience=120)
                await asyncio.sleep(1)
        assert [await one.end() for one in doomed] == [KILLED] * len(doomed)
        _share_out(company, [])
        await company.all_is_told(seconds=TAKEN_OVER_WITHIN)
        await books.at_rest(postgres_url, seconds=TAKEN_OVER_WITHIN)
        assert await books.problems(company) == []


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_worker_that_slept_through_its_lease_finds_its_work_done_and_leaves_it(
    postgres_url: str, tmp_path: Path
) -> None:
    async with founded(postgres_url, tmp_path) as company, _a_second(company, tmp_path) as other:
        company.telegram.mood = "silent"
        company.welcome([1, 2, 3, 4, 5] * 4, patience=120)
        async with asyncio.timeout(20):
            while len(await books.ask(postgres_url, _SENDING)) < 2:
                await asyncio.sleep(0.05)
        other.signal(signal.SIGSTOP)
        company.telegram.mood = "fine"
        await company.all_is_told(seconds=60)
        await books.at_rest(postgres_url, seconds=60)
        other.signal(signal.SIGCONT)
        company.others.append(other.address)
        company.welcome([1, 5] * 4, patience=60)
        await company.all_is_told(seconds=60)
        await books.at_rest(postgres_url, seconds=60)
        assert (company.repeated_messages(), company.repeated_alerts()) == (0, 0)
        assert await books.problems(company) == []


async def test_who_lost_a_lease_cannot_end_what_another_has_taken_over(store: Store) -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    draft = deliveries.Draft(key="one", kind="note", channel="bot", target="ann")
    await transactions.run(lambda: deliveries.schedule(draft, due=now, now=now))
    [slow] = (await lanes.take("bot", QUICK, worker="slow", most=1, now=now)).deliveries
    later = now + deliveries.LEASE * 2
    await deliveries.reclaim(now=later)
    [quick] = (await lanes.take("bot", QUICK, worker="quick", most=1, now=later)).deliveries
    assert (await deliveries.is_held(slow), await deliveries.is_held(quick)) == (False, True)
    await transactions.run(lambda: deliveries.postpone(slow, "too late", after=None, now=later))
    row = await Delivery.get()
    assert (row.state, row.taken_by, row.attempts) == ("sending", "quick", 0)


async def test_what_is_held_is_not_taken_over_however_slow_the_channel_is(store: Store) -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    draft = deliveries.Draft(key="one", kind="note", channel="bot", target="ann")
    await transactions.run(lambda: deliveries.schedule(draft, due=now, now=now))
    [mine] = (await lanes.take("bot", QUICK, worker="mine", most=1, now=now)).deliveries
    for _ in range(5):
        now += deliveries.LEASE * 0.6
        await deliveries.hold([mine.id], worker="mine", now=now)
        assert await deliveries.reclaim(now=now) == []
    assert await deliveries.is_held(mine)


def _share_out(company: Company, others: list[Product]) -> None:
    """As a load balancer does: events go to all of them, taps to the last."""
    company.others[:] = [one.address for one in others]
    taps = company.others[-1] if company.others else company.product.address
    company.telegram.webhook["url"] = f"{taps}/hooks/support-bot"


@contextlib.asynccontextmanager
async def _a_second(company: Company, home: Path, *, failpoint: str = "") -> AsyncIterator[Product]:
    """The first, and one more beside it, ready."""
    home.mkdir(exist_ok=True)
    other = second(company, home)
    if not company.product.is_alive:
        company.product.start()
        assert await company.began(), company.product.said()
    hooks = company.telegram.calls["setwebhook"]
    other.start(failpoint=failpoint)
    assert await other.is_ready(), other.said()
    await company.telegram.until(lambda: company.telegram.calls["setwebhook"] > hooks)
    try:
        yield other
    finally:
        other.kill()
