"""A disk that tells what was written to it and when it was told to keep it; and what is left when the power fails."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import apsw

SECTOR = 512


@dataclass(frozen=True)
class Write:
    file: str
    at: int
    data: bytes


@dataclass(frozen=True)
class Cut:
    file: str
    size: int


@dataclass(frozen=True)
class Sync:
    file: str


@dataclass(frozen=True)
class Promise:
    """Somebody was told that this is kept."""

    what: int


Event = Write | Cut | Sync | Promise


class Disk(apsw.VFS):
    """For SQLite under this `name`. Passes everything on to the real disk, and writes it down."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.events: list[Event] = []

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return cast("apsw.VFSFile", _File(self.events, name, flags))


class _File(apsw.VFSFile):
    def __init__(self, events: list[Event], name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._events = events
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name)).name

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._events.append(Write(self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._events.append(Cut(self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._events.append(Sync(self._name))


@dataclass
class Kept:
    """One file: what is sure to be there, and what has been written since."""

    sure: bytearray = field(default_factory=bytearray)
    since: list[Write | Cut] = field(default_factory=list)

    def sync(self) -> None:
        for one in self.since:
            _apply(one, self.sure)
        self.since.clear()

    def after_a_power_cut(self, chance: random.Random) -> bytes:
        """Of what was not synced each write is there, or not, or some of its sectors are: in no order."""
        found = bytearray(self.sure)
        for one in self.since:
            match chance.choice(("there", "gone", "torn")):
                case "there":
                    _apply(one, found)
                case "torn" if isinstance(one, Write):
                    for start in range(0, len(one.data), SECTOR):
                        if chance.random() < 0.5:
                            _apply(Write(one.file, one.at + start, one.data[start : start + SECTOR]), found)
        return bytes(found)


def _apply(one: Write | Cut, content: bytearray) -> None:
    if isinstance(one, Cut):
        del content[one.size :]
        return
    content.extend(bytes(max(0, one.at + len(one.data) - len(content))))
    content[one.at : one.at + len(one.data)] = one.data


def cuts(events: list[Event], chance: random.Random, number: int) -> Iterator[tuple[Mapping[str, bytes], list[int]]]:
    """The power fails after each of `number` events: what is on the disk then, and what was promised until then."""
    points = sorted(chance.sample(range(len(events)), number))
    files: dict[str, Kept] = {}
    promised: list[int] = []
    for place, event in enumerate(events):
        match event:
            case Promise():
                promised.append(event.what)
            case Sync():
                files.setdefault(event.file, Kept()).sync()
            case Write() | Cut():
                files.setdefault(event.file, Kept()).since.append(event)
        if points and points[0] == place:
            points.pop(0)
            yield {name: file.after_a_power_cut(chance) for name, file in files.items()}, list(promised)
