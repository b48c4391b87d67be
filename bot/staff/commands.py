"""What staff ask for with `/afterword`: look-ups and figures, answered for their eyes only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot import channel_names
from bot.site import Site
from bot.staff import alerts as alert_messages
from bot.staff import called, figures
from bot.staff import cards as card_messages
from bot.staff.actions import staff_of
from bot.staff.states import state_of
from bot.turn import Turn
from bot.wording import wording_of
from core import errors, transactions
from core.desk import cards, homes, numbering, tickets
from core.insight import today
from core.models.desk import Ticket
from core.models.reactions import Alert
from core.models.responses import Response
from core.models.setup import Staff, Team
from core.plumbing import deliveries
from core.ports import Acknowledgement, Channel, Commanded
from core.reactions import alerts, duty, floods
from core.surveys import anonymity, by_hand, responses

ONE_FOR_ALL, HOME = "afterword", "home"
_Answer = Acknowledgement


@runtime_checkable
class HasHome(Protocol):
    """A channel in which each person has a page of their own (Slack's App Home)."""

    def home_of(self, address: str) -> str:
        """The target of that page."""
        ...


@transactions.atomic
async def heard(channel: Channel, event: Commanded, site: Site, *, now: datetime) -> Turn | None:
    """Do what somebody of the staff asked for. None: it is a customer's command."""
    if event.name == HOME and isinstance(channel, HasHome):
        await _open_home(channel, channel.home_of(event.person.address), event, now=now)
        return Turn()
    if event.name != ONE_FOR_ALL:
        return None
    staff = await staff_of(channel, event)
    if staff is None:
        return None
    name, _, argument = event.argument.strip().partition(" ")
    command = COMMANDS.get(name.lower(), _help)
    try:
        async with transactions.savepoint():
            return Turn(await command(_Asked(channel, site, staff, argument.strip(), now)))
    except errors.Refusal as refusal:
        label = refusal.label
        note = site.templates.label(label, staff.locale, **refusal.values) if label else refusal.message
        return Turn(Acknowledgement(note=note, alarming=True))


async def _open_home(channel: Channel, target: str, event: Commanded, *, now: datetime) -> None:
    staff = await staff_of(channel, event)
    address = event.person.address
    await homes.show(channel.name, address, target, staff, locale=event.person.locale, now=now)


class _Asked:
    """Who asks what, and in which words it is answered."""

    def __init__(self, channel: Channel, site: Site, staff: Staff, argument: str, now: datetime) -> None:
        self.channel, self.site, self.staff, self.argument, self.now = channel, site, staff, argument, now
        self.locale = site.templates.best_locale(staff.locale)
        self.zone = staff.timezone or site.timezone

    def say(self, key: str, **values: object) -> str:
        return self.site.templates.label(key, self.locale, **values)

    def line(self, label: str, value: str) -> str:
        return self.say("lookup.line", label=self.say(label), value=value)

    def when(self, moment: datetime) -> str:
        zoned = not self.staff.timezone
        return self.site.templates.when(moment, self.locale, self.zone, now=self.now, zoned=zoned)


async def _help(asked: _Asked) -> _Answer:
    lines = [asked.say(f"staff_command.{name}") for name in COMMANDS]
    return Acknowledgement(note="\n".join([asked.say("staff_command.heading"), *lines]))


async def _ticket(asked: _Asked) -> _Answer:
    """How it stands, with the way to the alert or the card."""
    ticket = await _named(asked.argument)
    alert = await Alert.filter(ticket_id=ticket.id).order_by("-id").first()
    whole = await alerts.by_id(alert.id) if alert else None
    owner = ticket.assignee.name if ticket.assignee else asked.say("alert.nobody")
    by = channel_names.called(ticket.channel, asked.site, asked.locale)
    status = card_messages.status_of(ticket, asked.site, asked.locale)
    lines = [
        asked.line("alert.ticket", f"{ticket.number} · {ticket.subject}"),
        asked.line("alert.who", await called.name(ticket.contact, asked.site, asked.locale)),
        *((asked.line("alert.channel", by),) if by else ()),
        asked.line("alert.state", status),
        asked.line("alert.owner", owner),
        asked.line("lookup.rating", await _last_rating(asked, ticket)),
    ]
    if whole is not None:
        lines.append(asked.line("lookup.alert", await _state(asked, whole)))
    return Acknowledgement(note="\n".join(lines), receipt=await _shown(asked, ticket, whole))


async def _survey(asked: _Asked) -> _Answer:
    number, reason = numbering.read(asked.argument)
    if not number:
        number, _, reason = asked.argument.partition(" ")
    ticket = await _named(number)
    decision, _ = await by_hand.send(ticket, reason=reason, by=asked.staff.name, now=asked.now)
    label = "note.survey_sent" if decision.sent else f"decision.{decision.reason}"
    return Acknowledgement(note=asked.say(label, number=ticket.number), alarming=not decision.sent)


async def _duty(asked: _Asked) -> _Answer:
    """Who is on duty by the rota, and who is active in the team of whoever asks, or everywhere; and that this is all
    that we know.
    """
    team = await Team.get_or_none(id=asked.staff.team_id) if asked.staff.team_id else None
    people = Staff.filter(active=True, team_id=team.id) if team else Staff.filter(active=True)
    names = [
        asked.say("duty.lead" if one.leads else "duty.member", name=one.name or one.key)
        for one in await people.order_by("-leads", "name", "id").limit(50)
    ]
    heading = asked.say("duty.team", team=team.name or team.key) if team else asked.say("duty.everybody")
    on = await duty.now_on(team, now=asked.now)
    by_rota = [asked.say("duty.now", name=on.person.name or on.person.key, until=asked.when(on.until))] if on else []
    return Acknowledgement(note="\n".join([*by_rota, heading, *names, asked.say("duty.honestly")]))


async def _status(asked: _Asked) -> _Answer:
    found = await today.figures(zone=asked.zone, now=asked.now)
    lines = [
        asked.say("lookup.line", label=label, value=value)
        for label, value in figures.lines(found, asked.site, asked.locale)
    ]
    return Acknowledgement(note="\n".join([asked.say("today.heading"), *lines]))


COMMANDS: Mapping[str, Callable[[_Asked], Awaitable[_Answer]]] = {
    "ticket": _ticket,
    "survey": _survey,
    "duty": _duty,
    "status": _status,
    "help": _help,
}


async def _named(name: str) -> Ticket:
    """Raises errors.NotFound in words for who typed it."""
    try:
        return await tickets.find(numbering.read(name)[0] or name.strip().lstrip("# "))
    except errors.NotFound as error:
        label = "note.unknown_ticket" if name else "note.name_a_ticket"
        raise errors.NotFound(error.message, field="ticket", label=label, number=name[:60]) from error


async def _last_rating(asked: _Asked, ticket: Ticket) -> str:
    response = (
        await Response.filter(anonymity.SHOWN, invite__ticket_id=ticket.id)
        .order_by("-id")
        .select_related("invite__survey")
        .first()
    )
    scores = await responses.scores_of(response) if response else {}
    if response is None or not scores:
        return asked.say("lookup.not_rated")
    words = wording_of(response.invite, asked.site.templates, asked.locale)
    return asked.say("lookup.rated", scores=words.told(scores), when=asked.when(response.changed_at))


async def _state(asked: _Asked, alert: Alert) -> str:
    words = await alert_messages.wording(alert, asked.site, asked.locale)
    return state_of(alert, words, asked.site, now=asked.now)


async def _shown(asked: _Asked, ticket: Ticket, alert: Alert | None) -> str:
    """The message about it that stands in this channel."""
    screens = [alerts.screen_of(alert.id), await floods.screen_listing(alert.id)] if alert else []
    for screen in (*screens, cards.screen_of(ticket)):
        shown = await deliveries.shown(screen) if screen else None
        if shown is not None and shown.channel == asked.channel.name:
            return shown.receipt
    return ""
