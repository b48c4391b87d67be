"""The power fails: what the disk was not told to keep is gone or half there, and no acknowledged answer is (FLT-15)."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import apsw
import pytest

from core.store import safety
from tests.rigs import failing_power
from tests.rigs.failing_power import Disk, Event, Promise

ANSWERS, CUTS = 300, 200


def written(folder: Path, *, synchronous: str = "") -> list[Event]:
    """What the disk sees while answers are stored, each acknowledged after its commit, and the log is moved over."""
    disk = Disk(f"disk-{uuid.uuid4()}")
    connection = apsw.Connection(str(folder / "afterword.db"), vfs=disk.name)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # a disk made in Python shares no memory
        safety.make_safe(cast("sqlite3.Connection", connection), query_only=False)
        assert connection.pragma("synchronous") == 2
        if synchronous:
            connection.pragma("synchronous", synchronous)
        connection.pragma("wal_autocheckpoint", 40)
        connection.execute("CREATE TABLE answers (id INTEGER PRIMARY KEY, words TEXT NOT NULL)")
        connection.execute("CREATE INDEX by_words ON answers (words)")
        for number in range(ANSWERS):
            with connection:
                connection.execute("INSERT INTO answers VALUES (?, ?)", (number, f"{number % 7} words " * 40))
            disk.events.append(Promise(number))
        return list(disk.events)
    finally:
        connection.close()
        disk.unregister()


def lost(folder: Path, left: Mapping[str, bytes], promised: list[int]) -> set[int]:
    """Switch it on again, with the SQLite that the product uses: whose answers are missing."""
    for name in ("afterword.db", "afterword.db-wal"):
        (folder / name).write_bytes(left.get(name, b""))
    (folder / "afterword.db-shm").unlink(missing_ok=True)
    connection = sqlite3.connect(folder / "afterword.db")
    try:
        safety.make_safe(connection, query_only=False)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
            return set(promised)
        return set(promised) - {number for (number,) in connection.execute("SELECT id FROM answers")}
    finally:
        connection.close()


def all_lost(tmp_path: Path, events: list[Event], seed: int) -> list[set[int]]:
    (tmp_path / "after").mkdir(exist_ok=True)
    found = failing_power.cuts(events, random.Random(seed), CUTS)
    return [lost(tmp_path / "after", left, promised) for left, promised in found]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_acknowledged_answer_is_lost_when_the_power_fails(tmp_path: Path, seed: int) -> None:
    assert all_lost(tmp_path, written(tmp_path), seed) == [set()] * CUTS


def test_a_store_that_syncs_less_loses_some(tmp_path: Path) -> None:
    """So that the test above proves something."""
    assert any(all_lost(tmp_path, written(tmp_path, synchronous="NORMAL"), seed=1))
