"""What surveys say in words of their own, and in which languages they do not."""

from __future__ import annotations

from collections.abc import Iterator

from bot.rendering import Templates
from core.setting_problems import Place
from core.surveys.settings import SurveySettings, Words

Spot = tuple[str, ...]
"""Where words stand in a survey, by keys: ("title",) or ("dimensions", "price", "label")."""
_SHIPPED = {"dimensions": "dimension", "reasons": "reason"}


def own(settings: SurveySettings, templates: Templates) -> Iterator[tuple[Place, Words]]:
    """Each thing that is said in no shipped words, with its place: in own words of some language, or by its key."""
    for place, words in settings.own_words():
        if words or (
            place[-1] == "label" and not templates.has_label(f"{_SHIPPED[str(place[0])]}.{key(settings, place)}")
        ):
            yield place, words


def missing(settings: SurveySettings, templates: Templates, locale: str) -> Iterator[Place]:
    """The places of what is asked in another language there."""
    return (place for place, words in own(settings, templates) if not words.get(locale))


def key(settings: SurveySettings, place: Place) -> str:
    """What the part is called in which the place is; "" for the survey as a whole."""
    if len(place) < 2:
        return ""
    part = getattr(settings, str(place[0]))[place[1]]
    return str(part.symbol if place[0] == "symbols" else part.key)


def spot(settings: SurveySettings, place: Place) -> Spot:
    """The place, by keys: it stays when others are put before it."""
    return (str(place[0]), key(settings, place), str(place[-1])) if len(place) > 1 else (str(place[0]),)
