"""A survey's words in a language that it does not have."""

from __future__ import annotations

import pytest

from bot.rendering import Templates
from bot.wording import Wording
from core.surveys.settings import SurveySettings


@pytest.mark.parametrize(
    ("words", "default", "said"),
    [
        ({"de": "Tempo", "en": "Pace", "zh-Hans": "节奏"}, "en", "节奏"),
        ({"de": "Tempo", "zh-Hant": "節奏", "en": "Pace"}, "en", "節奏"),
        ({"de": "Tempo", "en": "Pace", "zh-Hans": ""}, "en", "Pace"),
        ({"en-GB": "Pace", "de": "Tempo"}, "en", "Pace"),
        ({"de": "Tempo"}, "en", "Tempo"),
        ({"zh-Hans": ""}, "en", "响应速度"),
        ({}, "zh-Hans", "响应速度"),
    ],
)
def test_the_reader_gets_the_nearest_language_then_the_default_one_then_any(
    words: dict[str, str], default: str, said: str
) -> None:
    survey = SurveySettings.model_validate({"dimensions": [{"key": "overall"}, {"key": "speed", "label": words}]})
    assert Wording(Templates.load(default=default), survey, "zh-Hans").dimension("speed") == said


def test_what_is_called_otherwise_is_not_asked_about_in_the_words_that_ship() -> None:
    """They are about something else."""
    taste = {"key": "attitude", "label": {"en": "Taste <3"}}
    survey = SurveySettings.model_validate({"dimensions": [{"key": "overall"}, taste]})
    words = Wording(Templates.load(), survey, "en")
    assert "Taste <3" in words.question("attitude")
    assert words.question("overall") == words.label("question.overall")
