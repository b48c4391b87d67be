"""What Tortoise's migrations say about the tables, and applying them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, cast

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.fields.relational import RelationalField
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.operations import RunPython, RunSQL
from tortoise.migrations.schema_editor import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from core import transactions
from core.store import job_tables
from core.store.added import PostgresTables
from core.store.config import APP, tortoise_config
from core.store.postgres_asyncpg import PostgresClient
from core.store.sqlite import SqliteClient
from core.store.sqlite_tables import SqliteTables

if TYPE_CHECKING:
    from core.store.opening import Store

logger = logging.getLogger(__name__)


async def is_current(store: Store) -> bool:
    """Newer is current too: a release can go back one step without touching the tables."""
    plan = await executor_for(store, get_connection(transactions.WRITER)).plan(_TARGETS)
    return not plan and await job_tables.are_there(store)


async def migrate(store: Store) -> None:
    """On the running transaction's connection: Tortoise's own transaction per migration becomes a savepoint in it."""
    executor = executor_for(store, get_connection(transactions.WRITER))
    # Tortoise asks first and makes its table after; on PostgreSQL the failed question would end the transaction.
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
    if await executor.recorder.applied_migrations():
        await executor.migrate(_TARGETS, direction="forward", progress=_log)
        await executor.settle(store.apps[APP].values())
    else:
        await _make(executor, store.apps)


async def _make(executor: MigrationExecutor, apps: Apps) -> None:
    """The tables of an empty store, as the models say: what all migrations together come to, in a tenth of the time.

    Of the migrations themselves only those steps are taken that the models do not know of (triggers, for instance).
    """
    editor, state = executor._schema_editor(atomic=False), State(models={}, apps=cast(StateApps, apps))
    for model in _those_referred_to_first(list(apps[APP].values())):
        await editor.create_model(model)
    for step in await executor.plan(_TARGETS):
        label, name = step.migration.app_label, step.migration.name
        for operation in step.migration.operations:
            if isinstance(operation, (RunPython, RunSQL)):
                await operation.database_forward(label, state, state, editor)
        await executor.recorder.record_applied(label, name)
    logger.info("the tables of an empty store: done")


def _those_referred_to_first(models: list[type[Model]]) -> list[type[Model]]:
    """PostgreSQL wants a table to be there before another points to it."""
    points_to = {
        model: {_target(model, name) for name in model._meta.fk_fields | model._meta.o2o_fields} - {model}
        for model in models
    }
    return list(TopologicalSorter(points_to).static_order())


def _target(model: type[Model], field: str) -> type[Model]:
    return cast(RelationalField[Model], model._meta.fields_map[field]).related_model


_TARGETS = [MigrationTarget(APP, "__latest__")]


def executor_for(store: Store, connection: BaseDBAsyncClient) -> _Executor:
    apps: dict[str, Any] = tortoise_config(store.url, store.schema)["apps"]
    return _Executor(connection, apps)


class _Executor(MigrationExecutor):
    def __init__(self, connection: BaseDBAsyncClient, apps: dict[str, Any]) -> None:
        super().__init__(connection, apps)
        self._filled: set[str] = set()

    async def settle(self, models: Iterable[type[Model]]) -> None:
        """What waits for the end of an upgrade."""
        editor = self._schema_editor(atomic=False)
        if isinstance(editor, SqliteTables):
            await editor.settle(models)

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        if isinstance(self.connection, SqliteClient):
            editor = SqliteTables(self.connection, atomic=atomic, collect_sql=collect_sql)
            editor.filled = self._filled
            return editor
        if isinstance(self.connection, PostgresClient):
            return PostgresTables(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic, collect_sql)


def _log(event: str, app: str, name: str) -> None:
    if event.endswith("_done"):
        logger.info("%s: done", name)
