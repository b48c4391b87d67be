from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError

from core import store as stores
from core import transactions
from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe
from core.store import files, safety, sqlite_raw, urls
from tests.core.models_for_tests import Account
from tests.core.stores_for_tests import SMALL
from tests.rigs import postgres as rig

on_sqlite = pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
NEWER = stores.Schema(("tests.core.newer_for_tests.models",), "tests.core.newer_for_tests.migrations")
BROKEN = stores.Schema(("tests.core.newer_for_tests.models",), "tests.core.newer_for_tests.broken")


def path_of(url: str) -> Path:
    return urls.parse(url).path


# ---------------------------------------------------------------- opening


async def test_a_store_that_nobody_made_is_not_made_by_opening_it(empty_url: str) -> None:
    with pytest.raises(SchemaOutdated, match="afterword db upgrade"):
        await stores.open_store(empty_url, schema=SMALL)
    if empty_url.startswith("sqlite"):
        assert not path_of(empty_url).parent.exists()


async def test_upgrade_makes_it_and_doing_it_again_changes_nothing(empty_url: str) -> None:
    await stores.upgrade(empty_url, schema=SMALL)
    await stores.upgrade(empty_url, schema=SMALL)
    store = await stores.open_store(empty_url, schema=SMALL)
    try:
        assert await stores.is_current(store)
        await Account.create(name="ann")
        assert (await Account.get(name="ann")).balance == 0
    finally:
        await store.close()


async def test_what_was_written_is_there_after_reopening(small_url: str) -> None:
    for expected in range(3):
        store = await stores.open_store(small_url, schema=SMALL)
        assert await Account.all().count() == expected
        await Account.create(name=f"ann{expected}")
        await store.close()


async def test_every_task_finds_the_store_also_older_ones(small_url: str) -> None:
    is_open = asyncio.Event()

    async def older() -> int:
        await is_open.wait()
        return await Account.all().count()

    waiting = asyncio.create_task(older())
    await asyncio.sleep(0)
    opening = asyncio.create_task(stores.open_store(small_url, schema=SMALL))
    store = await opening
    is_open.set()

    assert await waiting == 0
    await store.close()


async def test_the_password_is_shown_nowhere(small_store: stores.Store) -> None:
    assert "secret" not in repr(small_store)
    assert "secret" not in repr(urls.parse("postgres://me:secret@host/db"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://:memory:", "forgets every answer"),
        ("sqlite://", "names no file"),
        ("sqlite:///data/", "names no file"),
        ("sqlite:///data/x.db?synchronous=OFF", "not a choice"),
        ("mysql://host/db", "no store of the kind 'mysql'"),
        ("afterword.db", "no store of the kind"),
        ("postgres://host", "names no database"),
    ],
)
def test_a_url_that_cannot_be_a_store_is_refused_and_says_what_would_be_right(url: str, why: str) -> None:
    with pytest.raises(StoreUnsafe, match=why):
        urls.parse(url)


def test_urls_say_where_the_store_is(tmp_path: Path) -> None:
    assert urls.parse("sqlite://data/afterword.db").path == Path.cwd() / "data/afterword.db"
    assert urls.parse(f"sqlite://{tmp_path}/a%20b.db").path == tmp_path / "a b.db"
    assert urls.parse("postgresql://me:secret@db.example:5433/aw?sslmode=require").credentials == {
        "database": "aw",
        "host": "db.example",
        "port": 5433,
        "user": "me",
        "password": "secret",
        "ssl": "require",
    }


# ---------------------------------------------------------------- SQLite: the file


@on_sqlite
async def test_the_file_is_private(small_url: str) -> None:
    path = path_of(small_url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@on_sqlite
async def test_a_second_process_is_told_who_has_the_file(small_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path_of(small_url))], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdin
        holder.stdout.readline()
        with pytest.raises(StoreInUse, match=f"Process {holder.pid} has"):
            await stores.open_store(small_url, schema=SMALL)
        with pytest.raises(StoreInUse):
            await stores.upgrade(small_url, schema=SMALL)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    await (await stores.open_store(small_url, schema=SMALL)).close()


_HOLD = """
import sys
from pathlib import Path
from core.store.files import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


@on_sqlite
async def test_the_same_process_cannot_open_it_twice_either(small_url: str) -> None:
    store = await stores.open_store(small_url, schema=SMALL)
    with pytest.raises(StoreInUse, match=str(os.getpid())):
        await stores.open_store(small_url, schema=SMALL)
    assert await Account.all().count() == 0, "the first one goes on"
    await store.close()


@on_sqlite
async def test_what_is_no_sqlite_file_is_left_alone(small_url: str) -> None:
    path = path_of(small_url)
    path.write_bytes(b"This is my diary. " * 500)
    with pytest.raises(StoreUnsafe, match="not a usable SQLite database"):
        await stores.open_store(small_url, schema=SMALL)
    with pytest.raises(StoreUnsafe):
        await stores.upgrade(small_url, schema=SMALL)
    assert path.read_bytes().startswith(b"This is my diary.")


@on_sqlite
async def test_a_damaged_file_is_refused(small_url: str) -> None:
    store = await stores.open_store(small_url, schema=SMALL)
    await Account.bulk_create([Account(name=f"ann{number}") for number in range(2000)])
    await store.close()
    path = path_of(small_url)
    damaged = bytearray(path.read_bytes())
    damaged[8192:16384] = os.urandom(8192)
    path.write_bytes(damaged)

    with pytest.raises(StoreUnsafe, match="Restore a backup"):
        await stores.open_store(small_url, schema=SMALL)


@on_sqlite
async def test_a_directory_is_not_a_store(empty_url: str) -> None:
    path_of(empty_url).mkdir(parents=True)
    with pytest.raises(StoreUnsafe, match="is not a file"):
        await stores.open_store(empty_url, schema=SMALL)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everything, so root steps down for a moment."""
    root = os.geteuid() == 0
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)


@on_sqlite
async def test_a_file_that_we_may_not_write_is_refused(small_url: str) -> None:
    path = path_of(small_url)
    path.chmod(0o444)
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    with as_nobody(), pytest.raises(StoreUnsafe, match="cannot be written"):
        files.look_at(path)


@on_sqlite
async def test_a_place_where_nothing_can_be_made_is_named(empty_url: str, tmp_path: Path) -> None:
    path_of(empty_url).parent.write_text("a file where the directory should be")
    with pytest.raises(StoreUnsafe, match="cannot be made"):
        await stores.upgrade(empty_url, schema=SMALL)


# ---------------------------------------------------------------- safety


@on_sqlite
async def test_all_connections_have_the_settings_that_keep_data_safe(small_store: stores.Store) -> None:
    connections = [*small_store.client.every, *small_store.sqlite_reader.every]  # type: ignore[union-attr]
    assert len(connections) == 3
    for connection in connections:
        raw = connection._conn
        found = {name: next(iter(raw.execute(f"PRAGMA {name}").fetchone())) for name in safety.SQLITE_SETTINGS}
        assert found == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
            "secure_delete": 1,
        }


@on_sqlite
async def test_the_readers_cannot_write(small_store: stores.Store) -> None:
    for connection in small_store.sqlite_reader.every:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection._conn.execute("INSERT INTO account (name, balance) VALUES ('x', 1)")


@on_sqlite
async def test_nobody_waits_behind_a_long_look(small_store: stores.Store) -> None:
    begun, enough = threading.Event(), threading.Event()

    def look(raw: sqlite3.Connection) -> bool:
        begun.set()
        return enough.wait(30)

    long_one = asyncio.create_task(small_store.sqlite_reader.apart(look))
    await asyncio.to_thread(begun.wait, 30)
    assert await Account.all().count() == 0  # twice, so that whichever connection is next is free
    assert await Account.all().count() == 0
    assert not long_one.done()
    third, fourth = (asyncio.create_task(small_store.sqlite_reader.apart(look)) for _ in range(2))
    enough.set()
    assert await long_one
    assert await third
    assert await fourth


@on_sqlite
async def test_a_closed_reader_says_so(small_store: stores.Store) -> None:
    await small_store.sqlite_reader.close()
    with pytest.raises(OperationalError, match="closed"):
        await small_store.sqlite_reader.apart(int)


async def test_a_query_begun_outside_a_unit_of_work_belongs_to_where_it_is_awaited(small_store: stores.Store) -> None:
    await Account.create(name="ann")
    query = Account.filter(name="ann")

    @transactions.atomic
    async def look() -> int:
        await Account.filter(name="ann").update(balance=3)
        return (await query.get()).balance

    assert await look() == 3
    assert await Account.filter(name="ann").update(balance=4) == 1
    assert await Account.all().delete() == 1


@pytest.mark.parametrize("name", list(safety.SQLITE_SETTINGS))
def test_a_setting_that_did_not_take_is_named_with_its_reason(name: str, tmp_path: Path) -> None:
    other = {
        "journal_mode": "DELETE",
        "synchronous": "NORMAL",
        "foreign_keys": "OFF",
        "busy_timeout": 0,
        "secure_delete": "OFF",
    }
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as raw:
        safety.make_safe(raw, query_only=False)
        safety.assert_safe(raw, query_only=False)
        raw.execute(f"PRAGMA {name} = {other[name]}")
        with pytest.raises(StoreUnsafe, match=name):
            safety.assert_safe(raw, query_only=False)


@on_postgres
@pytest.mark.parametrize("setting", ["synchronous_commit"])
async def test_a_postgresql_that_forgets_is_refused(small_url: str, postgres: rig.Server, setting: str) -> None:
    database = small_url.rpartition("/")[2]
    await postgres.administer(f"ALTER DATABASE {database} SET {setting} = off")
    with pytest.raises(StoreUnsafe, match=f"{setting} = off"):
        await stores.open_store(small_url, schema=SMALL)


async def test_postgresql_that_is_not_there_is_a_clear_error(postgres: rig.Server) -> None:
    with pytest.raises(transactions.StoreUnavailable, match="reached"):
        await stores.open_store("postgres://me:secret@127.0.0.1:1/db", schema=SMALL)
    with pytest.raises(transactions.StoreUnavailable, match="no_such_database"):
        await stores.open_store(postgres.url("no_such_database"), schema=SMALL)


def test_a_replicator_beside_an_old_sqlite_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = tmp_path / "afterword.db"
    assert not safety.warn_of_second_writers(store, (3, 40, 1))
    (tmp_path / ".afterword.db-litestream").mkdir()
    assert not safety.warn_of_second_writers(store, (3, 51, 3))
    assert safety.warn_of_second_writers(store, (3, 40, 1))
    assert "Litestream" in caplog.text


@on_sqlite
async def test_what_was_deleted_is_not_in_the_file_any_more(small_url: str) -> None:
    canary = "zxcvbnm-canary"
    store = await stores.open_store(small_url, schema=SMALL)
    await Account.bulk_create([Account(name=f"{canary}-{number}") for number in range(500)])
    await Account.all().delete()
    await store.client.execute_query("PRAGMA wal_checkpoint(TRUNCATE)")
    left = b"".join(file.read_bytes() for file in path_of(small_url).parent.iterdir())
    await store.close()

    assert canary.encode() not in left


# ---------------------------------------------------------------- migrations


async def test_an_old_store_is_refused_until_it_is_upgraded(small_url: str) -> None:
    store = await stores.open_store(small_url, schema=SMALL)
    ann = await Account.create(name="ann", balance=5)
    await _add_entry(ann.id)
    await store.close()

    with pytest.raises(SchemaOutdated, match="afterword db upgrade"):
        await stores.open_store(small_url, schema=NEWER)
    await stores.upgrade(small_url, schema=NEWER)
    store = await stores.open_store(small_url, schema=NEWER)
    try:
        connection = get_connection(transactions.WRITER)
        assert await connection.execute_query_dict("SELECT name, balance, currency FROM account") == [
            {"name": "ann", "balance": 5, "currency": "EUR"}
        ]
        assert (await connection.execute_query_dict("SELECT count(*) AS n FROM entry"))[0]["n"] == 1, (
            "rebuilding a table deletes nothing that points to it"
        )
    finally:
        await store.close()


async def test_the_release_before_still_starts_on_the_newer_tables(small_url: str) -> None:
    await stores.upgrade(small_url, schema=NEWER)
    await (await stores.open_store(small_url, schema=SMALL)).close()


async def test_a_migration_that_fails_changes_nothing(small_url: str) -> None:
    before = await _tables(small_url)
    with pytest.raises(Exception, match="no_such_table"):
        await stores.upgrade(small_url, schema=BROKEN)
    assert await _tables(small_url) == before
    await (await stores.open_store(small_url, schema=SMALL)).close()


async def test_two_who_upgrade_at_once_do_not_meet(empty_url: str) -> None:
    """Two hosts start the same release: on PostgreSQL one waits for the other, on SQLite it is told."""
    program = [sys.executable, "-c", _UPGRADE, empty_url]
    both = [subprocess.Popen(program, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    refused = [text for process, text in zip(both, said, strict=True) if process.returncode]

    assert all("StoreInUse" in text for text in refused), refused
    assert len(refused) <= (1 if empty_url.startswith("sqlite") else 0)
    await (await stores.open_store(empty_url, schema=SMALL)).close()


_UPGRADE = """
import asyncio, sys
from core import store as stores
asyncio.run(stores.upgrade(
    sys.argv[1], schema=stores.Schema(("tests.core.models_for_tests",), "tests.core.migrations_for_tests")
))
"""
_KILLED_AT = """
import asyncio, os, signal, sys
from core import store as stores
from core.store import postgres_asyncpg, sqlite
left = int(sys.argv[2])
def counted(kind):
    stock = kind.execute_query
    async def execute_query(self, *args):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return await stock(self, *args)
    kind.execute_query = execute_query
for kind in (sqlite.SqliteClient, postgres_asyncpg.PostgresClient):
    counted(kind)
asyncio.run(stores.upgrade(
    sys.argv[1], schema=stores.Schema(("tests.core.newer_for_tests.models",), "tests.core.newer_for_tests.migrations")
))
"""


@pytest.mark.slow
async def test_killed_at_any_statement_an_upgrade_leaves_old_or_new(small_url: str, tmp_path: Path) -> None:
    before = await _tables(small_url)
    after: dict[str, list[str]] | None = None
    for statement in range(40):
        done = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED_AT, small_url, str(statement))
        if await done.wait() == 0:
            after = await _tables(small_url)
            break
        found = await _tables(small_url)
        assert found == before or "currency" in found["account"]
        if found != before:
            await (await stores.open_store(small_url, schema=NEWER)).close()

    assert after
    assert "currency" in after["account"]


async def _tables(url: str) -> dict[str, list[str]]:
    """Table → columns."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url))) as raw:
            names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
            return {name: [row[1] for row in raw.execute(f"PRAGMA table_info({name})")] for name in names}
    rows = await rig.fetch(
        url,
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, ordinal_position",
    )
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


async def _add_entry(account: int) -> None:
    @transactions.atomic
    async def add() -> None:
        await get_connection(transactions.WRITER).execute_query(f"INSERT INTO entry (account_id) VALUES ({account:d})")  # noqa: S608

    await add()


def test_a_script_is_cut_into_statements_and_nowhere_else() -> None:
    script = "CREATE TABLE a (x TEXT DEFAULT ';');\n-- end;\nINSERT INTO a VALUES ('a;b');;  "
    assert [statement.rstrip(";") for statement in sqlite_raw.statements(script)] == [
        "CREATE TABLE a (x TEXT DEFAULT ';')",
        "-- end;\nINSERT INTO a VALUES ('a;b')",
    ]


async def test_a_short_command_may_look_in_while_another_process_serves(sqlite_url: str) -> None:
    holding = (
        "import sys, pathlib; from core.store import files; lock = files.FileLock(pathlib.Path(sys.argv[1]));"
        " lock.take(); print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", holding, str(path_of(sqlite_url))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreInUse):
            await stores.open_store(sqlite_url)
        visitor = await stores.open_store(sqlite_url, visiting=True)
        assert visitor.is_visiting
        _, rows = await visitor.client.execute_query("PRAGMA wal_autocheckpoint")
        assert rows[0]["wal_autocheckpoint"] == 0
        await visitor.close()
        holder.kill()
    alone = await stores.open_store(sqlite_url, visiting=True)
    assert not alone.is_visiting
    await alone.close()
