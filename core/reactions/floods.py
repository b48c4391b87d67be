"""A flood of alerts: what would be too many messages in one place is gathered into one that lists them.

Nothing is hidden. Each alert keeps its recovery, its deadline and its ladder, stands by name in a list with a button to
take it, and gets a message of its own as soon as somebody has it, or when its deadline has passed. Urgent ones always
have their own. A list that is full is followed by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core import transactions
from core.models.deliveries import Delivery, DeliveryState
from core.models.desk import Priority
from core.models.reactions import Alert, AlertState
from core.models.setup import Team
from core.plumbing import deliveries

KIND = "alert_flood"
MOST = 5
WINDOW = timedelta(minutes=10)
"""So many alerts of one place get messages of their own in so long a time."""
LISTED = 20
_NEVER_SEEN = (DeliveryState.CANCELLED, DeliveryState.DEAD)


@transactions.atomic
async def gathers(alert: Alert, team: Team, *, now: datetime) -> bool:
    """Whether a list shows the alert, in place of a message of its own; the list that it stands in is redrawn."""
    fresh = await Alert.get(id=alert.id).select_related("ticket", "recovery")
    screen = await screen_listing(fresh.id)
    if screen:
        await _draw(fresh, screen, team, now=now)
    if await _has_its_own(fresh) or _stands_out(fresh, now=now):
        return False
    if not screen and await _posted_lately(fresh, team, now=now) >= MOST:
        screen = await _list_with_room(team, now=now) or f"flood:{fresh.id}"
        await _draw(fresh, screen, team, now=now)
    return bool(screen)


async def is_full(channel: str, target: str, *, now: datetime) -> bool:
    """Whether somebody whom ladders tell has had so many alerts lately that one more would only be noise.

    The thread of the alert names them all the same, and its list has it.
    """
    told = Delivery.filter(channel=channel, target=target, kind="alert", created_at__gt=now - WINDOW)
    return len(set(await told.values_list("subject_id", flat=True))) >= MOST


async def screen_listing(alert_id: int) -> str:
    """The name of the list that an alert stands in, "" when it stands in none."""
    row = await Delivery.filter(key=_key(alert_id)).first()
    return row.screen if row is not None else ""


async def listed(screen: str) -> list[Alert]:
    """The alerts of a list, in the order in which they were raised."""
    found: Sequence[object] = await Delivery.filter(screen=screen, kind=KIND).values_list("subject_id", flat=True)
    rows = Alert.filter(id__in=list(set(found))).order_by("id").prefetch_related("response__scores")
    return await rows.select_related(
        "ticket__contact", "ticket__assignee", "recovery__owner", "response__invite__agent"
    )


def _stands_out(alert: Alert, *, now: datetime) -> bool:
    is_overdue = alert.recovery is not None and alert.state != AlertState.CLOSED and now >= alert.recovery.due_at
    return alert.ticket.priority == Priority.URGENT or is_overdue or alert.state == AlertState.ACKNOWLEDGED


async def _has_its_own(alert: Alert) -> bool:
    drawn = Delivery.filter(screen=f"alert:{alert.id}", kind="alert")
    return await drawn.exclude(state__in=_NEVER_SEEN).exists()


async def _posted_lately(alert: Alert, team: Team, *, now: datetime) -> int:
    """How many alerts were raised in the window and got a message of their own in this place."""
    posted = Delivery.filter(
        channel=team.alert_channel, target=team.alert_to, kind="alert", created_at__gt=now - WINDOW
    ).exclude(subject_id=alert.id)
    ids: set[object] = set(await posted.values_list("subject_id", flat=True))
    return await Alert.filter(id__in=list(ids), raised_at__gt=now - WINDOW).count() if ids else 0


async def _list_with_room(team: Team, *, now: datetime) -> str:
    """The present list of this place, "" when there is none yet, it is full, or it has been there for a window."""
    rows = Delivery.filter(channel=team.alert_channel, target=team.alert_to, kind=KIND, created_at__gt=now - WINDOW)
    newest = await rows.order_by("-id").first()
    if newest is None:
        return ""
    first = await Delivery.filter(screen=newest.screen).order_by("id").first()
    is_old = first is not None and first.created_at <= now - WINDOW
    return "" if is_old or len(await listed(newest.screen)) >= LISTED else newest.screen


async def _draw(alert: Alert, screen: str, team: Team, *, now: datetime) -> None:
    """The first drawing that an alert causes puts it into the list; later ones show how it stands.

    Drawings that still wait are overtaken: a hundred alerts must not mean a hundred edits.
    """
    await Delivery.filter(screen=screen, state=DeliveryState.WAITING).update(state=DeliveryState.SUPERSEDED)
    key = _key(alert.id)
    if await Delivery.filter(key=key).exists():
        key = f"{key}:v{alert.version}"
    draft = deliveries.Draft(
        key=key,
        kind=KIND,
        channel=team.alert_channel,
        target=team.alert_to,
        priority=deliveries.URGENT,
        ticket_id=alert.ticket_id,
        subject_id=alert.id,
        screen=screen,
    )
    await deliveries.schedule(draft, due=now, now=now)


def _key(alert_id: int) -> str:
    return f"flood:{alert_id}"
