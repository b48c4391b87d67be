"""Says what is wrong with settings, by the place where it stands and with what would be right."""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]
_OURS = "explained"
_STEP = re.compile(r"\[key\]|(function|tagged|is)-\w+\[.*\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: `surveys[0].dely: unknown setting; did you mean delay?`. Never shows the value."""

    place: Place
    what: str

    def __str__(self) -> str:
        return f"{dotted(self.place)}: {self.what}" if self.place else self.what


def dotted(place: Place) -> str:
    """How people write the place: `surveys[0].delay`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def explain(error: ValidationError, model: type[BaseModel], within: Place = ()) -> list[Problem]:
    """Every problem of `error`, in the words of somebody who edits a file."""
    details = error.errors()
    inside = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    return [
        _explain_one(detail["type"], detail["loc"], detail["msg"], model, within)
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in inside  # What is wrong inside has made it too short.
    ]


def as_error(problems: Sequence[Problem]) -> ValidationError:
    """The problems, for a validator to raise: pydantic puts them beside the others, and `explain` leaves the words."""
    return ValidationError.from_exception_data(
        "settings",
        [
            InitErrorDetails(type=PydanticCustomError(_OURS, "{what}", {"what": one.what}), loc=one.place, input=None)
            for one in problems
        ],
    )


def unknown(name: str, known: Collection[str], what: str = "setting") -> str:
    """`unknown setting; did you mean delay?`, or what there is where nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f"unknown {what}; did you mean {near[0]}?"
    return f"unknown {what}; there {'is' if len(known) == 1 else 'are'} {listed(known)}" if known else f"unknown {what}"


def listed(names: Collection[str]) -> str:
    """`a, b and c`"""
    ordered = sorted(names)
    return " and ".join(part for part in (", ".join(ordered[:-1]), ordered[-1] if ordered else "") if part)


def _explain_one(kind: str, loc: Sequence[str | int], message: str, model: type[BaseModel], within: Place) -> Problem:
    place = (*within, *_seen(loc, model))
    if kind == _OURS:
        return Problem(place, message)
    if kind == "model_type" and not any(isinstance(part, int) for part in place):
        return Problem(place, f"must be a table, [{dotted(place)}]")
    if kind == "extra_forbidden":
        return Problem(place, unknown(str(loc[-1]), _names_at(model, loc[:-1])))
    if kind == "missing":
        return Problem(place, "is missing")
    if kind == "string_pattern_mismatch":
        return Problem(place, f"does not have the right form. {_about(model, loc)}".rstrip())
    return Problem(place, message.removeprefix("Value error, ").removeprefix("Input ").replace("should", "must", 1))


def _seen(loc: Sequence[str | int], model: type[BaseModel]) -> Place:
    """The place without the steps that pydantic adds for its own unions and wrappers."""
    return tuple(part for part in loc if isinstance(part, int) or not _STEP.fullmatch(part))


def _names_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """What may be set in the table at `loc`."""
    here: Any = model
    for part in loc:
        inner = _models_in(here)
        here = next((_field(one, str(part)) for one in inner if _field(one, str(part)) is not None), here)
    return [field.alias or name for one in _models_in(here) for name, field in one.model_fields.items()]


def _about(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """What the field at `loc` is for, in the words of its declaration."""
    inner = [model]
    for part in loc[:-1]:
        inner = [found for one in inner for found in _models_in(_field(one, str(part)))] or inner
    fields = (field for one in inner for name, field in one.model_fields.items() if loc[-1] in {name, field.alias})
    return next((field.description for field in fields if field.description), "")


def _field(model: type[BaseModel], name: str) -> Any:
    """The annotation of a field, looked up as people write it."""
    for own, field in model.model_fields.items():
        if name in {own, field.alias}:
            return field.annotation
    return None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation holds: `tuple[Team, ...]`, `Team | None` and `Annotated[Team, …]` hold Team."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is Annotated:
        return _models_in(get_args(annotation)[0])
    if get_origin(annotation) in {tuple, list, dict, Union, types.UnionType}:
        return [model for argument in get_args(annotation) for model in _models_in(argument)]
    return []
