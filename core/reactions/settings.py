"""What can be set of a rule: when, if, then. Kept as JSON in `Rule.settings`, written in `setup.toml`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from core.durations import parse, write
from core.models.desk import Priority
from core.models.responses import Band
from core.phrases import Unusable, phrase
from core.setting_problems import Problem, as_error, formed

MOST_ACTIONS = 20


class Event(StrEnum):
    """When rules look."""

    SETTLED = "response.settled"  # an answer has been judged
    OVERDUE = "recovery.overdue"  # nobody closed it in time
    UNDELIVERABLE = "invite.undeliverable"  # the question reached no address of the contact
    EXPIRED = "invite.expired"  # nobody answered in time
    REOPENED = "ticket.reopened"  # by the contact, staff or another system; a rule's own reopening does not count


class Action(StrEnum):
    REOPEN = "reopen"  # the ticket, with an internal note; at most `max_reopenings` of the survey
    RECOVER = "recover"  # open a recovery: an owner and a deadline
    ALERT = "alert"  # the team's staff channel, or the place or person that is named
    APOLOGISE = "apologise"  # tell the contact who will come back, and by when
    ASSIGN = "assign"  # the ticket to a member of the staff
    ASSIGN_LEAD = "assign_lead"  # the ticket to its team's lead
    PRIORITY = "priority"  # set the ticket's
    TAG = "tag"  # put one on the ticket
    UNTAG = "untag"  # take one off
    SEND = "send"  # a message to the contact
    WEBHOOK = "webhook"  # call it


WITH_RESPONSE = frozenset({Event.SETTLED, Event.OVERDUE})
WITH_INVITE = frozenset(Event) - {Event.REOPENED}
_OF_RESPONSE = ("bands", "scores", "reasons", "words")
_OF_INVITE = ("surveys", "purposes")
_ONLY_SETTLED = frozenset({Action.RECOVER, Action.APOLOGISE})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _only_what_is_said(self, handler: SerializerFunctionWrapHandler) -> Any:
        return {name: value for name, value in handler(self).items() if value not in ("", [], (), {}, None)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A score as a condition wants it: "<=2"."""

    sign: str
    value: int

    def holds(self, score: int) -> bool:
        return _SIGNS[self.sign](score, self.value)

    def __str__(self) -> str:
        return f"{self.sign}{self.value}"


_SIGNS: dict[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
SIGNS = tuple(_SIGNS)


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many negative answers of one contact within a span: "2 in 30d"."""

    times: int
    span: timedelta

    def __str__(self) -> str:
        return f"{self.times} in {write(self.span)}"


def _read_comparison(value: object) -> object:
    if isinstance(value, Comparison):
        return value
    found = re.fullmatch(r"(<=|>=|<|>|=)?\s*([1-5])", value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Unusable('a score is compared as "<=2", "<3", "=5", ">3" or ">=4"', phrase("problem.score"))
    return Comparison(found[1] or "=", int(found[2]))


def _read_repeat(value: object) -> object:
    if value is None or isinstance(value, Repeat):
        return value
    found = re.fullmatch(r"(\d{1,3})\s+in\s+(\w+)", value.strip()) if isinstance(value, str) else None
    if found is None or int(found[1]) < 1:
        raise Unusable('how often a contact was unhappy is written as "2 in 30d"', phrase("problem.repeat"))
    return Repeat(int(found[1]), parse(found[2]))


def _write_repeat(value: Repeat | None) -> str | None:
    return str(value) if value else None


Compared = Annotated[Comparison, BeforeValidator(_read_comparison), PlainSerializer(str, return_type=str)]
Repeated = Annotated[
    Repeat | None, BeforeValidator(_read_repeat), PlainSerializer(_write_repeat, return_type=str | None)
]
Names = tuple[Annotated[str, Field(max_length=200)], ...]
Words = tuple[Annotated[str, Field(max_length=200), formed(r"\S", "word")], ...]


class When(_Strict):
    """All that is named must hold; what is left empty always holds."""

    bands: tuple[Band, ...] = ()
    scores: dict[str, Compared] = {}
    reasons: Names = ()
    words: Words = ()
    surveys: Names = ()
    purposes: tuple[Literal["service", "recovery", "manual"], ...] = ()
    types: Names = ()
    teams: Names = ()
    priorities: tuple[Priority, ...] = ()
    tags: Names = ()
    channels: Names = ()
    tiers: Names = ()
    locales: Names = ()
    repeat: Repeated = None


def action_name(do: str, staff: object, channel: object) -> str:
    """What forms and words call it: to alert a person, or a place, is an action of its own there."""
    if do != Action.ALERT:
        return str(do)
    return f"{Action.ALERT}_person" if staff else f"{Action.ALERT}_place" if channel else str(Action.ALERT)


class Do(_Strict):
    """One action. In a file, one that needs nothing else is its bare name: "reopen"."""

    do: Action
    staff: str = Field(default="", max_length=200)
    channel: str = Field(default="", max_length=60)
    to: str = Field(default="", max_length=320)
    priority: Priority | None = None
    tag: str = Field(default="", max_length=60)
    message: Literal["", "follow_up", "reopened"] = ""
    webhook: str = Field(default="", max_length=60)

    @property
    def called(self) -> str:
        """As `action_name` says."""
        return action_name(self.do, self.staff, self.channel)

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Self:
        given = {name for name in type(self).model_fields if name != "do" and getattr(self, name)}
        ways = _NEEDS.get(self.do, (frozenset(),))
        if given in ways:
            return self
        wanted = min(ways, key=lambda way: (not given <= way, len(way ^ given)))
        missing, too_much = phrase("problem.missing"), phrase("problem.not_with_action")
        problems = [Problem((name,), f"is missing: {_EXAMPLES[self.do]}", missing) for name in sorted(wanted - given)]
        problems += [Problem((name,), f"does not go with {self.do.value}", too_much) for name in sorted(given - wanted)]
        raise as_error(problems)

    @model_serializer(mode="wrap")
    def _only_what_is_said(self, handler: SerializerFunctionWrapHandler) -> Any:
        said = {name: value for name, value in handler(self).items() if value}
        return said["do"] if len(said) == 1 else said


_NEEDS: dict[Action, tuple[frozenset[str], ...]] = {
    Action.ALERT: (frozenset(), frozenset({"staff"}), frozenset({"channel", "to"})),
    Action.ASSIGN: (frozenset({"staff"}),),
    Action.PRIORITY: (frozenset({"priority"}),),
    Action.TAG: (frozenset({"tag"}),),
    Action.UNTAG: (frozenset({"tag"}),),
    Action.SEND: (frozenset({"message"}),),
    Action.WEBHOOK: (frozenset({"webhook"}),),
}
_EXAMPLES = {
    Action.ALERT: '{ do = "alert", channel = "slack", to = "C0LEADS" }',
    Action.ASSIGN: '{ do = "assign", staff = "kim@example.org" }',
    Action.PRIORITY: '{ do = "priority", priority = "high" }',
    Action.TAG: '{ do = "tag", tag = "unhappy" }',
    Action.UNTAG: '{ do = "untag", tag = "unhappy" }',
    Action.SEND: '{ do = "send", message = "follow_up" }',
    Action.WEBHOOK: '{ do = "webhook", webhook = "crm" }',
}


def _read_action(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in set(Action):
        *others, last = (repr(one.value) for one in Action)
        raise Unusable(f"must be {', '.join(others)} or {last}", phrase("problem.choice"))
    return {"do": value}


Step = Annotated[Do, BeforeValidator(_read_action)]


class RuleSettings(BaseModel):
    """On an event, when conditions hold, do actions, in this order. `last`: then no later rule looks at it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Event = Event.SETTLED
    when: When = When()
    then: tuple[Step, ...] = Field(min_length=1, max_length=MOST_ACTIONS)
    last: bool = False

    @model_validator(mode="after")
    def _fits_its_event(self) -> Self:
        not_yet = phrase("problem.not_with_event")
        problems = [
            Problem(("when", name), f"there is none yet with {self.event.value}", not_yet)
            for name in self._out_of_place()
        ]
        for index, step in enumerate(self.then):
            if step.do in _ONLY_SETTLED and self.event != Event.SETTLED:
                told = f"{step.do.value} goes with {Event.SETTLED.value} alone"
                problems.append(Problem(("then", index), told, phrase("problem.only_settled")))
            if step.do == Action.REOPEN and self.event == Event.REOPENED:
                problems.append(Problem(("then", index), "it is open already", phrase("problem.open_already")))
        if problems:
            raise as_error(problems)
        return self

    def _out_of_place(self) -> list[str]:
        absent = [] if self.event in WITH_RESPONSE else list(_OF_RESPONSE)
        absent += [] if self.event in WITH_INVITE else list(_OF_INVITE)
        return [name for name in absent if getattr(self.when, name)]


def conditions_for(event: Event) -> list[str]:
    """The conditions that make sense with an event, in their order."""
    absent = {*(() if event in WITH_RESPONSE else _OF_RESPONSE), *(() if event in WITH_INVITE else _OF_INVITE)}
    return [name for name in When.model_fields if name not in absent]


def actions_for(event: Event) -> list[Action]:
    """The actions that make sense with an event, in their order."""
    absent = set() if event == Event.SETTLED else set(_ONLY_SETTLED)
    absent |= {Action.REOPEN} if event == Event.REOPENED else set()
    return [one for one in Action if one not in absent]


DEFAULT_RULES: dict[str, RuleSettings] = {
    "negative": RuleSettings(
        when=When(bands=(Band.NEGATIVE,)),
        then=tuple(Do(do=one) for one in (Action.REOPEN, Action.RECOVER, Action.ALERT, Action.APOLOGISE)),
    ),
}
