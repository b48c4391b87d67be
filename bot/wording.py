"""A survey's words in one language: the admin's own where there are some, else the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.rendering import Templates
from bot.words import Choice
from core.models.contacts import Contact
from core.models.invites import Invite, InvitePurpose
from core.ports import Button
from core.surveys import catalogue
from core.surveys.settings import SurveySettings, Words

_SPOKEN = re.compile(r"^[1-5]\s?分?\s?[,，]\s?")  # "5, very satisfied": the score is said before the word
LANGUAGE = "l:"
"""What the button of a language carries, with its tag behind it."""


def locale_of(contact: Contact, templates: Templates) -> str:
    return templates.best_locale(contact.locale)


def wording_of(invite: Invite, templates: Templates, locale: str) -> Wording:
    """Of what the invite asks (its survey fetched)."""
    again = invite.purpose == InvitePurpose.RECOVERY
    return Wording(templates, catalogue.settings_for(invite), locale, again)


def language_rows(templates: Templates, locale: str, *, carries: str = LANGUAGE) -> tuple[tuple[Button, ...], ...]:
    """A button for each language, two beside each other; the one that is spoken now is marked."""
    buttons = [
        Button(templates.label("language.name", one), f"{carries}{one}", chosen=one == locale)
        for one in templates.locales()
    ]
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))


@dataclass(frozen=True, slots=True)
class Wording:
    templates: Templates
    settings: SurveySettings
    locale: str
    again: bool = False  # asked once more after a recovery: is it right now?

    def title(self) -> str:
        return self._own(self.settings.title) or self.label("survey.title")

    def dimension(self, key: str) -> str:
        if self.again:
            return self.label("dimension.again")
        own = next((self._own(one.label) for one in self.settings.dimensions if one.key == key), "")
        return own or self._shipped(f"dimension.{key}") or key.replace("_", " ").capitalize()

    def question(self, key: str) -> str:
        if self.again:
            return self.label("question.recovered")
        own = next((self._own(one.question) for one in self.settings.dimensions if one.key == key), "")
        shipped = self._shipped(f"question.{key}")
        return own or shipped or self.label("question.other", dimension=self.dimension(key))

    def reason(self, key: str) -> str:
        own = next((self._own(one.label) for one in self.settings.reasons if one.key == key), "")
        return own or self._shipped(f"reason.{key}") or key.replace("_", " ").capitalize()

    def scale(self) -> tuple[Choice, ...]:
        """The five buttons in the survey's style, 1 first."""
        shipped = self.templates.scale(self.settings.scale, self.locale)
        if self.again:
            shipped = tuple(self._asked_again(one) for one in shipped)
        if self.settings.scale != "own":
            return shipped
        return tuple(self._symbol(one) for one in shipped)

    def scale_hint(self) -> str:
        """What its ends mean; "" where the buttons say it themselves."""
        low, high = self.ends()
        if self.settings.scale == "words":
            return ""
        if self.settings.scale in ("stars", "numbers"):
            return self.label("scale.again_range" if self.again else "scale.range", low=low, high=high)
        first, *_, last = self.scale()
        return self.label("scale.own_range", first=first.label, low=low, last=last.label, high=high)

    def ends(self) -> tuple[str, str]:
        """What 1 and 5 mean."""
        one = "scale.again_" if self.again else "scale."
        low, high = self.label(f"{one}low"), self.label(f"{one}high")
        if self.settings.scale == "own" and not self.again:
            words = [self._own(one.word) for one in self.settings.symbols]
            low, high = words[0] or low, words[-1] or high
        return low, high

    def score(self, value: int) -> str:
        """A score that was given, as it is shown afterwards."""
        if self.settings.scale == "own":
            return self.label("scale.own_score", symbol=self.settings.symbols[value - 1].symbol, value=value)
        if self.again and self.settings.scale == "words":
            return f"{self.label(f'scale.again_words.{value}')} {value}/5"
        return self.templates.score(self.settings.scale, value, self.locale)

    def scores(self, scores: Mapping[str, int]) -> list[dict[str, object]]:
        """What templates loop over: label, value, and the score in the survey's own style."""
        return [
            {
                "label": self.dimension(key),
                "value": scores[key],
                "text": self.score(scores[key]),
            }
            for key in self.settings.dimension_keys
            if key in scores
        ]

    def listed(self, parts: Iterable[object]) -> str:
        return self.templates.listed(parts, self.locale)

    def label(self, key: str, **values: object) -> str:
        return self.templates.label(key, self.locale, **values)

    def scale_words(self) -> dict[str, int]:
        """What the scale calls its scores, in every language and in small letters, as somebody may type it."""
        words: dict[str, int] = {}
        for locale in self.templates.locales():
            for one in replace(self, locale=locale).scale():
                spoken = _SPOKEN.sub("", one.hint)
                words |= {
                    said.lower(): one.value for said in (one.label, spoken) if not said.isalnum() or len(said) > 1
                }
        return words

    def _symbol(self, shipped: Choice) -> Choice:
        own = self.settings.symbols[shipped.value - 1]
        word = "" if self.again else self._own(own.word)
        spoken = self.label("scale.spoken", value=shipped.value, word=word) if word else shipped.hint
        return Choice(shipped.value, own.symbol, spoken)

    def _asked_again(self, shipped: Choice) -> Choice:
        word = self.label(f"scale.again_words.{shipped.value}")
        label = word if self.settings.scale == "words" else shipped.label
        return Choice(shipped.value, label, self.label("scale.spoken", value=shipped.value, word=word))

    def _own(self, words: Words) -> str:
        return words.get(self.locale) or words.get("en") or next(iter(words.values()), "")

    def _shipped(self, key: str) -> str:
        return self.templates.label(key, self.locale) if self.templates.has_label(key) else ""
