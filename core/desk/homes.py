"""A person's own page in a chat that has one (Slack's App Home): drawn when opened, and when their work changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import transactions
from core.models.deliveries import Delivery, DeliveryState
from core.models.setup import Staff, StaffAddress
from core.plumbing import deliveries
from core.surveys.tokens import new_key

KIND = "home"
FRESH = timedelta(minutes=10)
"""A page that could not be drawn by then is not wanted any more: it is drawn anew whenever it is opened."""
_DONE = (DeliveryState.SENT, DeliveryState.SUPERSEDED, DeliveryState.CANCELLED, DeliveryState.DEAD)


def screen_of(channel: str, address: str) -> str:
    return f"home:{channel}:{address}"[:60]


@transactions.atomic
async def show(
    channel: str, address: str, target: str, staff: Staff | None, *, locale: str = "", now: datetime
) -> None:
    """Draw the page of whoever is behind `address`, at `target`. Pages of before have lost their meaning, and go."""
    screen = screen_of(channel, address)
    await Delivery.filter(screen=screen, state__in=_DONE).delete()
    draft = deliveries.Draft(
        key=f"home:{new_key()}",
        kind=KIND,
        channel=channel,
        target=target,
        priority=deliveries.REPLY,
        subject_id=staff.id if staff else None,
        screen=screen,
        payload={"locale": locale},
        expires_at=now + FRESH,
    )
    await deliveries.schedule(draft, due=now, now=now)


@transactions.atomic
async def refresh(staff: Staff, *, now: datetime) -> None:
    """Their work has changed. Who never opened their page gets none."""
    for one in await StaffAddress.filter(staff_id=staff.id):
        page = await Delivery.filter(screen=screen_of(one.channel, one.address)).order_by("-id").first()
        if page is not None:
            locale = str(page.payload.get("locale", ""))
            await show(one.channel, one.address, page.target, staff, locale=locale, now=now)
