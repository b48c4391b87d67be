"""The fields of the survey page: what is in them, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.web.limits import BODY_LIMIT
from core import errors
from core.surveys import scoring
from core.surveys.settings import SurveySettings
from core.surveys.visits import Answer
from core.text import COMMENT_LIMIT, clean

# Dimensions begin with a letter, so that these never stand for one.
NONCE, LANGUAGE, CHANGE, NAMED = "_nonce", "_lang", "_change", "_named"
Fields = Mapping[str, list[str]]


def first(fields: Fields, name: str, limit: int = 100) -> str:
    return fields.get(name, [""])[0][:limit]


def score(text: str) -> int | None:
    """A score in a link or a field: "1" to "5" and nothing else."""
    return int(text) if text in ("1", "2", "3", "4", "5") else None


def counted(characters: int) -> str:
    """4,312"""
    return f"{characters:,}"


def answer(fields: Fields, settings: SurveySettings) -> Answer:
    """What the form says. Fields that this survey does not ask for are not looked at."""
    scores = {key: score(first(fields, key)) for key in settings.dimension_keys}
    given = {key: value for key, value in scores.items() if value is not None}
    chosen = set(fields.get("reasons", ()))
    reasons = tuple(one.key for one in scoring.offered_reasons(given, settings) if one.key in chosen)
    comment = clean(
        first(fields, "comment", BODY_LIMIT), limit=BODY_LIMIT
    )  # whole, so that whoever wrote it can shorten it
    may_contact = settings.anonymous and first(fields, NAMED) == "yes"
    return Answer(given, reasons, comment if settings.comment != "off" else "", may_contact)


def check(answer: Answer) -> None:
    """Raises errors.Invalid, with the label of what to say, for a form that cannot be sent like this."""
    if len(answer.comment) > COMMENT_LIMIT:
        limit = counted(COMMENT_LIMIT)
        raise errors.Invalid("the comment is too long", field="comment", label="page.too_long", limit=limit)
    if not answer.scores:
        raise errors.Invalid("no score is chosen", field="overall", label="page.choose_score")
