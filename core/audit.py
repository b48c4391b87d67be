"""The audit: a line for every change, none of which can be changed or taken out without its being seen (SEC-53)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from core import transactions
from core.models.accounts import AuditLine

T = TypeVar("T")

BEGINNING = "0" * 64
COMMAND_LINE = "command line"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    `broken` is the id of the first line that is not as it was written, or that lost the one before it. `head` is the
    hash of the last good line: kept elsewhere, it also shows lines that were cut off the end.
    """

    lines: int
    head: str
    broken: int | None = None


@transactions.atomic
async def record(
    actor: str,
    action: str,
    subject: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    now: datetime,
) -> AuditLine:
    """Write down one change, in the unit of work that makes it.

    `actor` is who did it (an account's address, or `COMMAND_LINE`); `action` is what ("template.published"); `subject`
    is to what ("template:invite/en"). `before` and `after` hold what differs, and no secret.
    """
    last = await AuditLine.all().order_by("-id").first()
    line = AuditLine(
        at=now.astimezone(UTC),
        actor=actor,
        action=action,
        subject=subject,
        before=_plain(before),
        after=_plain(after),
        previous_hash=last.hash if last else BEGINNING,
    )
    line.hash = _hash(line)
    await line.save()
    return line


@transactions.atomic
async def doing(
    work: Callable[[], Awaitable[T]],
    actor: str,
    action: str,
    subject: str,
    *,
    after: Mapping[str, object] | None = None,
    now: datetime,
) -> T:
    """Do it and write it down, or neither: what `work` raises is raised, and nothing has happened."""
    done = await work()
    await record(actor, action, subject, after=after, now=now)
    return done


async def verify() -> Verdict:
    """Go through all lines, oldest first, and see whether each is as it was written and follows the one before."""
    lines, head, after = 0, BEGINNING, 0
    while page := await AuditLine.filter(id__gt=after).order_by("id").limit(_PAGE):
        for line in page:
            if line.previous_hash != head or line.hash != _hash(line):
                return Verdict(lines, head, broken=line.id)
            lines, head, after = lines + 1, line.hash, line.id
    return Verdict(lines, head)


async def latest(
    most: int,
    *,
    before: int | None = None,
    about: str = "",
    by: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[AuditLine]:
    """The last lines, the latest first. Where it is said: before the line `before`, about one subject, by these actors,
    from `since` on and before `until`.
    """
    lines = AuditLine.all().order_by("-id").limit(most)
    if before is not None:
        lines = lines.filter(id__lt=before)
    if about:
        lines = lines.filter(subject=about)
    if by:
        lines = lines.filter(actor__in=list(by))
    if since is not None:
        lines = lines.filter(at__gte=since)
    if until is not None:
        lines = lines.filter(at__lt=until)
    return await lines


async def lines_of(action: str, subjects: Collection[str]) -> dict[str, list[AuditLine]]:
    """By subject, each time that this was done to it, the oldest first; those to which it never was are left out."""
    found: dict[str, list[AuditLine]] = {}
    if subjects:
        for line in await AuditLine.filter(subject__in=list(subjects), action=action).order_by("id"):
            found.setdefault(line.subject, []).append(line)
    return found


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Only what is not the same in both, for `record`."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before[key] for key in keys if key in before}, {key: after[key] for key in keys if key in after}


def _plain(values: Mapping[str, object] | None) -> dict[str, object] | None:
    """As JSON gives it back, so that the hash is of what is kept."""
    if values is None:
        return None
    kept: dict[str, object] = json.loads(json.dumps(values, default=str))
    return kept


def _hash(line: AuditLine) -> str:
    parts = [
        line.previous_hash,
        line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        line.actor,
        line.action,
        line.subject,
        line.before,
        line.after,
    ]
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
