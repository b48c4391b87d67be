"""Figure 2: how long a person waits for the next question, and staff for the alert, at fifty taps a second."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import processes, product, seeding, taps
from benchmarks.processes import Program
from benchmarks.seeding import Person
from benchmarks.tables import Row, show, tell

PER_SECOND = 50
SETTLES = 1.0
_ONE_IN = 100  # is a bad rating: one every two seconds, which Slack takes at once


def run(folder: Path, *, quick: bool) -> None:
    count = PER_SECOND * (6 if quick else 20)
    api_port, port = processes.free_port(), processes.free_port()
    config = product.configuration(folder, port, api_port=api_port)
    asyncio.run(seeding.prepare(config, settle_after="1s"))
    people = asyncio.run(seeding.asked(config, count))
    tell(f"waiting: {count} taps at {PER_SECOND} a second")
    with taps.networks(api_port) as networks:
        processes.wait_for_port(networks, api_port)
        with product.serving(folder, port) as running:
            _measure(running, port, api_port, people)
    assert taps.rows(folder / "afterword.db", "scores") == count


def _measure(running: Program, port: int, api_port: int, people: Sequence[Person]) -> None:
    bad = [person for number, person in enumerate(people) if number % _ONE_IN == _ONE_IN // 2]
    bodies = [taps.update(person, person.number, 1 if person in bad else 4) for person in people]
    order = product.hook_order(port, bodies, connections=taps.CONNECTIONS, per_second=PER_SECOND)
    cpu = running.cpu()
    told = processes.generate({**order})
    spent = running.cpu() - cpu
    assert set(told["statuses"]) == {"200"}, told["statuses"]
    taps.wait_for_edits(api_port, {person.chat for person in people})
    alerted = _alerted(api_port, len(bad))
    taken = processes.get(api_port, "/taken")
    sent = {person.number: moment for person, moment in zip(people, told["sent"], strict=True)}
    waits = _waits(people, sent, taken)
    late = [alerted[one.number + 1] - sent[one.number] - SETTLES for one in bad]
    _show(waits, late, spent / (len(people) / PER_SECOND))


def _alerted(api_port: int, count: int) -> dict[int, float]:
    found: dict[int, float] = {}

    def all_there() -> bool:
        for parcel, moment in processes.get(api_port, "/taken")["alerts"]:
            found.setdefault(parcel, moment)
        return len(found) >= count

    processes.wait_for(all_there, f"{count} alerts at Slack", seconds=20, every=0.1)
    return found


def _waits(people: Sequence[Person], sent: Mapping[int, float], taken: Mapping[str, Any]) -> list[float]:
    first: dict[int, float] = {}
    for chat, moment in taken["edits"]:
        first.setdefault(chat, moment)
    return sorted(first[person.chat] - sent[person.number] for person in people)


def _show(waits: Sequence[float], late: Sequence[float], core: float) -> None:
    p99 = waits[int(len(waits) * 0.99)]
    rows = [
        Row("tap → next question, median", f"{statistics.median(waits) * 1000:.0f} ms"),
        Row("tap → next question, p99", f"{p99 * 1000:.0f} ms", "< 100 ms", p99 < 0.1),
        Row("tap → next question, longest", f"{waits[-1] * 1000:.0f} ms"),
        Row("settled bad rating → alert at Slack, longest", f"{max(late):.2f} s", "< 1 s", max(late) < 1),
        Row("a core's time while this went on", f"{core:.0%}"),
    ]
    show(f"2. Waiting, at {PER_SECOND} taps a second ({len(waits)} taps, {len(late)} of them bad)", rows)
