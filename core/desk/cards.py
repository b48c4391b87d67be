"""What customers write, brought before the staff: a card for each cycle of a request, and lines in its thread."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from core import transactions
from core.desk import routes
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry
from core.models.reactions import Alert, AlertState
from core.models.setup import Team
from core.plumbing import deliveries
from core.store.prepared import Prepared

logger = logging.getLogger(__name__)

CARD, LINE = "request", "request_line"

_NEWEST = Prepared(
    Delivery, lambda ticket_id: Delivery.filter(ticket_id=ticket_id, kind=CARD).order_by("-id").limit(1), int
)


@dataclass(frozen=True, slots=True)
class _Thread:
    """Under which screen's message a line stands, and where that message is."""

    screen: str
    channel: str
    target: str


def screen_of(ticket: Ticket) -> str:
    """The name of the one message that shows the present cycle's request. A request that is reopened gets a new one."""
    return f"request:{ticket.id}:{ticket.cycle}"


@transactions.atomic
async def wrote(ticket: Ticket, entry: TicketEntry, *, now: datetime) -> None:
    """The contact's words (`entry`): the first of a cycle make its card, later ones are lines in its thread.

    Where the staff are alerted already, they have a thread about it, and the words stand there.
    """
    thread = await _thread(ticket)
    if thread is not None:
        await _tell(ticket, thread, entry, "wrote", {}, now=now)
        return
    team = await routes.route(ticket)
    if team is None or not team.alert_channel:
        logger.info("Nobody of the staff hears of %s: no team has a place for its alerts", ticket.number)
        return
    where = _Thread(screen_of(ticket), team.alert_channel, team.alert_to)
    await _show(ticket, where, entry, {"words": entry.id}, now=now)


@transactions.atomic
async def redraw(ticket: Ticket, entry: TicketEntry, *, now: datetime) -> None:
    """What the card shows has changed, as `entry` of the history tells: draw it again in its place, if there is one."""
    card = await _NEWEST.first(ticket.id)
    if card is not None:
        await _show(ticket, _Thread(card.screen, card.channel, card.target), entry, card.payload, now=now)


@transactions.atomic
async def retold(ticket: Ticket, entry: TicketEntry, event: str, *, now: datetime) -> None:
    """Both: the card is drawn again, and its thread told what `entry` of the history tells."""
    card = await _NEWEST.first(ticket.id)
    if card is not None:
        where = _Thread(card.screen, card.channel, card.target)
        await _show(ticket, where, entry, card.payload, now=now)
        await _tell(ticket, where, entry, event, {}, now=now)


@transactions.atomic
async def tell(ticket: Ticket, entry: TicketEntry, event: str, *, now: datetime, **values: object) -> None:
    """What `entry` of the history tells is told in the card's thread too. Without a card, nobody waits for it."""
    card = await _NEWEST.first(ticket.id)
    if card is not None:
        await _tell(ticket, _Thread(card.screen, card.channel, card.target), entry, event, values, now=now)


async def _thread(ticket: Ticket) -> _Thread | None:
    """Where this cycle of the request is talked about already."""
    card = await _NEWEST.first(ticket.id)
    if card is not None and card.screen == screen_of(ticket):
        return _Thread(card.screen, card.channel, card.target)
    alert = await Alert.filter(ticket_id=ticket.id).exclude(state=AlertState.CLOSED).order_by("-id").first()
    team: Team | None = await Team.get_or_none(id=alert.team_id) if alert is not None and alert.team_id else None
    if alert is None or team is None or not team.alert_channel:
        return None
    return _Thread(f"alert:{alert.id}", team.alert_channel, team.alert_to)


async def _show(
    ticket: Ticket, where: _Thread, entry: TicketEntry, payload: dict[str, object], *, now: datetime
) -> None:
    draft = deliveries.Draft(
        key=f"request:{ticket.id}:{entry.id}",
        kind=CARD,
        channel=where.channel,
        target=where.target,
        priority=deliveries.ANSWER,
        ticket_id=ticket.id,
        subject_id=ticket.id,
        screen=where.screen,
        payload=payload,
    )
    await deliveries.schedule(draft, due=now, now=now)


async def _tell(
    ticket: Ticket, under: _Thread, entry: TicketEntry, event: str, values: dict[str, object], *, now: datetime
) -> None:
    draft = deliveries.Draft(
        key=f"request_line:{entry.id}",
        kind=LINE,
        channel=under.channel,
        target=under.target,
        priority=deliveries.REPLY,
        ticket_id=ticket.id,
        subject_id=ticket.id,
        payload={"under": under.screen, "event": event, "entry": entry.id, **values},
    )
    await deliveries.schedule(draft, due=now, now=now)
