"""What an own label may say."""

from __future__ import annotations

import re

from bot.labels import PLURAL_FORMS, Labels
from core.phrases import Unusable, phrase
from core.setting_problems import Problem, unknown, unknown_phrase
from core.text import clean

LONGEST = 2000
_VALUE = re.compile(r"\{(\w+)\}")


def key_of(name: str, shipped: Labels) -> tuple[str, str]:
    """The label that `name` means, and the plural form of it ("" where it has none). Raises Unusable."""
    if name in shipped:
        if shipped.is_plural(name):
            told = phrase("problem.label.plural", name=f"{name}.other")
            raise Unusable(f"{name} has plural forms: say {name}.other", told)
        return name, ""
    key, _, form = name.rpartition(".")
    if key in shipped and shipped.is_plural(key) and form in PLURAL_FORMS:
        return key, form
    raise Unusable(unknown(name, list(shipped), "label"), unknown_phrase(name, list(shipped), "label"))


def unseen(text: str) -> Problem | None:
    """What is wrong with its characters, if anything is."""
    if clean(f"|{text}|", limit=len(text) + 2) == f"|{text}|":
        return None
    return Problem((), "holds characters that cannot be shown", phrase("problem.label.unseen"))


def problem(name: str, text: str, shipped: Labels) -> Problem | None:
    """What is wrong with saying the label `name` so, if anything is. `shipped`: those of the default language."""
    try:
        key, _ = key_of(name, shipped)
    except Unusable as error:
        return Problem((), str(error), error.said)
    if not text:
        return Problem((), "is empty; leave it out to keep the shipped one", phrase("problem.label.empty"))
    if len(text) > LONGEST:
        return Problem((), f"is longer than {LONGEST} characters", phrase("problem.too_long", limit=LONGEST))
    if found := unseen(text):
        return found
    known = shipped.values_of(key)
    if wrong := sorted(set(_VALUE.findall(text)) - known):
        names = tuple(f"{{{one}}}" for one in sorted(known))
        there = f"there is {', '.join(names)}" if known else "it has none to fill in"
        hint = phrase("problem.there_are", names=names) if known else phrase("problem.label.fills_nothing")
        said = phrase("problem.label.unknown", name=f"{{{wrong[0]}}}", hint=hint)
        return Problem((), f"does not know {{{wrong[0]}}}; {there}", said)
    return None
