"""What can be set of a survey. Kept as JSON in `Survey.settings`, written in `setup.toml`, edited by admins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from core.durations import WRITTEN, Span, parse, up_to, write
from core.phrases import Unusable, phrase
from core.setting_problems import Problem, as_error, formed, unknown_at

SCORES = range(1, 6)
_TAKEN = {"reasons", "comment", "scores"}
"""What can be passed over in a conversation, beside dimensions."""

LONGEST_DELAY = timedelta(days=30)
Delay = Annotated[timedelta, up_to(LONGEST_DELAY), WRITTEN]
Key = Annotated[str, formed(r"^[a-z][a-z0-9_]{0,23}\Z", "short_key")]
Words = dict[str, str]
"""The same words per locale: {"en": "Speed", "zh-Hans": "速度"}. Empty: the shipped label of that key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(_Strict):
    """The hours of the contact's day in which an invite may arrive; `until` before `since` runs over midnight."""

    since: time
    until: time


class Allowance(_Strict):
    """At most `invites` within `span`."""

    invites: int = Field(ge=1, le=1000)
    span: timedelta


CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
"""A time of the day as it is written: "08:00"."""


def read_window(value: object) -> object:
    """From "09:00-21:00"; "always" is None, a window that is never closed."""
    if value is None or value == "always":
        return None
    if not isinstance(value, str):
        return value
    times = re.fullmatch(f"{CLOCK}-{CLOCK}", value.strip())
    if times is None:
        raise Unusable('a delivery window is written as "09:00-21:00", or "always"', phrase("problem.window"))
    since, until = time(int(times[1]), int(times[2])), time(int(times[3]), int(times[4]))
    if since == until:
        raise Unusable('a delivery window that is never closed is written as "always"', phrase("problem.window_always"))
    return Window(since=since, until=until)


def write_window(window: Window | None) -> str:
    return f"{window.since:%H:%M}-{window.until:%H:%M}" if window else "always"


def _read_budget(value: object) -> object:
    if value == "none":
        return ()
    if not isinstance(value, str):
        return value
    parts = [re.fullmatch(r"(\d{1,4}) per (\w+)", part.strip()) for part in value.split(",")]
    if not all(parts):
        raise Unusable('a budget is written as "1 per 7d, 4 per 30d", or "none"', phrase("problem.budget"))
    try:
        return tuple(Allowance(invites=int(part[1]), span=parse(part[2])) for part in parts if part)
    except Unusable as error:
        raise Unusable(str(error), phrase("problem.budget")) from error


def _write_budget(budget: tuple[Allowance, ...]) -> str:
    return ", ".join(f"{one.invites} per {write(one.span)}" for one in budget) or "none"


Budget = Annotated[
    tuple[Allowance, ...], BeforeValidator(_read_budget), PlainSerializer(_write_budget, return_type=str)
]
Hours = Annotated[Window | None, BeforeValidator(read_window), PlainSerializer(write_window, return_type=str)]


class Dimension(_Strict):
    """One thing scored 1–5."""

    key: Key
    label: Words = {}
    question: Words = {}


class Reason(_Strict):
    """A chip that is offered under a low score: of any dimension, or only of those that are named."""

    key: Key
    label: Words = {}
    dimensions: tuple[str, ...] = ()


class Symbol(_Strict):
    """One step of a scale of one's own. `word` is what is spoken and shown beside it; empty: the shipped one."""

    symbol: Annotated[str, formed(r"^\S(.{0,14}\S)?\Z", "symbol")]
    word: Words = {}


class Conditions(_Strict):
    """Which tickets a survey asks about; an empty list means any."""

    types: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    close_reasons: tuple[str, ...] = ()
    closed_by: tuple[str, ...] = ()
    min_replies: int = Field(default=0, ge=0)


DEFAULT_DIMENSIONS = tuple(Dimension(key=key) for key in ("overall", "attitude", "speed", "resolution"))
DEFAULT_REASONS = tuple(Reason(key=key) for key in ("slow", "not_solved", "unfriendly"))


class SurveySettings(_Strict):
    """What is asked, when, and how an answer is judged. Every default is `product.md`'s."""

    title: Words = {}
    dimensions: tuple[Dimension, ...] = Field(default=DEFAULT_DIMENSIONS, min_length=1, max_length=8)
    reasons: tuple[Reason, ...] = Field(default=DEFAULT_REASONS, max_length=8)
    reasons_up_to: int = Field(default=3, ge=0, le=5, description="Reasons are offered at or under this score.")
    anonymous: bool = Field(
        default=False,
        description="Answers are kept without a link to whom they are from, unless the contact wants to be contacted.",
    )
    comment: Literal["optional", "off"] = "optional"
    comment_required_up_to: int = Field(default=0, ge=0, le=5, description="0: the comment is never required.")
    scale: Literal["stars", "faces", "numbers", "words", "own"] = "stars"
    symbols: tuple[Symbol, ...] = ()
    layout: Literal["one_by_one", "all_at_once"] = "one_by_one"

    delay: Delay = Field(default=timedelta(minutes=5), le=LONGEST_DELAY)
    window: Hours = Window(since=time(9), until=time(21))
    budget: Budget = (Allowance(invites=1, span=timedelta(days=7)), Allowance(invites=4, span=timedelta(days=30)))
    over_budget: Literal["skip", "postpone"] = "skip"
    sample: int = Field(default=100, ge=0, le=100, description="How many in a hundred tickets are asked about.")
    conditions: Conditions = Conditions()

    reminders: int = Field(default=1, ge=0, le=2)
    remind_after: Span = Field(default=timedelta(hours=24), ge=timedelta(minutes=1))
    expire_after: Span = Field(default=timedelta(days=7), ge=timedelta(minutes=1))
    edit_for: Span = timedelta(hours=24)
    settle_after: Span = timedelta(seconds=90)

    negative_up_to: int = Field(default=2, ge=1, le=5)
    positive_from: int = Field(default=4, ge=1, le=5)
    recover_within: Span = Field(default=timedelta(hours=4), description="How long the owner of a recovery has.")
    take_within: Span = Field(default=timedelta(minutes=15), description="An alert that nobody takes is raised then.")
    max_reopenings: int = Field(default=2, ge=0, le=20)

    @model_validator(mode="after")
    def _hangs_together(self) -> SurveySettings:
        if problems := list(wrong_together(self)):
            raise as_error(problems)
        return self

    def own_words(self) -> Iterator[tuple[tuple[str | int, ...], Words]]:
        """All words of its own, each with its place."""
        yield ("title",), self.title
        for at, dimension in enumerate(self.dimensions):
            yield ("dimensions", at, "label"), dimension.label
            yield ("dimensions", at, "question"), dimension.question
        yield from ((("reasons", at, "label"), reason.label) for at, reason in enumerate(self.reasons))
        yield from ((("symbols", at, "word"), one.word) for at, one in enumerate(self.symbols))

    @property
    def dimension_keys(self) -> tuple[str, ...]:
        """`overall` first, the others in their order: the order in which they are asked."""
        others = tuple(one.key for one in self.dimensions if one.key != "overall")
        return ("overall", *others) if len(others) < len(self.dimensions) else others


def warnings(settings: SurveySettings) -> Iterator[str]:
    """Codes of what is allowed and can hardly be meant."""
    if settings.comment == "off" and settings.comment_required_up_to:
        yield "comment_off"
    if not settings.sample:
        yield "sample_none"
    if settings.reminders and settings.remind_after >= settings.expire_after:
        yield "reminder_late"
    if not settings.take_within:
        yield "take_at_once"
    if not settings.recover_within:
        yield "recover_at_once"


def wrong_together(settings: SurveySettings) -> Iterator[Problem]:
    """What each by itself may be, and does not hang together."""
    yield from _wrong_parts(settings)
    yield from _wrong_symbols(settings)


def _twice(names: Sequence[str]) -> Iterator[int]:
    """The places of what stands before already."""
    return (at for at, name in enumerate(names) if name in names[:at])


def _wrong_parts(settings: SurveySettings) -> Iterator[Problem]:
    for what, parts in (("dimensions", settings.dimensions), ("reasons", settings.reasons)):
        for at in _twice([part.key for part in parts]):
            yield Problem((what, at, "key"), "every key may stand only once", phrase("problem.key_twice"))
    keys = set(settings.dimension_keys)
    for at, part in enumerate(settings.dimensions):
        if part.key in _TAKEN:
            told = f"{part.key!r} means something else and cannot be one"
            yield Problem(("dimensions", at, "key"), told, phrase("problem.key_taken", name=part.key))
    if "overall" not in keys:
        told = '"overall" is asked first and cannot be left out'
        yield Problem(("dimensions",), told, phrase("problem.no_overall"))
    for at, reason in enumerate(settings.reasons):
        for name in reason.dimensions:
            if name not in keys:
                yield unknown_at(("reasons", at, "dimensions"), name, keys, "dimension")
    if settings.positive_from <= settings.negative_up_to:
        yield Problem(("positive_from",), "must be above negative_up_to", phrase("problem.positive"))


def _wrong_symbols(settings: SurveySettings) -> Iterator[Problem]:
    symbols = [one.symbol for one in settings.symbols]
    for at in _twice(symbols):
        yield Problem(("symbols", at, "symbol"), "every symbol may stand only once", phrase("problem.symbol_twice"))
    if settings.scale == "own" and len(symbols) != len(SCORES):
        told = f"a scale of your own has {len(SCORES)} symbols, the worst first"
        yield Problem(("symbols",), told, phrase("problem.symbols", wanted=len(SCORES)))
    elif len(symbols) not in (0, len(SCORES)):
        told = f"must be {len(SCORES)}, the worst first, or none"
        yield Problem(("symbols",), told, phrase("problem.symbols_or_none", wanted=len(SCORES)))
