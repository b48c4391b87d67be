"""What surveys say in words of their own, as entries of a language's file, and what came back of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.rendering import Templates
from bot.translations import label_rules, of_surveys
from bot.translations.of_surveys import Spot
from core.setting_problems import Problem
from core.setup.surveys import too_long
from core.surveys import catalogue
from core.surveys.settings import SurveySettings, Words

PREFIX = "survey:"
_PARTS = {"dimensions": "dimension", "reasons": "reason", "symbols": "symbol"}
Surveys = Mapping[str, SurveySettings]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a survey says in words of its own."""

    survey: str
    spot: Spot
    words: Words

    @property
    def context(self) -> str:
        return context_of(self.survey, self.spot)

    @property
    def about(self) -> str:
        """Where it stands, for translators."""
        what, *_ = self.spot
        where = f", {_PARTS[what]} {self.spot[1]}" if what in _PARTS else ""
        return " ".join(f"The survey {self.survey}{where}: its {self.spot[-1]}".split())

    def source(self, locale: str) -> str:
        """What is said in the language, else in another one, else its key."""
        said = (self.words.get(locale, ""), *self.words.values(), *reversed(self.spot[:2]))
        return next(one for one in said if one.strip())


async def current() -> dict[str, SurveySettings]:
    """The surveys that ask now, by their keys."""
    return {one.key: catalogue.settings_of(one) for one in await catalogue.current()}


def entries(surveys: Surveys, templates: Templates) -> Iterator[Entry]:
    for key, settings in surveys.items():
        for place, words in of_surveys.own(settings, templates):
            yield Entry(key, of_surveys.spot(settings, place), words)


def problem(text: str) -> Problem | None:
    """What is wrong with such a word, if anything is."""
    return too_long(text) or label_rules.unseen(text)


def with_words(values: Mapping[str, Any], said: Mapping[Spot, str], locale: str) -> dict[str, Any]:
    """A survey as the set-up says it, with these words in the language ("": with none); all else stays. What is gone
    stays gone.
    """
    changed = deepcopy(dict(values))
    for spot, text in said.items():
        words = _words_at(changed, spot)
        if words is not None and text:
            words[locale] = text
        elif words is not None:
            words.pop(locale, None)
    return changed


def word_at(values: Mapping[str, Any], spot: Spot, locale: str) -> str | None:
    """What a survey says there in the language, "" where nothing; None where there is no such place (any more)."""
    words = _words_at(values, spot)
    return None if words is None else str(words.get(locale, ""))


def _words_at(values: Mapping[str, Any], spot: Spot) -> dict[str, str] | None:
    what, *rest = spot
    if not rest:
        return values[what]  # type: ignore[no-any-return]
    name = "symbol" if what == "symbols" else "key"
    return next((part[rest[1]] for part in values[what] if part[name] == rest[0]), None)


def context_of(survey: str, spot: Spot) -> str:
    """The name of a word in the file, the same as long as the part is called so."""
    return PREFIX + ".".join(_escaped(one) for one in (survey, *spot))


def _escaped(name: str) -> str:
    """A name with its dots and what cannot be seen written as in addresses, so that no two names look alike."""
    return "".join(one if one.isprintable() and one not in ".%" else _percent(one) for one in name)


def _percent(one: str) -> str:
    return "%2E" if one == "." else quote(one, safe="")
