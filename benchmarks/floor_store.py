"""What both floors do with a tap, by hand: two durable commits, and what they send back. Nothing else is cared for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiosqlite

NOTE = "Saved: 4 of 5"
TEXT = "<b>Overall</b>: ★★★★☆\n\nHow was the attitude of the person who helped you?\n\n1 is very bad, 5 is very good."

_TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE arrivals (id INTEGER PRIMARY KEY, body BLOB NOT NULL, handled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE scores (
    invite TEXT NOT NULL, dimension TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (invite, dimension));
"""
_SCORE = "INSERT INTO scores VALUES (?, ?, ?) ON CONFLICT (invite, dimension) DO UPDATE SET value = excluded.value"


class FloorStore:
    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def arrived(self, number: int, body: bytes) -> None:
        """The first commit: the update as it came."""
        await self._connection.execute("INSERT OR IGNORE INTO arrivals (id, body) VALUES (?, ?)", (number, body))

    async def scored(self, action: str) -> None:
        """The second: what it says. An action is r:<invite>:s:<dimension>:<score>."""
        _, invite, _, dimension, value = action.split(":")
        await self._connection.execute(_SCORE, (invite, dimension, int(value)))


async def opened(path: Path) -> FloorStore:
    connection = await aiosqlite.connect(path, isolation_level=None)  # every statement is a transaction
    await connection.executescript(_TABLES)
    await connection.execute("PRAGMA synchronous = FULL")
    return FloorStore(connection)


def buttons(action: str) -> list[list[dict[str, str]]]:
    """The next question's, as large as the product's."""
    invite = action.split(":")[1]
    stars = [{"text": f"{n}★", "callback_data": f"r:{invite}:s:speed:{n}"} for n in range(1, 6)]
    skip = {"text": "Skip", "callback_data": f"r:{invite}:k:speed"}
    return [stars, [skip, {"text": "Done", "callback_data": f"r:{invite}:d"}]]


def keyboard(action: str) -> str:
    return json.dumps({"inline_keyboard": buttons(action)})


def update(body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body)
    return told
