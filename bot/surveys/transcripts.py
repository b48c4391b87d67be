"""A conversation in the web chat as a mail, for whoever had it: drawn when it leaves, up to when it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import chat_log, markup
from bot.chat_log import Entry
from bot.site import Site
from core import contacts
from core.models.deliveries import Delivery
from core.ports import Channel, Message

KIND = "transcript"
MOST = 100
ROOM = 50_000
"""For the words, as they are written in the mail: a template's output has a limit, too."""

_A_YEAR = timedelta(days=400)


async def draw(delivery: Delivery, channel: Channel, site: Site) -> Message | None:
    """The payload names the chat, all that its visitor is called, and the moment. None when nothing is kept of it."""
    asked = delivery.payload
    until = datetime.fromisoformat(str(asked["until"]))
    visitors = asked["visitors"] if isinstance(asked["visitors"], list) else []
    entries = await chat_log.read(str(asked["chat"]), [str(one) for one in visitors])
    said = [entry for entry in entries if entry.at <= until and _words(entry)]
    newest = _newest(said, markup.writer(channel.dialect))
    if not newest:
        return None
    locale = site.templates.best_locale(str(asked.get("locale", "")))
    zone = await _zone(str(asked["chat"]), [str(one) for one in visitors])
    context = {
        "contact": {"name": str(asked.get("name", ""))},
        "site": {"name": site.name},
        "shortened": len(newest) < len(said),
        "lines": [_line(entry, site, locale, zone) for entry in newest],
    }
    rendered = await site.templates.render(KIND, locale, channel.dialect, context, channel=channel.kind)
    return Message(
        key=delivery.key,
        kind=KIND,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        preheader=rendered.preheader,
        footer=site.templates.label("mail.footer_transcript", locale),
        locale=locale,
    )


def _newest(said: Sequence[Entry], writer: markup.Writer) -> list[Entry]:
    """As many as a mail carries, from the end; the last one in any case."""
    kept: list[Entry] = []
    room = ROOM
    for entry in reversed(said[-MOST:]):
        room -= len(writer.escape(_words(entry)))
        if room < 0 and kept:
            break
        kept.insert(0, entry)
    return kept


async def _zone(chat: str, visitors: Sequence[str]) -> str:
    """The visitor's time zone, "" where it is not known."""
    found = [await contacts.by_address(chat, one) for one in visitors]
    zones = [one.contact.timezone for one in found if one is not None]
    return next((zone for zone in zones if contacts.is_zone(zone)), "")


def _line(entry: Entry, site: Site, locale: str, zone: str) -> dict[str, object]:
    """The time is said with its date and year: "today" would be wrong when the mail is read."""
    there, then = zone or site.timezone, entry.at + _A_YEAR
    is_theirs = entry.fields.get("from") == "you"
    return {
        "who": site.templates.label("chat.you" if is_theirs else "chat.team", locale),
        "at": site.templates.when(entry.at, locale, there, now=then, zoned=not zone),
        "text": _words(entry),
    }


def _words(entry: Entry) -> str:
    words = (str(entry.fields.get(part) or "").strip() for part in ("plain", "quote"))
    return "\n\n".join(part for part in words if part)
