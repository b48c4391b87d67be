"""Two processes on one PostgreSQL share the work; each message leaves once, and one takes over what the other drops."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.reliability import books
from tests.reliability.company import Company, founded, second
from tests.reliability.process import KILLED, Product

TICKETS = 200
TAKEN_OVER_WITHIN = 30.0
_BY = "SELECT taken_by, count(*) FROM deliveries WHERE taken_by <> '' GROUP BY taken_by"
_SENDING = "SELECT taken_by, count(*) FROM deliveries WHERE state = 'sending' GROUP BY taken_by"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_workers_ask_two_hundred_people_and_tell_every_alert_once(postgres_url: str, tmp_path: Path) -> None:
    async with founded(postgres_url, tmp_path) as company, _a_second(company, tmp_path) as other:
        company.others.append(other.address)
        scores = [random.randint(1, 5) for _ in range(TICKETS)]  # noqa: S311 - anything will do
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
@pytest.mark.parametrize("step", ["delivery.taken.invite:3", "arrival.begun:2", "job.done.response:2", "settle.begun:2"])
async def test_what_a_killed_worker_had_in_hand_is_done_by_the_other_within_its_lease(
    postgres_url: str, tmp_path: Path, step: str
) -> None:
    async with founded(postgres_url, tmp_path) as company, _a_second(company, tmp_path, failpoint=step) as other:
        company.telegram.webhook["url"] = f"{other.address}/hooks/support-bot"
        company.others.append(other.address)
        while other.is_alive:
            company.welcome([1, 4] * 2, patience=120)
            with contextlib.suppress(TimeoutError):
                await other.end(seconds=2)
        assert await other.end() == KILLED
        company.others.clear()
        company.telegram.webhook["url"] = f"{company.product.address}/hooks/support-bot"
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


@contextlib.asynccontextmanager
async def _a_second(company: Company, home: Path, *, failpoint: str = "") -> AsyncIterator[Product]:
    """Both of them, ready."""
    other = second(company, home)
    company.product.start()
    assert await company.began(), company.product.said()
    other.start(failpoint=failpoint)
    assert await other.is_ready(), other.said()
    try:
        yield other
    finally:
        other.kill()
