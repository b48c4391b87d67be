"""The message that own words would make: with sample values, or with those of a real request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.rendering import Rendered, Templates
from bot.trials import samples
from bot.trials.surfaces import Surface
from core.desk import tickets
from core.ports import Message


@dataclass(frozen=True, slots=True)
class Trial:
    """Words that are tried out: the whole source of a kind, in a language, with the values of `real` if there are."""

    kind: str
    source: str
    locale: str
    real: Mapping[str, object]
    shop: str = ""


async def message(
    trial: Trial, surface: Surface, templates: Templates, *, base_url: str, key: str = "trial"
) -> Message:
    """As a channel that looks so would get it. Raises TemplateError, RenderError, and ValueError for a real request
    that lacks what this kind needs.
    """
    shown = templates.best_locale(trial.locale)

    async def render(context: Mapping[str, object]) -> Rendered:
        return await templates.try_out(trial.kind, trial.source, trial.locale or shown, surface.dialect, context)

    return await samples.message(
        trial.kind, surface, templates, shown, render, key=key, base_url=base_url, shop=trial.shop, real=trial.real
    )


async def values_of(number: str) -> dict[str, object] | None:
    """What a real request would put in place of the samples; None where there is none of that number or name."""
    ticket = await tickets.by_ref(number) or await tickets.by_ref(number.upper())
    if ticket is None:
        return None
    return {
        "contact": {"name": ticket.contact.name},
        "ticket": {"number": ticket.number, "subject": ticket.subject, "url": ""},
        "agent": {"name": ticket.assignee.name if ticket.assignee else ""},
        "team": {"name": ticket.team.name if ticket.team else ""},
    }
