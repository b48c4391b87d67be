"""All that is held about one person, handed out as one file (SEC-55): a zip with a JSON, the files, and a letter."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import IO, Any

from core import audit, errors
from core.desk.attachments import file_name
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Attachment, AttachmentState
from core.privacy import person as people
from core.privacy import raw
from core.privacy.person import Person

ACTION = "contact.exported"
FORMAT = 1
"""Of `data.json`; it grows when something is called otherwise or left out, not when something is added."""

_OURS = frozenset({"key", "taken_by", "taken_at"})
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "invites": frozenset({"key", "token_hash"}),
    "contact_links": frozenset({"token_hash"}),
    "page_visits": frozenset({"nonce_hash", "session_hash"}),
    "attachments": frozenset({"body", "ref"}),
    "alerts": frozenset({"key"}),
    "deliveries": _OURS,
    "transcripts": _OURS,
}
"""What opens something, or is about our own machinery and not about the person."""

Letter = Callable[[Collection[str]], Mapping[str, str]]
"""What explains the rest, by file name; it is told the names of the files that there are."""


async def write(contact: Contact, to: IO[bytes], *, letter: Letter, by: str, now: datetime) -> None:
    """Write the zip, one row and one file in memory at a time.

    Writes one line in the audit: who handed out whom. Raises errors.Conflict for somebody who was erased.
    """
    if contact.erased_at is not None:
        raise errors.Conflict("this person was erased", field="contact", label="privacy.erased_already")
    person = await people.of(contact)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w", force_zip64=True) as data:
            await _write_json(person, data, now=now)
        await _write_attachments(person, archive)
        await _write_raw(person, archive)
        for name, text in letter(archive.namelist()).items():
            archive.writestr(name, text)
    await audit.record(by, ACTION, f"contact:{contact.id}", now=now)


async def _write_json(person: Person, data: IO[bytes], *, now: datetime) -> None:
    head = {"format": FORMAT, "exported_at": now.isoformat()}
    data.write(json.dumps(head, indent=1)[:-2].encode())
    copies = Delivery.filter(id__in=[row.id async for row in person.transcripts()])
    for table, rows in {**person.rows(), "transcripts": copies}.items():
        columns = [name for name in rows.model._meta.db_fields if name not in LEFT_OUT.get(table, ())]
        data.write(f',\n "{table}": ['.encode())
        between = ""
        last = 0
        while page := await rows.filter(id__gt=last).order_by("id").limit(people.PAGE).values(*columns):
            for row in page:
                data.write(f"{between}\n  {_line(row)}".encode())
                between = ","
            last = page[-1]["id"]
        data.write(b"\n ]")
    data.write(b"\n}\n")


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def _write_attachments(person: Person, archive: zipfile.ZipFile) -> None:
    ids = await person.rows()["attachments"].filter(state=AttachmentState.STORED).values_list("id", flat=True)
    for key in ids:
        row = await Attachment.get_or_none(id=key)
        if row is not None:
            name = zipfile.ZipInfo(f"attachments/att_{row.id}_{file_name(row.name)}")
            await asyncio.to_thread(archive.writestr, name, bytes(row.body or b""))


async def _write_raw(person: Person, archive: zipfile.ZipFile) -> None:
    """As it came in from its channel; what it says stands in the tickets, too."""
    number = 0
    async for row in raw.sent_by(person):
        number += 1
        when = f"{row.received_at:%Y%m%dT%H%M%SZ}"
        await asyncio.to_thread(archive.writestr, f"raw/{number:05d}_{when}_{file_name(row.channel)}", bytes(row.body))
