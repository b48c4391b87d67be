"""However old a store is, it ends up with the tables of a new one."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationTarget

from core import store as stores
from core import transactions
from core.store import files, migrating, opening, urls
from core.store.config import APP
from tests.core.stores_for_tests import SMALL
from tests.core.test_store import NEWER
from tests.rigs import postgres as rig
from tests.rigs import statements

Tables = dict[str, set[str]]
"""By table: its columns, what must be unique, its indexes and triggers, each as one line."""


@pytest.mark.slow
async def test_an_upgraded_store_has_the_tables_of_a_new_one(
    empty_url: str, sqlite_template: Path, postgres: rig.Server, postgres_template: str
) -> None:
    new = f"sqlite://{sqlite_template}" if empty_url.startswith("sqlite") else postgres.url(postgres_template)
    await _first_release(empty_url)
    first = await _tables(empty_url)
    await _put_a_row_everywhere(empty_url)
    await stores.upgrade(empty_url)

    made = await _tables(new)

    assert "audit_lines" in made.keys() - first.keys(), "what is compared came by upgrading"
    assert "unique address, channel" in made["suppressions"]
    assert await _tables(empty_url) == made
    assert set(await _counts(empty_url, first)) == {1}, "a row that was there before is there"


async def test_a_column_that_changes_takes_nothing_of_its_table_with_it(tmp_path: Path) -> None:
    path = tmp_path / "afterword.db"
    await stores.upgrade(f"sqlite://{path}", schema=SMALL)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE INDEX by_balance ON account (balance, name)")
        raw.execute("CREATE TRIGGER kept BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'stays'); SELECT 1; END")

    await stores.upgrade(f"sqlite://{path}", schema=NEWER)

    with closing(sqlite3.connect(path)) as raw:
        types = raw.execute("SELECT type FROM pragma_table_info('account') WHERE name = 'balance'").fetchall()
        assert types == [("BIGINT",)], "the table was made anew"
        names = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE tbl_name = 'account'")}
        assert {"by_balance", "kept"} < names
        raw.execute("INSERT INTO account (name, balance) VALUES ('ann', 1)")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            raw.execute("INSERT INTO account (name, balance) VALUES ('ann', 2)")
        with pytest.raises(sqlite3.IntegrityError, match="stays"):
            raw.execute("DELETE FROM account")


async def test_an_upgrade_of_sqlite_copies_a_table_once_however_many_columns_are_new(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/afterword.db"
    await _first_release(url)
    store = await opening.open_unchecked(url)
    await store.client.execute_query("PRAGMA foreign_keys = OFF")
    with statements.told(store) as asked:
        await transactions.run(lambda: migrating.migrate(store))
    await store.close()
    copied = Counter(re.findall(r'INSERT INTO "new__(\w+)"', "\n".join(asked)))
    assert {"invites", "alerts", "tickets", "lanes"} <= set(copied)
    twice = {name for name, times in copied.items() if times > 1}
    assert twice == {"reactions", "responses"}, "there a column is not new but another one, which is done at once"
    assert max(copied.values()) == 2


async def _first_release(url: str) -> None:
    """Only what the very first migration makes."""
    address = urls.parse(url)
    if address.kind == urls.SQLITE:
        files.create_if_missing(address.path)
    store = await opening.open_unchecked(url)

    async def first() -> None:
        executor = migrating.executor_for(store, get_connection(transactions.WRITER))
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        await executor.migrate([MigrationTarget(APP, "0001_initial")], direction="forward")

    try:
        await transactions.run(first)
    finally:
        await store.close()


async def _put_a_row_everywhere(url: str) -> None:
    """A 1, a moment or an empty list in every column: enough for a row that has to be given a new column's value."""
    values = {"TIMESTAMP": "'2026-01-01 00:00:00+00:00'", "JSON": "'[]'", "timestamp": "'2026-01-01'", "json": "'[]'"}
    statements = []
    for table, columns in (await _columns(url)).items():
        given = [next((v for t, v in values.items() if kind.startswith(t)), "'1'") for _, kind in columns]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        statements.append(f'INSERT INTO "{table}" ({names}) OVERRIDING SYSTEM VALUE VALUES ({", ".join(given)})')  # noqa: S608
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(urls.parse(url).path)) as raw, raw:
            for statement in statements:
                raw.execute(statement.replace("OVERRIDING SYSTEM VALUE ", ""))
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")  # no foreign keys: tables come in any order
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _columns(url: str) -> dict[str, list[tuple[str, str]]]:
    """Name and type of the domain's columns, by table."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(urls.parse(url).path)) as raw:
            tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                found[table] += [(row[1], row[2]) for row in raw.execute(f"PRAGMA table_info({table})")]
    else:
        for table, name, kind in await rig.fetch(url, _COLUMNS):
            found[table].append((name, kind))
    ours = "tickets", "contacts", "teams"
    assert found.keys() >= set(ours)
    return {name: columns for name, columns in found.items() if not name.startswith(_NOT_OURS)}


_NOT_OURS = ("sqlite_", "tortoise_", "pgqueuer", "jobs")
_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"""


async def _counts(url: str, tables: Iterable[str]) -> list[int]:
    ours = [one for one in tables if not one.startswith(_NOT_OURS)]
    statement = " UNION ALL ".join(f'SELECT COUNT(*) FROM "{table}"' for table in ours)  # noqa: S608
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(urls.parse(url).path)) as raw:
            return [row[0] for row in raw.execute(statement)]
    return [row[0] for row in await rig.fetch(url, statement)]


async def _tables(url: str) -> Tables:
    found: Tables = defaultdict(set)
    for table, line in _of_sqlite(url) if url.startswith("sqlite") else await _of_postgres(url):
        found[table].add(line)
    return found


def _of_sqlite(url: str) -> Iterable[tuple[str, str]]:
    with closing(sqlite3.connect(urls.parse(url).path)) as raw:
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield from ((table, f"column {row[1:]}") for row in raw.execute(f"PRAGMA table_info({table})"))
            yield from ((table, f"points {row[2:]}") for row in raw.execute(f"PRAGMA foreign_key_list({table})"))
            for _, index, is_unique, *_ in raw.execute(f"PRAGMA index_list({table})").fetchall():
                columns = [row[2] for row in raw.execute(f"PRAGMA index_info({index})")]
                yield table, f"unique {', '.join(sorted(columns))}" if is_unique else f"index {', '.join(columns)}"
        for table, trigger in raw.execute("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"):
            yield table, trigger


async def _of_postgres(url: str) -> Iterable[tuple[str, str]]:
    """What has a name of its own only by how it was made goes without it."""
    rows = await rig.fetch(url, _POSTGRES)
    named = re.compile(r"INDEX \w+ ON")
    return [(table, _UNIQUE.sub(_in_order, named.sub("INDEX ON", line))) for table, line in rows]


_UNIQUE = re.compile(r"^CREATE UNIQUE INDEX ON [\w.]+ USING btree \((.*)\)$")


def _in_order(match: re.Match[str]) -> str:
    return f"unique {', '.join(sorted(match[1].split(', ')))}"


_POSTGRES = """
SELECT c.relname, line FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public',
LATERAL (
    SELECT 'column ' || concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'
    UNION SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid
    UNION SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal
) AS lines WHERE c.relkind = 'r'
"""
