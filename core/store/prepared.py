"""Statements of every tap. Tortoise takes ten times as long to write one as SQLite does to answer it: here each is
written once, and afterwards only its values change.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.router import router

from core import transactions
from core.store import rows
from core.store.sqlite import SqliteClient

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement, where its values go, and which columns make which model (known with the first answer)."""

    sql: str
    values: tuple[Any, ...]
    places: tuple[int, ...]
    related: Any
    parts: list[rows.Part] = field(default_factory=list)


class Prepared(Generic[M]):
    """A query whose values are whole numbers (`int`) or words (`str`), each compared with one column.

    `build` gets the values and makes the query that is meant; it is called once with values that stand for others.
    """

    def __init__(self, model: type[M], build: Callable[..., QuerySet[M]], *kinds: type[int] | type[str]) -> None:
        self._model = model
        self._build = build
        self._stand_ins: tuple[Any, ...] = tuple(
            9_000_000_000 + number if kind is int else f"?{number}" for number, kind in enumerate(kinds)
        )
        self._plans: dict[str, _Plan] = {}

    async def all(self, *values: int | str) -> list[M]:
        connection = _connection(self._model, "db_for_read")
        plan = self._plans.get(connection.capabilities.dialect) or self._write(connection)
        filled = list(plan.values)
        for place, value in zip(plan.places, values, strict=True):
            filled[place] = value
        _, found = await connection.execute_query(plan.sql, filled)
        if found and not plan.parts:
            plan.parts.extend(rows.parts_of(self._model, list(found[0].keys()), plan.related))
        return rows.models(plan.parts, cast(Sequence[Any], found)) if found else []

    async def first(self, *values: int | str) -> M | None:
        return next(iter(await self.all(*values)), None)

    def _write(self, connection: BaseDBAsyncClient) -> _Plan:
        query = self._build(*self._stand_ins)
        query._db = connection
        query._make_query()
        sql, values = query.query.get_parameterized_sql()
        places = tuple(values.index(one) for one in self._stand_ins)
        plan = _Plan(sql, tuple(values), places, query._select_related_idx)
        self._plans[connection.capabilities.dialect] = plan
        return plan


async def insert(model: type[M], **values: Any) -> M:
    """`model.create(**values)`, for a key that the store gives and values that are what the fields hold."""
    connection = _connection(model, "db_for_write")
    one = rows.unsaved(model, values)
    await connection.executor_class(model=model, db=connection).execute_insert(one)
    one._saved_in_db = True
    return one


async def insert_all(model: type[M], some: Sequence[Mapping[str, Any]]) -> None:
    """The same for several, in one statement; the keys that the store gives them are not read back."""
    if not some:
        return
    connection = _connection(model, "db_for_write")
    kept = model._meta.fields_db_projection
    names = [name for name in kept if kept[name] not in model._meta.generated_db_fields]
    fields = model._meta.fields_map
    made = [rows.unsaved(model, values) for values in some]
    given = [fields[name].to_db_value(getattr(one, name), one) for one in made for name in names]
    marks = map("?".format if connection.capabilities.dialect == "sqlite" else "${}".format, itertools.count(1))
    each = ", ".join(f"({', '.join(itertools.islice(marks, len(names)))})" for _ in some)
    columns = ", ".join(f'"{kept[name]}"' for name in names)
    await connection.execute_query(f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {each}', given)  # noqa: S608


async def update(model: type[Model], where: Mapping[str, Any], **values: Any) -> int:
    """`model.filter(**where).update(**values)` for plain columns; says how many rows there were.

    In `where`, a tuple is "one of these".
    """
    connection = _connection(model, "db_for_write")
    changed, _ = await connection.execute_query(*_written(connection, model, where, values))
    return changed


async def update_large(model: type[Model], where: Mapping[str, Any], **values: Any) -> int:
    """The same for a row of megabytes. SQLite writes all of it anew, so that is done in its thread."""
    connection = _connection(model, "db_for_write")
    run = connection.execute_in_thread if isinstance(connection, SqliteClient) else connection.execute_query
    changed, _ = await run(*_written(connection, model, where, values))
    return changed


def _written(
    connection: BaseDBAsyncClient, model: type[Model], where: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[str, list[Any]]:
    """The statement and what goes into it."""
    fields = model._meta.fields_map
    wanted = {name: value if isinstance(value, tuple) else (value,) for name, value in where.items()}
    counts = tuple((name, len(options)) for name, options in wanted.items())
    sql = _update_of(model, tuple(values), counts, connection.capabilities.dialect)
    given = [*values.items(), *((name, one) for name, options in wanted.items() for one in options)]
    return sql, [fields[name].to_db_value(one, model) for name, one in given]


@lru_cache(maxsize=200)
def _update_of(model: type[Model], values: tuple[str, ...], where: tuple[tuple[str, int], ...], dialect: str) -> str:
    columns = model._meta.fields_db_projection
    marks = map("?".format if dialect == "sqlite" else "${}".format, itertools.count(1))
    what = ", ".join(f'"{columns[name]}" = {next(marks)}' for name in values)
    which = " AND ".join(f'"{columns[name]}" IN ({", ".join(itertools.islice(marks, count))})' for name, count in where)
    return f'UPDATE "{model._meta.db_table}" SET {what} WHERE {which}'  # noqa: S608 - names of our own columns


def _connection(model: type[Model], action: str) -> BaseDBAsyncClient:
    if transactions.inside():
        return get_connection(transactions.WRITER)
    chosen: BaseDBAsyncClient | None = getattr(router, action)(model)
    return chosen or model._meta.db
