"""The list that stands for many alerts at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.site import Site
from bot.staff import actions, called
from bot.staff.states import moments_of, state_of
from bot.wording import Wording
from core.desk import numbering
from core.models.deliveries import Delivery
from core.models.reactions import Alert, AlertState
from core.ports import Button, Channel, Message, Tone
from core.reactions import floods
from core.surveys.settings import SurveySettings
from core.text import shorten

KINDS = frozenset({floods.KIND})
SUBJECT, NAME, IN_ROW = 30, 20, 5


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    """Each alert of the list in its present state; None when all are gone."""
    alerts = await floods.listed(delivery.screen)
    if not alerts:
        return None
    locale = site.templates.best_locale("")
    words = Wording(site.templates, SurveySettings(), locale)
    waiting = [one for one in alerts if one.state == AlertState.OPEN]
    who = await called.names((one.ticket.contact for one in alerts), site, locale)
    context: dict[str, object] = {
        "count": len(alerts),
        "waiting": len(waiting),
        "alerts": [_line(one, who, state_of(one, words, site, now=now)) for one in alerts],
    }
    rendered = await site.templates.render(floods.KIND, locale, channel.dialect, context, channel=channel.kind)
    named = numbering.endings(one.ticket.number for one in waiting)
    takes = [_take(one, named[one.ticket.number], words) for one in waiting]
    return Message(
        key=delivery.key,
        kind=floods.KIND,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        rows=tuple(tuple(takes[start : start + IN_ROW]) for start in range(0, len(takes), IN_ROW)),
        topic=delivery.screen,
        locale=locale,
        moments=moments_of([moment for one in alerts for moment in _moments(one)], words, site, now),
    )


def _moments(alert: Alert) -> list[datetime | None]:
    return [alert.recovery.due_at if alert.recovery else None, alert.snoozed_until]


def _line(alert: Alert, who: Mapping[int, str], state: str) -> dict[str, object]:
    return {
        "number": alert.ticket.number,
        "subject": shorten(alert.ticket.subject, SUBJECT),
        "contact": shorten(who[alert.ticket.contact_id], NAME),
        "worst": min((one.value for one in alert.response.scores), default=0),
        "state": state,
    }


def _take(alert: Alert, number: str, words: Wording) -> Button:
    label = words.label("button.take_one", number=number)
    return Button(label, actions.write(alert.key, "take"), tone=Tone.PRIMARY)
