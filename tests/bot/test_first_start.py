"""The first start makes a store; no later one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import first_start
from bot.config import Config, Store, link_secret
from core import store as stores
from core.errors import SchemaOutdated, StoreUnsafe
from tests.rigs import postgres as rig


async def test_a_sqlite_store_is_made_at_the_first_start_only(tmp_path: Path) -> None:
    config = Config(store=Store(url=f"sqlite://{tmp_path}/data/afterword.db"))

    assert await first_start.make_store(config)
    assert not await first_start.make_store(config)

    store = await stores.open_store(config.store.url)
    await store.close()


async def test_a_store_that_was_lost_is_told_and_not_replaced(tmp_path: Path) -> None:
    config = Config(store=Store(url=f"sqlite://{tmp_path}/afterword.db"))
    link_secret(config)

    with pytest.raises(StoreUnsafe, match=r"is gone, but .*secret\.key shows that there was one"):
        await first_start.make_store(config)

    assert not (tmp_path / "afterword.db").exists()


async def test_an_empty_postgresql_database_is_filled(postgres: rig.Server) -> None:
    url = await postgres.create_database()
    config = Config(store=Store(url=url))
    try:
        assert await first_start.make_store(config)
        assert not await first_start.make_store(config)
        store = await stores.open_store(url)
        await store.close()
    finally:
        await postgres.drop_database(url)


async def test_a_database_that_holds_something_is_left_alone(postgres: rig.Server) -> None:
    url = await postgres.create_database()
    try:
        await rig.fetch(url, "CREATE TABLE somebody_elses (id int)")

        assert not await first_start.make_store(Config(store=Store(url=url)))
        with pytest.raises(SchemaOutdated, match="afterword db upgrade"):
            await stores.open_store(url)
    finally:
        await postgres.drop_database(url)
