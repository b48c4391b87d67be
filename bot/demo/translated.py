"""Alerts in the language of whoever looks at the demonstration.

The product writes them once, in the language of the organisation, and that is what is kept. Here one person reads the
page in either language, so the same drawing is made again with the other words.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from bot.courier import as_drawn
from bot.demo import company
from bot.demo.sight import Sight
from bot.rendering import Templates
from bot.staff import alerts
from bot.trials import sending
from core.models.deliveries import Delivery


async def drawn(row: Delivery, sight: Sight) -> dict[str, Any]:
    """What was sent, or what would have been sent in the reader's language."""
    kept = dict(row.drawn or {})
    if kept.get("locale") == sight.locale or row.kind == sending.KIND:  # a test is in the language that was chosen
        return kept
    app = sight.stage.app
    site = replace(app.site, templates=_in(sight.locale))
    moment = sight.now if row.kind == "alert" else row.sent_at or sight.now
    message = await alerts.draw(row, app.channels[company.INBOX], site, now=moment)
    return as_drawn(message) if message else kept


@cache
def _in(locale: str) -> Templates:
    return Templates.load(default=locale)
