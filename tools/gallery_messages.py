"""The messages of the gallery: every kind in `bot/placeholders.py`, with sample values, in the words that ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.rendering import Rendered, Templates
from bot.site import Site
from bot.staff import figures
from bot.trials import samples
from bot.trials.samples import GROUPS, ONLY_MAIL, STAFF
from bot.trials.surfaces import SURFACES
from core.insight.today import Today
from core.ports import Channel, Fact, Message

__all__ = ["GROUPS", "ONLY_MAIL", "STAFF", "message"]


async def message(kind: str, channel: Channel, templates: Templates, locale: str) -> Message:
    """As it would be handed to the channel."""

    async def render(context: Mapping[str, object]) -> Rendered:
        return await templates.render(kind, locale, channel.dialect, context, channel=channel.kind)

    surface = SURFACES[channel.kind]
    made = await samples.message(kind, surface, templates, locale, render, key=f"gallery:{kind}")
    made = replace(made, unsubscribe_url=f"{samples.BASE_URL}/u/trial")
    if kind == "home":
        here = Site(templates.label("sample.shop", locale), samples.BASE_URL, templates)
        day = figures.lines(Today(asked=24, answered=13, average=4.2, negative=1), here, locale)
        return replace(made, facts=tuple(Fact(label, value) for label, value in day))
    return made
