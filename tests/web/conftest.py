"""A front of the web over a store, on SQLite and on PostgreSQL, or on SQLite only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core import store as stores
from tests.web import front as fronts
from tests.web.front import Front


@pytest.fixture
async def front(store: stores.Store) -> AsyncIterator[Front]:
    async with fronts.opened() as opened:
        yield opened


@pytest.fixture
async def sqlite_front(sqlite_store: stores.Store) -> AsyncIterator[Front]:
    async with fronts.opened() as opened:
        yield opened
