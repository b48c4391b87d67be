"""A survey as people will see it, drawn from settings that nobody has published yet."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import Templates
from bot.wording import Wording
from bot.words import Choice
from core.surveys import accessibility
from core.surveys.settings import SurveySettings

_GLYPHS = {"stars": "★", "numbers": ""}


@dataclass(frozen=True, slots=True)
class Asked:
    label: str
    question: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The survey in one language: its page, and what a chat asks message by message."""

    locale: str
    title: str
    style: str
    hint: str
    asked: tuple[Asked, ...]
    choices: tuple[Choice, ...]
    reasons: tuple[str, ...]
    comment: bool
    at_once: bool

    def glyph(self, choice: Choice) -> str:
        return _GLYPHS.get(self.style, choice.label)


def of(settings: SurveySettings, templates: Templates, locale: str) -> Preview:
    words = Wording(templates, settings, locale)
    return Preview(
        locale,
        words.title(),
        settings.scale,
        words.scale_hint(),
        tuple(Asked(words.dimension(key), words.question(key)) for key in settings.dimension_keys),
        words.scale(),
        tuple(words.reason(one.key) for one in settings.reasons)
        if settings.reasons_up_to and not settings.anonymous
        else (),
        settings.comment != "off",
        settings.layout == "all_at_once" and settings.scale != "words",
    )


def warnings(settings: SurveySettings, templates: Templates) -> list[str]:
    return list(accessibility.warnings(settings, templates.locales()))
