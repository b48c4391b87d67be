"""How an answer is judged, and what to ask next. Plain functions: the next question follows from what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.models.responses import Band
from core.surveys.settings import Reason, SurveySettings


class Step(StrEnum):
    SCORE = "score"
    REASONS = "reasons"
    COMMENT = "comment"
    THANKS = "thanks"


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask next; `dimension` is set for a score."""

    step: Step
    dimension: str = ""


def band_of(scores: Mapping[str, int], settings: SurveySettings) -> Band:
    """One bad dimension is enough to be negative: a kind agent does not mend a broken router.

    Positive asks for `overall` (or, without it, every score) at `positive_from` or more.
    """
    if any(value <= settings.negative_up_to for value in scores.values()):
        return Band.NEGATIVE
    telling = [scores["overall"]] if "overall" in scores else list(scores.values())
    positive = bool(telling) and all(value >= settings.positive_from for value in telling)
    return Band.POSITIVE if positive else Band.NEUTRAL


def telling_one(scores: Mapping[str, int], settings: SurveySettings) -> str:
    """The dimension whose score stands for the whole answer where only one is told: `overall`, if there is one, unless
    it is not the bad one; else the lowest.
    """
    lowest = min(scores, key=lambda key: scores[key])
    is_bad = scores[lowest] <= settings.negative_up_to
    if "overall" in scores and (scores["overall"] <= settings.negative_up_to or not is_bad):
        return "overall"
    return lowest


def offered_reasons(scores: Mapping[str, int], settings: SurveySettings) -> tuple[Reason, ...]:
    """The reasons that go with these scores: some score is low, and of a dimension that the reason is about.

    An anonymous answer keeps none, so they are not asked for.
    """
    if settings.anonymous:
        return ()
    low = {dimension for dimension, value in scores.items() if value <= settings.reasons_up_to}
    return tuple(one for one in settings.reasons if low and (not one.dimensions or low & set(one.dimensions)))


def has_reasons(dimension: str, settings: SurveySettings) -> bool:
    """Whether a low score of this dimension offers any."""
    return bool(offered_reasons({dimension: 1}, settings))


def needs_comment(scores: Mapping[str, int], settings: SurveySettings) -> bool:
    """A comment may be required at or under a score; then *Done* waits for it."""
    return settings.comment == "optional" and any(v <= settings.comment_required_up_to for v in scores.values())


def says_all(settings: SurveySettings, *, scores: Mapping[str, int], comment: str, skipped: Collection[str]) -> bool:
    """Whether nothing of what is asked was left out. Reasons only help to say it: who said it in words needs none."""
    every = all(one in scores or one in skipped for one in settings.dimension_keys)
    return every and (settings.comment != "optional" or bool(comment) or "comment" in skipped)


def next_question(
    settings: SurveySettings,
    *,
    scores: Mapping[str, int],
    reasons: Collection[str],
    comment: str,
    skipped: Collection[str],
    finished: bool,
) -> Question:
    """The first thing not yet answered or passed over, `overall` first; then thanks."""
    if finished:
        return Question(Step.THANKS)
    for dimension in settings.dimension_keys:
        if dimension not in scores and dimension not in skipped:
            return Question(Step.SCORE, dimension)
    if "reasons" not in skipped and offered_reasons(scores, settings):
        return Question(Step.REASONS)
    if settings.comment == "optional" and not comment and "comment" not in skipped:
        return Question(Step.COMMENT)
    return Question(Step.THANKS)
