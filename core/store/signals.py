"""What the parts of one process tell each other about the store: jobs are waiting, time has moved."""

from __future__ import annotations

from collections.abc import Callable


class Bell:
    """Calls everybody who listens; who comes late has missed nothing that a look at the store would not show."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Returns what ends the listening."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def ring(self) -> None:
        for callback in tuple(self._listeners):
            callback()


class Signals:
    """`taken` maps the key of each job in hand to the revision it was taken at (SQLite; see jobs_sqlite)."""

    def __init__(self) -> None:
        self.work = Bell()
        self.moved = Bell()
        self.taken: dict[str, int] = {}
