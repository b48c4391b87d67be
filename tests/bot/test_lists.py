"""Several things in one sentence are told apart as the reader's language does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.rendering import Templates

ROOT = Path(__file__).parents[2]
FOR_PEOPLE = [
    *(ROOT / "bot/web").rglob("*.py"),
    *(ROOT / "bot/staff").rglob("*.py"),
    *(ROOT / "bot/surveys").rglob("*.py"),
    *(ROOT / "bot/templates/web").rglob("*.j2"),
]
JOINED = re.compile(r"""["'][,;] ["']\s*(\.join|\)\s*\}\}|if not loop)|loop\.last %\}[,;] """)
ENGLISH = {
    "bot/web/api/events.py",  # the API answers in English
    "bot/web/health.py",  # for whoever runs the site
    "bot/web/admin/survey_fields.py",  # a budget as `setup.toml` writes it
    "bot/web/admin/desk_acts.py",  # the message of a refusal; its label is what people read
    "bot/staff/actions.py",
    "bot/templates/web/admin/rule.html.j2",  # a line that is typed, with commas
}


@pytest.mark.parametrize(
    ("locale", "said", "longer"), [("en", "slow, not solved", "a, b; c"), ("zh-CN", "慢、没解决", "a、b；c")]
)
def test_a_list_is_told_as_the_language_does_it(locale: str, said: str, longer: str) -> None:
    words = Templates.load()
    parts = {"en": ["slow", "not solved"], "zh-CN": ["慢", "没解决"]}[locale]
    assert words.listed(parts, locale) == said
    assert words.listed([words.listed(["a", "b"], locale), "c"], locale, long=True) == longer
    assert words.listed(parts[:1], locale) == parts[0]
    assert words.listed([], locale) == ""
    assert said in words.label("problem.there_are", locale, names=tuple(parts))


def test_nobody_joins_words_for_people_with_english_commas() -> None:
    found = {str(one.relative_to(ROOT)) for one in FOR_PEOPLE if JOINED.search(one.read_text("utf-8"))}
    assert found == ENGLISH
