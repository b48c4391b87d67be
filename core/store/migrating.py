"""What Tortoise's migrations say about the tables, and applying them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from core import transactions
from core.store import job_tables
from core.store.config import APP, tortoise_config

if TYPE_CHECKING:
    from core.store.opening import Store

logger = logging.getLogger(__name__)


async def is_current(store: Store) -> bool:
    """Newer is current too: a release can go back one step without touching the tables."""
    plan = await _executor(store, get_connection(transactions.WRITER)).plan(_TARGETS)
    return not plan and await job_tables.are_there(store)


async def migrate(store: Store) -> None:
    """On the running transaction's connection: Tortoise's own transaction per migration becomes a savepoint in it."""
    executor = _executor(store, get_connection(transactions.WRITER))
    # Tortoise asks first and makes its table after; on PostgreSQL the failed question would end the transaction.
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
    await executor.migrate(_TARGETS, direction="forward", progress=_log)


_TARGETS = [MigrationTarget(APP, "__latest__")]


def _executor(store: Store, connection: BaseDBAsyncClient) -> MigrationExecutor:
    apps: dict[str, Any] = tortoise_config(store.url, store.schema)["apps"]
    return MigrationExecutor(connection, apps)


def _log(event: str, app: str, name: str) -> None:
    if event.endswith("_done"):
        logger.info("%s: done", name)
