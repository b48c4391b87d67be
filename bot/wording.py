"""A survey's words in one language: the admin's own where there are some, else the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.rendering import Templates
from core.models.contacts import Contact
from core.surveys.settings import SurveySettings, Words


def locale_of(contact: Contact, templates: Templates) -> str:
    return templates.best_locale(contact.locale)


@dataclass(frozen=True, slots=True)
class Wording:
    templates: Templates
    settings: SurveySettings
    locale: str

    def title(self) -> str:
        return self._own(self.settings.title) or self.label("survey.title")

    def dimension(self, key: str) -> str:
        own = next((self._own(one.label) for one in self.settings.dimensions if one.key == key), "")
        return own or self._shipped(f"dimension.{key}") or key.replace("_", " ").capitalize()

    def question(self, key: str) -> str:
        own = next((self._own(one.question) for one in self.settings.dimensions if one.key == key), "")
        shipped = self._shipped(f"question.{key}")
        return own or shipped or self.label("question.other", dimension=self.dimension(key))

    def reason(self, key: str) -> str:
        own = next((self._own(one.label) for one in self.settings.reasons if one.key == key), "")
        return own or self._shipped(f"reason.{key}") or key.replace("_", " ").capitalize()

    def scale_hint(self) -> str:
        return self.label("scale.range", low=self.label("scale.low"), high=self.label("scale.high"))

    def scores(self, scores: Mapping[str, int]) -> list[dict[str, object]]:
        """What templates loop over: label, value, and the score in the survey's own style."""
        style = self.settings.scale
        return [
            {
                "label": self.dimension(key),
                "value": scores[key],
                "text": self.templates.score(style, scores[key], self.locale),
            }
            for key in self.settings.dimension_keys
            if key in scores
        ]

    def label(self, key: str, **values: object) -> str:
        return self.templates.label(key, self.locale, **values)

    def _own(self, words: Words) -> str:
        return words.get(self.locale) or words.get("en") or next(iter(words.values()), "")

    def _shipped(self, key: str) -> str:
        return self.templates.label(key, self.locale) if self.templates.has_label(key) else ""
