"""A ticket's conversation and its timeline, in the reader's words and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot import telling
from bot.staff import called
from bot.web.admin.desk import Desk
from core.insight.story import Story
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Attachment, AttachmentState, EntryKind, TicketEntry
from core.models.reactions import Reaction
from core.models.responses import ResponseRevision

_TONES = {
    EntryKind.ALERT: "warn",
    EntryKind.RECOVERY: "warn",
    EntryKind.UNDELIVERABLE: "bad",
    EntryKind.RESOLVED: "good",
}


@dataclass(frozen=True, slots=True)
class File:
    id: int
    name: str
    size: str
    stored: bool
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that somebody wrote. `side` is "theirs", "ours" or "inside"."""

    id: int
    side: str
    who: str
    text: str
    when: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened; `detail` says more."""

    at: datetime
    kind: str
    words: str
    who: str
    when: str
    tone: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happened from one opening to the next."""

    cycle: int
    steps: tuple[Step, ...]


def talk(story: Story, contact: str, desk: Desk) -> list[Line]:
    """What was said, and what the staff noted among themselves. `contact` is how the contact is called."""
    return [_line(one, contact, story.files.get(one.id, []), desk) for one in story.entries if _is_said(one, story)]


def _is_said(entry: TicketEntry, story: Story) -> bool:
    written = entry.kind in (EntryKind.MESSAGE, EntryKind.NOTE) and not entry.label
    return written and bool(entry.text or entry.id in story.files)


def _line(entry: TicketEntry, contact: str, files: Sequence[Attachment], desk: Desk) -> Line:
    theirs = _is_theirs(entry)
    side = "inside" if entry.kind == EntryKind.NOTE else "theirs" if theirs else "ours"
    return Line(
        entry.id,
        side,
        _who(entry, contact, desk),
        entry.text,
        desk.when(entry.at),
        tuple(_file(one, desk) for one in files),
    )


def _is_theirs(entry: TicketEntry) -> bool:
    return bool(entry.values.get("from_contact"))


def _who(entry: TicketEntry, contact: str, desk: Desk) -> str:
    """Nobody's words are the organisation's own because their writer has no name."""
    if not _is_theirs(entry):
        return entry.actor
    named = called.author(entry, contact, desk.place, desk.locale)
    return named if named != contact else entry.actor or contact


def _file(row: Attachment, desk: Desk) -> File:
    size = desk.say("admin.ticket.kilobytes", size=max(1, round(row.size / 1024)))
    state = "" if row.state == AttachmentState.STORED else desk.say(f"admin.ticket.file.{row.state.value}")
    return File(row.id, row.name, size, row.state == AttachmentState.STORED, state)


async def chapters(story: Story, contact: str, desk: Desk) -> list[Chapter]:
    """The latest cycle first; in each, what happened in its order."""
    asked = await telling.asked_about(story.entries)
    starts = [(one.at, one.cycle) for one in story.entries]
    told = [(one.cycle, _told(one, contact, desk, asked)) for one in story.entries]
    more = [
        *(_sent(one, desk) for one in story.deliveries),
        *(_judged(one, desk) for one in story.revisions),
        *(_unfired(one, desk) for one in story.unfired),
    ]
    told += [(_cycle_at(step.at, starts), step) for step in more]
    told.sort(key=lambda one: (-one[0], one[1].at))
    return [Chapter(cycle, tuple(step for _, step in steps)) for cycle, steps in groupby(told, key=lambda one: one[0])]


def _cycle_at(at: datetime, starts: Sequence[tuple[datetime, int]]) -> int:
    """Which cycle the ticket was in then."""
    before = [cycle for moment, cycle in starts if moment <= at]
    return before[-1] if before else starts[0][1] if starts else 1


def _told(entry: TicketEntry, contact: str, desk: Desk, asked: telling.Asked) -> Step:
    plain = not entry.label
    words = desk.named("admin.ticket.entry", entry.kind.value) if plain else telling.words_of(entry, desk, asked)
    return _step(
        entry.at,
        entry.kind.value,
        words,
        desk,
        who=_who(entry, contact, desk),
        tone=_TONES.get(entry.kind, ""),
        detail=entry.text,
    )


def _sent(row: Delivery, desk: Desk) -> Step:
    kind = desk.visit.sent(row.kind)
    words = desk.say(f"admin.ticket.delivered.{row.state.value}", what=kind, channel=desk.channel(row.channel))
    tone, why = "bad" if row.state == DeliveryState.DEAD else "", desk.trouble(row.problem)
    return _step(row.sent_at or row.created_at, "delivery", words, desk, tone=tone, detail=why)


def _judged(row: ResponseRevision, desk: Desk) -> Step:
    scores = " · ".join(f"{desk.named('dimension', key)} {value}" for key, value in row.scores.items())
    words = desk.say("admin.ticket.judged", count=row.revision, band=desk.say(f"band.{row.band.value}"))
    tone = {"negative": "bad", "positive": "good"}.get(row.band.value, "")
    return _step(row.at, "settled", words, desk, tone=tone, detail=scores)


def _unfired(row: Reaction, desk: Desk) -> Step:
    why = desk.named("admin.ticket.unmet", row.why)
    return _step(row.at, "rule", desk.say("admin.ticket.unfired", rule=row.rule, why=why), desk)


def _step(at: datetime, kind: str, words: str, desk: Desk, *, who: str = "", tone: str = "", detail: str = "") -> Step:
    return Step(at, kind, words, who, desk.when(at), tone, detail)
