"""App Home: what waits for me, and the day's figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.site import Site
from bot.staff import actions, called, figures
from bot.staff.cards import status_of
from core.desk import homes, numbering
from core.insight import mine, today
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.reactions import Alert, Recovery
from core.models.setup import Staff
from core.ports import Button, Channel, Fact, Message, Tone
from core.text import shorten

KINDS = frozenset({homes.KIND})
ALERTS, RECOVERIES, TICKETS = 15, 10, 10
"""So many of each fit on a page; the rest is counted."""
SUBJECT, NAME = 40, 24
IN_ROW = 5
Line = dict[str, object]


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message:
    """The page as it is now. Who is none of the staff reads what it is for."""
    staff = await Staff.get_or_none(id=delivery.subject_id, active=True) if delivery.subject_id else None
    wanted = staff.locale if staff and staff.locale else str(delivery.payload.get("locale", ""))
    locale = site.templates.best_locale(wanted)
    context: dict[str, object] = {"known": staff is not None, "site": {"name": site.name}}
    facts: tuple[Fact, ...] = ()
    rows: tuple[tuple[Button, ...], ...] = ()
    if staff is not None:
        waiting = await mine.open_alerts(staff, most=ALERTS)
        context |= await _work(staff, waiting, site, locale, now=now)
        facts = await _figures(staff, site, locale, now=now)
        rows = _buttons(waiting, site, locale)
    rendered = await site.templates.render(homes.KIND, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=homes.KIND,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        facts=facts,
        rows=rows,
        locale=locale,
    )


async def _work(staff: Staff, waiting: mine.Some[Alert], site: Site, locale: str, *, now: datetime) -> Line:
    own = await mine.recoveries(staff, most=RECOVERIES)
    tickets = await mine.tickets(staff, most=TICKETS)
    shown: list[Ticket] = [*(one.ticket for one in waiting.rows), *(one.ticket for one in own.rows), *tickets.rows]
    who = await called.names((one.contact for one in shown), site, locale)
    return {
        "actor": {"name": staff.name},
        "alerts": [_about(one.ticket, who) | _left(one.recovery, site, locale, now=now) for one in waiting.rows],
        "more_alerts": waiting.more,
        "recoveries": [_about(one.ticket, who) | _left(one, site, locale, now=now) for one in own.rows],
        "more_recoveries": own.more,
        "tickets": [_about(one, who) | {"status": status_of(one, site, locale)} for one in tickets.rows],
        "more_tickets": tickets.more,
    }


async def _figures(staff: Staff, site: Site, locale: str, *, now: datetime) -> tuple[Fact, ...]:
    found = await today.figures(zone=staff.timezone or site.timezone, now=now)
    return tuple(Fact(label, value) for label, value in figures.lines(found, site, locale))


def _buttons(waiting: mine.Some[Alert], site: Site, locale: str) -> tuple[tuple[Button, ...], ...]:
    """What nobody has taken can be taken from here."""
    named = numbering.endings(one.ticket.number for one in waiting.rows)
    buttons = [
        Button(
            site.templates.label("button.take_one", locale, number=named[one.ticket.number]),
            actions.write(one.key, "take"),
            tone=Tone.PRIMARY,
        )
        for one in waiting.rows
    ]
    return tuple(tuple(buttons[start : start + IN_ROW]) for start in range(0, len(buttons), IN_ROW))


def _about(ticket: Ticket, who: Mapping[int, str]) -> Line:
    return {
        "number": ticket.number,
        "subject": shorten(ticket.subject, SUBJECT),
        "contact": shorten(who[ticket.contact_id], NAME),
    }


def _left(recovery: Recovery | None, site: Site, locale: str, *, now: datetime) -> Line:
    if recovery is None:
        return {"left": "", "late": False}
    late = now >= recovery.due_at
    span = site.templates.span(recovery.due_at - now, locale)
    return {"left": site.templates.label("home.late" if late else "home.left", locale, span=span), "late": late}
