"""What an own label may say."""

from __future__ import annotations

import re

from bot.labels import PLURAL_FORMS, Labels
from core.setting_problems import unknown
from core.text import clean

LONGEST = 2000
_VALUE = re.compile(r"\{(\w+)\}")


def key_of(name: str, shipped: Labels) -> tuple[str, str]:
    """The label that `name` means, and the plural form of it ("" where it has none). Raises ValueError."""
    if name in shipped:
        if shipped.is_plural(name):
            raise ValueError(f"{name} has plural forms: say {name}.other")
        return name, ""
    key, _, form = name.rpartition(".")
    if key in shipped and shipped.is_plural(key) and form in PLURAL_FORMS:
        return key, form
    raise ValueError(unknown(name, list(shipped), "label"))


def problem(name: str, text: str, shipped: Labels) -> str:
    """What is wrong with saying the label `name` so, "" when nothing is. `shipped`: those of the default language."""
    try:
        key, _ = key_of(name, shipped)
    except ValueError as error:
        return str(error)
    if not text:
        return "is empty; leave it out to keep the shipped one"
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if clean(f"|{text}|", limit=LONGEST + 2) != f"|{text}|":
        return "holds characters that cannot be shown"
    known = shipped.values_of(key)
    if wrong := sorted(set(_VALUE.findall(text)) - known):
        there = f"there is {', '.join(f'{{{one}}}' for one in sorted(known))}" if known else "it has none to fill in"
        return f"does not know {{{wrong[0]}}}; {there}"
    return ""
