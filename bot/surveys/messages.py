"""Everything that a customer reads, drawn when it leaves from what is true then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot import markup
from bot.site import Site
from bot.surveys import screens, transcripts, variants
from bot.wording import language_rows, locale_of
from core import places
from core.desk import notices, tickets
from core.models.contacts import Contact
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite, InviteState
from core.models.reactions import Recovery
from core.models.responses import Response
from core.models.setup import Kind, Staff
from core.ports import Channel, Dialect, Message
from core.privacy import retention
from core.surveys import anonymity, invites, tokens
from core.text import colon

SURVEY_KINDS = frozenset({"invite", "reminder", "recovered", "question", "expired", anonymity.KEPT})
TICKET_KINDS = frozenset({"received", "sorry", "reply", "follow_up"}) | notices.KINDS
OPENINGS = frozenset({"invite", "reminder", "recovered"})
WORD_KINDS = frozenset({"help", "started", "stopped", "privacy", "language", "note"})


@runtime_checkable
class HearsReplies(Protocol):
    """A channel whose messages can be answered with a number (e-mail)."""

    answers_by_reply: bool


@runtime_checkable
class HasOnlookers(Protocol):
    """A channel in which a question may stand where others read it (a thread in Slack)."""

    def has_onlookers(self, target: str, thread: str) -> bool: ...


@runtime_checkable
class HasCommands(Protocol):
    """A channel in which commands can be typed, and what they begin with there: "/", or "/afterword " in Slack."""

    command_prefix: str


def prefix_of(channel: Channel) -> str:
    return channel.command_prefix if isinstance(channel, HasCommands) else ""


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    """The message of a delivery, or None when it has lost its meaning in the meantime."""
    if delivery.kind in SURVEY_KINDS:
        return await _survey(delivery, channel, site, now=now)
    if delivery.kind in TICKET_KINDS:
        return await _ticket(delivery, channel, site, now=now)
    if delivery.kind == transcripts.KIND:
        return await transcripts.draw(delivery, channel, site)
    return await _words(delivery, channel, site)


async def _survey(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    invite = await invites.by_id(delivery.subject_id or 0)
    if invite is None or not _still_wanted(delivery, invite):
        return None
    now_stands = await screens.standing(invite, site, asking=str(delivery.payload.get("asking", "")))
    return await draw_screen(delivery, now_stands, channel, site, now=now)


async def draw_screen(
    delivery: Delivery, now_stands: screens.Standing, channel: Channel, site: Site, *, now: datetime
) -> Message:
    """The one message of a survey's conversation, from what was read."""
    invite = now_stands.invite
    first = "recovered" if invite.purpose == "recovery" else ("reminder" if delivery.kind == "reminder" else "invite")
    alone = delivery.target == invite.address.address
    thread = _thread(delivery, invite.ticket, channel)
    onlookers = isinstance(channel, HasOnlookers) and channel.has_onlookers(delivery.target, thread)
    screen = screens.draw(now_stands, channel, site, first=first, alone=alone, onlookers=onlookers, now=now)
    if screen.kind == "invite":
        screen.context["told"] = await notices.knows_it_is_resolved(invite.ticket_id, invite.cycle)
    words = now_stands.words
    screen.context["prefix"] = prefix_of(channel)
    rendered = await variants.rendered(screen, invite, words.locale, channel, site, now=now)
    rendered = rendered or await site.templates.render(
        screen.kind,
        words.locale,
        channel.dialect,
        screen.context,
        team=invite.ticket.team.key if invite.ticket.team else "",
        channel=channel.kind,
    )
    unsubscribe = f"{site.base_url}/u/{tokens.unsubscribe_token_for(invite.contact_id)}"
    footer = _footer(words.locale, site, channel)
    if screen.kind in OPENINGS and isinstance(channel, HearsReplies) and channel.answers_by_reply:
        footer.insert(0, words.label("mail.reply_hint"))
    if not channel.has_buttons:  # A chat has /stop; a mail program's own button for it is not shown everywhere.
        footer.append(f"{words.label('button.unsubscribe')}{colon(words.locale)}{unsubscribe}")
    return Message(
        key=delivery.key,
        kind=screen.kind,
        text=_with(screen.notice, rendered.text, markup.writer(channel.dialect)),
        plain=_with(screen.notice, rendered.plain, markup.writer(Dialect.PLAIN)),
        rows=screen.rows,
        subject=rendered.subject,
        preheader=rendered.preheader,
        footer="\n".join(footer),
        unsubscribe_url=unsubscribe,
        unsubscribe_token=tokens.reply_token_for("unsubscribe", str(invite.contact_id)),
        thread=thread,
        topic=f"ticket:{invite.ticket_id}",
        locale=words.locale,
        asks_text=screen.asks_text,
        reply_token=tokens.reply_token_for("invite", invite.key),
        marker=words.label("mail.marker"),
    )


def _with(notice: str, words: str, writer: markup.Writer) -> str:
    """What is promised stands under the words, whoever wrote those."""
    return f"{words}\n\n{writer.italic(notice)}" if notice else words


def _still_wanted(delivery: Delivery, invite: Invite) -> bool:
    if delivery.kind in ("invite", "recovered"):
        return invite.state == InviteState.SCHEDULED and invite.contact.opted_out_at is None
    if delivery.kind == "reminder":
        return invite.state == InviteState.DELIVERED and invite.contact.opted_out_at is None
    return True


async def _ticket(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message | None:
    ticket = await Ticket.get_or_none(id=delivery.subject_id or 0).select_related("contact", "assignee", "team")
    if ticket is None or (delivery.kind in notices.KINDS and not notices.is_true(delivery, ticket)):
        return None
    locale = locale_of(ticket.contact, site.templates)
    if delivery.kind == "reply":
        return by_staff(delivery, ticket, channel, site, locale)
    context: dict[str, object] = {
        "contact": {"name": ticket.contact.name},
        "ticket": {"number": ticket.number, "subject": ticket.subject},
        "agent": {"name": ticket.assignee.name if ticket.assignee else ""},
        "team": {"name": ticket.team.name if ticket.team else ""},
        "site": {"name": site.name},
        "result": delivery.payload.get("result", ""),
        "solved": ticket.close_reason not in tickets.NOT_SOLVED,
        "prefix": prefix_of(channel),
    }
    rows: screens.Rows = ()
    if delivery.kind == "sorry":
        context |= await _promise(delivery, ticket, site, locale, now=now)
        understood = None if channel.has_edits else await _understood(delivery, channel, site, now=now)
        if understood is not None:
            context |= {name: understood.context.get(name) for name in _UNDERSTOOD}
            rows = understood.rows
    rendered = await site.templates.render(
        delivery.kind,
        locale,
        channel.dialect,
        context,
        team=ticket.team.key if ticket.team else "",
        channel=channel.kind,
    )
    return Message(
        key=delivery.key,
        kind=delivery.kind,
        text=rendered.text,
        plain=rendered.plain,
        rows=rows,
        subject=rendered.subject,
        preheader=rendered.preheader,
        footer="\n".join(_footer(locale, site, channel)),
        thread=_thread(delivery, ticket, channel),
        topic=f"ticket:{ticket.id}",
        locale=locale,
        reply_token=tokens.reply_token_for("ticket", str(ticket.id)),
        marker=site.templates.label("mail.marker", locale),
    )


def _thread(delivery: Delivery, ticket: Ticket, channel: Channel) -> str:
    """The message that it was told to answer under, or the thread in which the request was made."""
    told = str(delivery.payload.get("thread", ""))
    if not told and (delivery.kind == "recovered" or delivery.payload.get("alone") or delivery.payload.get("anew")):
        return ""  # what a bad mark brings about is nobody else's business, nor what somebody asked for by themselves
    if told or ticket.channel != channel.name or places.of(ticket) is not None:
        return told
    return "" if places.is_aside(ticket.thread) else ticket.thread


async def _promise(delivery: Delivery, ticket: Ticket, site: Site, locale: str, *, now: datetime) -> dict[str, object]:
    recovery = await Recovery.get_or_none(id=delivery.payload.get("recovery", 0)).select_related("owner")
    if recovery is None:
        return {}
    owner: Staff | None = recovery.owner
    return {
        "owner": {"name": owner.name if owner else ""},
        "due": site.when(recovery.due_at, ticket.contact, locale, now=now),
    }


_UNDERSTOOD = ("scores", "reasons", "comment", "until")


async def _understood(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> screens.Screen | None:
    """The rating as it was read, and how to correct it: where no message of before shows it, this one has to."""
    response = await Response.get_or_none(recovery__id=delivery.payload.get("recovery", 0))
    invite = await invites.by_id(response.invite_id or 0) if response is not None else None
    if invite is None:
        return None
    stands = await screens.standing(invite, site, response=response)
    return screens.draw(stands, channel, site, first="invite", now=now) if stands.finished else None


def by_staff(delivery: Delivery, ticket: Ticket, channel: Channel, site: Site, locale: str) -> Message:
    """What somebody of the staff wrote, word for word."""
    actor = delivery.payload.get("actor")
    name = str(actor.get("name", "")) if isinstance(actor, dict) else ""
    words = str(delivery.payload.get("text", ""))
    writer = markup.writer(channel.dialect)
    said = markup.linked(writer, words)
    text = f"{writer.bold(name)}\n{said}" if name else str(said)
    return Message(
        key=delivery.key,
        kind="reply",
        text=text,
        plain=f"{name}{colon(locale).rstrip()}\n{words}" if name else words,
        subject=site.templates.label("mail.reply_subject", locale, subject=ticket.subject, number=ticket.number),
        footer="\n".join(_footer(locale, site, channel)),
        thread=_thread(delivery, ticket, channel),
        topic=f"ticket:{ticket.id}",
        locale=locale,
        reply_token=tokens.reply_token_for("ticket", str(ticket.id)),
        marker=site.templates.label("mail.marker", locale),
    )


async def _words(delivery: Delivery, channel: Channel, site: Site) -> Message | None:
    """Answers to commands: they depend on nothing but the contact's language."""
    contact = await Contact.get_or_none(id=delivery.contact_id) if delivery.contact_id else None
    wanted = str(delivery.payload.get("locale", "")) or (contact.locale if contact else "")
    locale = site.templates.best_locale(wanted)
    if delivery.kind == "note":
        words = str(delivery.payload.get("text", ""))
        text = str(markup.writer(channel.dialect).escape(words))
        return _about(
            Message(key=delivery.key, kind="note", text=text, plain=words, locale=locale), delivery, channel, site
        )
    make = _WORDS.get(delivery.kind)
    prefix = prefix_of(channel)
    extra = await make(site, locale, prefix) if make else {}
    context = {
        "site": {"name": site.name},
        "contact": {"name": contact.name if contact else ""},
        "prefix": prefix,
        "buttons": channel.has_buttons,
        **extra,
        **delivery.payload,
    }
    rendered = await site.templates.render(delivery.kind, locale, channel.dialect, context, channel=channel.kind)
    message = Message(
        key=delivery.key,
        kind=delivery.kind,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        preheader=rendered.preheader,
        footer=_way_back(delivery, channel, site, locale),
        rows=language_rows(site.templates, locale) if delivery.kind == "language" and channel.has_buttons else (),
        locale=locale,
    )
    return _about(message, delivery, channel, site)


def _way_back(delivery: Delivery, channel: Channel, site: Site, locale: str) -> str:
    """Where there are no commands, the link changes one's mind."""
    if delivery.kind != "stopped" or channel.has_buttons or not delivery.contact_id:
        return ""
    url = f"{site.base_url}/u/{tokens.unsubscribe_token_for(delivery.contact_id)}"
    return f"{site.templates.label('unsubscribe.undo', locale)}{colon(locale)}{url}"


def _about(message: Message, delivery: Delivery, channel: Channel, site: Site) -> Message:
    """What the words answer; and by mail also what they are about, and where an answer to them belongs."""
    payload = delivery.payload
    message = replace(message, thread=str(payload.get("thread", "")))
    message = replace(message, subject=str(payload.get("subject", "")) or message.subject)
    match payload.get("answers"):
        case ["invite" | "ticket" as kind, str(name)]:
            return replace(
                message,
                reply_token=tokens.reply_token_for(kind, name),
                marker=site.templates.label("mail.marker", message.locale),
                footer="\n".join(
                    [*_footer(message.locale, site, channel), *([message.footer] if message.footer else [])]
                ),
            )
    return message


GROUP_COMMANDS = ("ticket", "help")
COMMANDS = ("new", "rate", "status", "language", "stop", "privacy", "help")


async def _help(site: Site, locale: str, prefix: str) -> dict[str, object]:
    label = site.templates.label
    return {"commands": [{"name": f"{prefix}{one}", "about": label(f"command.{one}", locale)} for one in COMMANDS]}


async def _languages(site: Site, locale: str, prefix: str) -> dict[str, object]:
    names = [{"name": site.templates.label("language.name", one)} for one in site.templates.locales()]
    return {"language": site.templates.label("language.name", locale), "languages": names}


async def _privacy(site: Site, locale: str, prefix: str) -> dict[str, object]:
    days = await retention.days()

    def kept(kind: Kind) -> str:
        """In words; "" where nothing is ever let go."""
        unit, size = ("year", 365) if days[kind] % 365 == 0 else ("day", 1)
        return site.templates.label(f"duration.{unit}", locale, count=days[kind] // size) if days[kind] else ""

    return {
        "privacy_url": site.privacy_url,
        "days": days[Kind.COMMENTS],
        "comments_kept": kept(Kind.COMMENTS),
        "scores_kept": kept(Kind.RESPONSES),
        "messages_kept": kept(Kind.MESSAGES),
        "files_kept": kept(Kind.ATTACHMENTS),
    }


_WORDS: dict[str, Callable[[Site, str, str], Awaitable[dict[str, object]]]] = {
    "help": _help,
    "language": _languages,
    "privacy": _privacy,
}


def _footer(locale: str, site: Site, channel: Channel) -> list[str]:
    """Why they get this mail. In a chat they know."""
    if channel.has_buttons:
        return []
    if site.name:
        return [site.templates.label("mail.footer", locale, site=site.name)]
    return [site.templates.label("mail.footer_plain", locale)]
