"""Surveys that can never win: found without a false word, by one above them or by several together."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.desk import Priority
from core.surveys import coverage, eligibility
from core.surveys.eligibility import ContactTraits, TicketTraits
from core.surveys.settings import Conditions, SurveySettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def asking(**conditions: Any) -> SurveySettings:
    return SurveySettings(conditions=Conditions(**conditions))


def found(*surveys: SurveySettings) -> dict[str, tuple[str, ...]]:
    return coverage.never_wins([("abcdefgh"[at], one) for at, one in enumerate(surveys)])


def test_one_above_that_takes_all_is_named_alone() -> None:
    assert found(asking(), asking(types=["bug"])) == {"b": ("a",)}
    assert found(asking(types=["bug", "idea"]), asking(types=["bug"], teams=["x"])) == {"b": ("a",)}
    assert found(asking(tags=["vip"]), asking(types=["bug"]), asking(tags=["vip"], types=["bug"])) == {"c": ("a",)}
    assert found(asking(min_replies=2), asking(min_replies=3)) == {"b": ("a",)}


def test_several_above_that_take_all_together_are_named_and_nobody_who_can_be_spared() -> None:
    halves = asking(priorities=["urgent", "high"]), asking(priorities=["medium", "low"])
    assert found(*halves, asking()) == {"c": ("a", "b")}
    assert found(asking(types=["bug"]), asking(types=["idea"]), asking(types=["bug", "idea"])) == {"c": ("a", "b")}
    assert found(asking(teams=["y"]), *halves, asking(types=["bug"])) == {"d": ("b", "c")}
    crossed = asking(types=["bug"], teams=["x"]), asking(types=["idea"]), asking(teams=["y"])
    assert found(*crossed, asking(types=["bug", "idea"], teams=["x", "y"])) == {"d": ("a", "b", "c")}


@pytest.mark.parametrize(
    "surveys",
    [
        (asking(types=["bug"]), asking(types=["idea"]), asking()),  # there are other types
        (asking(types=["bug"]), asking()),
        (asking(tags=["vip"]), asking(tags=["new"]), asking()),  # a ticket may have no tag
        (asking(min_replies=2), asking()),
        (asking(types=["bug"], min_replies=1), asking(types=["idea"]), asking(types=["bug", "idea"])),
        (asking(types=["bug"], teams=["x"]), asking(types=["idea"], teams=["y"]), asking(types=["bug", "idea"])),
        (asking(priorities=["urgent", "high", "medium"]), asking()),
    ],
)
def test_what_some_ticket_comes_through_to_is_said_to_win(surveys: tuple[SurveySettings, ...]) -> None:
    assert found(*surveys) == {}


TYPES, TEAMS, TAGS = ("bug", "idea", "other"), ("x", "y", "other"), ("vip", "new")
some = st.lists
conditions = st.builds(
    asking,
    types=some(st.sampled_from(TYPES[:2]), max_size=2, unique=True),
    teams=some(st.sampled_from(TEAMS[:2]), max_size=2, unique=True),
    tags=some(st.sampled_from(TAGS), max_size=2, unique=True),
    priorities=some(st.sampled_from([str(one.value) for one in Priority]), max_size=3, unique=True),
    min_replies=st.integers(0, 1),
)
TICKETS = [
    TicketTraits("1", 1, type=kind, team=team, tags=tags, priority=priority.value, replies=replies)
    for kind, team, priority, replies, tags in itertools.product(
        TYPES, TEAMS, Priority, (0, 1, None), ((), ("vip",), ("new",), TAGS)
    )
]
ANN = ContactTraits(ZoneInfo("UTC"), addresses=1)


@given(st.lists(conditions, min_size=1, max_size=5))
def test_it_is_right_about_every_ticket_that_there_can_be(surveys: list[SurveySettings]) -> None:
    named = [("abcde"[at], one) for at, one in enumerate(surveys)]
    winners = {eligibility.judge(named, ticket, ANN, now=NOON)[0] for ticket in TICKETS}
    never = coverage.never_wins(named)
    last = named[-1][0]  # of tickets that fit nobody, the last one says why
    assert {key for key, _ in named} - winners <= set(never) <= ({key for key, _ in named} - winners) | {last}
    for key, takers in never.items():
        own = dict(named)[key]
        only = [*((one, dict(named)[one]) for one in takers), (key, own)]
        assert coverage.never_wins(only)[key] == takers
        fits = [one for one in TICKETS if eligibility.unmet_condition(own.conditions, one, "") is None]
        assert all(eligibility.judge(only, one, ANN, now=NOON)[0] != key for one in fits)


def test_many_surveys_with_many_conditions_are_judged_at_once() -> None:
    """Each step leaves out a condition, and what is alike is looked at once."""
    fields = ("types", "teams", "channels", "tiers", "close_reasons", "closed_by")
    surveys = [
        asking(**{name: [f"{at % (nth + 3)}", f"{at % 7}"] for nth, name in enumerate(fields) if (at >> nth) % 2})
        for at in range(1, 64)
    ]
    assert coverage.never_wins([(f"s{at}", one) for at, one in enumerate(surveys)])
