"""Rating taps per second that are stored and answered with the next question; and how long one person waits."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import processes, product, seeding
from benchmarks.processes import Program
from benchmarks.seeding import DIMENSIONS, Person

CONNECTIONS = 40
"""So many Telegram opens to a webhook, unless it is asked for another number; we ask for this one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`per_second` by the wall's clock; `cpu` in milliseconds of a core per tap."""

    per_second: float
    cpu: float


def update(person: Person, number: int, score: int = 4) -> str:
    """What Telegram posts when a button is pressed, with as much around it as the real one has."""
    user = {"id": person.chat, "is_bot": False, "first_name": "Ann <3", "last_name": "& Co", "language_code": "en"}
    chat = {"id": person.chat, "type": "private", "first_name": "Ann <3", "last_name": "& Co"}
    dimension = DIMENSIONS[person.answered]
    row = [
        {"text": f"{n}★", "callback_data": f"r:{person.key}:s:{dimension}:{n}", "style": "primary"} for n in range(1, 6)
    ]
    message = {
        "message_id": person.message,
        "from": {"id": 4242, "is_bot": True, "first_name": "Support", "username": "bench_bot"},
        "chat": chat,
        "date": 1_790_000_000,
        "text": "Hello Ann <3, your request Parcel & cable is resolved.\n\nHow satisfied are you?",
        "entities": [{"offset": 0, "length": 12, "type": "bold"}],
        "reply_markup": {"inline_keyboard": [row]},
    }
    query = {
        "id": str(4_000_000_000 + number),
        "from": user,
        "message": message,
        "chat_instance": "-1234567890123456789",
        "data": f"r:{person.key}:s:{dimension}:{score}",
    }
    return json.dumps({"update_id": 10_000 + number, "callback_query": query})


def throughput(
    running: Program, port: int, api_port: int, people: Sequence[Person], counted: Callable[[], int]
) -> Measured:
    """Tap once for everybody; the clock stops when the last next question is there. Every tap must be counted once."""
    processes.get(api_port, "/forget")
    counted_before = counted()
    cpu = running.cpu()
    bodies = [update(person, person.number) for person in people]
    told = processes.generate({**product.hook_order(port, bodies, connections=CONNECTIONS)})
    assert set(told["statuses"]) == {"200"}, told["statuses"]
    edits = wait_for_edits(api_port, {person.chat for person in people})
    spent = running.cpu() - cpu
    assert len(edits) == len(people), f"{len(edits)} questions for {len(people)} taps"
    processes.wait_for(lambda: counted() - counted_before == len(people), "every tap is counted once", seconds=10)
    took = max(moment for _, moment in edits) - min(told["sent"])
    return Measured(len(people) / took, spent / len(people) * 1000)


def wait_for_edits(api_port: int, chats: set[int]) -> list[tuple[int, float]]:
    taken: dict[str, Any] = {}

    def all_there() -> bool:
        nonlocal taken
        taken = processes.get(api_port, "/taken")
        return chats <= {chat for chat, _ in taken["edits"]} and taken["calls"]["answerCallbackQuery"] >= len(chats)

    processes.wait_for(all_there, f"all of {len(chats)} people see the next question", every=0.1)
    return [(chat, moment) for chat, moment in taken["edits"]]


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        return int(reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def of_product(folder: Path, count: int, api_port: int, *, prefix: Sequence[str] = ()) -> Measured:
    folder.mkdir()
    port = processes.free_port()
    config = product.configuration(folder, port, api_port=api_port)
    asyncio.run(seeding.prepare(config, settle_after="90s"))
    warm = asyncio.run(seeding.asked(config, 100, spread=True))
    people = asyncio.run(seeding.asked(config, count, begin=100, spread=True))
    with product.serving(folder, port, prefix=prefix) as running:
        return _measured(running, port, api_port, warm, people, folder / "afterword.db")


def of_floor(module: str, folder: Path, count: int, api_port: int) -> Measured:
    folder.mkdir()
    port = processes.free_port()
    warm = [Person(number, f"k3x9w2{number:06d}", number % 4) for number in range(100)]
    people = [Person(number, f"k3x9w2{number:06d}", number % 4) for number in range(100, 100 + count)]
    with Program(module, port, api_port, folder, cores=processes.MEASURED, folder=folder) as running:
        processes.wait_for_port(running, port)
        return _measured(running, port, api_port, warm, people, folder / "floor.db")


def _measured(
    running: Program, port: int, api_port: int, warm: Sequence[Person], people: Sequence[Person], path: Path
) -> Measured:
    def counted() -> int:
        return rows(path, "scores")

    throughput(running, port, api_port, warm, counted)
    time.sleep(0.5)
    return throughput(running, port, api_port, people, counted)


def networks(port: int) -> AbstractContextManager[Program]:
    return Program("benchmarks.networks", port, cores=processes.AROUND)
