"""Which place of the staff hears of a ticket."""

from __future__ import annotations

from core.models.desk import Ticket
from core.models.setup import Team


async def route(ticket: Ticket) -> Team | None:
    """The ticket's team if it has a place for alerts, else the first team that has one."""
    return await of_team(await Team.get_or_none(id=ticket.team_id) if ticket.team_id else None)


async def of_team(own: Team | None) -> Team | None:
    """That team if it has a place for alerts, else the first that has one."""
    if own is not None and own.alert_channel:
        return own
    return await Team.exclude(alert_channel="").order_by("id").first() or own
