"""Cards as staff read them: what a customer asks, how it stands, and what can be done; and the lines under them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from bot import channel_names
from bot.site import Site
from bot.staff import called, card_actions
from bot.staff.states import is_over
from core.desk import attachments, cards
from core.models.deliveries import Delivery
from core.models.desk import Ticket, TicketEntry, TicketStatus
from core.plumbing import deliveries
from core.ports import Button, Channel, Fact, Message, Tone
from core.reactions import recoveries

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
    state = status_of(ticket, site, locale)
    misses_outcome = await _misses_outcome(ticket)
    if misses_outcome:
        state = say("state.end_missing", state=state)
    entry = await _entry(delivery.payload.get("words"))
    words = entry.text if entry else ""
    files = site.templates.listed(await _files(delivery.payload.get("words")), locale)
    context: dict[str, object] = {
        "contact": {"name": await _author(entry, ticket, site, locale)},
        "ticket": {"number": ticket.number, "subject": _title(ticket, words, files)},
        "agent": {"name": ticket.assignee.name if ticket.assignee else ""},
        "team": {"name": ticket.team.name if ticket.team else ""},
        "channel": channel_names.called(ticket.channel, site, locale),
        "state": state,
        "text": words,
    }
    rendered = await site.templates.render(cards.CARD, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=cards.CARD,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        facts=_facts(ticket, files, state, say),
        quote=words,
        rows=_buttons(ticket, say, misses_outcome=misses_outcome, forms=channel.has_forms),
        topic=f"ticket:{ticket.id}",
        locale=locale,
        urgent=ticket.priority == "urgent",
    )


async def _line(delivery: Delivery, ticket: Ticket, channel: Channel, site: Site) -> Message:
    """It stands under the message of the screen that it belongs to; without one (not sent yet) it stands alone."""
    locale = site.templates.best_locale("")
    entry = await _entry(delivery.payload.get("entry"))
    context: dict[str, object] = {
        "event": delivery.payload.get("event"),
        "contact": {"name": await _author(entry, ticket, site, locale)},
        "actor": {"name": entry.actor if entry else ""},
        "owner": {"name": str(entry.values.get("name", "")) if entry else ""},
        "ticket": {"number": ticket.number, "subject": ticket.subject},
        "text": delivery.payload.get("text") or (entry.text if entry else ""),
        "files": site.templates.listed(await _files(delivery.payload.get("entry")), locale),
        "reason": site.templates.named("close_reason", ticket.close_reason, locale),
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


async def _misses_outcome(ticket: Ticket) -> bool:
    """The request is resolved, and nobody has said how its recovery ended."""
    return is_over(ticket) and await recoveries.under_way(ticket) is not None


def _facts(ticket: Ticket, files: str, state: str, say: Say) -> tuple[Fact, ...]:
    facts = [
        ("owner", ticket.assignee.name if ticket.assignee else say("alert.nobody")),
        ("state", state),
        ("files", files),
    ]
    return tuple(Fact(say(f"alert.{name}"), value) for name, value in facts if value)


def _buttons(ticket: Ticket, say: Say, *, misses_outcome: bool, forms: bool) -> tuple[tuple[Button, ...], ...]:
    """Where the channel has no forms, only what needs none."""

    def button(verb: str, tone: Tone = Tone.NEUTRAL, name: str = "") -> Button:
        return Button(say(f"button.{name or verb}"), card_actions.write(ticket.number, verb), tone=tone)

    if is_over(ticket):
        return ((button("resolve", Tone.PRIMARY, name="outcome"),),) if misses_outcome and forms else ()

    free = ticket.status in (TicketStatus.NEW, TicketStatus.ASSIGNED) or ticket.assignee is None
    row = (
        *((button("take", Tone.PRIMARY),) if free else ()),
        *((button("assign"), button("reply"), button("resolve")) if forms else ()),
    )
    return (row,) if row else ()


async def _files(entry_id: object) -> list[str]:
    """The names of what was sent along; the files themselves stay with the ticket."""
    sent = await attachments.of_entries([entry_id]) if isinstance(entry_id, int) else {}
    return [one.name for some in sent.values() for one in some]


async def _entry(entry_id: object) -> TicketEntry | None:
    return await TicketEntry.get_or_none(id=entry_id) if entry_id else None


async def _author(entry: TicketEntry | None, ticket: Ticket, site: Site, locale: str) -> str:
    return called.author(entry, await called.name(ticket.contact, site, locale), site, locale)


def _label(site: Site, locale: str, key: str, **values: object) -> str:
    return site.templates.label(key, locale, **values)
