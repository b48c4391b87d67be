"""What can be set of a team beside its name: ladder, quiet hours, who is on duty. Kept in `Team.settings`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from core.durations import WRITTEN, up_to
from core.phrases import Unusable, phrase
from core.setting_problems import Problem, as_error
from core.surveys.settings import Hours, Window, read_window, write_window

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_STEPS, MOST_TURNS = 10, 100
LONGEST_CLIMB = timedelta(days=7)


def _real_zone(name: str) -> str:
    try:
        return str(ZoneInfo(name)) if name else ""
    except (KeyError, ValueError, OSError):
        told = 'must be the name of a time zone, such as "Europe/Berlin"'
        raise Unusable(told, phrase("problem.zone")) from None


def _read_quiet(value: object) -> object:
    if value is None or value in ("", "none"):
        return None
    try:
        window = read_window(value)
    except Unusable as error:
        raise _not_quiet() from error
    if window is None:
        raise _not_quiet()
    return window


def _not_quiet() -> Unusable:
    return Unusable('quiet hours are written as "22:00-07:00", or "" for none', phrase("problem.quiet_hours"))


def _write_quiet(window: Window | None) -> str:
    return write_window(window) if window else ""


def _in_order(days: tuple[Day, ...]) -> tuple[Day, ...]:
    return tuple(sorted(set(days), key=DAYS.index))


Zone = Annotated[str, AfterValidator(_real_zone)]
QuietHours = Annotated[Window | None, BeforeValidator(_read_quiet), PlainSerializer(_write_quiet, return_type=str)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One step of a ladder: `after` an alert was raised and nobody took it, whom it tells.

    `to` is who is on duty ("duty"; where nobody is, the lead), the team's lead, or every admin by mail; without it,
    `channel` and `address` name a place.
    """

    after: Annotated[timedelta, up_to(LONGEST_CLIMB), WRITTEN] = Field(le=LONGEST_CLIMB)
    to: Literal["", "duty", "lead", "admins"] = ""
    channel: str = Field(default="", max_length=60)
    address: str = Field(default="", max_length=320)

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        given = (bool(self.channel), bool(self.address))
        if given != {"": (True, True), "admins": (True, False)}.get(self.to, (False, False)):
            raise Unusable(
                'must be { to = "duty" }, { to = "lead" }, { to = "admins", channel = "mail" } '
                'or { channel = "slack", address = "C0MANAGERS" }, each with an "after"',
                phrase("problem.step"),
            )
        return self


class Turn(_Strict):
    """Somebody is on duty on these days of every week. Hours that end before they begin run into the next day."""

    who: str = Field(min_length=1, max_length=200)
    days: Annotated[tuple[Day, ...], AfterValidator(_in_order)] = Field(default=DAYS, min_length=1)
    hours: Hours = None


class StandIn(_Strict):
    """From the first to the last of these days, whole days, somebody else is on duty than the rota says."""

    who: str = Field(min_length=1, max_length=200)
    since: date
    until: date

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.until < self.since:
            raise as_error([Problem(("until",), "must not be before since", phrase("problem.until"))])
        return self


class TeamSettings(_Strict):
    """How a team is told and who answers for it. By default: its place at once, and its lead by name later."""

    timezone: Zone = ""
    quiet_hours: QuietHours = None
    ladder: tuple[Step, ...] = Field(default=(), max_length=MOST_STEPS)
    duty: tuple[Turn, ...] = Field(default=(), max_length=MOST_TURNS)
    stand_ins: tuple[StandIn, ...] = Field(default=(), max_length=MOST_TURNS)

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        steps = self.ladder
        early = [at for at, step in enumerate(steps) if at and step.after < steps[at - 1].after]
        if early:
            told = "each step must come after the one before"
            raise as_error([Problem(("ladder", at, "after"), told, phrase("problem.ladder")) for at in early])
        return self

    @property
    def people(self) -> Iterable[tuple[tuple[str, int, str], str]]:
        """Every member of staff that is named, with the place where."""
        yield from ((("duty", at, "who"), one.who) for at, one in enumerate(self.duty))
        yield from ((("stand_ins", at, "who"), one.who) for at, one in enumerate(self.stand_ins))
