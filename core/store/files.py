"""The SQLite file itself: made private, held by one process, looked at before it is trusted."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from core.errors import SchemaOutdated, StoreInUse, StoreUnsafe

_QUICK_CHECK_UP_TO = 256 * 1024 * 1024  # about half a second of reading


class FileLock:
    """Held as long as the store is open; the system lets go of it when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreInUse(
                f"Process {holder} has {self._path.with_suffix('')} open. SQLite takes one process; stop that one, "
                "or use PostgreSQL to run several."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def create_if_missing(path: Path) -> None:
    """Only for `upgrade`: a store appears when somebody asks for one, never because a path was wrong."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreUnsafe(f"The store {path} cannot be made: {error.strerror}.") from error


def look_at(path: Path) -> None:
    """Raises SchemaOutdated when there is nothing yet, StoreUnsafe for what cannot be used."""
    if not path.exists():
        raise SchemaOutdated(f"There is no store at {path} yet. Run: afterword db upgrade")
    if not path.is_file():
        raise StoreUnsafe(f"{path} is not a file, so it cannot be the store.")
    for needed, name in ((path, "file"), (path.parent, "directory")):
        if not os.access(needed, os.R_OK | os.W_OK):
            raise StoreUnsafe(f"The store's {name} {needed} cannot be written by this user.")
    _read_through(path)


def _read_through(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=5)) as raw:
        try:
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if path.stat().st_size <= _QUICK_CHECK_UP_TO:
                _expect_ok(path, raw.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise StoreUnsafe(f"The store {path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise StoreUnsafe(f"{path} is not a usable SQLite database ({error}). Restore a backup.") from error


def _expect_ok(path: Path, found: str) -> None:
    if found != "ok":
        raise StoreUnsafe(f"The store {path} is damaged ({found.splitlines()[-1]}). Restore a backup.")
