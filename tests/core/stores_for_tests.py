"""A store with two tiny tables in place of the domain's, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import store as stores
from tests.rigs import postgres as rig

SMALL = stores.Schema(("tests.core.models_for_tests",), "tests.core.migrations_for_tests")


async def _small(url: str) -> None:
    await stores.upgrade(url, schema=SMALL)


@pytest.fixture(scope="session")
def small_template(postgres: rig.Server) -> str:
    return postgres.make_template("small_template", _small)


@pytest.fixture(params=("sqlite", "postgres"))
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A place for a store, with nothing there."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/store/afterword.db"
        return
    server: rig.Server = request.getfixturevalue("postgres")
    url = await server.create_database()
    yield url
    await server.drop_database(url)


@pytest.fixture
async def small_url(empty_url: str) -> str:
    """An upgraded store, not open."""
    await _small(empty_url)
    return empty_url


@pytest.fixture
async def small_store(small_url: str) -> AsyncIterator[stores.Store]:
    opened = await stores.open_store(small_url, schema=SMALL)
    yield opened
    await opened.close()
