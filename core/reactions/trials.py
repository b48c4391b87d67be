"""A test alert: by the way that real ones go, to where a team's alerts go first, and about nobody."""

from __future__ import annotations

from datetime import datetime

from core import audit, transactions
from core.errors import Conflict
from core.models.deliveries import Delivery
from core.models.setup import Team
from core.plumbing import deliveries

KIND = "alert_test"


@transactions.atomic
async def send(team: Team, *, by: str, called: str, now: datetime) -> Delivery:
    """`by` is who the audit names, `called` what the alert calls them.

    Raises Conflict when no team has a place for alerts.
    """
    place = team if team.alert_channel else await Team.exclude(alert_channel="").order_by("id").first()
    if place is None:
        raise Conflict("no team has a place for alerts", label="teams.no_place_at_all")
    draft = deliveries.Draft(
        key=f"{KIND}:{team.id}:{now.timestamp():.0f}",
        kind=KIND,
        channel=place.alert_channel,
        target=place.alert_to,
        priority=deliveries.URGENT,
        subject_id=team.id,
        payload={"by": called},
    )
    await audit.record(by, "team.alert_tested", f"team:{team.key}"[:254], now=now)
    return await deliveries.schedule(draft, due=now, now=now)


async def latest(team: Team) -> Delivery | None:
    """The last one of this team, which says what became of it."""
    return await Delivery.filter(kind=KIND, subject_id=team.id).order_by("-id").first()
