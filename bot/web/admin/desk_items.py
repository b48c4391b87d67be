"""An alert as the browser shows it: who is unhappy and why, whose it is, how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.staff import forms, states
from bot.web.admin.desk import Desk
from bot.wording import Wording
from core.desk.tickets import CLOSE_REASONS
from core.models.desk import Priority
from core.models.reactions import Alert, AlertState, Recovery
from core.models.setup import Staff
from core.reactions.recoveries import DISMISSALS, OUTCOMES
from core.surveys import catalogue
from core.text import shorten

EXCERPT = 280
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
    raised: str
    left_words: str
    left: int
    late: bool
    version: int
    due: str = ""
    verbs: tuple[str, ...] = ()

    @property
    def verbs_beside(self) -> tuple[str, ...]:
        """What can only be done about the alert, where the ticket's own buttons stand beside it."""
        return tuple(verb for verb in self.verbs if verb in ("snooze", "dismiss"))


def item(alert: Alert, desk: Desk) -> Item:
    """`alert` as `core.insight.inbox` gives it."""
    response, ticket, recovery = alert.response, alert.ticket, alert.recovery
    words = Wording(desk.place.templates, catalogue.settings_of(response.invite.survey), desk.locale)
    scores = {one.dimension: one.value for one in sorted(response.scores, key=lambda one: one.id)}
    owner = _owner(alert)
    late, left_words, left = _left(alert, recovery, desk)
    team = alert.team or ticket.team
    return Item(
        key=alert.key,
        number=ticket.number,
        subject=ticket.subject,
        contact=ticket.contact.name or desk.say("alert.unknown_contact"),
        team=team.name or team.key if team else "",
        urgent=ticket.priority == Priority.URGENT,
        score=scores.get("overall", min(scores.values(), default=0)),
        scores=" · ".join(
            words.label("alert.score", dimension=words.dimension(key), value=value) for key, value in scores.items()
        )
        if scores.keys() != {"overall"}
        else "",
        reasons=", ".join(words.reason(one) for one in response.reasons),
        comment=shorten(response.comment, EXCERPT),
        owner=owner.name or owner.key if owner else "",
        mine=owner is not None and desk.staff is not None and owner.id == desk.staff.id,
        state=_state(alert, words, desk),
        is_open=alert.state == AlertState.OPEN,
        is_over=alert.state == AlertState.CLOSED,
        raised=desk.when(alert.raised_at),
        left_words=left_words,
        left=left,
        late=late,
        version=alert.version,
        due=desk.when(recovery.due_at) if recovery else "",
        verbs=_verbs(alert) if desk.acting else (),
    )


def _owner(alert: Alert) -> Staff | None:
    """Who has taken it; nobody as long as it is open."""
    if alert.state == AlertState.OPEN:
        return None
    recovery: Recovery | None = alert.recovery
    found: Staff | None = recovery.owner if recovery else alert.ticket.assignee
    return found


def _state(alert: Alert, words: Wording, desk: Desk) -> str:
    """How it stands, but for the time, which is shown apart."""
    if alert.state == AlertState.CLOSED or (alert.snoozed_until and alert.snoozed_until > desk.now):
        return states.state_of(alert, words, desk.place, now=desk.now)
    owner = _owner(alert)
    return words.label("state.taken", name=owner.name or owner.key) if owner else words.label("state.open")


def _left(alert: Alert, recovery: Recovery | None, desk: Desk) -> tuple[bool, str, int]:
    if recovery is None or alert.state == AlertState.CLOSED:
        return False, "", 0
    late = desk.now >= recovery.due_at
    words = desk.say("home.late" if late else "home.left", span=desk.span(recovery.due_at - desk.now))
    whole = (recovery.due_at - recovery.opened_at).total_seconds()
    rest = (recovery.due_at - desk.now).total_seconds()
    return late, words, 0 if late or whole <= 0 else max(1, min(100, round(100 * rest / whole)))


def _verbs(alert: Alert) -> tuple[str, ...]:
    if alert.state == AlertState.CLOSED:
        return ()
    return ("take", "reply", "assign", "snooze", "resolve", "dismiss") if alert.state == AlertState.OPEN else (
        "reply", "assign", "resolve", "dismiss"
    )  # fmt: skip


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
