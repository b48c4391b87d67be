"""Fixtures that give every test a store of its own, fresh and open, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import store as stores
from core.privacy.ledger import Ledger
from tests.rigs import postgres as rig

KINDS = ("sqlite", "postgres")
_TEMPLATE = "afterword_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[rig.Server]:
    server = rig.Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: rig.Server) -> str:
    """A database with our tables, upgraded once; copying it takes milliseconds."""
    return postgres.make_template(_TEMPLATE, stores.upgrade)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "afterword.db"
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, stores.upgrade(f"sqlite://{path}")).result()
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger of erasures, beside the store."""
    return Ledger(tmp_path / "erasures.ledger", b"the secret of an installation, 32 bytes")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "afterword.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite://{path}"


@pytest.fixture
async def postgres_url(postgres: rig.Server, postgres_template: str) -> AsyncIterator[str]:
    url = await postgres.create_database(postgres_template)
    yield url
    await postgres.drop_database(url)


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh store with all tables, not open."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[stores.Store]:
    opened = await stores.open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[stores.Store]:
    opened = await stores.open_store(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_store(postgres_url: str) -> AsyncIterator[stores.Store]:
    opened = await stores.open_store(postgres_url)
    yield opened
    await opened.close()
