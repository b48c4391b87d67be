"""What the survey page shows: plain values for its template, from the survey, the answer so far and the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot import labels
from bot.rendering import Templates
from bot.wording import wording_of
from core.models.invites import Invite
from core.surveys import catalogue, scoring
from core.surveys.settings import Dimension, SurveySettings
from core.surveys.visits import Answer

_GLYPHS = {"stars": "★", "numbers": ""}  # those without stand for themselves


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the five. `low`: the reasons are offered with it."""

    value: int
    glyph: str
    hint: str
    checked: bool
    low: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """`place` counts the dimensions from 1: what is offered under their low scores is bound to it."""

    place: int
    key: str
    label: str
    question: str
    choices: tuple[Choice, ...]
    answered: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """`places` are the dimensions that it goes with; empty: with any."""

    places: tuple[int, ...]
    key: str
    label: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Given:
    """A score as it is shown afterwards."""

    label: str
    value: int
    text: str


class Words:
    """One invite's words in one language."""

    def __init__(self, invite: Invite, templates: Templates, locale: str) -> None:
        self._invite = invite
        self._templates = templates
        self._locale = locale
        self.settings: SurveySettings = catalogue.settings_for(invite)
        self._wording = wording_of(invite, templates, locale)

    @property
    def title(self) -> str:
        if self._wording.again:
            return self._templates.label("survey.again_title", self._locale)
        return self._pick(self.settings.title) or self._templates.label("survey.title", self._locale)

    @property
    def ends(self) -> tuple[str, str]:
        """What 1 and 5 mean."""
        return self._wording.ends()

    @property
    def about_comment(self) -> str:
        """Whether a comment is needed, and how long it may be."""
        most = self.settings.comment_required_up_to
        label = "page.comment_always" if most == 5 else "page.comment_needed" if most else "page.comment_label"
        return self._templates.label(label, self._locale, most=most)

    def asked(self, answer: Answer) -> tuple[Asked, ...]:
        """The dimensions in their order, `overall` first."""
        by_key = {one.key: one for one in self.settings.dimensions}
        return tuple(self._dimension(at, by_key[key], answer) for at, key in enumerate(self.settings.dimension_keys, 1))

    def chips(self, answer: Answer) -> tuple[Chip, ...]:
        places = {key: at for at, key in enumerate(self.settings.dimension_keys, 1)}
        return tuple(
            Chip(
                tuple(places[name] for name in one.dimensions if name in places),
                one.key,
                self._pick(one.label) or self._label(f"reason.{one.key}", one.key),
                one.key in answer.reasons,
            )
            for one in self.settings.reasons
            if self.settings.reasons_up_to
            and not self.settings.anonymous
            and (not one.dimensions or places.keys() & set(one.dimensions))
        )

    def given(self, answer: Answer) -> tuple[Given, ...]:
        by_key = {one.key: one for one in self.settings.dimensions}
        return tuple(
            Given(
                self._name(by_key[key]),
                answer.scores[key],
                self._wording.score(answer.scores[key]),
            )
            for key in self.settings.dimension_keys
            if key in answer.scores
        )

    def reasons(self, answer: Answer) -> tuple[str, ...]:
        return tuple(chip.label for chip in self.chips(answer) if chip.checked)

    def _dimension(self, place: int, dimension: Dimension, answer: Answer) -> Asked:
        score = answer.scores.get(dimension.key)
        offers = scoring.has_reasons(dimension.key, self.settings)
        choices = tuple(
            Choice(
                value=one.value,
                glyph=_GLYPHS.get(self.settings.scale, one.label),
                hint=one.hint,
                checked=one.value == score,
                low=offers and one.value <= self.settings.reasons_up_to,
            )
            for one in self._wording.scale()
        )
        return Asked(place, dimension.key, self._name(dimension), self._question(dimension), choices, score is not None)

    def _question(self, dimension: Dimension) -> str:
        if self._wording.again:
            return self._wording.question(dimension.key)
        own = self._pick(dimension.question)
        if own:
            return own
        if not self._pick(dimension.label) and self._templates.has_label(f"question.{dimension.key}"):
            return self._templates.label(f"question.{dimension.key}", self._locale)
        return self._templates.label("question.other", self._locale, dimension=self._name(dimension))

    def _name(self, dimension: Dimension) -> str:
        if self._wording.again:
            return self._wording.dimension(dimension.key)
        return self._pick(dimension.label) or self._label(f"dimension.{dimension.key}", dimension.key)

    def _label(self, key: str, otherwise: str) -> str:
        known = self._templates.has_label(key)
        return self._templates.label(key, self._locale) if known else otherwise.replace("_", " ").capitalize()

    def _pick(self, words: Mapping[str, str]) -> str:
        """The survey's own words in this language, or in any that it has."""
        match = labels.best_match(self._locale, words) if words else None
        return words[match] if match else next(iter(words.values()), "")
