"""A digest as its readers get it: counted when it leaves, each in their own language, with the way to the board."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import urlencode

from bot import digest_words, markup
from bot.digest_words import Counted
from bot.rendering import Rendered
from bot.site import Site
from bot.wording import SurveysWording
from core.contacts import zone_named
from core.digests import sending
from core.insight import figures, spans
from core.insight.figures import Filters
from core.insight.spans import Span
from core.models.deliveries import Delivery
from core.models.setup import Team
from core.ports import Button, Channel, Message, Tone

KINDS = frozenset({sending.KIND})


async def draw(delivery: Delivery, channel: Channel, site: Site, *, now: datetime) -> Message:
    said = delivery.payload
    locale = site.templates.best_locale(str(said["locale"]))
    span = _span(said, now=now)
    team = await Team.get_or_none(id=said["team"]) if said["team"] else None
    url = _board(said, span, site)
    asked = await SurveysWording.now(site.templates, locale)
    context = digest_words.context(await _counted(said, span, now=now), asked)
    context |= {
        "digest": {"name": said["name"]},
        "team": {"name": team.name or team.key} if team is not None else {"name": ""},
        "site": {"name": site.name},
        "url": url,
    }
    rendered = await site.templates.render(
        sending.KIND, locale, channel.dialect, context, team=team.key if team is not None else "", channel=channel.kind
    )
    rendered = _marked(rendered, channel, site, locale) if said.get("test") else rendered
    return Message(
        key=delivery.key,
        kind=sending.KIND,
        text=rendered.text,
        plain=rendered.plain,
        subject=rendered.subject,
        preheader=rendered.preheader,
        rows=((Button(site.templates.label("button.open_board", locale), url=url, tone=Tone.PRIMARY),),),
        topic=delivery.key,
        locale=locale,
    )


async def _counted(said: Mapping[str, object], span: Span, *, now: datetime) -> Counted:
    """As the board counts, of the same days and the same team."""
    known = await figures.slices()
    filters = Filters(team=int(str(said["team"])) or None)
    board, details, reasons = await asyncio.gather(
        figures.board(span, filters, now=now, known=known),
        figures.details(span, filters),
        figures.reasons(span, filters, known=known),
    )
    return Counted(board, details, reasons)


def _span(said: Mapping[str, object], *, now: datetime) -> Span:
    first, last = (date.fromisoformat(str(said[name])) for name in ("first", "last"))
    return spans.between(first, last, zone=zone_named(str(said["zone"])), now=now)


def _board(said: Mapping[str, object], span: Span, site: Site) -> str:
    """The board's address of these days and this team."""
    query = {"span": "own", "first": span.first.isoformat(), "last": span.last.isoformat()}
    query |= {"zone": span.zone.key} if span.zone.key != site.timezone else {}
    query |= {"team": str(said["team"])} if said["team"] else {}
    return f"{site.base_url}/admin/board?{urlencode(query)}"


def _marked(made: Rendered, channel: Channel, site: Site, locale: str) -> Rendered:
    """So that nobody takes it for the real one."""
    say = site.templates.label
    words = say("digests.test_marker", locale)
    return Rendered(
        f"{markup.writer(channel.dialect).bold(words)}\n\n{made.text}",
        f"{words}\n\n{made.plain}",
        f"{say('template.test_subject', locale)} {made.subject}".strip(),
        made.preheader,
    )
