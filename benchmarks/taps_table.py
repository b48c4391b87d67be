"""Figure 1: taps per second, the product between two floors, round by round on the same core."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import processes, taps
from benchmarks.tables import Row, ratio, show, tell
from benchmarks.taps import Measured

_A, _B, _OURS = "floor A, aiogram", "floor B, aiohttp", "Afterword"


def run(folder: Path, *, quick: bool) -> None:
    rounds, count = (1, 400) if quick else (3, 1500)
    api_port = processes.free_port()
    found: dict[str, list[Measured]] = {_A: [], _OURS: [], _B: []}
    with taps.networks(api_port) as networks:
        processes.wait_for_port(networks, api_port)
        for number in range(rounds):
            for name, measure in _programs(folder / str(number), count, api_port).items():
                tell(f"taps, round {number + 1} of {rounds}: {name}")
                found[name].append(measure())
    _show(found)


def _programs(folder: Path, count: int, api_port: int) -> dict[str, Callable[[], Measured]]:
    folder.mkdir()
    return {
        _A: lambda: taps.of_floor("benchmarks.floor_aiogram", folder / "a", count, api_port),
        _OURS: lambda: taps.of_product(folder / "ours", count, api_port),
        _B: lambda: taps.of_floor("benchmarks.floor_aiohttp", folder / "b", count, api_port),
    }


def _show(found: dict[str, list[Measured]]) -> None:
    rate = {name: statistics.median(one.per_second for one in all_) for name, all_ in found.items()}
    cpu = {name: statistics.median(one.cpu for one in all_) for name, all_ in found.items()}
    rows = [Row(name, f"{rate[name]:.0f}/s, {cpu[name]:.2f} ms of a core each") for name in (_A, _B, _OURS)]
    rows += [
        ratio(rate[_OURS], rate[_A], goal=1.0, of="floor A, by the clock"),
        Row("  ratio to floor A, by the core's time", f"{cpu[_A] / cpu[_OURS]:.2f}"),
        ratio(rate[_OURS], rate[_B], goal=0.5, of="floor B, by the clock"),
        Row("  ratio to floor B, by the core's time", f"{cpu[_B] / cpu[_OURS]:.2f}"),
    ]
    show("1. Rating taps, stored and answered with the next question", rows)
