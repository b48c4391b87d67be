"""Everything that is wrong with a survey that somebody types, said at once: not one kind of mistake after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.phrases import phrase
from core.setting_problems import Place, Problem, explain
from core.setup import keys
from core.setup.models import SurveySetup, unseen_symbols
from core.surveys.settings import Dimension, Reason, SurveySettings, Symbol, wrong_together

LONGEST_WORDS = 200
"""Of a survey's own title, label, question and word. What is there already and longer stays."""
_NUMBER: TypeAdapter[int] = TypeAdapter(int)


def every_problem(values: Mapping[str, Any], error: ValidationError, *, new: bool = False) -> list[Problem]:
    """What `error` says of these plain values, and what would show when that was mended, as far as it can be judged
    without. `new`: its key must be one that its page can have.
    """
    found = explain(error, SurveySetup)
    told = {one.place for one in found}
    rough = _rough(values, broken={str(place[0]) for place in told if place})
    further = [*wrong_together(rough), *unseen_symbols(rough), *too_long_words(rough)]
    if new:
        further += keys.problems(str(values.get("key", "")))
    return [*found, *(one for one in further if one.place not in told)]


def too_long_words(survey: SurveySettings, within: Place = ()) -> Iterator[Problem]:
    for place, words in survey.own_words():
        for locale, word in words.items():
            if found := too_long(word, (*within, *place, locale)):
                yield found


def too_long(word: str, place: Place = ()) -> Problem | None:
    if len(word) <= LONGEST_WORDS:
        return None
    told = f"must have at most {LONGEST_WORDS} characters"
    return Problem(place, told, phrase("problem.too_long", limit=LONGEST_WORDS))


def _rough(values: Mapping[str, Any], *, broken: set[str]) -> SurveySettings:
    """A survey that nobody may keep: only what has to do with other parts of it, as it stands there. What cannot be
    read is taken to be what speaks against nothing.
    """
    return SurveySettings.model_construct(
        title=values["title"],
        dimensions=tuple(Dimension.model_construct(**one) for one in values["dimensions"]),
        reasons=tuple(Reason.model_construct(**one) for one in values["reasons"]),
        symbols=tuple(Symbol.model_construct(**one) for one in values["symbols"]),
        scale=values["scale"],
        negative_up_to=1 if "negative_up_to" in broken else _NUMBER.validate_python(values["negative_up_to"]),
        positive_from=5 if "positive_from" in broken else _NUMBER.validate_python(values["positive_from"]),
    )
