"""What can be set of a rule: when, if, then."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.models.responses import Band


class Action(StrEnum):
    REOPEN = "reopen"  # the ticket, with an internal note; at most `max_reopenings` of the survey
    RECOVER = "recover"  # open a recovery: an owner and a deadline
    ALERT = "alert"  # the team's staff channel
    APOLOGISE = "apologise"  # tell the contact who will come back, and by when


class When(BaseModel):
    """All that is named must hold; what is left empty always holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: tuple[Band, ...] = ()
    surveys: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    purposes: tuple[Literal["service", "recovery", "manual"], ...] = ()


class RuleSettings(BaseModel):
    """On an event, when conditions hold, do actions, in this order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Literal["response.settled"] = "response.settled"
    when: When = When()
    then: tuple[Action, ...] = Field(min_length=1)


DEFAULT_RULES: dict[str, RuleSettings] = {
    "negative": RuleSettings(
        when=When(bands=(Band.NEGATIVE,)), then=(Action.REOPEN, Action.RECOVER, Action.ALERT, Action.APOLOGISE)
    ),
}
