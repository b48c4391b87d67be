"""All figures, or those that are named.

`python -m benchmarks [--quick] [taps waiting events scheduled starting channels admin]`
"""

from __future__ import annotations

import logging
import os
import platform
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import admin, channels, events, scheduled, starting, taps_table, waiting

FIGURES = {
    "taps": taps_table.run,
    "waiting": waiting.run,
    "events": events.run,
    "scheduled": scheduled.run,
    "starting": starting.run,
    "channels": channels.run,
    "admin": admin.run,
}
_COMMITS = 300


def main(arguments: list[str]) -> None:
    logging.disable(logging.WARNING)  # of making stores; the programs measured have processes and logs of their own
    quick = "--quick" in arguments
    named = [one for one in arguments if one != "--quick"]
    if unknown := set(named) - FIGURES.keys():
        raise SystemExit(f"{', '.join(sorted(unknown))}: unknown; there are {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory(prefix="afterword-bench-") as folder:
        print(_machine(Path(folder)), flush=True)
        for name in named or FIGURES:
            place = Path(folder) / name
            place.mkdir()
            FIGURES[name](place, quick=quick)


def _machine(folder: Path) -> str:
    python, cores = platform.python_version(), os.cpu_count()
    others = os.getloadavg()[0]
    return (
        f"Python {python}, SQLite {sqlite3.sqlite_version}, {cores} cores (load before: {others:.1f}); "
        f"one durable commit takes {_commit(folder) * 1000:.2f} ms here"
    )


def _commit(folder: Path) -> float:
    """Seconds for the smallest commit with synchronous=FULL: the disk's part in every figure."""
    connection = sqlite3.connect(folder / "commit.db", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a)")
    begun = time.perf_counter()
    for number in range(_COMMITS):
        connection.execute("INSERT INTO t VALUES (?)", (number,))
    took = time.perf_counter() - begun
    connection.close()
    return took / _COMMITS


if __name__ == "__main__":
    main(sys.argv[1:])
