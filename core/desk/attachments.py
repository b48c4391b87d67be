"""Files that people send along: rows first, then fetched from their channel. Data to us, and nothing else, ever."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.queryset import QuerySet

from core import errors, transactions
from core.models.desk import Attachment, AttachmentState, Ticket, TicketEntry
from core.plumbing import jobs
from core.ports import File
from core.store.prepared import insert
from core.text import clean_line, shorten

JOB = "attachment"
MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 20
"""Of one message."""
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 18_000))
"""Networks keep a file for a day or so; after the last of these it is refused."""
LONGEST_WAIT = timedelta(hours=12)

_NAME_LIMIT, _SUFFIX_LIMIT, _REF_LIMIT = 200, 20, 500
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,50}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_ID = re.compile(r"att_([0-9]{1,18})")
_WITHOUT_BYTES = ("id", "entry_id", "name", "media_type", "size", "state", "problem", "channel", "created_at")
_BYTES = "application/octet-stream"


async def keep(ticket: Ticket, entry: TicketEntry, channel: str, files: Sequence[File], *, now: datetime) -> list[str]:
    """Write a message's files down, in the unit of work that writes the message. Answers the names of what is refused.

    What is here already is stored at once; the rest is fetched by a job. More than `MOST_FILES` become one line.
    """
    refused = []
    for file in files[:MOST_FILES]:
        row = await _write(ticket, entry, channel, file, now=now)
        if row.state == AttachmentState.REFUSED:
            refused.append(row.name)
    if rest := files[MOST_FILES:]:
        problem = f"{len(rest)} more than the {MOST_FILES} files that a message may have"
        await _insert(ticket, entry, channel, rest[0], AttachmentState.REFUSED, problem, now=now)
    return refused + [file_name(one.name) for one in rest]


async def waiting(attachment_id: int) -> Attachment | None:
    """The attachment if it is still to be fetched, with its ticket and contact."""
    rows = Attachment.filter(id=attachment_id, state=AttachmentState.WAITING)
    return await rows.select_related("ticket__contact").first()


async def fetched(row: Attachment, body: bytes) -> None:
    """It is here. Larger than the channel promised, it is refused all the same."""
    if len(body) > MOST_BYTES:
        await refuse(row, _too_large(len(body)))
        return
    await _waiting(row).update(state=AttachmentState.STORED, body=body, size=len(body), problem="")


@transactions.atomic
async def postpone(row: Attachment, reason: str, *, after: timedelta | None, now: datetime) -> bool:
    """Fetch it later: when the channel says, else by `RETRIES`. False: that was the last try, and it is refused."""
    if row.attempts >= len(RETRIES):
        await refuse(row, f"given up after {row.attempts + 1} tries: {reason}")
        return False
    due = now + min(after or RETRIES[row.attempts], LONGEST_WAIT)
    if await _waiting(row).update(attempts=row.attempts + 1, problem=reason[:300]):
        await jobs.enqueue(JOB, row.id, due=due, now=now)
    return True


async def refuse(row: Attachment, reason: str) -> bool:
    """It will never be here; staff see why. False: somebody else was faster."""
    return bool(await _waiting(row).update(state=AttachmentState.REFUSED, problem=reason[:300]))


async def of_ticket(ticket: Ticket) -> list[Attachment]:
    """Everything that was sent along with a ticket, the oldest first; without the bytes."""
    return await Attachment.filter(ticket_id=ticket.id).order_by("id").only(*_WITHOUT_BYTES)


async def of_entries(entry_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    """The same by lines of a history."""
    found: dict[int, list[Attachment]] = {}
    for row in await Attachment.filter(entry_id__in=list(entry_ids)).order_by("id").only(*_WITHOUT_BYTES):
        found.setdefault(row.entry_id, []).append(row)
    return found


async def stored(name: str) -> Attachment:
    """The attachment with that id ("att_8"), bytes and all. Raises errors.NotFound where there is nothing to give."""
    found = _ID.fullmatch(name)
    row = await Attachment.get_or_none(id=int(found[1]), state=AttachmentState.STORED) if found else None
    if row is None:
        raise errors.NotFound(f"there is no attachment {shorten(clean_line(name), 60)!r}", field="attachment")
    return row


def file_name(name: str) -> str:
    """The sender's name for a file, as it may stand in a list and in a download: no path, no controls, never empty."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    if len(last) > 4 * _NAME_LIMIT:  # what it is stands at its end
        last = last[: 2 * _NAME_LIMIT] + last[-_NAME_LIMIT:]
    line = clean_line(last, limit=4 * _NAME_LIMIT)
    line = _NOT_IN_NAMES.sub("_", line).strip(". ")
    stem, dot, suffix = line.rpartition(".")
    if len(line) > _NAME_LIMIT and stem and len(suffix) <= _SUFFIX_LIMIT:
        line = stem[: _NAME_LIMIT - len(suffix) - 1].rstrip() + dot + suffix
    return line[:_NAME_LIMIT].rstrip(". ") or "file"


def media_type(said: str) -> str:
    """The sender's word for what it is, if it is one."""
    kind = said.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else _BYTES


async def _write(ticket: Ticket, entry: TicketEntry, channel: str, file: File, *, now: datetime) -> Attachment:
    size = len(file.data) or file.size
    if size > MOST_BYTES:
        return await _insert(ticket, entry, channel, file, AttachmentState.REFUSED, _too_large(size), now=now)
    if file.data or not file.ref:
        return await _insert(ticket, entry, channel, file, AttachmentState.STORED, now=now)
    if len(file.ref) > _REF_LIMIT:
        problem = "its channel's name for it is longer than any that we know"
        return await _insert(ticket, entry, channel, file, AttachmentState.REFUSED, problem, now=now)
    row = await _insert(ticket, entry, channel, file, AttachmentState.WAITING, now=now)
    await jobs.enqueue(JOB, row.id, due=now, now=now)
    return row


async def _insert(
    ticket: Ticket,
    entry: TicketEntry,
    channel: str,
    file: File,
    state: AttachmentState,
    problem: str = "",
    *,
    now: datetime,
) -> Attachment:
    return await insert(
        Attachment,
        ticket_id=ticket.id,
        entry_id=entry.id,
        channel=channel,
        ref=file.ref if state == AttachmentState.WAITING else "",
        name=file_name(file.name),
        media_type=media_type(file.media_type),
        size=max(len(file.data), file.size),
        state=state,
        problem=problem,
        body=file.data if state == AttachmentState.STORED else None,
        created_at=now,
    )


def _waiting(row: Attachment) -> QuerySet[Attachment]:
    return Attachment.filter(id=row.id, state=AttachmentState.WAITING)


def _too_large(size: int) -> str:
    return f"{size} bytes, and a file may have {MOST_BYTES}"
