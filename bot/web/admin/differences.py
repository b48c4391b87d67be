"""What somebody changed, field by field, in the reader's language and whole: nothing of it is cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bot.web.admin import audit_words
from bot.web.admin.audit_names import Names
from bot.web.admin.door import Visit
from core.reactions.settings import action_name


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as it was; "" is nothing."""

    name: str
    before: str
    after: str


def between(
    visit: Visit, before: Mapping[str, object], after: Mapping[str, object], names: Names
) -> Iterator[Difference]:
    """The fields of both that are not the same, in the order in which they stand."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        told = Difference(_named(visit, name), in_words(visit, name, old, names), in_words(visit, name, new, names))
        if old != new and (told.before or told.after):
            yield told


def in_words(visit: Visit, name: str, value: object, names: Names) -> str:
    """A value of the set-up or of the audit as people read it, on several lines where it has several parts."""
    if value is None or value in ("", [], (), {}) or (name == "min_replies" and value == 0):
        return ""
    if isinstance(value, bool):
        return visit.say("audit.yes" if value else "audit.no")
    if isinstance(value, Mapping):
        return visit.listed(
            visit.say("audit.part", name=one, value=words) for one, words in _parts(visit, name, value, names)
        )
    if name in _MEASURED and (told := _MEASURED[name](visit, value)):
        return told
    if isinstance(value, list | tuple):
        if name == "fields":
            return visit.listed(_named(visit, str(one)) for one in value)
        parts = [in_words(visit, name, one, names) for one in value]
        return "\n".join(parts) if any(isinstance(one, Mapping) for one in value) else visit.listed(parts)
    return audit_words.value(visit, name, value, names) if isinstance(value, str) else names.in_field(name, value)


def _parts(visit: Visit, name: str, value: Mapping[str, object], names: Names) -> Iterator[tuple[str, str]]:
    """What there is of it, each part with its name. Scores are called by their dimensions, actions as in forms."""
    if "do" in value:
        value = {**value, "do": action_name(str(value["do"]), value.get("staff"), value.get("channel"))}
    for one, said in value.items():
        if name == "scores":
            called, words = names.of("dimension", one), in_words(visit, "score", said, names)
        else:
            called, words = _named(visit, one), in_words(visit, one, said, names)
        if words:
            yield called, words


def _share(visit: Visit, value: object) -> str:
    return visit.say("number.percent", number=value)


def _points(visit: Visit, value: object) -> str:
    return visit.say("board.percent_points", by=value)


def _sizes(visit: Visit, value: object) -> str:
    """ "A 388, B 388"."""
    if not (isinstance(value, list | tuple) and len(value) == 2):
        return ""
    return visit.listed(f"{side} {size}" for side, size in zip("AB", value, strict=True))


def _up_to(name: str, visit: Visit, value: object) -> str:
    """A score as the survey's form says it: 0 is "Never"."""
    label = f"surveys.score.{name}.{value}"
    return visit.say(label) if visit.site.templates.has_label(label) else str(value)


_MEASURED = {"share": _share, "difference": _points, "sizes": _sizes}
_MEASURED |= {one: partial(_up_to, one) for one in ("reasons_up_to", "comment_required_up_to")}
"""Numbers of an A/B test that say nothing without what they count."""


def _named(visit: Visit, name: str) -> str:
    """As the forms call it."""
    labels = (f"audit.field.{name}", f"surveys.field.{name}", f"surveys.field.conditions-{name}", f"rule.about.{name}")
    found = next((label for label in labels if visit.site.templates.has_label(label)), "")
    return visit.say(found) if found else dict(visit.languages).get(name, name)
