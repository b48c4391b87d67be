"""Whether there is anything new to draw. A page asks about once a second, so looking must be cheap."""

from __future__ import annotations

import hashlib

from bot.demo import pages
from bot.demo.sight import Sight
from core.models.deliveries import Arrival, Delivery, DeliveryState
from core.models.desk import Ticket, TicketEntry
from core.models.reactions import Alert


async def of(seen: Sight, known: str) -> dict[str, object]:
    """What time it is, and the panels if anything is not as it was when the page was told `known`."""
    mark = await _mark(seen)
    news: dict[str, object] = {"moment": seen.now.isoformat(), "performance": seen.stage.name, "mark": mark}
    if mark != known:
        news["panels"] = await pages.panels(seen)
    return news


async def _mark(seen: Sight) -> str:
    """Every change leaves a trace in one of these; the minute is in it because deadlines pass."""
    entry = await TicketEntry.all().order_by("-id").first().values_list("id", flat=True)
    sent = (
        await Delivery.filter(state=DeliveryState.SENT).order_by("-sent_at", "-id").first().values_list("id", flat=True)
    )
    traces = (
        entry,
        sent,
        await Delivery.filter(state=DeliveryState.SENT).count(),
        await Arrival.all().count(),
        await Ticket.all().count(),
        [(row.id, row.state, row.version, row.step) for row in await Alert.all().order_by("-id").limit(3)],
        f"{seen.now:%d%H%M}",
        seen.stage.clock.ahead,
        (seen.locale, seen.customer.id, seen.staff.id, seen.stage.began),
    )
    return hashlib.sha256(repr(traces).encode()).hexdigest()[:20]
