"""A ticket's ratings, its conversation and its timeline, in the reader's words and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from bot import telling
from bot.staff import called
from bot.web.admin.desk import Desk
from bot.wording import wording_of
from core.insight.story import Story
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Attachment, AttachmentState, EntryKind, TicketEntry
from core.models.invites import InvitePurpose
from core.models.reactions import Reaction
from core.models.responses import Response, ResponseRevision

_DELIVERY = "delivery"
_BANDS = {"negative": "bad", "positive": "good"}
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
class Rating:
    """An answer as it stands. `is_again`: to the question whether it is right now."""

    is_again: bool
    scores: tuple[tuple[str, str], ...]
    reasons: str
    comment: str
    band: str
    tone: str
    is_half: bool
    when: str
    cycle: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened; `detail` says more. `line` is where the conversation has its words; `times` are those
    of what happened more than once.
    """

    at: datetime
    kind: str
    words: str
    who: str
    when: str
    tone: str = ""
    detail: str = ""
    line: int = 0
    times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happened from one opening to the next."""

    cycle: int
    steps: tuple[Step, ...]


def ratings(story: Story, desk: Desk) -> list[Rating]:
    """What the customer said of it, the oldest first; who has begun to answer and said nothing yet is none."""
    return [_rating(one, desk) for one in story.responses if one.comment or len(one.scores)]


def _rating(response: Response, desk: Desk) -> Rating:
    words = wording_of(response.invite, desk.place.templates, desk.locale)
    scores = {one.dimension: one.value for one in sorted(response.scores, key=lambda one: one.id)}
    order = sorted(scores, key=lambda key: key != "overall")
    return Rating(
        is_again=words.again,
        scores=tuple((words.dimension(key), words.score(scores[key])) for key in order),
        reasons=words.listed(words.reason(one) for one in response.reasons),
        comment=response.comment,
        band=desk.say(f"band.{response.band.value}") if response.band else "",
        tone=_BANDS.get(response.band.value, "") if response.band else "",
        is_half=response.partial,
        when=desk.when(response.changed_at),
        cycle=response.invite.cycle,
    )


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
    """The first cycle first; in each, what happened in its order, and what caused something before it."""
    asked = await telling.asked_about(story.entries)
    entries = [one for one in story.entries if not _is_said_by_another(one, story)]
    rated = [one for one in entries if one.kind == EntryKind.RATED]
    rest = [one for one in entries if one.kind != EntryKind.RATED]
    judged = [
        *(_told(one, contact, story, desk, asked) for one in rated),
        *(_judged(one, story, desk) for one in story.revisions),
        *(_unfired(one, desk) for one in story.unfired),
    ]
    starts = [(one.at, one.cycle) for one in story.entries]
    told = [(_cycle_at(one.at, starts, began=True), one) for one in judged]
    told += [(one.cycle, _told(one, contact, story, desk, asked)) for one in rest]
    told += [(_cycle_at(_left_at(one), starts), _sent(one, contact, story, desk)) for one in story.deliveries]
    told.sort(key=lambda one: (one[0], one[1].at))
    by_cycle = groupby(told, key=lambda one: one[0])
    return [Chapter(cycle, tuple(_folded([step for _, step in steps], desk))) for cycle, steps in by_cycle]


def _cycle_at(at: datetime, starts: Sequence[tuple[datetime, int]], *, began: bool = False) -> int:
    """Which cycle the ticket was in then; with `began`, the one in which that moment began."""
    same = [cycle for moment, cycle in starts if moment == at]
    if began and same:
        return same[0]
    before = [cycle for moment, cycle in starts if moment <= at]
    return before[-1] if before else starts[0][1] if starts else 1


def _is_said_by_another(entry: TicketEntry, story: Story) -> bool:
    """Who takes a recovery has the ticket with it: one line is enough."""
    if entry.label != "history.taken":
        return False
    return any(
        (one.label, one.at, one.actor) == ("history.recovery_taken", entry.at, entry.actor) for one in story.entries
    )


def _folded(steps: Sequence[Step], desk: Desk) -> list[Step]:
    """What went the same way to the same place stands once, where it went first, with all its times."""
    same: dict[str, list[Step]] = {}
    for step in steps:
        if step.kind == _DELIVERY and not step.detail:
            same.setdefault(step.words, []).append(step)
    often = {words: found for words, found in same.items() if len(found) > 1}
    shown = []
    for step in steps:
        found = often.get(step.words) if step.kind == _DELIVERY and not step.detail else None
        if found is None:
            shown.append(step)
        elif step is found[0]:
            when = f"{step.when} · {desk.say('admin.ticket.times', count=len(found))}"
            shown.append(replace(step, when=when, times=tuple(one.when for one in found)))
    return shown


def _told(entry: TicketEntry, contact: str, story: Story, desk: Desk, asked: telling.Asked) -> Step:
    is_above = _is_said(entry, story)
    plain = not entry.label
    names = _dimensions(entry.cycle, story, desk) if "dimension" in entry.values else {}
    words = desk.named("admin.ticket.entry", entry.kind.value) if plain else telling.words_of(entry, desk, asked, names)
    return _step(
        entry.at,
        entry.kind.value,
        words,
        desk,
        who=_who(entry, contact, desk),
        tone=_TONES.get(entry.kind, ""),
        detail="" if is_above else entry.text,
        line=entry.id if is_above else 0,
    )


def _dimensions(cycle: int, story: Story, desk: Desk) -> dict[str, str]:
    """As the survey called them that asked about this cycle."""
    asked = [one.invite for one in story.responses if one.invite.purpose != InvitePurpose.RECOVERY]
    invite = next((one for one in reversed(asked) if one.cycle <= cycle), None)
    if invite is None:
        return {}
    words = wording_of(invite, desk.place.templates, desk.locale)
    return {key: words.dimension(key) for key in words.settings.dimension_keys}


def _left_at(row: Delivery) -> datetime:
    return row.sent_at or row.created_at


def _sent(row: Delivery, contact: str, story: Story, desk: Desk) -> Step:
    kind = desk.visit.sent(row.kind)
    words = desk.say(f"admin.ticket.delivered.{row.state.value}", what=kind, channel=desk.channel(row.channel))
    whom = contact if row.address_id or row.contact_id else story.places.get((row.channel, row.target), row.target)
    words = desk.say("admin.ticket.delivered_to", words=words, whom=whom) if whom else words
    tone, why = "bad" if row.state == DeliveryState.DEAD else "", desk.trouble(row.problem)
    return _step(_left_at(row), _DELIVERY, words, desk, tone=tone, detail=why)


def _judged(row: ResponseRevision, story: Story, desk: Desk) -> Step:
    response = next((one for one in story.responses if one.id == row.response_id), None)
    wording = wording_of(response.invite, desk.place.templates, desk.locale) if response else None
    order = [one for one in wording.settings.dimension_keys if one in row.scores] if wording else sorted(row.scores)
    called = {key: wording.dimension(key) if wording else desk.named("dimension", key) for key in order}
    scores = " · ".join(f"{name} {row.scores[key]}" for key, name in called.items())
    words = desk.say("admin.ticket.judged", count=row.revision, band=desk.say(f"band.{row.band.value}"))
    return _step(row.at, "settled", words, desk, tone=_BANDS.get(row.band.value, ""), detail=scores)


def _unfired(row: Reaction, desk: Desk) -> Step:
    why = desk.named("admin.ticket.unmet", row.why)
    return _step(row.at, "rule", desk.say("admin.ticket.unfired", rule=row.rule, why=why), desk)


def _step(
    at: datetime,
    kind: str,
    words: str,
    desk: Desk,
    *,
    who: str = "",
    tone: str = "",
    detail: str = "",
    line: int = 0,
) -> Step:
    return Step(at, kind, words, who, desk.when(at), tone, detail, line)
