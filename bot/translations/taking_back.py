"""A file that was published is taken back: all that it changed, and nobody has changed since, is as it was before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bot.translations import survey_entries
from core import audit, errors, transactions
from core import setup as setups
from core.models.wordings import LanguageImport
from core.setup import LabelsSetup, SurveySetup
from core.wordings import publishing
from core.wordings.drafts import Words, standing
from core.wordings.scopes import Scope

TAKEN_BACK = "file_taken_back"
"""The note of what it published again."""


@transactions.atomic
async def take_back(number: int, *, actor: str, now: datetime) -> LanguageImport:
    """All of it or nothing. What somebody changed since is left, and named in what is given back.

    Raises errors.NotFound, errors.Conflict where it was taken back already, and core.setup.SetupError.
    """
    mine = LanguageImport.filter(id=number)
    if not await mine.filter(taken_back_at__isnull=True).update(taken_back_at=now, taken_back_by=actor[:254]):
        if await mine.exists():
            raise errors.Conflict("this file was taken back already", label="languages.taken_back_already")
        raise errors.NotFound("there is no such import")
    row = await mine.get()
    work = _Work(row.locale, actor, now)
    await work.words(row.changed["words"])
    for kind, (before, after) in row.changed["messages"].items():
        await work.message(kind, before, after)
    for key, said in row.changed["surveys"].items():
        await work.survey(key, said)
    row.left = work.left
    await row.save(update_fields=["left"])
    after = {"left": len(row.left)} if row.left else None
    await audit.record(actor, "language.taken_back", f"language:{row.locale}", after=after, now=now)
    return row


class _Work:
    """Puts back what is still as the file said it. `left` are the names in the file of what is not."""

    def __init__(self, locale: str, actor: str, now: datetime) -> None:
        self._locale = locale
        self._by: dict[str, Any] = {"actor": actor, "now": now}
        self.left: list[str] = []

    async def words(self, said: dict[str, list[Any]]) -> None:
        """Short words. A language without any is not there any more."""
        seen = await setups.find("labels", self._locale)
        present: dict[str, str] = dict(seen.values["words"]) if seen else {}
        words = dict(present)
        for name, (before, after) in said.items():
            if not self._is_ours(name, words.get(name), before, after):
                continue
            words.pop(name, None)
            if before is not None:
                words[name] = before
        if seen is None or words == present:
            return
        if words:
            await setups.save(LabelsSetup(locale=self._locale, words=words), seen=seen.mark, **self._by)
        else:
            await setups.remove("labels", self._locale, seen=seen.mark, **self._by)

    async def message(self, kind: str, before: list[str] | None, after: list[str]) -> None:
        scope = Scope(kind, self._locale)
        stands = await standing(scope)
        present = [stands.published.subject, stands.published.source] if stands.published else None
        if not self._is_ours(f"template:{kind}", present, before, after):
            return
        if before is None:
            await publishing.take_away(scope, seen=stands.mark, **self._by)
        else:
            await publishing.write(scope, Words(*before), note=TAKEN_BACK, **self._by)

    async def survey(self, key: str, said: Iterable[list[Any]]) -> None:
        """As a new version: who was asked was asked by the one before."""
        seen = await setups.find("surveys", key)
        wanted = {}
        for place, before, after in said:
            spot = tuple(place)
            present = survey_entries.word_at(seen.values, spot, self._locale) if seen else None
            if self._is_ours(survey_entries.context_of(key, spot), present, before, after):
                wanted[spot] = before or ""
        if seen is not None and wanted:
            values = survey_entries.with_words(seen.values, wanted, self._locale)
            part = SurveySetup.model_validate({"key": key, **values})
            await setups.save(part, seen=seen.mark, note=TAKEN_BACK, **self._by)

    def _is_ours(self, name: str, present: object, before: object, after: object) -> bool:
        """Whether it is still as the file said it; where it is not as it was before either, it is noted as left."""
        if present == after:
            return True
        if present != before:
            self.left.append(name)
        return False
