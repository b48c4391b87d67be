"""Processes of a benchmark: who runs on which core, and what it cost them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
MEASURED = {_CORES[0]} if len(_CORES) > 1 else None
"""The core that the measured program has for itself; the load and the networks share another one."""
AROUND = {_CORES[1]} if len(_CORES) > 1 else None


class Program:
    """A Python module that runs beside us until the block ends."""

    def __init__(
        self, module: str, *arguments: object, cores: set[int] | None, folder: Path = ROOT, prefix: Sequence[str] = ()
    ) -> None:
        self._command = [*prefix, sys.executable, "-m", module, *map(str, arguments)]
        self._cores = cores
        self._folder = folder
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._log = (self._folder / "program.log").open("ab") if self._folder != ROOT else None
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(  # noqa: S603 - our own modules
            self._command, cwd=self._folder, env=environment, stdout=self._log, stderr=self._log
        )
        if self._cores:
            os.sched_setaffinity(self.process.pid, self._cores)
        self._seen = psutil.Process(self.process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._log:
            self._log.close()
        if error is not None and self._folder != ROOT:
            sys.stderr.write((self._folder / "program.log").read_text("utf-8", "replace")[-4000:])

    def cpu(self) -> float:
        """Seconds of a core since it started, all threads."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Megabytes that it holds (RSS)."""
        return float(self._seen.memory_info().rss) / 1e6

    def alive(self) -> bool:
        return self.process.poll() is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str, headers: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def wait_for(happened: Callable[[], object], what: str, *, seconds: float = 30, every: float = 0.02) -> None:
    """Raises TimeoutError that names what did not happen."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"did not happen within {seconds} s: {what}")
        time.sleep(every)


def wait_for_port(program: Program, port: int) -> None:
    def is_open() -> bool:
        if not program.alive():
            raise RuntimeError("the program ended before it listened")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(is_open, f"port {port} listens")


def is_ready(port: int) -> bool:
    try:
        return bool(get(port, "/readyz")["status"])
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def generate(order: dict[str, Any]) -> dict[str, Any]:
    """Run the load generator to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.generator"],
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
        preexec_fn=_around,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _around() -> None:
    if AROUND:
        os.sched_setaffinity(0, AROUND)
