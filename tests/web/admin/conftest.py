"""A front of the web over a store, for the admin's browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import store as stores
from tests.rigs import kestrel
from tests.rigs.kestrel import Kestrel
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


@pytest.fixture(scope="session")
def kestrel_filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of Kestrel Coffee in the middle of a working day, filled once for all; take a copy."""
    return kestrel.filled(tmp_path_factory.mktemp("kestrel"))


@pytest.fixture
async def here(kestrel_filled: Path, tmp_path: Path) -> AsyncIterator[Kestrel]:
    """That company, served."""
    shutil.copytree(kestrel_filled, tmp_path / "kestrel")
    async with kestrel.served(tmp_path / "kestrel") as served:
        yield served
