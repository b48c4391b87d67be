"""A survey's words in one language: the admin's own where there are some, else the shipped ones.

What is asked by no one survey alone, as on the board, is called as the first survey that asks for it calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import labels
from bot.rendering import Templates
from bot.words import BEFORE_THE_WORD, Choice
from core.models.contacts import Contact
from core.models.invites import Invite, InvitePurpose
from core.ports import Button
from core.surveys import catalogue
from core.surveys.settings import SurveySettings, Words

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


def own(words: Words, templates: Templates, locale: str) -> str:
    """A survey's own words in this language, else in the default one, else in any that it has; "" where it has none."""
    said = {tag: text for tag, text in words.items() if text}
    if locale in said or not said:
        return said.get(locale, "")
    match = labels.best_match(locale, said) or labels.best_match(templates.default_locale, said)
    return said[match] if match else next(iter(said.values()))


def called(section: str, key: str, words: Words, templates: Templates, locale: str) -> str:
    """What a dimension or a reason is called: in the survey's own words, else in the shipped ones, else by its key."""
    shipped = f"{section}.{key}"
    if said := own(words, templates, locale):
        return said
    return templates.label(shipped, locale) if templates.has_label(shipped) else key.replace("_", " ").capitalize()


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
        words = next((one.label for one in self.settings.dimensions if one.key == key), {})
        return called("dimension", key, words, self.templates, self.locale)

    def question(self, key: str) -> str:
        if self.again:
            return self.label("question.recovered")
        dimension = next((one for one in self.settings.dimensions if one.key == key), None)
        if dimension is not None and (words := self._own(dimension.question)):
            return words
        is_renamed = dimension is not None and any(dimension.label.values())
        if not is_renamed and self.templates.has_label(f"question.{key}"):
            return self.label(f"question.{key}")
        return self.label("question.other", dimension=self.dimension(key))

    def reason(self, key: str) -> str:
        words = next((one.label for one in self.settings.reasons if one.key == key), {})
        return called("reason", key, words, self.templates, self.locale)

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
            return f"{self.label(f'scale.again_words.{value}')}\u00a0{value}/5"
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

    def told(self, scores: Mapping[str, int]) -> str:
        """In one line for the staff: "Overall: 2 of 5 · Response speed: 1 of 5"."""
        return " · ".join(
            self.label("alert.score", dimension=self.dimension(key), value=value) for key, value in scores.items()
        )

    def listed(self, parts: Iterable[object]) -> str:
        return self.templates.listed(parts, self.locale)

    def label(self, key: str, **values: object) -> str:
        return self.templates.label(key, self.locale, **values)

    def scale_words(self) -> dict[str, int]:
        """What the scale calls its scores, in every language and in small letters, as somebody may type it."""
        words: dict[str, int] = {}
        for locale in self.templates.locales():
            for one in replace(self, locale=locale).scale():
                spoken = BEFORE_THE_WORD.sub("", one.hint)
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
        return own(words, self.templates, self.locale)


@dataclass(frozen=True, slots=True)
class SurveysWording:
    """How that is called which several surveys may ask for: as in the first that asks, for that is what its contacts
    read; what none asks any more, in the shipped words.
    """

    templates: Templates
    locale: str
    surveys: Sequence[SurveySettings] = ()
    """In their order."""

    @classmethod
    async def now(cls, templates: Templates, locale: str) -> SurveysWording:
        return cls(templates, locale, [catalogue.settings_of(one) for one in await catalogue.current()])

    def dimension(self, key: str) -> str:
        return self._first(one for one in self.surveys if key in one.dimension_keys).dimension(key)

    def reason(self, key: str) -> str:
        return self._first(one for one in self.surveys if any(key == it.key for it in one.reasons)).reason(key)

    def dimensions(self) -> dict[str, str]:
        """All that is scored now, in the order of the surveys; at the end what ships and none of them asks."""
        return {key: self.dimension(key) for one in (*self.surveys, SurveySettings()) for key in one.dimension_keys}

    def reasons(self) -> dict[str, str]:
        """All that are offered now, in the same order."""
        return {it.key: self.reason(it.key) for one in (*self.surveys, SurveySettings()) for it in one.reasons}

    def _first(self, asking: Iterable[SurveySettings]) -> Wording:
        return Wording(self.templates, next(iter(asking), SurveySettings()), self.locale)
