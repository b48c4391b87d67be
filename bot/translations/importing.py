"""A translation that came back is published: through the set-up, as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.template_source import take_subject
from bot.translations import survey_entries
from bot.translations.po import Translation
from core import setup as setups
from core import transactions
from core.models.setup import OwnLabels
from core.setup import Change, LabelsSetup, Seen, Setup, Stale, SurveySetup, TemplateSetup


async def plan(found: Translation) -> list[Change]:
    """What `publish` would change."""
    surveys = tuple(_survey(one, found) for one in await _surveys(found))
    return await setups.plan((await _setup(found)).model_copy(update={"surveys": surveys}))


async def mark(found: Translation) -> str:
    """What another state of the surveys that it changes would not have."""
    return _mark(await _surveys(found))


def _mark(surveys: Sequence[Seen]) -> str:
    return "-".join(one.mark for one in surveys)


@transactions.atomic
async def publish(found: Translation, *, actor: str, now: datetime, seen: str | None = None) -> list[Change]:
    """Publish all of it, or nothing. What the file does not say stays. Raises core.setup.SetupError, and Stale where
    the surveys are not as they were `seen` (their `mark`) any more.
    """
    surveys = await _surveys(found)
    if seen is not None and seen != _mark(surveys):
        raise Stale(None)
    changes = await setups.apply(await _setup(found), actor=actor, now=now)
    for one in surveys:
        changes += await setups.save(_survey(one, found), seen=one.mark, actor=actor, now=now)
    return changes


async def _surveys(found: Translation) -> list[Seen]:
    """Those of which it says words, as they are now."""
    if not found.surveys:
        return []
    return [one for one in await setups.read("surveys") if one.key in found.surveys]


def _survey(seen: Seen, found: Translation) -> SurveySetup:
    values = survey_entries.with_words(seen.values, found.surveys[seen.key], found.locale)
    return SurveySetup.model_validate({"key": seen.key, **values})


async def _setup(found: Translation) -> Setup:
    row = await OwnLabels.get_or_none(locale=found.locale)
    words = {**(row.words if row else {}), **found.labels}
    labels = (LabelsSetup(locale=found.locale, words=words),) if words else ()
    return Setup(templates=tuple(_template(kind, found) for kind in found.templates), labels=labels)


def _template(kind: str, found: Translation) -> TemplateSetup:
    subject, source = take_subject(found.templates[kind])
    return TemplateSetup(kind=kind, locale=found.locale, subject=subject, source=source)
