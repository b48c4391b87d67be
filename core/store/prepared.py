"""Queries that are asked at every tap. Tortoise takes ten times as long to write one as SQLite does to answer it: here
it is written once, and afterwards only its values change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.router import router

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement, where its values go, and which columns make which model."""

    sql: str
    values: tuple[Any, ...]
    places: tuple[int, ...]
    columns: Any


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
        executor = connection.executor_class(model=self._model, db=connection, select_related_idx=plan.columns)
        rows: list[M] = await executor.execute_select(plan.sql, filled)
        return rows

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


async def update(model: type[Model], where: Mapping[str, Any], **values: Any) -> int:
    """`model.filter(**where).update(**values)` for plain columns and equality; says how many rows there were."""
    connection = _connection(model, "db_for_write")
    fields = model._meta.fields_map
    sql = _update_of(model, tuple(values), tuple(where), connection.capabilities.dialect)
    stored = [fields[name].to_db_value(value, model) for named in (values, where) for name, value in named.items()]
    changed, _ = await connection.execute_query(sql, stored)
    return changed


@lru_cache(maxsize=200)
def _update_of(model: type[Model], values: tuple[str, ...], where: tuple[str, ...], dialect: str) -> str:
    columns = model._meta.fields_db_projection
    names = [f'"{columns[name]}"' for name in (*values, *where)]
    marks = ["?" if dialect == "sqlite" else f"${number}" for number, _ in enumerate(names, 1)]
    parts = [f"{name} = {mark}" for name, mark in zip(names, marks, strict=True)]
    what, which = ", ".join(parts[: len(values)]), " AND ".join(parts[len(values) :])
    return f'UPDATE "{model._meta.db_table}" SET {what} WHERE {which}'  # noqa: S608 - names of our own columns


def _connection(model: type[Model], action: str) -> BaseDBAsyncClient:
    chosen: BaseDBAsyncClient | None = getattr(router, action)(model)
    return chosen or model._meta.db
