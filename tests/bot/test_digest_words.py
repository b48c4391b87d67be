"""What a digest says of few answers and of none, in both languages, and in the survey's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import digest_words
from bot.digest_words import Counted
from bot.rendering import Templates
from bot.wording import SurveysWording
from core.insight import spans
from core.insight.figures import Board, Details, Recoveries
from core.insight.tallies import Distribution, Steps, Tally
from core.ports import Dialect
from core.surveys.settings import SurveySettings

NONE = Recoveries(0, 0, 0, 0, 0, None, None, Tally())
FOUR = Tally(delivered=6, answered=4, rated=4, total=10, squares=30, negative=2, neutral=1, positive=1)
MANY = Tally(delivered=80, answered=60, rated=60, total=240, squares=1000, negative=6, neutral=10, positive=44)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates.load()


def counted(
    total: Tally,
    before: Tally,
    *,
    recoveries: Recoveries = NONE,
    reasons: Mapping[str, int] | None = None,
    **scores: int,
) -> Counted:
    """`scores` says how many fives each dimension got."""
    span = spans.between(
        date(2026, 11, 16), date(2026, 11, 22), zone=ZoneInfo("UTC"), now=datetime(2026, 11, 23, tzinfo=UTC)
    )
    board = Board(span, total, before, (), recoveries, (), 0)
    given = {key: Distribution(Counter({5: count})) for key, count in scores.items()}
    return Counted(board, Details(given, Steps(), {}), reasons or {})


async def said(templates: Templates, locale: str, found: Counted, *surveys: SurveySettings) -> str:
    context: dict[str, Any] = digest_words.context(found, SurveysWording(templates, locale, surveys))
    context |= {"digest": {"name": "Weekly"}, "site": {"name": "Example"}}
    return (await templates.render("digest", locale, Dialect.PLAIN, context)).text


async def test_under_five_nothing_is_compared_and_nothing_is_the_lowest(templates: Templates) -> None:
    words = await said(templates, "en", counted(FOUR, MANY, overall=4, speed=4))
    assert "too few answers" in words
    assert "Lowest" not in words
    overall = next(line for line in words.splitlines() if line.startswith("Overall"))
    assert "▲" not in overall
    assert "▼" not in overall


async def test_the_lowest_is_not_the_overall_score_and_needs_five(templates: Templates) -> None:
    found = counted(MANY, MANY, overall=60, speed=5, attitude=4)
    assert "Lowest: Response speed 5.00 of 5, 5 scores" in await said(templates, "en", found)
    assert "as before" in await said(templates, "en", found)


@pytest.mark.parametrize(
    ("locale", "told"),
    [("en", "Nobody answered in this time.\n3 questions"), ("zh-Hans", "没有收到评价。\n送达了 3 份评价邀请")],
)
async def test_a_time_without_an_answer_has_no_zeros(templates: Templates, locale: str, told: str) -> None:
    words = await said(templates, locale, counted(Tally(delivered=3), MANY))
    assert told in words
    assert "0" not in words.replace("2026", "")
    late = await said(
        templates, locale, counted(Tally(), MANY, recoveries=Recoveries(2, 1, 0, 0, 0, None, None, Tally()))
    )
    assert ("2 open now, 1 of them overdue" in late) or ("目前进行中 2 个，其中逾期 1 个" in late)


async def test_reasons_and_dimensions_are_called_as_the_survey_calls_them(templates: Templates) -> None:
    survey = SurveySettings.model_validate(
        {
            "dimensions": [{"key": "overall"}, {"key": "taste", "label": {"en": "Taste <3"}}],
            "reasons": [{"key": "cold", "label": {"en": "It was cold"}}],
        }
    )
    found = counted(MANY, MANY, overall=60, taste=9, reasons={"cold": 3, "slow": 2, "gone_since": 1, "late": 1})
    words = await said(templates, "en", found, survey)
    assert "Lowest: Taste <3 5.00 of 5" in words
    assert "Reasons given most: It was cold (3) · Too slow (2) · Gone since (1)" in words
    assert "Late" not in words
