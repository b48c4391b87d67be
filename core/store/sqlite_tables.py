"""Changing SQLite's tables without losing what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tortoise.fields.base import Field
from tortoise.migrations.schema_editor import SqliteSchemaEditor
from tortoise.models import Model

from core.store.added import FillsColumns

Change = tuple[Field[Any], Field[Any]]


class SqliteTables(FillsColumns, SqliteSchemaEditor):
    """Tortoise changes a column by making the table anew, and forgets its indexes, its triggers, and all that must be
    unique (seen in 1.1.9). Here whatever was there before is there afterwards, if its columns are.
    """

    filled: set[str]
    """The tables in which new columns still have a default in the store. They wait for `settle`: taking it away copies
    the table, and the next column of an upgrade would copy it again.
    """

    async def _drop_default(self, model: type[Model], field_name: str) -> None:
        self.filled.add(model._meta.db_table)

    async def settle(self, models: Iterable[type[Model]]) -> None:
        """Make what waits as the models are, after the last migration."""
        for model in models:
            if model._meta.db_table in self.filled:
                await self._remake_table(model)

    async def rename_table(self, model: type[Model], old_name: str, new_name: str) -> None:
        await super().rename_table(model, old_name, new_name)
        if old_name in self.filled:
            self.filled.remove(old_name)
            self.filled.add(new_name)

    async def _remake_table(
        self,
        model: type[Model],
        create_field: Field[Any] | None = None,
        delete_field: Field[Any] | None = None,
        alter_fields: Iterable[Change] | None = None,
    ) -> None:
        table, changes = model._meta.db_table, list(alter_fields or ())
        self.filled.discard(table)
        beside, unique = await self._beside(table), await self._unique(table)
        await super()._remake_table(model, create_field, delete_field, changes)
        renamed = {_column(old): _column(new) for old, new in changes}
        freed = {(_column(new),) for old, new in changes if old.unique and not new.unique}
        there = {row["name"] for row in await self._rows(f'PRAGMA table_info("{table}")')}
        for statement, needed in beside:
            if there.issuperset(needed):
                await self.client.execute_query(statement)
        wanted = {tuple(renamed.get(column, column) for column in columns) for columns in unique} - freed
        for columns in sorted(wanted - await self._unique(table)):
            if there.issuperset(columns):
                await self._run_sql(self._unique_index(model, list(columns)))

    async def _beside(self, table: str) -> list[tuple[str, list[str]]]:
        """The statements that made its indexes and triggers, and the columns they need."""
        found = await self._rows(
            "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL AND type <> 'table'",
            table,
        )
        return [(row["sql"], await self._columns(row["name"])) for row in found]

    async def _unique(self, table: str) -> set[tuple[str, ...]]:
        """The columns that must be unique together, by whatever means."""
        found = await self._rows(f'PRAGMA index_list("{table}")')
        return {tuple(await self._columns(row["name"])) for row in found if row["unique"]}

    async def _columns(self, index: str) -> list[str]:
        found = await self._rows(f'PRAGMA index_info("{index}")')
        return [row["name"] for row in found if row["name"] is not None]  # an expression has none

    async def _rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.client.execute_query(query, list(values)))[1]]

    def _unique_index(self, model: type[Model], columns: list[str]) -> str:
        return self.UNIQUE_INDEX_CREATE_TEMPLATE.format(
            index_name=self._generate_index_name("uid", model, columns),
            table_name=self._qualify_table_name(model._meta.db_table, model._meta.schema),
            fields=self._format_index_fields(columns),
            extra="",
        )


def _column(field: Field[Any]) -> str:
    return field.source_field or field.model_field_name
