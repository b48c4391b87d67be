"""Adding a column that may not be empty to a table that has rows."""

from __future__ import annotations

from typing import Any

from tortoise.fields.base import DB_DEFAULT_NOT_SET, Field
from tortoise.fields.relational import ManyToManyFieldInstance, RelationalField
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.models import Model


def needs_value(field: Field[Any]) -> bool:
    """Whether rows that are there would be without a value. Tortoise knows one, and gives it to new rows only."""
    return not (
        isinstance(field, (RelationalField, ManyToManyFieldInstance))
        or field.null
        or field.pk
        or field.has_db_default()
        or field.default is None
    )


class Filling:
    """For as long as the column is added, the rows' value is its default in the store too."""

    def __init__(self, field: Field[Any]) -> None:
        self._field = field

    def __enter__(self) -> None:
        default = self._field.default
        self._field.db_default = default() if callable(default) else default

    def __exit__(self, *_: object) -> None:
        self._field.db_default = DB_DEFAULT_NOT_SET


class PostgresTables(AsyncpgSchemaEditor):
    """Tortoise's, but rows that are there get a new column's default (1.1.9 refuses to add it)."""

    async def add_field(self, model: type[Model], field_name: str) -> None:
        field = model._meta.fields_map[field_name]
        if not needs_value(field):
            await super().add_field(model, field_name)
            return
        with Filling(field):
            await super().add_field(model, field_name)
        table = self._qualify_table_name(model._meta.db_table, model._meta.schema)
        column = model._meta.fields_db_projection[field_name]
        await self._run_sql(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP DEFAULT')
