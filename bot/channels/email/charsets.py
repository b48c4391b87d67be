"""Bytes that are called by a wrong name, or by none, still become words."""

from __future__ import annotations

import codecs
from contextlib import suppress

_NAMELESS = ("", "us-ascii", "ascii", "utf-8", "unknown-8bit", "8bit", "x-unknown", "default")


def decode(data: bytes, label: str = "") -> str:
    """Never raises. UTF-8 wins over any label: other text is hardly ever valid UTF-8 by accident."""
    for name in ("utf-8", _known(label)):
        with suppress(UnicodeDecodeError, LookupError):
            return data.decode(name)
    if _known(label) not in ("utf-8", "ascii"):
        return data.decode(label.strip(), "replace")
    return _guessed(data)


def _known(label: str) -> str:
    label = label.strip().lower()
    if label in _NAMELESS:
        return "utf-8"
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return "utf-8"
    # "hex", "zip" and others turn bytes into bytes: no charset of a mail, and a bomb.
    return info.name if getattr(info, "_is_text_encoding", True) and info.name not in _TRANSFORMS else "utf-8"


_TRANSFORMS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


def _guessed(data: bytes) -> str:
    """Chinese, or Russian in one of its two old charsets: in the right one most letters are small."""
    with suppress(UnicodeDecodeError):
        return data.decode("gb18030")
    readings = [data.decode(name, "replace") for name in ("cp1251", "koi8-r")]
    return max(readings, key=_small_letters)


def _small_letters(text: str) -> int:
    return sum(char.islower() for char in text[:2000])
