"""Notes in the history that nobody typed: kept as a code, and said in the language of who reads them."""

from __future__ import annotations

import re

from bot.web.admin.door import Visit
from core.models.wordings import WordingVersion

_CODE = re.compile(r"(restored|ab_kept):(\d{1,18})")
_SAID = {"restored": ("template.restored_note", "number"), "ab_kept": ("ab.kept_note", "id")}


def restored(number: int) -> str:
    """That the words of this version go out again."""
    return f"restored:{number}"


def ab_kept(test_id: int) -> str:
    """That an A/B test was decided for B."""
    return f"ab_kept:{test_id}"


def shown(visit: Visit, version: WordingVersion) -> str:
    if version.note == "as it was" and not version.author:
        return visit.say("template.as_it_was")
    if visit.site.templates.has_label(f"audit.note.{version.note}"):
        return visit.say(f"audit.note.{version.note}")
    found = _CODE.fullmatch(version.note)
    if found is None:
        return version.note
    label, name = _SAID[found[1]]
    return visit.say(label, **{name: int(found[2])})
