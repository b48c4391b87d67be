"""Says what is wrong with settings, by the place where it stands and with what would be right."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from core.phrases import OTHER, Phrase, Unusable, phrase

Place = tuple[str | int, ...]
_OURS = "explained"
_SAID = "said in words"
_STEP = re.compile(r"\[key\]|(function|tagged|is)-\w+\[.*\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: `surveys[0].dely: unknown setting; did you mean delay?`. Never shows the value.

    `what` is for who edits a file; `said` is the same for who fills in a form.
    """

    place: Place
    what: str
    said: Phrase = OTHER

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
        _explain_one(detail, model, within)
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in inside  # What is wrong inside has made it too short.
    ]


def as_error(problems: Sequence[Problem]) -> ValidationError:
    """The problems, for a validator to raise: pydantic puts them beside the others, and `explain` leaves the words."""
    return ValidationError.from_exception_data(
        "settings",
        [
            InitErrorDetails(
                type=PydanticCustomError(_OURS, "{what}", {"what": one.what, _SAID: one.said}),
                loc=one.place,
                input=None,
            )
            for one in problems
        ],
    )


def unknown(name: str, known: Collection[str], what: str = "setting") -> str:
    """`unknown setting; did you mean delay?`, or what there is where nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f"unknown {what}; did you mean {near[0]}?"
    return f"unknown {what}; there {'is' if len(known) == 1 else 'are'} {listed(known)}" if known else f"unknown {what}"


def unknown_phrase(name: str, known: Collection[str], what: str = "setting") -> Phrase:
    """The same for who fills in a form, of `problem.unknown_<what>`; blanks in `what` are written _."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    hint: Phrase | str = ""
    if near:
        hint = phrase("problem.near", near=near[0])
    elif known:
        hint = phrase("problem.there_are", names=tuple(sorted(known)))
    return phrase(f"problem.unknown_{what.replace(' ', '_')}", name=name, hint=hint)


def unknown_at(place: Place, name: str, known: Collection[str], what: str, *, note: str = "") -> Problem:
    """At this place something is named that there is not."""
    told = f"{name}: {unknown(name, known, what)}{note and f' {note}'}"
    return Problem(place, told, unknown_phrase(name, known, what))


def formed(pattern: str, label: str) -> AfterValidator:
    """What is written must have this form from end to end; `problem.form_<label>` says which that is."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        if not form.search(text):
            raise Unusable(f"does not have the right form: {_FORMS[label]}", phrase(f"problem.form_{label}"))
        return text

    return AfterValidator(check)


_FORMS = {
    "short_key": "small letters, digits and _, beginning with a letter, at most 24",
    "key": "no blanks at its ends and no characters that cannot be seen",
    "locale": 'a language is written as "en" or "zh-Hans"',
    "symbol": "1 to 16 characters that can be seen",
    "word": "a word is not empty",
}


def listed(names: Collection[str]) -> str:
    """`a, b and c`"""
    ordered = sorted(names)
    return " and ".join(part for part in (", ".join(ordered[:-1]), ordered[-1] if ordered else "") if part)


def _explain_one(detail: Any, model: type[BaseModel], within: Place) -> Problem:
    kind, loc, message = detail["type"], detail["loc"], detail["msg"]
    place = (*within, *_seen(loc, model))
    said = _said(kind, detail.get("ctx") or {})
    if kind == _OURS:
        return Problem(place, message, said)
    if kind == "model_type" and not any(isinstance(part, int) for part in place):
        return Problem(place, f"must be a table, [{dotted(place)}]", said)
    if kind == "extra_forbidden":
        names = _names_at(model, loc[:-1])
        return Problem(place, unknown(str(loc[-1]), names), unknown_phrase(str(loc[-1]), names))
    if kind == "missing":
        return Problem(place, "is missing", said)
    if kind == "string_pattern_mismatch":
        return Problem(place, f"does not have the right form. {_about(model, loc)}".rstrip(), said)
    what = message.removeprefix("Value error, ").removeprefix("Input ").replace("should", "must", 1)
    return Problem(place, what, said)


def _said(kind: str, context: Mapping[str, Any]) -> Phrase:
    """For who fills in a form."""
    if kind == _OURS:
        ours = context.get(_SAID)
        return ours if isinstance(ours, Phrase) else OTHER
    cause = context.get("error")
    if isinstance(cause, Unusable):
        return cause.said
    for begins, made in _OF_PYDANTIC.items():
        if kind.startswith(begins):
            return made(context)
    return OTHER


def _limit(label: str, name: str) -> Callable[[Mapping[str, Any]], Phrase]:
    return lambda context: phrase(label, limit=context[name])


def _plain(label: str) -> Callable[[Mapping[str, Any]], Phrase]:
    return lambda _: phrase(label)


_OF_PYDANTIC: Mapping[str, Callable[[Mapping[str, Any]], Phrase]] = {
    "missing": _plain("problem.missing"),
    "string_too_short": lambda context: phrase(
        "problem.missing" if context["min_length"] == 1 else "problem.too_short", limit=context["min_length"]
    ),
    "too_short": _limit("problem.too_few", "min_length"),
    "string_too_long": _limit("problem.too_long", "max_length"),
    "too_long": _limit("problem.too_many", "max_length"),
    "greater_than_equal": _limit("problem.at_least", "ge"),
    "less_than_equal": _limit("problem.at_most", "le"),
    "literal_error": _plain("problem.choice"),
    "enum": _plain("problem.choice"),
    "int_": _plain("problem.number"),
    "finite_": _plain("problem.number"),
    "bool_": _plain("problem.yes_or_no"),
    "date": _plain("problem.day"),
    "time_delta": _plain("problem.span"),
    "time_": _plain("problem.window"),
    "string_": _plain("problem.text"),
    "tuple_type": _plain("problem.list"),
    "dict_type": _plain("problem.list"),
    "model_": _plain("problem.list"),
}
"""By how pydantic's name of a mistake begins."""


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
