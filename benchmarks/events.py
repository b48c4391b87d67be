"""Figure 3: `POST /api/v1/events` per second, beside two commits by hand."""

from __future__ import annotations

import asyncio
import json
import statistics
from pathlib import Path

from benchmarks import processes, product, seeding, taps
from benchmarks.processes import Program
from benchmarks.tables import Row, ratio, show, tell
from benchmarks.taps import Measured

CONNECTIONS = 20


def run(folder: Path, *, quick: bool) -> None:
    rounds, count = (1, 200) if quick else (3, 800)
    api_port = processes.free_port()
    ours, floor = [], []
    with taps.networks(api_port) as networks:
        processes.wait_for_port(networks, api_port)
        for number in range(rounds):
            tell(f"events, round {number + 1} of {rounds}")
            floor.append(_of_floor(folder / f"floor{number}", count, api_port))
            ours.append(_of_product(folder / f"ours{number}", count, api_port))
    _show(ours, floor)


def event(number: int) -> str:
    return json.dumps(
        {
            "type": "ticket.resolved",
            "ticket": {
                "ref": f"T-{number}",
                "subject": f"Parcel {number} & cable",
                "type": "inquiry",
                "team": "support",
                "agent": {"name": "Li", "email": "li@example.org"},
            },
            "contact": {
                "ref": f"c-{number}",
                "name": "Ann <3",
                "locale": "en",
                "timezone": "Europe/Berlin",
                "addresses": [{"channel": seeding.CHANNEL, "address": str(700_000 + number)}],
            },
        }
    )


def _of_product(folder: Path, count: int, api_port: int) -> Measured:
    folder.mkdir()
    port = processes.free_port()
    config = product.configuration(folder, port, api_port=api_port)
    token = asyncio.run(seeding.prepare(config, settle_after="90s", delay="5m"))
    with product.serving(folder, port) as running:
        _post(running, port, token, 0, 50)
        measured = _post(running, port, token, 50, count)
    assert taps.rows(folder / "afterword.db", "invites") == count + 50
    return measured


def _of_floor(folder: Path, count: int, api_port: int) -> Measured:
    folder.mkdir()
    port = processes.free_port()
    with Program(
        "benchmarks.floor_aiohttp", port, api_port, folder, cores=processes.MEASURED, folder=folder
    ) as running:
        processes.wait_for_port(running, port)
        _post(running, port, "", 0, 50)
        measured = _post(running, port, "", 50, count)
        assert taps.rows(folder / "floor.db", "scores") == count + 50
    return measured


def _post(running: Program, port: int, token: str, begin: int, count: int) -> Measured:
    order = {
        "port": port,
        "path": "/api/v1/events",
        "headers": {"Authorization": f"Bearer {token}"},
        "bodies": [event(number) for number in range(begin, begin + count)],
        "connections": CONNECTIONS,
        "per_second": 0,
    }
    cpu = running.cpu()
    told = processes.generate(order)
    spent = running.cpu() - cpu
    assert set(told["statuses"]) == {"202"}, told["statuses"]
    return Measured(count / (max(told["answered"]) - min(told["sent"])), spent / count * 1000)


def _show(ours: list[Measured], floor: list[Measured]) -> None:
    ours_rate, floor_rate = (statistics.median(one.per_second for one in all_) for all_ in (ours, floor))
    ours_cpu, floor_cpu = (statistics.median(one.cpu for one in all_) for all_ in (ours, floor))
    rows = [
        Row("floor B, aiohttp and two commits", f"{floor_rate:.0f}/s, {floor_cpu:.2f} ms of a core each"),
        Row("Afterword", f"{ours_rate:.0f}/s, {ours_cpu:.2f} ms of a core each"),
        ratio(ours_rate, floor_rate, goal=0.3, of="floor B, by the clock"),
        Row("  ratio to floor B, by the core's time", f"{floor_cpu / ours_cpu:.2f}"),
    ]
    show("3. Events told by other systems (POST /api/v1/events), each with contact, ticket, decision and invite", rows)
