"""Cards as staff read them: what a customer asks, how it stands, and what can be done; and the lines under them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from bot.site import Site
from bot.staff import card_actions
from core.desk import attachments, cards
from core.models.deliveries import Delivery
from core.models.desk import OPEN_STATUSES, Ticket, TicketEntry, TicketStatus
from core.plumbing import deliveries
from core.ports import Button, Channel, Fact, Message, Tone

KINDS = frozenset({cards.CARD, cards.LINE})
Say = Callable[..., str]


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    """The request in its present state, or a line for its thread; None when the request is gone."""
    ticket = await Ticket.get_or_none(id=delivery.subject_id or 0).select_related("contact", "team", "assignee")
    if ticket is None:
        return None
    draw_it = _card if delivery.kind == cards.CARD else _line
    return await draw_it(delivery, ticket, channel, site)


async def _card(delivery: Delivery, ticket: Ticket, channel: Channel, site: Site) -> Message:
    locale = site.templates.best_locale("")
    say: Say = partial(_label, site, locale)
    words, files = await _words(delivery.payload.get("words")), await _files(delivery.payload.get("words"))
    context: dict[str, object] = {
        "contact": {"name": ticket.contact.name},
        "ticket": {"number": ticket.number, "subject": _title(ticket, words, files)},
        "agent": {"name": ticket.assignee.name if ticket.assignee else ""},
        "team": {"name": ticket.team.name if ticket.team else ""},
        "channel": came_by(ticket, site, locale),
        "state": status_of(ticket, site, locale),
        "text": words,
    }
    rendered = await site.templates.render(cards.CARD, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=cards.CARD,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        facts=_facts(ticket, files, site, locale),
        quote=words,
        rows=_buttons(ticket, say, forms=channel.has_forms),
        topic=f"ticket:{ticket.id}",
        locale=locale,
        urgent=ticket.priority == "urgent",
    )


async def _line(delivery: Delivery, ticket: Ticket, channel: Channel, site: Site) -> Message:
    """It stands under the message of the screen that it belongs to; without one (not sent yet) it stands alone."""
    locale = site.templates.best_locale("")
    entry = await TicketEntry.get_or_none(id=delivery.payload.get("entry"))
    context: dict[str, object] = {
        "event": delivery.payload.get("event"),
        "contact": {"name": ticket.contact.name},
        "actor": {"name": entry.actor if entry else ""},
        "owner": {"name": str(entry.values.get("name", "")) if entry else ""},
        "ticket": {"number": ticket.number, "subject": ticket.subject},
        "text": delivery.payload.get("text") or (entry.text if entry else ""),
        "files": await _files(delivery.payload.get("entry")),
        "reason": _reason(ticket, site, locale),
        "result": ticket.result,
    }
    rendered = await site.templates.render(cards.LINE, locale, channel.dialect, context, channel=channel.kind)
    shown = await deliveries.shown(str(delivery.payload.get("under", "")))
    return Message(
        key=delivery.key,
        kind=cards.LINE,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        thread=shown.receipt if shown else "",
        topic=f"ticket:{ticket.id}",
        locale=locale,
    )


def _title(ticket: Ticket, words: str, files: str) -> str:
    """A request from a chat is called by its first line or file; then what stands below says it, and in full."""
    begins = ticket.subject.removesuffix("…").strip()
    return "" if words.strip().startswith(begins) or files.startswith(begins) else ticket.subject


def status_of(ticket: Ticket, site: Site, locale: str) -> str:
    return site.templates.label(f"ticket_status.{ticket.status.value.removesuffix('_for_customer')}", locale)


def came_by(ticket: Ticket, site: Site, locale: str) -> str:
    """What kind of channel it is, with its name where there are several; what an outside desk calls its own stays."""
    kind = site.channels.get(ticket.channel, ticket.channel)
    if not site.templates.has_label(f"channel.{kind}"):
        return ticket.channel
    words = site.templates.label(f"channel.{kind}", locale)
    if list(site.channels.values()).count(kind) < 2:
        return words
    return site.templates.label("alert.one_of_channels", locale, kind=words, name=ticket.channel)


def _facts(ticket: Ticket, files: str, site: Site, locale: str) -> tuple[Fact, ...]:
    say: Say = partial(_label, site, locale)
    facts = [
        ("owner", ticket.assignee.name if ticket.assignee else say("alert.nobody")),
        ("state", status_of(ticket, site, locale)),
        ("files", files),
    ]
    return tuple(Fact(say(f"alert.{name}"), value) for name, value in facts if value)


def _buttons(ticket: Ticket, say: Say, *, forms: bool) -> tuple[tuple[Button, ...], ...]:
    """Where the channel has no forms, only what needs none."""
    if ticket.status not in OPEN_STATUSES:
        return ()

    def button(verb: str, tone: Tone = Tone.NEUTRAL) -> Button:
        return Button(say(f"button.{verb}"), card_actions.write(ticket.number, verb), tone=tone)

    free = ticket.status in (TicketStatus.NEW, TicketStatus.ASSIGNED) or ticket.assignee is None
    row = (
        *((button("take", Tone.PRIMARY),) if free else ()),
        *((button("assign"), button("reply"), button("resolve")) if forms else ()),
    )
    return (row,) if row else ()


def _reason(ticket: Ticket, site: Site, locale: str) -> str:
    """An outside desk has reasons of its own, which stay as they are."""
    key = f"close_reason.{ticket.close_reason}"
    return site.templates.label(key, locale) if site.templates.has_label(key) else ticket.close_reason


async def _files(entry_id: object) -> str:
    """The names of what was sent along; the files themselves stay with the ticket."""
    sent = await attachments.of_entries([entry_id]) if isinstance(entry_id, int) else {}
    return ", ".join(one.name for some in sent.values() for one in some)


async def _words(entry_id: object) -> str:
    entry = await TicketEntry.get_or_none(id=entry_id) if entry_id else None
    return entry.text if entry else ""


def _label(site: Site, locale: str, key: str, **values: object) -> str:
    return site.templates.label(key, locale, **values)
