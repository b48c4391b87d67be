"""What something new may be called that is edited in the browser, where its name stands in addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from core.phrases import phrase
from core.setting_problems import Place, Problem

LONGEST = 60
_FORM = re.compile(r"[^\s/\x00-\x1f]([^/\x00-\x1f]*[^\s/\x00-\x1f])?")
_OURS = frozenset({"new", "order", "remove", ".", ".."})
"""Addresses of pages, and what a browser takes out of an address before it asks."""


def is_good(key: str) -> bool:
    """Whether its page could be opened. What is called otherwise already stays, and can be removed."""
    return bool(_FORM.fullmatch(key)) and len(key) <= LONGEST and key not in _OURS


def label(key: str) -> str:
    """What is wrong with a key that is not good."""
    return "problem.bad_key" if key else "problem.no_key"


def problems(key: str, within: Place = ()) -> Iterator[Problem]:
    if not is_good(key):
        told = 'has 1 to 60 characters and no slash, and is not "new", "order" or "remove": it stands in addresses'
        yield Problem((*within, "key"), told, phrase(label(key)))


def team_problems(key: str, within: Place = ()) -> Iterator[Problem]:
    """Help desks name teams by their keys, in any script. One that is there already stays, whatever it is called."""
    if not (key == key.strip() and 0 < len(key) <= LONGEST and all(map(_is_plain, key))):
        told = "has letters, digits, blanks inside and . _ - & alone, at most 60 of them"
        yield Problem((*within, "key"), told, phrase("problem.bad_team_key"))


def _is_plain(char: str) -> bool:
    """A letter or digit of any script, with its marks, or one of a few signs."""
    return unicodedata.category(char)[0] in "LMN" or char in " ._-&"
