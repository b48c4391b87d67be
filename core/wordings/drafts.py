"""Drafts: kept while somebody writes, and never overwritten from a page that has not seen them, whoever has it open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from core import audit, errors, transactions
from core.models.setup import Wording
from core.models.wordings import WordingDraft, WordingVersion
from core.wordings.scopes import Scope

LARGEST = 20_000
"""Characters of a draft that are kept. What is published is shorter."""


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody writes: the subject line, and the text with the preheader above it."""

    subject: str
    source: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a scope stands: what is published, what is being written, and a mark that another state would not have."""

    scope: Scope
    published: Words | None
    draft: WordingDraft | None
    mark: str

    @property
    def newest(self) -> Words | None:
        """What an editor shows: the draft, else what is published."""
        return Words(self.draft.subject, self.draft.source) if self.draft else self.published


class StaleDraft(errors.Conflict):
    """Somebody wrote or published here since it was read, perhaps the same person in another window.

    `theirs` is how it is now; nothing was written.
    """

    code = "stale"

    def __init__(self, theirs: Standing) -> None:
        super().__init__("somebody else has changed these words in the meantime", label="admin.stale")
        self.theirs = theirs


async def standing(scope: Scope) -> Standing:
    row = await Wording.get_or_none(**scope.columns)
    draft = await WordingDraft.get_or_none(**scope.columns)
    last = await WordingVersion.filter(**scope.columns).order_by("-number").first()
    published = Words(row.subject, row.source) if row else None
    mark = f"{last.number if last else 0}.{draft.id if draft else 0}.{draft.revision if draft else 0}"
    return Standing(scope, published, draft, mark)


@transactions.atomic
async def save(scope: Scope, words: Words, *, seen: str, author: str, now: datetime) -> Standing:
    """Keep what somebody writes, right or wrong. The same as is published or kept already writes nothing.

    Raises StaleDraft; errors.Invalid for what is too long or cannot be kept.
    """
    _check(words)
    now_stands = await standing(scope)
    if words == (now_stands.newest or Words("", "")):
        return now_stands
    if now_stands.mark != seen:
        raise StaleDraft(now_stands)
    written: dict[str, Any] = {"subject": words.subject, "source": words.source, "author": author, "saved_at": now}
    draft = now_stands.draft
    if draft is None:
        try:
            async with transactions.savepoint():
                await WordingDraft.create(**scope.columns, **written)
        except IntegrityError:
            raise StaleDraft(await standing(scope)) from None
    else:
        ours = WordingDraft.filter(id=draft.id, revision=draft.revision)
        if not await ours.update(**written, revision=draft.revision + 1):
            raise StaleDraft(await standing(scope))
    return await standing(scope)


@transactions.atomic
async def discard(scope: Scope, *, seen: str, actor: str, now: datetime) -> None:
    """Throw the draft away; what is published stays. The audit keeps what it said. Raises StaleDraft."""
    now_stands = await standing(scope)
    if now_stands.mark != seen:
        raise StaleDraft(now_stands)
    draft = now_stands.draft
    if draft is None or not await WordingDraft.filter(id=draft.id, revision=draft.revision).delete():
        return
    before = {"subject": draft.subject, "source": draft.source, "author": draft.author}
    await audit.record(actor, "template.draft_discarded", f"template:{scope.key}"[:254], before=before, now=now)


def _check(words: Words) -> None:
    if len(words.subject) + len(words.source) > LARGEST:
        raise errors.Invalid(
            f"longer than {LARGEST} characters", field="source", label="template.too_long", most=LARGEST
        )
    try:
        whole = (words.subject + words.source).encode()
    except UnicodeEncodeError:
        whole = b"\0"
    if b"\0" in whole:
        raise errors.Invalid("has a character that no text has", field="source", label="template.no_text")
