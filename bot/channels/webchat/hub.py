"""Wakes the open pages of a visitor when there may be something new for them, within this process.

It carries no messages: those are rows, and a page that is served by another process finds them by looking. Only notes
("Saved: 4 of 5") pass through here, and that somebody is writing; losing one harms nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from core.ports import Acknowledgement

TYPING_SECONDS = 6.0
_NOTES_KEPT = 20


class Ear:
    """One open page."""

    def __init__(self) -> None:
        self.closed = False
        self._woken = asyncio.Event()
        self._notes: deque[Acknowledgement] = deque(maxlen=_NOTES_KEPT)

    async def wait(self, seconds: float) -> bool:
        """Until somebody wakes us (True), or for so many seconds (False)."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def notes(self) -> list[Acknowledgement]:
        """What has been said in passing since the last call."""
        said = list(self._notes)
        self._notes.clear()
        return said

    def wake(self) -> None:
        self._woken.set()

    def note(self, note: Acknowledgement) -> None:
        self._notes.append(note)
        self._woken.set()


class Hub:
    """The open pages by visitor."""

    def __init__(self) -> None:
        self._ears: defaultdict[str, set[Ear]] = defaultdict(set)
        self._typing: dict[str, float] = {}

    @contextmanager
    def listen(self, *visitors: str) -> Iterator[Ear]:
        """One ear for all that one visitor is called."""
        ear = Ear()
        for visitor in visitors:
            self._ears[visitor].add(ear)
        try:
            yield ear
        finally:
            for visitor in visitors:
                self._leave(visitor, ear)

    def _leave(self, visitor: str, ear: Ear) -> None:
        self._ears[visitor].discard(ear)
        if not self._ears[visitor]:
            del self._ears[visitor]
            self._typing.pop(visitor, None)

    def listeners(self, visitor: str) -> int:
        return len(self._ears.get(visitor, ()))

    def nudge(self, visitor: str) -> None:
        for ear in self._ears.get(visitor, ()):
            ear.wake()

    def typing(self, visitor: str, *, seconds: float = TYPING_SECONDS) -> None:
        """Somebody of the staff is writing to this visitor; holds for a while, and 0 takes it back."""
        if visitor in self._ears:
            self._typing[visitor] = time.monotonic() + seconds
            self.nudge(visitor)

    def is_typing(self, visitor: str) -> bool:
        if self._typing.get(visitor, 0) > time.monotonic():
            return True
        self._typing.pop(visitor, None)
        return False

    def note(self, visitor: str, note: Acknowledgement) -> None:
        for ear in self._ears.get(visitor, ()):
            ear.note(note)

    def close(self) -> None:
        """Let every open page go, so that the server can stop; they come back by themselves."""
        for ears in self._ears.values():
            for ear in ears:
                ear.closed = True
                ear.wake()
