"""The product as a process of its own: started, armed, killed, asked to stop.

Importing the chat libraries takes seconds, so each process is forked from one that has them imported. From there on it
is what `afterword serve --config …` does, in a process with its own memory, files and end.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import httpx

from core import failpoints

KILLED = -signal.SIGKILL
_IMPORTED = (
    "bot.app",
    "bot.channels.slack.channel",
    "bot.channels.telegram.channel",
    "bot.channels.webchat.channel",
    "bot.commands.serve",
    "bot.first_start",
    "core.models",
    "pytest",  # a forked process looks at the main module of the tests, which is pytest's
    "tests.reliability.process",
)


class Product:
    """One installation's process; may be started again and again. Everything it says goes to a file beside `config`."""

    def __init__(self, config: Path, port: int) -> None:
        self.config = config
        self.address = f"http://127.0.0.1:{port}"
        self.log = config.with_suffix(".log")
        self._process: ForkServerProcess | None = None

    def start(self, *, failpoint: str = "") -> None:
        self._process = _forked(["serve", "--config", str(self.config)], self.log, failpoint)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    async def is_ready(self, *, seconds: float = 30) -> bool:
        """Waits for it to be; False when it ended instead."""
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while self.is_alive:
                try:
                    if (await client.get(f"{self.address}/readyz")).status_code == httpx.codes.OK:
                        return True
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        return False

    def signal(self, number: signal.Signals) -> None:
        if self.is_alive and self._process is not None and self._process.pid:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    async def end(self, *, seconds: float = 30) -> int:
        """The exit code, once it has ended; TimeoutError when it does not."""
        assert self._process is not None, "it was never started"
        return await _end_of(self._process, seconds)

    async def stop(self, *, seconds: float = 15) -> int:
        self.signal(signal.SIGTERM)
        return await self.end(seconds=seconds)

    def said(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text().splitlines()[-lines:]) if self.log.exists() else ""


async def command(*arguments: str, log: Path) -> str:
    """Run another `afterword` command to its end; what it wrote to `log`."""
    code = await _end_of(_forked(list(arguments), log, ""), 60)
    said = log.read_text()
    assert code == 0, said
    return said


@functools.cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in _IMPORTED if importlib.util.find_spec(name)])
    return context


def _forked(arguments: list[str], log: Path, failpoint: str) -> ForkServerProcess:
    process = _context().Process(target=_run, args=(arguments, str(log), failpoint), daemon=True)
    process.start()
    return process


def _run(arguments: list[str], log: str, failpoint: str) -> None:
    """In the new process."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.environ[failpoints.VARIABLE] = failpoint
    sys.argv = ["afterword", *arguments]
    importlib.import_module("bot.__main__").main()


async def _end_of(process: ForkServerProcess, seconds: float) -> int:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
    assert process.exitcode is not None
    return process.exitcode
