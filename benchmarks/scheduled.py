"""Figure 4: what 100,000 scheduled invites cost while they wait, and how fast they leave when they are due."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import processes, product, seeding, taps
from benchmarks.tables import Row, show, tell

COUNT = 100_000
LIMIT = 25


def run(folder: Path, *, quick: bool) -> None:
    count, seconds = (5_000, 6) if quick else (COUNT, 20)
    api_port, port = processes.free_port(), processes.free_port()
    config = product.configuration(folder, port, api_port=api_port)
    asyncio.run(seeding.prepare(config, settle_after="90s"))
    with taps.networks(api_port) as networks:
        processes.wait_for_port(networks, api_port)
        with product.serving(folder, port) as running:
            time.sleep(2)
            without = running.memory()
        tell(f"scheduled: writing {count:,} invites")
        asyncio.run(seeding.scheduled(config, count, due=datetime.now(UTC) + timedelta(hours=2)))
        tell(f"scheduled: watching them wait for {seconds} s")
        core, memory = _idle(folder, port, seconds)
        _make_due(folder / "afterword.db")
        tell(f"scheduled: sending at the channel's limit for {seconds} s")
        at_limit, _ = _drain(folder, port, api_port, seconds, LIMIT)
        tell(f"scheduled: sending without a limit for {seconds} s")
        unlimited, busy = _drain(folder, port, api_port, seconds, 10_000)
    aiogram = imported("aiogram") - imported("sys")
    ours = memory - aiogram
    rows = [
        Row("a core's time while they wait", f"{core:.2%}", "< 1 %", core < 0.01),
        Row("memory while they wait (RSS)", f"{memory:.0f} MB"),
        Row("  of which importing aiogram takes", f"{aiogram:.0f} MB"),
        Row("  all the rest, Python included", f"{ours:.0f} MB", "< 150 MB", ours < 150),
        Row("  more than without any invite", f"{memory - without:.0f} MB"),
        Row(f"leaving, channel limit {LIMIT}/s", f"{at_limit:.1f}/s", f"≥ {LIMIT - 1}/s", at_limit >= LIMIT - 1),
        Row("leaving, no limit to speak of", f"{unlimited:.0f}/s, {busy:.0%} of a core"),
    ]
    show(f"4. {count:,} scheduled invites", rows)


def _idle(folder: Path, port: int, seconds: float) -> tuple[float, float]:
    """The share of a core, and megabytes."""
    with product.serving(folder, port) as running:
        time.sleep(5)
        cpu, begun = running.cpu(), time.monotonic()
        time.sleep(seconds)
        return (running.cpu() - cpu) / (time.monotonic() - begun), running.memory()


def _make_due(path: Path) -> None:
    """As if the two hours were over."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE deliveries SET due_at = ?", (past.isoformat(" "),))
        store.execute("UPDATE job_queue SET due = ?", (int(past.timestamp() * 1e6),))


def _drain(folder: Path, port: int, api_port: int, seconds: float, pace: float) -> tuple[float, float]:
    """Messages a second, and the share of a core; nobody gets one twice."""
    product.configuration(folder, port, api_port=api_port, pace=pace)
    processes.get(api_port, "/forget")
    with product.serving(folder, port) as running:
        processes.wait_for(lambda: processes.get(api_port, "/taken")["sends"], "the first invite leaves")
        time.sleep(2)
        cpu, begun = running.cpu(), time.monotonic()
        time.sleep(seconds)
        ended, spent = time.monotonic(), running.cpu() - cpu
    sends = processes.get(api_port, "/taken")["sends"]
    assert len({chat for chat, _ in sends}) == len(sends), "somebody was asked twice"
    counted = sum(begun <= moment < ended for _, moment in sends)
    return counted / (ended - begun), spent / (ended - begun)


def imported(module: str) -> float:
    """Megabytes of a Python that has imported this and nothing else."""
    script = f"import {module}, psutil; print(psutil.Process().memory_info().rss / 1e6)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)  # noqa: S603 - our own line
    return float(told.stdout)
