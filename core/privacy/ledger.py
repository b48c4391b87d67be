"""The ledger of erasures: a file outside the store, so that no restored backup brings back who wanted to go (SEC-54).

One line of JSON for each erasure, only ever added to. Whom it is about stands in it as keyed hashes: without the site's
secret nobody can tell, with it only whether somebody who is at hand is meant. docs/howto/privacy.md has the format.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import hmac
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import errors
from core.models.contacts import Contact

VERSION = 1
_TORN = b" # torn\n"


class LedgerUnavailable(errors.Refusal):
    """The ledger of erasures cannot be read or written; nobody is erased without it."""

    code = "ledger_unavailable"


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure: its moment, and as keyed hashes who did it, the contact, its reference (or "") and its addresses."""

    at: datetime
    by: str
    contact: str
    ref: str = ""
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a ledger says. `damaged` are the numbers of lines that cannot be read, `foreign` those of another secret."""

    entries: tuple[Entry, ...] = ()
    damaged: tuple[int, ...] = ()
    foreign: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file, and the secret that its hashes are made with."""

    path: Path
    secret: bytes = field(repr=False)

    def entry(self, contact: Contact, places: Iterable[tuple[str, str]], *, by: str, at: datetime) -> Entry:
        """`places` are channels and the contact's addresses in them."""
        return Entry(
            at=at,
            by=self.mark("by", by),
            contact=self.contact(contact.id, contact.created_at),
            ref=self.ref(contact.ref),
            addresses=frozenset(self.address(*one) for one in places),
        )

    def contact(self, contact_id: int, created_at: datetime) -> str:
        """With the moment that it was made: in a store that was begun anew, the same number is somebody else."""
        return self.mark("contact", f"{contact_id}:{_moment(created_at)}")

    def ref(self, ref: str | None) -> str:
        return self.mark("ref", ref) if ref else ""

    def address(self, channel: str, address: str) -> str:
        return self.mark("address", f"{channel}:{address.strip().lower()}")

    def mark(self, what: str, name: str) -> str:
        return base64.urlsafe_b64encode(self._mac(f"{what}:{name}".encode())).rstrip(b"=").decode()

    async def add(self, entries: Iterable[Entry]) -> None:
        """They are on the disk when this returns. Raises LedgerUnavailable."""
        lines = b"".join(self._line(one) for one in entries)
        if lines:
            await asyncio.to_thread(self._add, lines)

    async def read(self) -> Contents:
        """No file is an empty ledger. Raises LedgerUnavailable."""
        return await asyncio.to_thread(self.read_now)

    def read_now(self) -> Contents:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return Contents()
        except OSError as error:
            raise self._unavailable("read", error) from error
        entries: list[Entry] = []
        damaged: list[int] = []
        foreign: list[int] = []
        for number, line in _lines(raw):
            found = self._read(line)
            if isinstance(found, Entry):
                entries.append(found)
            elif line.endswith(b"\n"):  # without an end: a power cut came first, and nothing was erased for it yet
                (foreign if found == "foreign" else damaged).append(number)
        return Contents(tuple(entries), tuple(damaged), tuple(foreign))

    def _add(self, lines: bytes) -> None:
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                _write_all(handle, self._end_of_torn(handle) + lines)
                os.fsync(handle)
            finally:
                os.close(handle)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise self._unavailable("written", error) from error

    def _end_of_torn(self, handle: int) -> bytes:
        """What must come first, where the last line has no end."""
        size = os.fstat(handle).st_size
        if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
            return b""
        last = os.pread(handle, size, 0).rpartition(b"\n")[2]
        return b"\n" if isinstance(self._read(last), Entry) else _TORN

    def _line(self, entry: Entry) -> bytes:
        said: dict[str, Any] = {
            "v": VERSION,
            "key": self._key,
            "at": _moment(entry.at),
            "by": entry.by,
            "contact": entry.contact,
            "ref": entry.ref,
            "addresses": sorted(entry.addresses),
        }
        return _json({**said, "mac": self._seal(said)}) + b"\n"

    def _read(self, line: bytes) -> Entry | str:
        """The entry, or "foreign", or "damaged"."""
        try:
            said = json.loads(line)
            seal = said.pop("mac")
            if said["v"] == VERSION and said["key"] != self._key:
                return "foreign"
            if said["v"] != VERSION or not hmac.compare_digest(str(seal), self._seal(said)):
                return "damaged"
            moment = datetime.fromisoformat(said["at"])
            return Entry(moment, said["by"], said["contact"], said["ref"], frozenset(said["addresses"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return "damaged"

    def _seal(self, said: dict[str, Any]) -> str:
        return self.mark("line", _json(said).decode())[:22]

    @property
    def _key(self) -> str:
        """Tells lines of one secret from those of another."""
        return self.mark("key", "")[:8]

    def _mac(self, text: bytes) -> bytes:
        return hmac.new(self.secret, b"afterword:erasures:" + text, hashlib.sha256).digest()

    def _unavailable(self, what: str, error: OSError) -> LedgerUnavailable:
        why = error.strerror or str(error)
        return LedgerUnavailable(
            f"{self.path}: the ledger of erasures cannot be {what} ({why}). Mend that, or set store.erasures",
            label="privacy.ledger",
        )


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _lines(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """With their numbers; without empty ones, and without those that a power cut tore and a later line has marked."""
    for number, line in enumerate(io.BytesIO(raw), 1):
        if line.strip() and not line.endswith(_TORN):
            yield number, line


def _write_all(handle: int, data: bytes) -> None:
    """In one piece, as long as the system takes it so: lines of two processes never mix."""
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
