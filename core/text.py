"""The one border for words from outside: every text that a stranger typed passes `clean` before it is kept."""

from __future__ import annotations

import re
import unicodedata

COMMENT_LIMIT = 4000
NAME_LIMIT = 120
SUBJECT_LIMIT = 200

# C0 and C1 controls but for newline and tab, and the marks that turn the writing direction for all that follows.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_MARKS_IN_A_ROW = 8
_MAIL_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_JOINS = re.compile("[ \u200c\u200d\U000e0020-\U000e007f]")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_EMPTY = re.compile("[\u115f\u1160\u2800\u3164\uffa0]|^[\u200c\u200d\U000e0020-\U000e007f]+$")
_MARKS, _INVISIBLE = ("Mn", "Me"), "Cf"


def is_keepable(text: str) -> bool:
    """Whether every store can keep it: no NUL, and no half of a surrogate pair."""
    return not _UNKEEPABLE.search(text)


def keepable(text: str) -> str:
    """What every store can keep of it, and nothing else changed: NUL left out, half of a surrogate pair a U+FFFD."""
    return _SURROGATES.sub("\ufffd", text.replace("\x00", ""))


def can_be_seen(text: str) -> bool:
    """Whether it shows, and nothing in it is hidden: it begins with no mark that needs a letter before it.

    What joins an emoji's parts may stand between them, though nobody sees it.
    """
    if not text or unicodedata.category(text[0]) in (*_MARKS, "Mc") or _EMPTY.search(text):
        return False
    return not any(unicodedata.category(one) in _HIDDEN and not _JOINS.match(one) for one in text)


def clean(text: str, *, limit: int = COMMENT_LIMIT) -> str:
    """Make text safe to keep and show: NFC, no lone surrogates, controls or direction overrides, not over `limit`.

    `limit` counts code points after normalisation. More than eight combining marks on one letter are dropped, so that
    nobody's words climb over the neighbours'. Newlines and tabs stay; the ends are stripped.
    """
    text = _SURROGATES.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = unicodedata.normalize("NFC", _CONTROLS.sub("", text))
    return _few_marks(text).strip()[:limit].rstrip()


def clean_line(text: str, *, limit: int = NAME_LIMIT) -> str:
    """The same for what stands on one line (names, subjects): white space of any kind becomes one blank."""
    return " ".join(clean(text, limit=limit * 4).split())[:limit].rstrip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` code points, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_addresses(text: str) -> str:
    """For logs: what others answer often repeats the mail address that it is about."""
    return _MAIL_ADDRESS.sub("…", text)


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        kind = unicodedata.category(char)
        if kind in _MARKS:
            marks += 1
        elif kind != _INVISIBLE:  # a joiner between two marks does not start a new letter
            marks = 0
        if kind == _INVISIBLE or marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def colon(locale: str) -> str:
    """What stands between a name and what it names, with the room that it takes in that language."""
    return "：" if locale.startswith("zh") else ": "


def comma(locale: str) -> str:
    """The same between two parts of one line."""
    return "，" if locale.startswith("zh") else ", "


def gap(locale: str) -> str:
    """The same between two sentences, and before a bracket."""
    return "" if locale.startswith("zh") else " "
