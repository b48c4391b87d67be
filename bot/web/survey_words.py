"""What the survey page shows: plain values for its template, from the survey, the answer so far and the labels."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import Templates
from bot.wording import wording_of
from core.models.invites import Invite
from core.surveys import catalogue, scoring
from core.surveys.settings import SurveySettings
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
        return self._wording.title()

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
        return tuple(self._dimension(at, key, answer) for at, key in enumerate(self.settings.dimension_keys, 1))

    def chips(self, answer: Answer) -> tuple[Chip, ...]:
        places = {key: at for at, key in enumerate(self.settings.dimension_keys, 1)}
        return tuple(
            Chip(
                tuple(places[name] for name in one.dimensions if name in places),
                one.key,
                self._wording.reason(one.key),
                one.key in answer.reasons,
            )
            for one in self.settings.reasons
            if self.settings.reasons_up_to
            and not self.settings.anonymous
            and (not one.dimensions or places.keys() & set(one.dimensions))
        )

    def given(self, answer: Answer) -> tuple[Given, ...]:
        return tuple(
            Given(self._wording.dimension(key), answer.scores[key], self._wording.score(answer.scores[key]))
            for key in self.settings.dimension_keys
            if key in answer.scores
        )

    def reasons(self, answer: Answer) -> tuple[str, ...]:
        return tuple(chip.label for chip in self.chips(answer) if chip.checked)

    def _dimension(self, place: int, key: str, answer: Answer) -> Asked:
        score = answer.scores.get(key)
        offers = scoring.has_reasons(key, self.settings)
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
        words = self._wording
        return Asked(place, key, words.dimension(key), words.question(key), choices, score is not None)
