"""How an answer is judged, and which question comes next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.responses import Band
from core.surveys import scoring
from core.surveys.scoring import Question, Step
from core.surveys.settings import SurveySettings

SHIPPED = SurveySettings()
KEYS = SHIPPED.dimension_keys
SCORES = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 5))
LIMITS = st.integers(1, 4).flatmap(lambda low: st.tuples(st.just(low), st.integers(low + 1, 5)))


def survey(**settings: Any) -> SurveySettings:
    return SurveySettings.model_validate(settings)


# ---------------------------------------------------------------- bands


@pytest.mark.parametrize(
    ("scores", "band"),
    [
        ({"overall": 1}, Band.NEGATIVE),
        ({"overall": 2}, Band.NEGATIVE),
        ({"overall": 3}, Band.NEUTRAL),
        ({"overall": 4}, Band.POSITIVE),
        ({"overall": 5}, Band.POSITIVE),
        ({"overall": 5, "speed": 3}, Band.POSITIVE),
        ({"overall": 5, "attitude": 5, "speed": 5, "resolution": 2}, Band.NEGATIVE),
        ({"overall": 3, "attitude": 5, "speed": 5}, Band.NEUTRAL),
        ({"attitude": 4, "speed": 5}, Band.POSITIVE),
        ({"attitude": 5, "speed": 3}, Band.NEUTRAL),
        ({"attitude": 5, "speed": 1}, Band.NEGATIVE),
        ({}, Band.NEUTRAL),
    ],
)
def test_a_kind_agent_does_not_mend_a_broken_router(scores: dict[str, int], band: Band) -> None:
    assert scoring.band_of(scores, SHIPPED) == band


@given(SCORES, LIMITS)
def test_an_answer_is_negative_exactly_when_one_score_is(scores: dict[str, int], limits: tuple[int, int]) -> None:
    settings = survey(negative_up_to=limits[0], positive_from=limits[1])

    assert (scoring.band_of(scores, settings) == Band.NEGATIVE) == any(score <= limits[0] for score in scores.values())


@given(SCORES, st.sampled_from(KEYS), LIMITS)
def test_a_better_score_never_makes_a_worse_answer(scores: dict[str, int], key: str, limits: tuple[int, int]) -> None:
    settings = survey(negative_up_to=limits[0], positive_from=limits[1])
    order = [Band.NEGATIVE, Band.NEUTRAL, Band.POSITIVE]
    bands = [scoring.band_of({**scores, key: score}, settings) for score in range(1, 6)]

    assert bands == sorted(bands, key=order.index)


# ---------------------------------------------------------------- reasons and comments


@pytest.mark.parametrize(
    ("settings", "scores", "offered"),
    [
        ({}, {"overall": 3}, True),
        ({}, {"overall": 4}, False),
        ({}, {"overall": 5, "speed": 3}, True),
        ({}, {}, False),
        ({"reasons": []}, {"overall": 1}, False),
        ({"reasons_up_to": 0}, {"overall": 1}, False),
        ({"reasons_up_to": 5}, {"overall": 5}, True),
    ],
)
def test_reasons_are_offered_under_a_low_score(settings: dict[str, Any], scores: dict[str, int], offered: bool) -> None:
    assert bool(scoring.offered_reasons(scores, survey(**settings))) is offered


def test_a_reason_is_offered_under_the_dimensions_that_it_names() -> None:
    settings = survey(reasons=[{"key": "slow", "dimensions": ["speed"]}, {"key": "other"}])

    def offered(**scores: int) -> list[str]:
        return [one.key for one in scoring.offered_reasons(scores, settings)]

    assert offered(overall=5, speed=2) == ["slow", "other"]
    assert offered(overall=2, speed=5) == ["other"]
    assert offered(overall=5, speed=5) == []


@pytest.mark.parametrize(
    ("settings", "scores", "needed"),
    [
        ({}, {"overall": 1}, False),
        ({"comment_required_up_to": 2}, {"overall": 2}, True),
        ({"comment_required_up_to": 2}, {"overall": 3}, False),
        ({"comment_required_up_to": 2}, {"overall": 5, "speed": 1}, True),
        ({"comment_required_up_to": 2}, {}, False),
        ({"comment_required_up_to": 2, "comment": "off"}, {"overall": 1}, False),
    ],
)
def test_a_comment_is_required_only_where_the_survey_says_so(
    settings: dict[str, Any], scores: dict[str, int], needed: bool
) -> None:
    assert scoring.needs_comment(scores, survey(**settings)) is needed


# ---------------------------------------------------------------- the way through


class Person:
    """Somebody who answers what is asked, or passes it over."""

    def __init__(self, settings: SurveySettings) -> None:
        self.settings = settings
        self.scores: dict[str, int] = {}
        self.reasons: list[str] = []
        self.comment = ""
        self.skipped: set[str] = set()
        self.finished = False

    def sees(self) -> Question:
        return scoring.next_question(
            self.settings,
            scores=self.scores,
            reasons=self.reasons,
            comment=self.comment,
            skipped=self.skipped,
            finished=self.finished,
        )

    def gives(self, score: int) -> None:
        self.scores[self.sees().dimension] = score

    def skips(self) -> None:
        seen = self.sees()
        self.skipped.add(seen.dimension or seen.step.value)


def test_a_happy_customer_is_asked_every_question_once_and_thanked() -> None:
    ann = Person(SHIPPED)
    seen = []
    for _ in KEYS:
        seen.append(ann.sees().dimension)
        ann.gives(5)

    assert seen == ["overall", "attitude", "speed", "resolution"]
    assert ann.sees() == Question(Step.COMMENT)
    ann.comment = "Thanks, Li!"
    assert ann.sees() == Question(Step.THANKS)


def test_an_unhappy_customer_is_asked_what_was_wrong_before_the_comment() -> None:
    ann = Person(SHIPPED)
    for score in (5, 5, 1, 5):
        ann.gives(score)

    assert ann.sees() == Question(Step.REASONS)
    ann.reasons.append("slow")
    assert ann.sees() == Question(Step.REASONS), "more than one reason may be chosen"
    ann.skips()
    assert ann.sees() == Question(Step.COMMENT)
    ann.skips()
    assert ann.sees() == Question(Step.THANKS)


def test_whoever_is_done_sees_thanks_whatever_is_open() -> None:
    ann = Person(SHIPPED)
    ann.finished = True

    assert ann.sees() == Question(Step.THANKS)


def test_a_survey_without_comments_ends_with_the_last_score() -> None:
    ann = Person(survey(comment="off", dimensions=[{"key": "overall"}]))
    ann.gives(5)

    assert ann.sees() == Question(Step.THANKS)


@given(
    st.lists(st.none() | st.integers(1, 5), min_size=20, max_size=20),
    st.sampled_from(["optional", "off"]),
    st.integers(0, 5),
)
def test_whatever_people_answer_or_pass_over_nothing_is_asked_twice_and_it_ends(
    answers: list[int | None], comment: str, reasons_up_to: int
) -> None:
    ann = Person(survey(comment=comment, reasons_up_to=reasons_up_to))
    seen: list[Question] = []
    for answer in answers:
        question = ann.sees()
        if question.step == Step.THANKS:
            break
        seen.append(question)
        if answer is None or question.step == Step.REASONS:
            ann.skips()
        elif question.step == Step.SCORE:
            ann.gives(answer)
        else:
            ann.comment = "because"

    assert ann.sees() == Question(Step.THANKS)
    assert len(set(seen)) == len(seen)
    assert [one.dimension for one in seen if one.step == Step.SCORE] == list(KEYS)
    assert [one.step for one in seen] == sorted((one.step for one in seen), key=list(Step).index)
    assert (Question(Step.REASONS) in seen) == any(score <= reasons_up_to for score in ann.scores.values())
    assert (Question(Step.COMMENT) in seen) == (comment == "optional")
