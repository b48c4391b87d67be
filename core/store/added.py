"""Adding a column that may not be empty to a table that has rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tortoise.fields.base import DB_DEFAULT_NOT_SET, Field
from tortoise.fields.relational import ManyToManyFieldInstance, RelationalField
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor
from tortoise.models import Model


class FillsColumns(BaseSchemaEditor):
    """Tortoise's, but rows that are there get a new column's default (1.1.9 gives it to new rows only, and so may not
    add the column).
    """

    async def add_field(self, model: type[Model], field_name: str) -> None:
        field = model._meta.fields_map[field_name]
        if not _needs_value(field):
            await super().add_field(model, field_name)
            return
        with _default_in_the_store(field):
            await super().add_field(model, field_name)
        await self._drop_default(model, field_name)

    async def _drop_default(self, model: type[Model], field_name: str) -> None:
        """The rows have their value; the store needs no default any more."""
        raise NotImplementedError


class PostgresTables(FillsColumns, AsyncpgSchemaEditor):
    async def _drop_default(self, model: type[Model], field_name: str) -> None:
        table = self._qualify_table_name(model._meta.db_table, model._meta.schema)
        column = model._meta.fields_db_projection[field_name]
        await self._run_sql(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP DEFAULT')


def _needs_value(field: Field[Any]) -> bool:
    """Whether rows that are there would be without a value."""
    return not (
        isinstance(field, (RelationalField, ManyToManyFieldInstance))
        or field.null
        or field.pk
        or field.has_db_default()
        or field.default is None
    )


@contextmanager
def _default_in_the_store(field: Field[Any]) -> Iterator[None]:
    field.db_default = field.default() if callable(field.default) else field.default
    try:
        yield
    finally:
        field.db_default = DB_DEFAULT_NOT_SET
