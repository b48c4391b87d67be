"""Figure 5: how long one waits for the program itself."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import processes, product, seeding
from benchmarks.tables import Row, show, tell


def run(folder: Path, *, quick: bool) -> None:
    rounds = 2 if quick else 5
    tell("starting")
    port = processes.free_port()
    config = product.configuration(folder, port)
    asyncio.run(seeding.prepare(config, settle_after="90s", alert="{ channel = '', to = '' }"))
    ready = statistics.median(_until_ready(folder, port) for _ in range(rounds))
    helped = statistics.median(_help() for _ in range(rounds))
    rows = [
        Row("start → ready, no chat channels, store there", f"{ready:.2f} s", "< 3 s", ready < 3),
        Row("afterword --help", f"{helped:.2f} s", "< 0.5 s", helped < 0.5),
    ]
    show("5. Starting", rows)


def _until_ready(folder: Path, port: int) -> float:
    begun = time.monotonic()
    with product.serving(folder, port):
        return time.monotonic() - begun


def _help() -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=processes.ROOT, capture_output=True, check=True)
    return time.monotonic() - begun
