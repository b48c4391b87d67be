"""What can be set of a digest: of whom, how often, when, and to whom. Kept in `Digest.settings`."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from core.phrases import Unusable, phrase
from core.reactions.team_settings import Day
from core.surveys.settings import CLOCK

MOST_RECIPIENTS = 50


class Every(StrEnum):
    """How long the period is that a digest is about, and so how often it comes."""

    DAY = "day"
    WEEK = "week"  # from Monday to Sunday
    MONTH = "month"  # the calendar's


def _read_clock(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(CLOCK, value.strip())
    if found is None:
        raise Unusable('a time of the day is written as "08:00"', phrase("problem.clock"))
    return time(int(found[1]), int(found[2]))


def _write_clock(value: time) -> str:
    return f"{value:%H:%M}"


Clock = Annotated[time, BeforeValidator(_read_clock), PlainSerializer(_write_clock, return_type=str)]


class Recipient(BaseModel):
    """A place (`channel` and `address`), or somebody of the staff by key: with a `channel` only by that one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    staff: str = Field(default="", max_length=200)
    channel: str = Field(default="", max_length=60)
    address: str = Field(default="", max_length=320)

    @model_validator(mode="after")
    def _a_place_or_a_person(self) -> Self:
        given = (bool(self.staff), bool(self.channel), bool(self.address))
        if given not in {(False, True, True), (True, False, False), (True, True, False)}:
            raise Unusable(
                'must be { channel = "slack", address = "C0ALERTS" }, { staff = "kim@example.org" } '
                'or { staff = "kim@example.org", channel = "mail" }',
                phrase("problem.recipient"),
            )
        return self


class DigestSettings(BaseModel):
    """The last whole day, week or month of everybody or of one team, at a time of the day in the team's time zone, or
    else the site's: each day, on a weekday, or on the first of the month.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    team: str = Field(default="", max_length=60)
    every: Every = Every.WEEK
    at: Clock = time(8)
    weekday: Day = "mon"
    recipients: tuple[Recipient, ...] = Field(default=(), max_length=MOST_RECIPIENTS)
