"""Being asked to stop is no accident: work in hand is finished, a second process is told why it may not start."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.reliability import books
from tests.reliability.company import Company, founded, second

IN_TIME = 10.0


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("rounds", [4])
async def test_a_deploy_under_load_loses_nothing_and_sends_nothing_twice(
    store_url: str, tmp_path: Path, rounds: int
) -> None:
    async with founded(store_url, tmp_path) as company:
        for _ in range(rounds):
            company.product.start()
            company.welcome([1, 2, 3, 4, 5] * 2, patience=120)
            assert await company.began(), company.product.said()
            await asyncio.sleep(random.uniform(0.1, 0.8))
            await _stops(company)
        company.product.start()
        assert await company.began(), company.product.said()
        await company.all_is_told(seconds=60)
        await books.at_rest(store_url, seconds=60)
        assert await company.product.stop() == 0
        assert await books.problems(company) == []
        assert (company.repeated_messages(), company.repeated_alerts()) == (0, 0)


@pytest.mark.slow
async def test_neither_a_silent_slack_nor_half_a_request_holds_up_the_end(sqlite_url: str, tmp_path: Path) -> None:
    async with founded(sqlite_url, tmp_path) as company:
        company.slack.mood = "silent"
        company.product.start()
        assert await company.began(), company.product.said()
        [person] = company.welcome([1], patience=30)
        await company.slack.until(lambda: company.slack.calls, seconds=30)
        where = urlsplit(company.product.address)
        _, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        await writer.drain()
        await _stops(company)
        writer.close()
        company.slack.mood = "fine"
        company.product.start()
        assert await company.began(), company.product.said()
        await company.all_is_told(seconds=30)
        assert company.alerts_for(person) == 1


@pytest.mark.slow
async def test_a_second_process_on_the_same_file_refuses_to_start_and_says_why(sqlite_url: str, tmp_path: Path) -> None:
    async with founded(sqlite_url, tmp_path) as company:
        company.product.start()
        assert await company.began(), company.product.said()
        other = second(company, tmp_path)
        refused = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "serve", "--config", str(other.config)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert refused.returncode == 1
        assert sqlite_url.removeprefix("sqlite://") in refused.stderr
        assert "PostgreSQL" in refused.stderr.splitlines()[-1]
        assert "Traceback" not in refused.stderr
        company.welcome([1], patience=30)
        await company.all_is_told(seconds=30)


async def _stops(company: Company) -> None:
    asked = time.monotonic()
    company.product.signal(signal.SIGTERM)
    code = await company.ended(seconds=IN_TIME + 10)
    assert code == 0, company.product.said()
    assert time.monotonic() - asked < IN_TIME, company.product.said()
