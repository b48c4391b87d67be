"""A clock that can be moved on, so that nobody waits five minutes to see what happens after five minutes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FARTHEST = timedelta(days=366)


def wall_clock() -> datetime:
    return datetime.now(UTC)


class DemoClock:
    """Runs as fast as the real one, but ahead of it. It never goes back: what has happened stays in the past."""

    def __init__(self, real: Callable[[], datetime] = wall_clock) -> None:
        self._real = real
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._real() + self._ahead

    @property
    def ahead(self) -> timedelta:
        return self._ahead

    def move_on(self, by: timedelta) -> None:
        """Raises ValueError for going back, or for leaving the calendar."""
        if not timedelta(0) < by <= FARTHEST:
            raise ValueError("the demonstration's clock goes forward, by at most a year at once")
        self._ahead += by

    def not_before(self, moment: datetime) -> None:
        """A store that was played with before has moments that are still to come: go on after the last of them."""
        self._ahead += max(timedelta(0), moment - self())


def local_zone() -> str:
    """The name of this machine's time zone; "UTC" where it has none that can be found out."""
    linked = str(Path("/etc/localtime").resolve()).rpartition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").lstrip(":"), linked):
        try:
            return str(ZoneInfo(name)) if name and not name.startswith("/") else _none()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return "UTC"


def _none() -> str:
    raise ValueError("no name")
