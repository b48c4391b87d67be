"""An alert, or a recovery without one, in the browser: who is unhappy, why, whose it is, how much time is left."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot import telling
from bot.staff import called, forms, states
from bot.web.admin.desk import Desk
from bot.wording import Wording, wording_of
from core import errors
from core.desk import meanwhile
from core.desk.tickets import CLOSE_REASONS
from core.insight import inbox
from core.models.desk import EntryKind, Priority, Ticket, TicketEntry
from core.models.reactions import Alert, AlertState, Recovery, RecoveryState
from core.models.setup import Staff
from core.reactions.recoveries import DISMISSALS, OUTCOMES, UNDER_WAY, About
from core.text import shorten

EXCERPT = 280
_OPEN = (AlertState.OPEN, RecoveryState.OPEN)
Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Item:
    """One row. `left` is the share of the time that is left, in percent; `left_words` say it."""

    key: str
    number: str
    subject: str
    contact: str
    team: str
    urgent: bool
    score: int
    scores: str
    reasons: str
    comment: str
    owner: str
    mine: bool
    state: str
    is_open: bool
    is_over: bool
    is_alert: bool
    raised: str
    left_words: str
    left: int
    late: bool
    version: int
    due: str = ""
    verbs: tuple[str, ...] = ()
    seen: int = 0

    @property
    def verbs_beside(self) -> tuple[str, ...]:
        """What can only be done about the alert, and not about any ticket."""
        return tuple(verb for verb in self.verbs if verb in ("snooze", "dismiss"))


async def items(found: Iterable[About], desk: Desk) -> list[Item]:
    """As `core.insight.inbox` gives them."""
    rows = list(found)
    who = await called.names((one.ticket.contact for one in rows), desk.place, desk.locale)
    seen = await meanwhile.marks([one.ticket_id for one in rows]) if desk.acting else {}
    return [_item(one, who[one.ticket.contact_id], desk, seen.get(one.ticket_id, 0)) for one in rows]


async def news(refusal: errors.Refusal, ticket: Ticket, desk: Desk) -> list[str]:
    """What others wrote and did while a form was filled in, in words; none if it was refused for another reason."""
    if not isinstance(refusal, meanwhile.Happened):
        return []
    asked = await telling.asked_about(refusal.entries)
    who = await called.name(ticket.contact, desk.place, desk.locale)
    return [_news(one, who, asked, desk) for one in refusal.entries]


def _news(entry: TicketEntry, contact: str, asked: telling.Asked, desk: Desk) -> str:
    if entry.label:
        words = telling.words_of(entry, desk, asked)
        return desk.say("admin.desk.news.done", what=words, when=desk.when(entry.at))
    who = called.author(entry, contact, desk.place, desk.locale) if entry.values.get("from_contact") else entry.actor
    kind = "noted" if entry.kind == EntryKind.NOTE else "wrote"
    return desk.say(f"admin.desk.news.{kind}", who=who, when=desk.when(entry.at), text=shorten(entry.text, EXCERPT))


def _item(about: About, contact: str, desk: Desk, seen: int) -> Item:
    response, ticket = about.response, about.ticket
    recovery: Recovery | None = about.recovery if isinstance(about, Alert) else about
    words = wording_of(response.invite, desk.place.templates, desk.locale)
    scores = {one.dimension: one.value for one in sorted(response.scores, key=lambda one: one.id)}
    owner = _owner(about)
    late, left_words, left = _left(about, recovery, desk)
    team = (about.team if isinstance(about, Alert) else None) or ticket.team
    return Item(
        key=inbox.key_of(about),
        number=ticket.number,
        subject=ticket.subject,
        contact=contact,
        team=team.name or team.key if team else "",
        urgent=ticket.priority == Priority.URGENT,
        score=scores.get("overall", min(scores.values(), default=0)),
        scores=" · ".join(
            words.label("admin.desk.score", dimension=words.dimension(key), value=value)
            for key, value in scores.items()
        )
        if scores.keys() != {"overall"}
        else "",
        reasons=words.listed(words.reason(one) for one in response.reasons),
        comment=shorten(response.comment, EXCERPT),
        owner=owner.name or owner.key if owner else "",
        mine=owner is not None and desk.staff is not None and owner.id == desk.staff.id,
        state=_state(about, words, desk),
        is_open=about.state in _OPEN,
        is_over=_is_over(about),
        is_alert=isinstance(about, Alert),
        raised=desk.when(about.raised_at if isinstance(about, Alert) else about.opened_at),
        left_words=left_words,
        left=left,
        late=late,
        version=_version(about),
        due=desk.when(recovery.due_at) if recovery else "",
        verbs=_verbs(about) if desk.acting else (),
        seen=seen,
    )


def _is_over(about: About) -> bool:
    return about.state == AlertState.CLOSED if isinstance(about, Alert) else about.state not in UNDER_WAY


def _version(about: About) -> int:
    """Another number when something else is shown."""
    if isinstance(about, Alert):
        return about.version
    ticket = about.ticket
    shown = (about.state, about.owner_id, about.due_at, ticket.status, ticket.priority, about.response.revision)
    return zlib.crc32(repr(shown).encode())


def _owner(about: About) -> Staff | None:
    """Who has taken it; nobody as long as it is open."""
    if about.state in _OPEN:
        return None
    recovery: Recovery | None = about.recovery if isinstance(about, Alert) else about
    found: Staff | None = recovery.owner if recovery else about.ticket.assignee
    return found


def _state(about: About, words: Wording, desk: Desk) -> str:
    """How it stands, but for the time, which is shown apart."""
    if isinstance(about, Alert):
        is_snoozed = about.snoozed_until is not None and about.snoozed_until > desk.now
        if is_snoozed or about.state == AlertState.CLOSED:
            return states.state_of(about, words, desk.place, now=desk.now)
    elif end := states.end_of(about, words):
        return end
    owner = states.owner_of(about) if isinstance(about, Alert) else about.owner
    state = states.of_owner(owner, words, is_taken=about.state not in _OPEN)
    return words.label("state.outcome_missing", state=state) if states.is_over(about.ticket) else state


def _left(about: About, recovery: Recovery | None, desk: Desk) -> tuple[bool, str, int]:
    if recovery is None or _is_over(about):
        return False, "", 0
    late = desk.now >= recovery.due_at
    words = desk.say("home.late" if late else "home.left", span=desk.span(recovery.due_at - desk.now))
    whole = (recovery.due_at - recovery.opened_at).total_seconds()
    rest = (recovery.due_at - desk.now).total_seconds()
    return late, words, 0 if late or whole <= 0 else max(1, min(100, round(100 * rest / whole)))


def _verbs(about: About) -> tuple[str, ...]:
    if _is_over(about):
        return ()
    open_too = about.state in _OPEN
    snooze = ("snooze",) if open_too and isinstance(about, Alert) else ()
    return (*(("take",) if open_too else ()), "reply", "assign", *snooze, "resolve", "dismiss")


async def choices(desk: Desk) -> dict[str, Options]:
    """What the forms offer, read once for all rows."""
    people = await Staff.filter(active=True).order_by("name", "key").limit(200) if desk.acting else []
    return {
        "assignee": [("", "—"), *((one.key, one.name or one.key) for one in people)],
        "minutes": [(one, desk.span(timedelta(minutes=int(one)))) for one in forms.SNOOZES],
        "outcome": [("", "—"), *((one, desk.say(f"outcome.{one}")) for one in OUTCOMES)],
        "dismissal": [("", "—"), *((one, desk.say(f"dismissal.{one}")) for one in DISMISSALS)],
        "close_reason": [(one, desk.say(f"close_reason.{one}")) for one in CLOSE_REASONS],
        "priority": [(one.value, desk.say(f"priority.{one.value}")) for one in Priority],
    }
