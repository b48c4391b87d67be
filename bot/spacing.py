"""Chinese sets a blank between its own characters and Latin letters or digits, and nowhere else.

What a value begins and ends with is not known when the words around it are written: "{name} 收到了" is right for "Kim"
and wrong for "李娜". So the blanks beside values are looked at again when the values are there. Nobody's own
words change.
"""

from __future__ import annotations

import re

_BEGIN, _END = "\ufdd0", "\ufdd1"
"""No characters at all, by Unicode's own word: they stand around a value until the blanks are right."""

_CHINESE = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”\U00020000-\U0003ffff]"
_SIGN = "[。，、；：！？（）《》「」『』【】“”]"  # each has its own room already
_MARK_UP = r"(?:<[^<>|]{0,2000}[>|]|[*_`>])*"
_BESIDE_A_VALUE = re.compile(
    f"(?<={_SIGN}) (?={_BEGIN})"
    f"|(?<={_END}) (?={_SIGN})"
    f"|(?<={_CHINESE}) (?={_BEGIN}{_MARK_UP}{_CHINESE})"
    f"|(?P<end>{_CHINESE}{_MARK_UP}{_END}) (?=(?:{_BEGIN}{_MARK_UP})?{_CHINESE})"
)
_AROUND = re.compile(f"[{_BEGIN}{_END}]")


def matters(locale: str) -> bool:
    """Whether blanks depend on what stands beside them in this language."""
    return locale.startswith("zh")


def value(text: str) -> str:
    """As a value goes into words that are `set_right` afterwards."""
    return f"{_BEGIN}{text}{_END}"


def set_right(text: str) -> str:
    """The words with their values, in which no blank stands between two Chinese characters or beside a wide sign."""
    return _AROUND.sub("", _BESIDE_A_VALUE.sub(lambda found: found["end"] or "", text))
