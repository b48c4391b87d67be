"""A translation that came back is published: through the set-up, as everything else."""

from __future__ import annotations

from datetime import datetime

from bot.template_source import take_subject
from bot.translations.po import Translation
from core import setup as setups
from core import transactions
from core.models.setup import OwnLabels
from core.setup import Change, LabelsSetup, Setup, TemplateSetup


async def plan(found: Translation) -> list[Change]:
    """What `publish` would change."""
    return await setups.plan(await _setup(found))


@transactions.atomic
async def publish(found: Translation, *, actor: str, now: datetime) -> list[Change]:
    """Publish all of it, or nothing. What the file does not say stays. Raises core.setup.SetupError."""
    return await setups.apply(await _setup(found), actor=actor, now=now)


async def _setup(found: Translation) -> Setup:
    row = await OwnLabels.get_or_none(locale=found.locale)
    words = {**(row.words if row else {}), **found.labels}
    labels = (LabelsSetup(locale=found.locale, words=words),) if words else ()
    return Setup(templates=tuple(_template(kind, found) for kind in found.templates), labels=labels)


def _template(kind: str, found: Translation) -> TemplateSetup:
    subject, source = take_subject(found.templates[kind])
    return TemplateSetup(kind=kind, locale=found.locale, subject=subject, source=source)
