"""A translation that came back is published: through the set-up, as everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot import own_words
from bot.placeholders import KINDS
from bot.template_source import take_subject
from bot.translations import survey_entries
from bot.translations.counting import Own
from bot.translations.po import Translation
from core import audit, transactions
from core import setup as setups
from core.models.setup import OwnLabels, Wording
from core.models.wordings import LanguageImport, WordingVersion
from core.setup import Change, LabelsSetup, Seen, Setup, Stale, SurveySetup, TemplateSetup
from core.wordings.scopes import Scope

FROM_FILE = "from_file"
"""The note of what a file published."""
_DIGITS = 6


async def plan(found: Translation) -> list[Change]:
    """What `publish` would change."""
    surveys = tuple(_survey(one, found) for one in await _surveys(found))
    return await setups.plan((await _setup(found)).model_copy(update={"surveys": surveys}))


async def mark(found: Translation) -> str:
    """What another state of what it speaks of would not have: of its surveys, and of each of its entries."""
    return _mark(found, await _surveys(found))


def changed_since(found: Translation, seen: str) -> list[str]:
    """The entries that are said otherwise than when `seen` was their mark, as far as that can be told apart."""
    before, now = seen.rpartition(".")[2], _entries_mark(found)
    if len(before) != len(now):
        return []
    starts = range(0, len(now), _DIGITS)
    return [name for name, at in zip(found.stood, starts, strict=True) if before[at:][:_DIGITS] != now[at:][:_DIGITS]]


def _mark(found: Translation, surveys: Sequence[Seen]) -> str:
    return f"{'-'.join(one.mark for one in surveys)}.{_entries_mark(found)}"


def _entries_mark(found: Translation) -> str:
    """As many digits for each entry, in the order of the file."""
    return "".join(
        hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()[:_DIGITS] for name, text in found.stood.items()
    )


@transactions.atomic
async def publish(found: Translation, *, actor: str, now: datetime, seen: str | None = None) -> list[Change]:
    """Publish all of it, or nothing. What the file does not say stays. Raises core.setup.SetupError, and Stale where
    what it speaks of is not as it was `seen` (its `mark`) any more.
    """
    surveys = await _surveys(found)
    if seen is not None and (seen != _mark(found, surveys) or not await _stands_as_read(found)):
        raise Stale(None)
    kept = await _before(found, surveys)
    changes = await setups.apply(await _setup(found), actor=actor, now=now, note=FROM_FILE)
    for one in surveys:
        part = _survey(one, found)
        changes += await setups.save(part, seen=one.mark, actor=actor, now=now, note=FROM_FILE)
    if changes:
        await _keep(found, kept, actor=actor, now=now)
    return changes


async def _before(found: Translation, surveys: Sequence[Seen]) -> dict[str, dict[str, list[Any]]]:
    """What it changes, as it is and as it will be."""
    row = await OwnLabels.get_or_none(locale=found.locale)
    said = row.words if row else {}
    words = {name: [said.get(name), text] for name, text in found.labels.items() if said.get(name) != text}
    messages: dict[str, list[Any]] = {}
    for kind in found.templates:
        own = await Wording.get_or_none(**Scope(kind, found.locale).columns)
        will = _template(kind, found)
        messages[kind] = [[own.subject, own.source] if own else None, [will.subject, will.source]]
    asked = {
        one.key: [
            [list(spot), survey_entries.word_at(one.values, spot, found.locale), text]
            for spot, text in found.surveys[one.key].items()
        ]
        for one in surveys
    }
    return {"words": words, "messages": messages, "surveys": asked}


async def _keep(found: Translation, kept: dict[str, dict[str, list[Any]]], *, actor: str, now: datetime) -> None:
    await LanguageImport.create(locale=found.locale, author=actor[:254], published_at=now, changed=kept)
    if kept["messages"]:
        versions = WordingVersion.filter(kind__in=list(kept["messages"]), locale=found.locale, team="", channel="")
        await versions.filter(published_at=now, author=actor[:254]).update(note=FROM_FILE)
    after = {
        "messages": len(kept["messages"]),
        "short_words": len(kept["words"]),
        "survey_words": sum(len(one) for one in kept["surveys"].values()),
    }
    await audit.record(actor, "language.imported", f"language:{found.locale}", after=after, now=now)


async def _stands_as_read(found: Translation) -> bool:
    """Whether nobody has published anything since the own words were read with which the file was compared."""
    then, now = found.own, Own(await own_words.read_labels(), await own_words.read())
    return then.labels.get(found.locale, {}) == now.labels.get(found.locale, {}) and all(
        then.template(kind, found.locale) == now.template(kind, found.locale) for kind in KINDS
    )


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
