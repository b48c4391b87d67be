"""Of several processes with one store, one polls the bot and the others stand by: Telegram takes only one poller."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.ports import Keep

LASTS = timedelta(seconds=45)
"""Longer than one long poll, and so short that the next poller is there before Telegram drops a tap (150 s)."""
_WRITTEN_EVERY = timedelta(seconds=5)
_KEY = "poller"


@dataclass(frozen=True, slots=True)
class Process:
    """Who polls: its machine, its process, and a mark that tells two lives of the same number apart."""

    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    mark: str = field(default_factory=lambda: secrets.token_hex(4))

    def __str__(self) -> str:
        return f"{self.host} (process {self.pid})"

    def may_live(self, seen_by: Process) -> bool:
        """False for what is surely dead: an earlier life of ours, or a process of this machine that is gone."""
        if self.host != seen_by.host:
            return True
        if self.pid == seen_by.pid:
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True


class Shift:
    """The keep is the only witness: who wrote last has it, and looks again before each poll."""

    def __init__(self, keep: Keep, me: Process | None = None) -> None:
        self._keep = keep
        self._me = me or Process()

    async def begin(self, *, now: datetime) -> Process | None:
        """None: it is ours until `LASTS` is over. Else who has it."""
        held = await self._read()
        if held is not None and held[1] == self._me and held[0] - now > LASTS - _WRITTEN_EVERY:
            return None
        if other := await self._other(now):
            return other
        await self._keep.put(_KEY, f"{(now + LASTS).isoformat()} {self._me.pid} {self._me.mark} {self._me.host}")
        return await self._other(now)  # somebody else may have written at the same moment, after us

    async def end(self) -> None:
        """The next one need not wait."""
        held = await self._read()
        if held is not None and held[1] == self._me:
            await self._keep.delete(_KEY)

    async def _other(self, now: datetime) -> Process | None:
        held = await self._read()
        if held is None or held[1] == self._me or held[0] <= now or not held[1].may_live(self._me):
            return None
        return held[1]

    async def _read(self) -> tuple[datetime, Process] | None:
        kept = await self._keep.get(_KEY)
        with contextlib.suppress(ValueError):
            until, pid, mark, host = (kept or "").split(" ", 3)
            moment = datetime.fromisoformat(until)
            return (moment, Process(host, int(pid), mark)) if moment.tzinfo else None
        return None
