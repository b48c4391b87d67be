"""What can be set of a survey: how it is written, what comes back from the store, what is refused."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.setting_problems import explain
from core.surveys.settings import Allowance, Dimension, SurveySettings, Window

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,23}", fullmatch=True).filter(lambda key: key != "overall")
MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
WINDOWS = st.none() | st.builds(Window, since=MINUTES, until=MINUTES).filter(
    lambda window: window.since != window.until
)
SPANS = st.integers(60, 30 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
BUDGETS = st.lists(st.builds(Allowance, invites=st.integers(1, 1000), span=SPANS), max_size=3).map(tuple)
SETTINGS = st.builds(
    SurveySettings,
    dimensions=st.lists(KEYS, unique=True, max_size=7).map(
        lambda keys: tuple(Dimension(key=key, label={"en": key.title()}) for key in [*keys, "overall"])
    ),
    delay=SPANS,
    window=WINDOWS,
    budget=BUDGETS,
    sample=st.integers(0, 100),
    remind_after=SPANS,
    negative_up_to=st.integers(1, 2),
    positive_from=st.integers(3, 5),
)


def made(**settings: Any) -> SurveySettings:
    return SurveySettings.model_validate(settings)


def told(**settings: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        made(**settings)
    return [str(problem) for problem in explain(caught.value, SurveySettings)]


# ---------------------------------------------------------------- there and back


@given(SETTINGS)
def test_settings_survive_the_way_into_the_store_and_back(settings: SurveySettings) -> None:
    assert SurveySettings.model_validate(settings.model_dump(mode="json")) == settings
    assert SurveySettings.model_validate_json(settings.model_dump_json()) == settings


def test_the_shipped_survey_is_what_the_product_promises() -> None:
    shipped = SurveySettings().model_dump(mode="json")

    assert {name: shipped[name] for name in ("delay", "window", "budget", "settle_after", "expire_after")} == {
        "delay": "5m",
        "window": "09:00-21:00",
        "budget": "1 per 7d, 4 per 30d",
        "settle_after": "1m30s",
        "expire_after": "7d",
    }
    assert SurveySettings().dimension_keys == ("overall", "attitude", "speed", "resolution")
    assert (SurveySettings().negative_up_to, SurveySettings().positive_from) == (2, 4)


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("09:00-21:00", Window(since=time(9), until=time(21))),
        (" 22:30-06:15 ", Window(since=time(22, 30), until=time(6, 15))),
        ("00:00-23:59", Window(since=time(0), until=time(23, 59))),
        ("always", None),
        (None, None),
    ],
)
def test_a_window_is_written_as_people_say_it(written: str | None, window: Window | None) -> None:
    assert made(window=written).window == window


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("none", []),
        ("1 per 7d", [(1, timedelta(days=7))]),
        ("1 per 7d, 4 per 30d", [(1, timedelta(days=7)), (4, timedelta(days=30))]),
        ("2 per 1h30m,1000 per 365d", [(2, timedelta(minutes=90)), (1000, timedelta(days=365))]),
    ],
)
def test_a_budget_is_written_as_people_say_it(written: str, budget: list[tuple[int, timedelta]]) -> None:
    assert [(one.invites, one.span) for one in made(budget=written).budget] == budget


def test_overall_is_asked_first_wherever_it_stands() -> None:
    assert made(dimensions=[{"key": "speed"}, {"key": "overall"}, {"key": "price"}]).dimension_keys == (
        "overall",
        "speed",
        "price",
    )


def test_a_survey_cannot_be_changed_in_passing() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SurveySettings().sample = 5


# ---------------------------------------------------------------- what is refused, and how it is told

WINDOW_FORM = 'a delivery window is written as "09:00-21:00", or "always"'
BUDGET_FORM = 'a budget is written as "1 per 7d, 4 per 30d", or "none"'
DURATION_FORM = 'a duration is written as "90s", "5m", "24h", "7d" or "1h30m"'


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        *(
            ({"window": wrong}, f"window: {WINDOW_FORM}")
            for wrong in ("9:00-21:00", "09:00", "09:00-24:00", "daily", "")
        ),
        ({"window": "09:00-09:00"}, 'window: a delivery window that is never closed is written as "always"'),
        *(
            ({"budget": wrong}, f"budget: {BUDGET_FORM}")
            for wrong in ("1 a week", "1 per 7d,", "10000 per 7d", "-1 per 7d", "")
        ),
        ({"budget": "1 per week"}, f"budget: {DURATION_FORM}"),
        ({"budget": "0 per 7d"}, "budget.invites: must be greater than or equal to 1"),
        ({"delay": "soon"}, f"delay: {DURATION_FORM}"),
        ({"delay": 300}, f"delay: {DURATION_FORM}"),
        ({"delay": "31d"}, "delay: a duration is at most 30d here"),
        ({"remind_after": "59s"}, "remind_after: must be greater than or equal to 1 minute"),
        ({"sample": 101}, "sample: must be less than or equal to 100"),
        ({"reminders": 3}, "reminders: must be less than or equal to 2"),
        ({"scale": "hearts"}, "scale: must be 'stars', 'faces', 'numbers', 'words' or 'own'"),
        ({"dely": "5m"}, "dely: unknown setting; did you mean delay?"),
        ({"conditions": {"team": ["support"]}}, "conditions.team: unknown setting; did you mean teams?"),
        ({"dimensions": [{"key": "overall", "labl": {}}]}, "dimensions[0].labl: unknown setting; did you mean label?"),
        ({"dimensions": [{"key": "speed"}]}, 'dimensions: "overall" is asked first and cannot be left out'),
        (
            {"dimensions": [{"key": "overall"}, {"key": "a"}, {"key": "a"}]},
            "dimensions[2].key: every key may stand only once",
        ),
        ({"dimensions": []}, "dimensions: Tuple must have at least 1 item after validation, not 0"),
        ({"reasons": [{"key": "slow"}] * 2}, "reasons[1].key: every key may stand only once"),
        ({"scale": "own"}, "symbols: a scale of your own has 5 symbols, the worst first"),
        ({"symbols": [{"symbol": "x"}]}, "symbols: must be 5, the worst first, or none"),
        ({"symbols": [{"symbol": one} for one in "abcda"]}, "symbols[4].symbol: every symbol may stand only once"),
        (
            {"dimensions": [{"key": "overall"}, {"key": "scores"}]},
            "dimensions[1].key: 'scores' means something else and cannot be one",
        ),
        (
            {"reasons": [{"key": "slow", "dimensions": ["sped"]}]},
            "reasons[0].dimensions: sped: unknown dimension; did you mean speed?",
        ),
        ({"negative_up_to": 4}, "positive_from: must be above negative_up_to"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(settings: dict[str, Any], said: str) -> None:
    assert told(**settings) == [said]


def test_overall_may_stand_only_once_too() -> None:
    assert told(dimensions=[{"key": "overall"}, {"key": "overall"}]) == [
        "dimensions[1].key: every key may stand only once"
    ]


@pytest.mark.parametrize("key", ["", "Speed", "1st", "with blank", "with-dash", "ключ", "k" * 25])
def test_a_key_is_short_and_plain_because_it_stands_on_buttons(key: str) -> None:
    [said] = told(dimensions=[{"key": "overall"}, {"key": key}])

    assert said.startswith("dimensions[1].key: ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(told(delay="soon", window="daily", budget="many", sample=-1, dely="5m")) == 5
