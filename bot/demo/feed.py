"""The staff inbox as it is shown: each alert in its present state, and the thread under it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.demo import company
from bot.demo.sight import Sight
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.reactions import Alert, AlertState, RecoveryState
from core.models.setup import Staff, Team

MOST = 8


@dataclass(frozen=True, slots=True)
class Line:
    at: str
    text: Markup
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """One alert. `mood` is open, taken, resolved or dismissed."""

    key: str
    target: str
    receipt: str
    team: str
    at: str
    mood: str
    version: str
    text: Markup
    quote: str
    facts: Sequence[dict[str, str]]
    rows: Sequence[Sequence[dict[str, Any]]]
    thread: Sequence[Line]

    @property
    def live(self) -> bool:
        return self.mood in ("open", "taken")


async def posts(sight: Sight) -> list[Post]:
    """Newest first."""
    alerts = await Alert.all().select_related("recovery").order_by("-id").limit(MOST)
    sent = await Delivery.filter(
        channel=company.INBOX, state=DeliveryState.SENT, subject_id__in=[one.id for one in alerts]
    ).order_by("id")
    notes = await _notes(sight)
    teams = {team.alert_to: team.name for team in await Team.all()}
    drawn = (_post(one, [row for row in sent if row.subject_id == one.id], notes, teams, sight) for one in alerts)
    return [post for post in drawn if post is not None]


def _post(
    alert: Alert,
    sent: Sequence[Delivery],
    notes: Sequence[tuple[str, datetime, Line]],
    teams: dict[str, str],
    sight: Sight,
) -> Post | None:
    drawings = [row for row in sent if row.kind == "alert" and row.drawn]
    if not drawings:
        return None
    newest, drawn = drawings[-1], dict(drawings[-1].drawn or {})
    thread = [(row.sent_at, _line(row, sight)) for row in sent if row.kind != "alert" and row.drawn and row.sent_at]
    thread += [(at, line) for receipt, at, line in notes if receipt == newest.receipt]
    return Post(
        key=alert.key,
        target=newest.target,
        receipt=newest.receipt,
        team=teams.get(newest.target, newest.target),
        at=sight.when(alert.raised_at),
        mood=_mood(alert),
        version=f"{newest.id}-{len(thread)}",
        text=_written(drawn["text"]),
        quote=str(drawn.get("quote") or ""),
        facts=drawn.get("facts") or [],
        rows=drawn.get("rows") or [],
        thread=[line for _, line in sorted(thread, key=lambda one: one[0])],
    )


def _mood(alert: Alert) -> str:
    if alert.recovery is not None and alert.recovery.state in (RecoveryState.RESOLVED, RecoveryState.DISMISSED):
        return alert.recovery.state.value
    return "open" if alert.state == AlertState.OPEN else "taken"


def _line(row: Delivery, sight: Sight) -> Line:
    at = sight.clock(row.sent_at) if row.sent_at else ""
    return Line(at, _written((row.drawn or {})["text"]))


async def _notes(sight: Sight) -> list[tuple[str, datetime, Line]]:
    """What staff wrote under an alert; it stays among them."""
    names = {one.key: one.name for one in await Staff.all()}
    found = []
    for row in await Arrival.filter(channel=company.INBOX, state=ArrivalState.HANDLED).order_by("received_at"):
        said = json.loads(bytes(row.body))
        if "text" in said:
            words = Markup("<b>{}</b>: {}").format(names.get(said["staff"], ""), said["text"])  # noqa: S704 - escapes
            line = Line(sight.clock(row.received_at), words, internal=True)
            found.append((f"{said['target']}:{said['thread']}", row.received_at, line))
    return found


def _written(text: object) -> Markup:
    """A message's text is mark-up already, and every value in it was escaped when it was drawn (`bot/markup.py`)."""
    return Markup(str(text).strip())  # noqa: S704
