"""The staff inbox as it is shown: each alert in its present state, the thread under it, and what else was sent there.

What customers ask stands in the agent's column here, so the inbox leaves out the cards of requests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from tortoise.expressions import Q

from bot.demo import company, translated
from bot.demo.sight import Sight
from bot.trials import sending
from core.desk import cards
from core.digests import sending as digests
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.reactions import Alert, AlertState, RecoveryState
from core.models.setup import Staff, StaffAddress, Team
from core.reactions import floods, trials, unnamed
from core.reactions.alerts import RULE_ALERT, screen_of

MOST = 8
_LATELY = timedelta(days=1)
_TOLD = (RULE_ALERT, trials.KIND, floods.KIND, unnamed.KIND, sending.KIND, digests.KIND)
"""What is sent to be read, and stands under no alert."""


@dataclass(frozen=True, slots=True)
class Line:
    at: str
    text: Markup
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A line of staff's own; `receipt` is the alert that it was written under."""

    receipt: str
    at: datetime
    line: Line


@dataclass(frozen=True, slots=True)
class Post:
    """One alert, or what was told. `mood` is open, taken, resolved, dismissed or told."""

    key: str
    target: str
    receipt: str
    team: str
    at: str
    mood: str
    text: Markup
    quote: str
    facts: Sequence[dict[str, str]]
    rows: Sequence[Sequence[dict[str, Any]]]
    thread: Sequence[Line]

    @property
    def live(self) -> bool:
        return self.mood in ("open", "taken", "told")

    @property
    def answerable(self) -> bool:
        return self.mood != "told"


async def posts(sight: Sight) -> list[Post]:
    """Newest first."""
    alerts = await Alert.all().select_related("recovery").order_by("-id").limit(MOST)
    sent = await _sent(alerts)
    notes = await _notes(sight)
    teams = {team.alert_to: sight.team(team) for team in await Team.all()}
    drawn = [await _post(one, [row for row in sent if _is_about(row, one)], notes, teams, sight) for one in alerts]
    return [*await _told(teams, sight), *(post for post in drawn if post is not None)]


async def _told(teams: Mapping[str, str], sight: Sight) -> list[Post]:
    """What was sent to a room or a person within the day, tests to oneself included. Newest first."""
    sent = Delivery.filter(channel=company.INBOX, state=DeliveryState.SENT, kind__in=_TOLD)
    rows = await sent.filter(sent_at__gt=sight.now - _LATELY).order_by("-id").limit(MOST)
    people = StaffAddress.filter(channel=company.INBOX).select_related("staff")
    names = {one.address: one.staff.name for one in await people} | dict(teams)
    return [await _note_to(row, names.get(row.target, row.target), sight) for row in rows]


async def _note_to(row: Delivery, who: str, sight: Sight) -> Post:
    drawn = await translated.drawn(row, sight)
    post = _drawn(row, drawn, key=row.key, team=who, at=sight.when(row.sent_at or sight.now), mood="told")
    return replace(post, rows=())


async def _sent(alerts: Sequence[Alert]) -> list[Delivery]:
    """What the inbox got about these alerts, and about their tickets."""
    about = Q(kind__startswith="alert", subject_id__in=[one.id for one in alerts])
    lines = Q(kind=cards.LINE, ticket_id__in=[one.ticket_id for one in alerts])
    return await Delivery.filter(about | lines, channel=company.INBOX, state=DeliveryState.SENT).order_by("id")


def _is_about(row: Delivery, alert: Alert) -> bool:
    if row.kind == cards.LINE:
        return row.payload.get("under") == screen_of(alert.id)
    return bool(row.subject_id == alert.id)


async def _post(
    alert: Alert, sent: Sequence[Delivery], notes: Sequence[Note], teams: Mapping[str, str], sight: Sight
) -> Post | None:
    drawings = [row for row in sent if row.kind == "alert" and row.drawn]
    if not drawings:
        return None
    newest = drawings[-1]
    drawn = await translated.drawn(newest, sight)
    post = _drawn(
        newest,
        drawn,
        key=alert.key,
        team=teams.get(newest.target, newest.target),
        at=sight.when(alert.raised_at),
        mood=_mood(alert),
    )
    return replace(
        post, thread=await _thread([row for row in sent if row.kind != "alert"], notes, newest.receipt, sight)
    )


def _drawn(row: Delivery, drawn: Mapping[str, Any], *, key: str, team: str, at: str, mood: str) -> Post:
    """What was sent, without what stands under it."""
    return Post(
        key=key,
        target=row.target,
        receipt=row.receipt,
        team=team,
        at=at,
        mood=mood,
        text=_written(drawn["text"]),
        quote=str(drawn.get("quote") or ""),
        facts=drawn.get("facts") or [],
        rows=drawn.get("rows") or [],
        thread=(),
    )


async def _thread(sent: Sequence[Delivery], notes: Sequence[Note], receipt: str, sight: Sight) -> list[Line]:
    """What we told under the alert and what staff wrote there, in the order of time."""
    lines = [(note.at, note.line) for note in notes if note.receipt == receipt]
    for row in sent:
        if row.drawn and row.sent_at:
            text = (await translated.drawn(row, sight))["text"]
            lines.append((row.sent_at, Line(sight.clock(row.sent_at), _written(text))))
    return [line for _, line in sorted(lines, key=lambda one: one[0])]


def _mood(alert: Alert) -> str:
    if alert.recovery is not None and alert.recovery.state in (RecoveryState.RESOLVED, RecoveryState.DISMISSED):
        return alert.recovery.state.value
    return "open" if alert.state == AlertState.OPEN else "taken"


async def _notes(sight: Sight) -> list[Note]:
    """What staff wrote under an alert; it stays among them."""
    names = {one.key: one.name for one in await Staff.all()}
    found = []
    for row in await Arrival.filter(channel=company.INBOX, state=ArrivalState.HANDLED).order_by("received_at"):
        said = json.loads(bytes(row.body))
        if "text" in said:
            words = Markup("<b>{}</b>: {}").format(names.get(said["staff"], ""), said["text"])
            line = Line(sight.clock(row.received_at), words, internal=True)
            found.append(Note(f"{said['target']}:{said['thread']}", row.received_at, line))
    return found


def _written(text: object) -> Markup:
    """A message's text is mark-up already, and every value in it was escaped when it was drawn (`bot/markup.py`)."""
    return Markup(str(text).strip())  # noqa: S704
