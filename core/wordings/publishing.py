"""From a draft to what people get, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core import errors, transactions
from core import setup as setups
from core.models.wordings import WordingDraft, WordingVersion
from core.setup import TemplateSetup
from core.wordings.drafts import StaleDraft, Standing, Words, standing
from core.wordings.scopes import Scope

LONGEST_NOTE = 200


@transactions.atomic
async def publish(scope: Scope, words: Words, *, seen: str, actor: str, now: datetime, note: str = "") -> Standing:
    """From now on these words go out, and the draft is done. The caller has checked that they can.

    Raises StaleDraft, and core.setup.SetupError.
    """
    now_stands = await standing(scope)
    if now_stands.mark != seen:
        raise StaleDraft(now_stands)
    await write(scope, words, actor=actor, now=now, note=note)
    await WordingDraft.filter(**scope.columns).delete()
    return await standing(scope)


@transactions.atomic
async def take_away(scope: Scope, *, seen: str, actor: str, now: datetime) -> None:
    """No own words any more: the next wider ones hold, at last the shipped ones. A draft stays. Raises StaleDraft."""
    now_stands = await standing(scope)
    if now_stands.mark != seen or now_stands.published is None:
        raise StaleDraft(now_stands)
    key, mark = await _seen(scope)
    await setups.remove("templates", key, seen=mark, actor=actor, now=now)


async def before(scope: Scope) -> WordingVersion | None:
    """The version that held before the last one; None where there were no own words then."""
    versions = await WordingVersion.filter(**scope.columns).order_by("-number").limit(2)
    return versions[1] if len(versions) > 1 and versions[1].source else None


@transactions.atomic
async def undo(scope: Scope, *, seen: str, actor: str, now: datetime, note: Callable[[int], str]) -> None:
    """What held before the last publishing goes out again: the version before, or the next wider words.

    `note` makes the note of it, from the number of that version. Raises StaleDraft, also where nothing is published.
    """
    last = await before(scope)
    if last is None:
        await take_away(scope, seen=seen, actor=actor, now=now)
        return
    now_stands = await standing(scope)
    if now_stands.mark != seen or now_stands.published is None:
        raise StaleDraft(now_stands)
    await write(scope, Words(last.subject, last.source), actor=actor, now=now, note=note(last.number))


@transactions.atomic
async def restore(version_id: int, *, actor: str, now: datetime, note: str = "") -> Scope:
    """Publish once more what stood in this version; a draft stays. Raises errors.NotFound, and errors.Conflict for one
    in which the words were taken away.
    """
    version = await WordingVersion.get_or_none(id=version_id)
    if version is None:
        raise errors.NotFound("there is no such version")
    if not version.source:
        raise errors.Conflict("in this version there were no own words")
    scope = scope_of(version)
    await write(scope, Words(version.subject, version.source), actor=actor, now=now, note=note)
    return scope


async def history(scope: Scope) -> list[WordingVersion]:
    """All versions, the newest first."""
    return await WordingVersion.filter(**scope.columns).order_by("-number")


def scope_of(row: WordingVersion | WordingDraft) -> Scope:
    return Scope(row.kind, row.locale, row.team, row.channel)


@transactions.atomic
async def write(scope: Scope, words: Words, *, actor: str, now: datetime, note: str) -> None:
    """These words go out, whatever went out before; a draft stays. The note goes to the version that this makes; what
    is published already makes none. Raises core.setup.SetupError.
    """
    part = TemplateSetup(**scope.columns, subject=words.subject, source=words.source)
    _, mark = await _seen(scope)
    changed = await setups.save(part, seen=mark, actor=actor, now=now)
    last = await WordingVersion.filter(**scope.columns).order_by("-number").first()
    if changed and last is not None:
        await WordingVersion.filter(id=last.id).update(note=note.strip()[:LONGEST_NOTE])


async def _seen(scope: Scope) -> tuple[str, str]:
    """The key of the part and the mark of its present state."""
    key = scope.key
    seen = await setups.find("templates", key)
    return key, seen.mark if seen else ""
