"""Why something did not go out or was not understood, in its reader's words.

What is stored, logged and given out by the API is one English sentence. Those that we write ourselves are labels
`trouble.…`, filled in: so a sentence can be read back, and said again in another language. What is none of them was
said by another server, or by an older Afterword, and stays as it is; what others say most often is explained before it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot import foreign_troubles
from bot.labels import Labels
from bot.words import Words

_SECTION = "trouble."
_SAID = "trouble.said"
_OUR_BUG = "a bug of ours"
_WRITTEN_IN = "en"
_VALUE = re.compile(r"\\\{(\w+)\\\}")
_FREE = {"why": "(?P<why>.+)", "said": "(?P<said>.+)"}
"""Any words: `why` is a sentence of ours again, `said` somebody else's. Every other value is one word or number."""


def in_words(sentence: str, words: Words, locale: str) -> str:
    """The sentence as somebody with this language reads it; "" stays "". What another server's words in it mean, and
    what to do, comes first.
    """
    told = _said_again(sentence, words, locale)
    meaning = "" if sentence.startswith(_OUR_BUG) else foreign_troubles.meaning_of(sentence)
    return words.label("meaning.of", locale, what=words.label(meaning, locale), said=told) if meaning else told


def _said_again(sentence: str, words: Words, locale: str) -> str:
    shipped = words.shipped_labels_of(_WRITTEN_IN)
    if not sentence or shipped is None:
        return sentence
    for label, pattern in _patterns(shipped):
        if found := pattern.fullmatch(sentence):
            given = found.groupdict()
            values = {name: _said_again(it, words, locale) if name == "why" else it for name, it in given.items()}
            return words.label(label, locale, **values)
    return words.label(_SAID, locale, said=sentence)


@lru_cache(maxsize=8)
def _patterns(shipped: Labels) -> list[tuple[str, re.Pattern[str]]]:
    """The most exact first."""
    texts = [(label, shipped.forms(label)["other"]) for label in shipped if label.startswith(_SECTION)]
    texts.sort(key=lambda one: len(_VALUE.sub("", re.escape(one[1]))), reverse=True)
    return [(label, _pattern(text)) for label, text in texts if label != _SAID]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_VALUE.sub(lambda it: _FREE.get(it[1], rf"(?P<{it[1]}>\S+)"), re.escape(text)), re.DOTALL)
