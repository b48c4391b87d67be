"""How Tortoise is told about the store: one writer, one reader, one app."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from core import transactions
from core.store import urls

APP = "models"
READER = "reader"
POOL = {"min_size": 1, "max_size": 10, "timeout": 5, "command_timeout": 30}


@dataclass(frozen=True, slots=True)
class Schema:
    """The modules with the tables, and the package with their migrations."""

    modules: tuple[str, ...]
    migrations: str


def own_schema() -> Schema:
    return Schema(tuple(import_module("core.models").MODULES), "core.migrations")


class Router:
    """Reads outside a unit of work go to the reader, so that a lock on the file holds up no page."""

    def db_for_read(self, model: type) -> str:
        return transactions.WRITER if transactions.inside() else READER

    def db_for_write(self, model: type) -> str:
        return transactions.WRITER


def tortoise_config(url: str, schema: Schema) -> dict[str, Any]:
    address = urls.parse(url)
    app = {"models": list(schema.modules), "migrations": schema.migrations, "default_connection": transactions.WRITER}
    connections = _sqlite(address) if address.kind == urls.SQLITE else _postgres(address)
    return {
        "connections": connections,
        "apps": {APP: app},
        "routers": [Router] if address.kind == urls.SQLITE else [],
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite(address: urls.Address) -> dict[str, Any]:
    engine, path = "core.store.sqlite", str(address.path)
    return {
        transactions.WRITER: {"engine": engine, "credentials": {"file_path": path}},
        READER: {"engine": engine, "credentials": {"file_path": path, "reader": True}},
    }


def _postgres(address: urls.Address) -> dict[str, Any]:
    credentials = {"application_name": "afterword", **_pool_names(POOL), **_pool_names(address.credentials)}
    return {transactions.WRITER: {"engine": "core.store.postgres_asyncpg", "credentials": credentials}}


def _pool_names(settings: dict[str, Any]) -> dict[str, Any]:
    """asyncpg says min_size, Tortoise minsize."""
    theirs = {"min_size": "minsize", "max_size": "maxsize"}
    return {theirs.get(name, name): value for name, value in settings.items()}
