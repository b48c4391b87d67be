"""The short words: buttons, notes, scales, times. All plain, in every language that ships."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from babel.core import Locale, UnknownLocaleError

from bot import wording_time
from bot.labels import Labels, best_match
from bot.template_engine import stars

NAME_OF_LANGUAGE = "language.name"
log = logging.getLogger(__name__)
SCALE_STYLES = ("stars", "faces", "numbers", "words")


BEFORE_THE_WORD = re.compile(r"^[1-5]\s?分?\s?[,，]\s?")
""" "5, very satisfied": the score is said before the word."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One step of a scale as a button shows it; `hint` says it in words."""

    value: int
    label: str
    hint: str

    @property
    def said(self) -> str:
        """Both in one line: "😠  1, very dissatisfied", and "1★  very dissatisfied", where the label has the number."""
        return f"{self.label}  {BEFORE_THE_WORD.sub('', self.hint) if str(self.value) in self.label else self.hint}"


class Words:
    """The labels of every language. A `locale` may be any language tag; the best that ships is taken."""

    def __init__(self, labels: Mapping[str, Labels], default: str) -> None:
        self._shipped_labels = labels
        self._labels = labels
        self._default = default

    def use_labels(self, own: Mapping[str, Mapping[str, str]]) -> None:
        """Say these labels otherwise from now on, by language. One that does not ship is there once it has a name."""
        labels = dict(self._shipped_labels)
        for locale, words in own.items():
            base = self._shipped_labels.get(locale)
            if base is None and NAME_OF_LANGUAGE not in words:
                continue
            try:
                labels[locale] = (base or self._shipped_labels[self._default]).with_own(locale, words)
            except (UnknownLocaleError, ValueError):
                log.warning("there is no language %s", locale)
        self._labels = labels

    @property
    def default_locale(self) -> str:
        return self._default

    @property
    def default_labels(self) -> Labels:
        """The labels that ship in the default language: all that there are."""
        return self._shipped_labels[self._default]

    def labels_of(self, locale: str) -> Labels | None:
        """All labels as they are said now in exactly this language; None where there are none."""
        return self._labels.get(locale)

    def shipped_labels_of(self, locale: str) -> Labels | None:
        """The labels that ship in exactly this language."""
        return self._shipped_labels.get(locale)

    def label(self, key: str, locale: str, **values: object) -> str:
        """A short word, plain, in the default language where that one lacks it.

        Raises KeyError for an unknown key, or for a value that it lacks.
        """
        words = self._words(locale)
        return (words if key in words else self._labels[self._default]).say(key, values)

    def listed(self, parts: Iterable[object], locale: str, *, long: bool = False) -> str:
        """Several things in one sentence: "slow, not solved", "慢、没解决". `long` ones may have commas in them."""
        return self._words(locale).listed(parts, long=long)

    def has_label(self, key: str) -> bool:
        return key in self._labels[self._default]

    def named(self, section: str, code: str, locale: str) -> str:
        """A code in words, where there are some for it: outside systems have codes of their own."""
        key = f"{section}.{code}"
        return self.label(key, locale) if self.has_label(key) else code

    def labels(self, prefix: str, locale: str) -> dict[str, str]:
        """All labels of a section by their names, in their order: `labels("reason", "en")`."""
        return self._labels[self._default].section(prefix) | self._words(locale).section(prefix)

    def scale(self, style: str, locale: str) -> tuple[Choice, ...]:
        """The five buttons of a scale, 1 first; an unknown style is drawn as stars."""
        words = self._words(locale)
        style = style if style in SCALE_STYLES else "stars"
        return tuple(
            Choice(value, words.say(f"scale.{style}.{value}", {}), words.say(f"scale.hint.{value}", {}))
            for value in range(1, 6)
        )

    def score(self, style: str, value: int, locale: str) -> str:
        """A score that was given, as a message shows it: `★★★★☆ 4/5`, which no line breaks in two."""
        if style == "numbers":
            return f"{value}/5"
        if style in ("faces", "words"):
            return f"{self.label(f'scale.{style}.{value}', locale)}\u00a0{value}/5"
        return f"{stars(value)}\u00a0{value}/5"

    def when(
        self,
        moment: datetime,
        locale: str,
        tz: str | tzinfo = "UTC",
        *,
        now: datetime,
        lasting: bool = False,
        zoned: bool = False,
    ) -> str:
        """`today 14:30`, as somebody in `tz` says it; `Sat 28 Nov 14:30` in what is `lasting`, such as a message; with
        `UTC+1` behind it where it is `zoned`.
        """
        return wording_time.when(moment, self._words(locale), tz=tz, now=now, lasting=lasting, zoned=zoned)

    def span(self, length: timedelta, locale: str) -> str:
        """`1 hour 30 minutes`."""
        return wording_time.span(length, self._words(locale))

    def locales(self) -> tuple[str, ...]:
        return tuple(self._labels)

    def language(self, tag: str, locale: str) -> str:
        """What a language is called: one that ships as its speakers call it, any other in `locale`."""
        if tag in self._labels:
            return self.label(NAME_OF_LANGUAGE, tag)
        try:
            found = Locale.parse(tag, sep="-").get_display_name(locale.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            found = None
        return found or tag

    def best_locale(self, wanted: str) -> str:
        """The language that ships and fits best: `zh-CN` → `zh-Hans`. Takes an Accept-Language header as well."""
        return best_match(wanted, self._labels) or self._default

    def _words(self, locale: str) -> Labels:
        return self._labels.get(locale) or self._labels[self.best_locale(locale)]
