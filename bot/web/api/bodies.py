"""What stands in the body of a call, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from bot.web import reading
from bot.web.errors import first_problem
from core import errors

T = TypeVar("T")


def read(validate: Callable[[object], T], body: bytes, *, called: Callable[[str], str] = str) -> T:
    """`validate` is a model's own. Raises reading.Malformed and errors.Invalid with the field as it is `called`."""
    try:
        return validate(reading.json_object(body))
    except ValidationError as error:
        field, message = first_problem(list(error.errors(include_url=False, include_input=False)))
        raise errors.Invalid(message, field=called(field)) from error
