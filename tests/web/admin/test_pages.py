"""What holds for every page of the admin's browser, also for those made tomorrow: light, and no N+1 queries."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import admin as benchmark
from benchmarks import admin_seeding
from core.accounts import accounts
from core.models.accounts import Role
from core.models.deliveries import Delivery
from core.store import Store
from tests.rigs import statements
from tests.web.admin.desk import Browser, at
from tests.web.front import Front, Page

LIMIT = 300_000
"""Bytes of a page and all that it loads, as they are sent: we compress nothing."""


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite://"))


async def test_a_page_asks_the_store_as_often_for_fifty_rows_as_for_a_few(
    sqlite_front: Front, sqlite_store: Store, path: Path
) -> None:
    browser = await at(sqlite_front)
    desk = admin_seeding.fill(path, 1_000, now=sqlite_front.clock.now)  # one of each channel and each end is among them
    await _more(sqlite_front, range(5))
    few = await _counts(browser, sqlite_store, path)
    admin_seeding.fill(path, 500, desk=desk, begin=1_001)
    await _more(sqlite_front, range(5, 50))
    many = await _counts(browser, sqlite_store, path)
    assert len(many) > 6
    assert {page: many[page] for page in few if page in many and many[page] > few[page]} == {}, few


async def _more(front: Front, numbers: range) -> None:
    """Accounts, lines of the audit, and dead letters."""
    for number in numbers:
        email = f"a{number}@kestrel.example"
        await accounts.create(email, Role.AGENT, name="Kim", password_hash="", by="test", now=front.clock.now)
    await Delivery.all().update(state="dead")


async def _counts(browser: Browser, store: Store, path: Path) -> dict[str, int]:
    found = {}
    for page in benchmark.addresses(path):
        if any(part.isdigit() for part in page.split("/")):
            continue
        await browser.client.get(page)  # what is read once, is read now
        with statements.told(store) as asked:
            answer = await browser.client.get(page)
        assert answer.status_code == 200, page
        found[page] = len(asked)
    return found


async def test_a_page_and_all_that_it_loads_are_light_and_from_here(sqlite_front: Front, path: Path) -> None:
    browser = await at(sqlite_front)
    admin_seeding.fill(path, 50, now=sqlite_front.clock.now)
    for address in benchmark.addresses(path):
        answer = await browser.client.get(address)
        if answer.headers.get("content-disposition", "").startswith("attachment"):
            continue  # a file to keep, which has all the words that there are
        page, weight = Page(answer.text), len(answer.content)
        for one in [*page.styles(), *(script["src"] for script in page.all("script"))]:
            assert not urlsplit(one).netloc, f"{address}: {one}"
            weight += len((await browser.client.get(one)).content)
        assert weight < LIMIT, f"{address} weighs {weight} bytes"
