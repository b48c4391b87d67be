"""The first start: a store where there is none. An old store is never touched here, that is `afterword db upgrade`."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.config import Config, secret_path
from core import store as stores
from core.errors import StoreUnsafe
from core.reactions import rules
from core.store.opening import open_unchecked
from core.surveys import catalogue

logger = logging.getLogger(__name__)


async def make_store(config: Config) -> bool:
    """Make the store if there is none yet, and say whether that was so. A PostgreSQL database without any table counts.

    Raises StoreUnsafe when the file of a SQLite store is gone: an empty one in its place would hide the loss.
    """
    if not await _is_new(config):
        return False
    logger.warning("there is no store at %s yet: making a new one", config.store.shown)
    await stores.upgrade(config.store.url)
    return True


async def fill_in(*, now: datetime) -> None:
    """The shipped survey and rules, where the open store has none."""
    await catalogue.ensure_default(now=now)
    await rules.ensure_default()


async def _is_new(config: Config) -> bool:
    path = config.store.path
    if path is None:
        return await _has_no_tables(config.store.url)
    if path.exists():
        return False
    if secret_path(config).exists():
        raise StoreUnsafe(
            f"The store {path} is gone, but {secret_path(config)} shows that there was one. Restore it from a backup, "
            "or run `afterword db upgrade` to begin with an empty one."
        )
    return True


async def _has_no_tables(url: str) -> bool:
    store = await open_unchecked(url)
    try:
        found, _ = await store.client.execute_query(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() LIMIT 1"
        )
        return not found
    finally:
        await store.close()
